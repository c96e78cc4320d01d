//! Where the repository is and which files it has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The root of the repository.
pub fn root() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.ancestors().nth(2).unwrap_or(crate_dir).to_owned()
}

/// A text file of the repository.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Path from the root, with forward slashes.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Whether a Rust file holds tests only: a file of `tests/`, `tests.rs`, or `…_tests.rs`.
pub fn is_test_path(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// The endings of the files that [`text_files`] reads.
const TEXT_ENDINGS: &[&str] =
    &["rs", "md", "toml", "sql", "py", "sh", "java", "xml", "yml", "json"];

/// Every text file under `root`, sorted by path; build output and version control are left out.
pub fn text_files(root: &Path) -> Result<Vec<TextFile>> {
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<TextFile>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", dir.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !is_left_out(&name, &path) {
                collect(root, &path, files)?;
            }
        } else if is_text(&name) {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {} as UTF-8", path.display()))?;
            let relative = path.strip_prefix(root).unwrap_or(&path);
            files.push(TextFile { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}

/// Build output carries cargo's cache tag wherever it lies; hidden directories are tools' own.
fn is_left_out(name: &str, path: &Path) -> bool {
    let hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
    hidden || name == "target" || path.join("CACHEDIR.TAG").exists()
}

fn is_text(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| TEXT_ENDINGS.contains(&ending)) || name == "run" || name == "NOTICE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace_and_build_output_is_left_out() {
        let root = root();
        assert!(root.join("Cargo.lock").exists(), "{}", root.display());
        let files = text_files(&root).unwrap();
        assert!(files.iter().any(|file| file.path == "crates/xtask/src/repo.rs"));
        assert!(files.iter().all(|file| !file.path.starts_with("target/")));
        assert!(files.iter().any(|file| file.path == ".ci/run"));
    }
}
