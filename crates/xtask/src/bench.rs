//! `cargo xtask bench`: every benchmark, in release.
//!
//! A benchmark is an example of a crate whose file name ends in `_bench.rs`: it measures, prints what
//! it measured against which goal, and fails when it cannot measure.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{cargo::cargo, repo, shell};

/// A benchmark: its crate and the name of its example.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bench {
    package: String,
    example: String,
}

/// Runs the benchmarks whose names contain the given word, or all.
pub fn run(options: &[String]) -> Result<()> {
    let word = match options {
        [] => "",
        [word] if !word.starts_with('-') => word,
        other => bail!("bench takes one name, not `{}`", other.join(" ")),
    };
    let all = benches(&repo::root())?;
    let chosen: Vec<&Bench> = all.iter().filter(|bench| bench.example.contains(word)).collect();
    if chosen.is_empty() {
        let names = all.iter().map(|bench| bench.example.as_str()).collect::<Vec<_>>().join(", ");
        bail!("no benchmark is named like `{word}`; there are: {names}");
    }
    for Bench { package, example } in chosen {
        shell::run(&mut cargo(&[
            "run",
            "--locked",
            "--release",
            "--package",
            package,
            "--example",
            example,
        ]))?;
    }
    Ok(())
}

fn benches(root: &Path) -> Result<Vec<Bench>> {
    let mut found = Vec::new();
    for package in names(&root.join("crates"))? {
        let examples = root.join("crates").join(&package).join("examples");
        if !examples.is_dir() {
            continue;
        }
        for file in names(&examples)? {
            if let Some(example) = file.strip_suffix(".rs").filter(|name| name.ends_with("_bench"))
            {
                found.push(Bench { package: package.clone(), example: example.to_owned() });
            }
        }
    }
    found.sort();
    Ok(found)
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()
        .with_context(|| format!("cannot list {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_and_an_option_are_refused() {
        assert!(run(&["no-such-benchmark".to_owned()]).is_err());
        assert!(run(&["--release".to_owned()]).is_err());
    }

    #[test]
    fn only_examples_named_so_are_benchmarks() {
        let root = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
        let examples = root.join("crates/one/examples");
        fs::create_dir_all(&examples).unwrap();
        fs::create_dir_all(root.join("crates/two")).unwrap();
        for file in ["stage_bench.rs", "other.rs", "notes_bench.md"] {
            fs::write(examples.join(file), "").unwrap();
        }
        let found = benches(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, [Bench { package: "one".into(), example: "stage_bench".into() }]);
    }
}
