//! A distribution of Flink, put together from what PyPI has of it.
//!
//! Flink's own archive of a release is on no package registry. Its Python packages are, and they hold
//! the same jars (`apache-flink-libraries`) and the same scripts and configuration (`apache-flink`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::shell;

/// The newest Flink 1.20 and the newest Flink 2: the two ends of what the connector runs on.
pub const VERSION_1_20: &str = "1.20.5";
/// See [`VERSION_1_20`].
pub const VERSION_2: &str = "2.3.0";

/// The wheel with the scripts, which are the same for every Python and every machine.
const SCRIPTS_FOR: [&str; 5] =
    ["--only-binary=:all:", "--python-version", "3.11", "--platform", "manylinux2014_x86_64"];

/// A distribution: `bin`, `conf`, `lib`, `opt`, `plugins`.
#[derive(Debug, Clone)]
pub struct Home {
    /// Where it lies. It is shared: nothing is ever written into it.
    pub directory: PathBuf,
}

impl Home {
    /// The distribution of a version: from the cache, or fetched into it (about 300 MB).
    pub fn of(version: &str) -> Result<Home> {
        let cache = cache()?;
        let directory = cache.join(format!("flink-{version}"));
        if directory.is_dir() {
            return Ok(Home { directory });
        }
        println!("\nFetching Flink {version} (about 300 MB, once) into {}", cache.display());
        let workshop = cache.join(format!("flink-{version}.{}", std::process::id()));
        fs::create_dir_all(&workshop)
            .with_context(|| format!("cannot create {}", workshop.display()))?;
        let assembled = assemble(version, &cache, &workshop);
        // Whole or not at all; and whoever was faster has the same.
        let renamed = assembled.and_then(|home| {
            fs::rename(&home, &directory).or_else(|error| match directory.is_dir() {
                true => Ok(()),
                false => Err(error).with_context(|| format!("cannot make {}", directory.display())),
            })
        });
        fs::remove_dir_all(&workshop)
            .with_context(|| format!("cannot remove {}", workshop.display()))?;
        renamed?;
        Ok(Home { directory })
    }

    /// One of its scripts.
    pub fn script(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }

    /// The jars of its class path.
    pub fn jars(&self) -> Result<Vec<PathBuf>> {
        files(&self.directory.join("lib"))
    }
}

/// Where fetched distributions are kept between runs.
pub fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME is set")?.join("flink-connector-redshift"))
}

/// Puts a distribution together in `workshop`.
fn assemble(version: &str, cache: &Path, workshop: &Path) -> Result<PathBuf> {
    let python = python_with_pip(cache)?;
    let libraries = fetch(&python, workshop, &format!("apache-flink-libraries=={version}"), &[])?;
    let scripts = fetch(&python, workshop, &format!("apache-flink=={version}"), &SCRIPTS_FOR)?;
    let jars = parent_of(&libraries, "lib")?;
    let shell_parts = parent_of(&scripts, "conf")?;
    let home = workshop.join("home");
    fs::create_dir(&home).with_context(|| format!("cannot create {}", home.display()))?;
    for (from, name) in [
        (&jars, "lib"),
        (&jars, "opt"),
        (&jars, "plugins"),
        (&shell_parts, "bin"),
        (&shell_parts, "conf"),
    ] {
        let (from, to) = (from.join(name), home.join(name));
        fs::rename(&from, &to).with_context(|| format!("cannot move {}", from.display()))?;
    }
    // A part of the scripts that comes with the jars.
    let calculator = "bin/bash-java-utils.jar";
    fs::rename(jars.join(calculator), home.join(calculator)).context("the jars lack a part")?;
    for script in files(&home.join("bin"))? {
        make_executable(&script)?;
    }
    Ok(home)
}

/// Fetches one package and unpacks it.
fn fetch(python: &Path, workshop: &Path, package: &str, options: &[&str]) -> Result<PathBuf> {
    let archives = workshop.join(format!("{package}.archive"));
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"]).arg(&archives);
    shell::run(pip.args(options).arg(package))?;
    let [archive] = files(&archives)?
        .try_into()
        .map_err(|found: Vec<_>| anyhow::anyhow!("{package} came as {} files", found.len()))?;
    let unpacked = workshop.join(package);
    fs::create_dir(&unpacked).with_context(|| format!("cannot create {}", unpacked.display()))?;
    if archive.extension().is_some_and(|ending| ending == "whl") {
        let mut unzip = Command::new(python);
        shell::run(unzip.args(["-m", "zipfile", "-e"]).arg(&archive).arg(&unpacked))?;
    } else {
        let mut tar = Command::new("tar");
        shell::run(tar.arg("-xzf").arg(&archive).arg("-C").arg(&unpacked))?;
    }
    Ok(unpacked)
}

/// A Python that has pip: the machine's own, or a virtual environment in the cache.
fn python_with_pip(cache: &Path) -> Result<PathBuf> {
    if shell::succeeds("python3", &["-m", "pip", "--version"]) {
        return Ok(PathBuf::from("python3"));
    }
    let home = cache.join("python");
    let python = home.join("bin/python");
    if !shell::succeeds(&python, &["-m", "pip", "--version"]) {
        shell::run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    }
    Ok(python)
}

/// The directory, at most three levels down, that holds a directory `name`: wheels and source
/// archives keep their parts in different places.
fn parent_of(directory: &Path, name: &str) -> Result<PathBuf> {
    let mut level = vec![directory.to_owned()];
    for _ in 0..3 {
        if let Some(found) = level.iter().find(|dir| dir.join(name).is_dir()) {
            return Ok(found.clone());
        }
        let below = level.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten();
        let below: Vec<PathBuf> = below.filter_map(|entry| Some(entry.ok()?.path())).collect();
        level = below.into_iter().filter(|path| path.is_dir()).collect();
    }
    bail!("{} has no directory {name}", directory.display())
}

/// The files of a directory, by name.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_where_either_kind_of_archive_has_them() {
        let root = std::env::temp_dir().join(format!("xtask-home-{}", std::process::id()));
        for inner in ["wheel/pyflink/lib", "source/a-1.0/deps/lib"] {
            fs::create_dir_all(root.join(inner)).unwrap();
        }
        assert_eq!(parent_of(&root.join("wheel"), "lib").unwrap(), root.join("wheel/pyflink"));
        assert_eq!(parent_of(&root.join("source"), "lib").unwrap(), root.join("source/a-1.0/deps"));
        assert!(parent_of(&root.join("wheel"), "conf").is_err());
        fs::remove_dir_all(&root).unwrap();
    }
}
