//! `cargo xtask tidy`: rules of the tree that no compiler checks.
//!
//! Each check reads the files and gives back what it found; none changes anything. Every check has
//! tests with samples that it must refuse.

mod invariants;
mod java;
mod layers;
mod links;
mod manifests;
mod rust_source;
mod sizes;
mod words;

use std::fmt;

use anyhow::{Result, bail};

use crate::repo::{self, TextFile};

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    path: String,
    /// Counted from 1; 0 where the rule is about the whole file.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// A check: its name, by which ARCHITECTURE.md refers to it, and what does it.
type Check = (&'static str, fn(&[TextFile]) -> Vec<Finding>);

/// Every check.
const CHECKS: &[Check] = &[
    ("layers", layers::order),
    ("foreign-crates", layers::foreign_crates),
    ("statement-text", layers::statement_text),
    ("unsafe-code", layers::unsafe_code),
    ("java-layer", java::layer),
    ("java-stability", java::stability),
    ("dependencies", manifests::dependencies),
    ("workspace-lints", manifests::lints),
    ("file-sizes", sizes::check),
    ("leftover-marks", words::leftover_marks),
    ("machine-paths", words::machine_paths),
    ("links", links::check),
    ("invariants", invariants::check),
];

/// Runs every check and fails when one finds something.
pub fn run() -> Result<()> {
    let files = repo::text_files(&repo::root())?;
    let mut count = 0;
    for (name, check) in CHECKS {
        for finding in check(&files) {
            println!("{finding} [{name}]");
            count += 1;
        }
    }
    println!("tidy: {} checks, {} files, {count} findings", CHECKS.len(), files.len());
    if count > 0 {
        bail!("tidy found {count} places that break a rule of the tree");
    }
    Ok(())
}

/// The line of a byte offset, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of one file.
    pub fn file(path: &str, text: &str) -> Vec<TextFile> {
        vec![TextFile { path: path.to_owned(), text: text.to_owned() }]
    }

    #[test]
    fn findings_read_like_compiler_messages() {
        assert_eq!(Finding::new("a.rs", 3, "bad").to_string(), "a.rs:3: bad");
        assert_eq!(Finding::new("a.rs", 0, "bad").to_string(), "a.rs: bad");
    }

    #[test]
    fn check_names_are_unique() {
        let mut names: Vec<_> = CHECKS.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }
}
