//! `cargo xtask codegen`: writes the generated files anew.
//!
//! A generated file is compared, by a test, with what generates it; that test writes it instead when
//! `UPDATE_GENERATED` is set. Which tests do so is read from their source.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{
    cargo::cargo,
    repo::{self, TextFile},
    shell,
};

const SWITCH: &str = "UPDATE_GENERATED";

/// An integration test: its package and its name.
#[derive(Debug, PartialEq, Eq)]
struct TestProgram {
    package: String,
    name: String,
}

/// Runs every test program that writes generated files, told to write them.
pub fn run() -> Result<()> {
    let programs = writers(&repo::text_files(&repo::root())?);
    if programs.is_empty() {
        bail!("nothing to write: no test reads {SWITCH}");
    }
    for TestProgram { package, name } in &programs {
        let arguments = ["test", "--locked", "--package", package, "--test", name];
        shell::run(cargo(&arguments).env(SWITCH, "1"))?;
    }
    println!("\nWhat changed; review it as code:");
    shell::run(Command::new("git").args(["status", "--short"]).current_dir(repo::root()))
}

/// The test programs whose source reads the switch.
fn writers(files: &[TextFile]) -> Vec<TestProgram> {
    let mut programs: Vec<TestProgram> = files
        .iter()
        .filter(|file| file.text.contains(SWITCH))
        .filter_map(|file| test_program(&file.path))
        .collect();
    programs.dedup();
    programs
}

/// The program that `crates/<package>/tests/<name>.rs` or `…/tests/<name>/<file>.rs` belongs to.
fn test_program(path: &str) -> Option<TestProgram> {
    let (package, test) = path.strip_prefix("crates/")?.split_once("/tests/")?;
    let name = test.split('/').next()?.trim_end_matches(".rs");
    test.ends_with(".rs")
        .then(|| TestProgram { package: package.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_read_the_switch_are_found_once() {
        let file = |path: &str, text: &str| TextFile { path: path.into(), text: text.into() };
        let reads = format!("if std::env::var_os(\"{SWITCH}\").is_some() {{}}");
        let found = writers(&[
            file("CONTRIBUTING.md", &reads),
            file("crates/a/tests/docs.rs", &reads),
            file("crates/a/tests/golden/main.rs", &reads),
            file("crates/a/tests/golden/more.rs", &reads),
            file("crates/a/tests/other.rs", ""),
        ]);
        let program = |name: &str| TestProgram { package: "a".into(), name: name.into() };
        assert_eq!(found, [program("docs"), program("golden")]);
    }
}
