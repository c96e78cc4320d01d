//! What a task needs from the machine, and whether it is there.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{install, shell};

/// Versions of PostgreSQL whose server the stand-in runs on.
pub const POSTGRES_VERSIONS: std::ops::RangeInclusive<u32> = 14..=18;

/// Versions of the JDK that Flink 1.20 and 2.x run on.
pub const JAVA_VERSIONS: std::ops::RangeInclusive<u32> = 11..=21;

/// Something that a task needs from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// PostgreSQL's server programs: what the stand-in is built on.
    PostgresServer,
    /// PostgreSQL's own client: what asks the stand-in for its rows.
    Psql,
    /// A C compiler: the TLS and compression libraries have parts in C.
    CCompiler,
    /// Python with venv and pip: the tests with Amazon's Python driver, and what fetches Flink.
    PythonVenv,
    /// A JDK: builds the connector's Java side and runs Flink.
    Jdk,
    /// Maven: builds and tests the connector's Java side.
    Maven,
}

impl Need {
    /// What it is, for a person.
    pub fn name(self) -> &'static str {
        match self {
            Need::PostgresServer => "PostgreSQL's server (14 to 18)",
            Need::Psql => "PostgreSQL's client psql",
            Need::CCompiler => "a C compiler (cc)",
            Need::PythonVenv => "Python 3 with venv and pip",
            Need::Jdk => "a JDK (11 to 21)",
            Need::Maven => "Maven (mvn)",
        }
    }

    /// Where it was found, for a person; `None` when it is missing.
    pub fn found(self) -> Option<String> {
        match self {
            Need::PostgresServer => postgres_bin().map(|dir| dir.display().to_string()),
            Need::Psql => psql().map(|program| program.display().to_string()),
            Need::CCompiler => ["cc", "gcc", "clang"]
                .iter()
                .find_map(|name| shell::on_path(name))
                .map(|program| program.display().to_string()),
            Need::PythonVenv => shell::succeeds("python3", &["-c", "import ensurepip, venv"])
                .then(|| "python3".to_owned()),
            Need::Jdk => java_home().map(|dir| dir.display().to_string()),
            Need::Maven => shell::on_path("mvn").map(|program| program.display().to_string()),
        }
    }
}

/// Sees to it that everything in `needs` is there: what is missing is installed when this runs as
/// root or `install` is set, and otherwise named together with the command that installs it.
pub fn provide(needs: &[Need], install: bool) -> Result<()> {
    let missing = report(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.name()).collect::<Vec<_>>().join(", ");
    let Some(packages) = install::packages(&missing) else {
        bail!("missing: {names}; this machine has no apt-get, so install them by its own means");
    };
    if !install && !shell::is_root() {
        bail!(
            "missing: {names}\nInstall with\n\n    sudo apt-get update && sudo apt-get install {}\n\n\
             or run the same task with --install, which does that and keeps Debian from starting a \
             database of its own.",
            packages.join(" ")
        );
    }
    install::install(&packages)?;
    let still_missing = report(&missing);
    if !still_missing.is_empty() {
        let names = still_missing.iter().map(|need| need.name()).collect::<Vec<_>>().join(", ");
        bail!("installed {}, but still missing: {names}", packages.join(" "));
    }
    Ok(())
}

/// Prints what is there and gives back what is not.
fn report(needs: &[Need]) -> Vec<Need> {
    let mut missing = Vec::new();
    for &need in needs {
        match need.found() {
            Some(place) => println!("have  {}: {place}", need.name()),
            None => {
                println!("lack  {}", need.name());
                missing.push(need);
            }
        }
    }
    missing
}

/// The directory of the newest PostgreSQL server of a version that fits: on PATH, or where Debian,
/// Red Hat or Homebrew keep it off PATH.
pub fn postgres_bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"] {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        dirs.extend(entries.filter_map(|entry| Some(entry.ok()?.path().join("bin"))));
    }
    dirs.into_iter()
        .filter(|dir| ["postgres", "initdb"].iter().all(|name| shell::is_program(&dir.join(name))))
        .filter_map(|dir| {
            let version = shell::output(dir.join("postgres"), &["--version"])?;
            let major = major_version(&version)?;
            POSTGRES_VERSIONS.contains(&major).then_some((major, dir))
        })
        .max_by_key(|(major, _)| *major)
        .map(|(_, dir)| dir)
}

/// PostgreSQL's own client: the one beside the server, or the one on PATH.
pub fn psql() -> Option<PathBuf> {
    let beside = postgres_bin().map(|dir| dir.join("psql")).filter(|file| shell::is_program(file));
    beside.or_else(|| shell::on_path("psql"))
}

/// The home of a JDK of a version that fits: the one that `JAVA_HOME` names, the one on PATH, or the
/// newest where Linux distributions keep them.
pub fn java_home() -> Option<PathBuf> {
    let named = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    let on_path = shell::on_path("javac").and_then(|program| {
        let program = program.canonicalize().ok()?;
        Some(program.parent()?.parent()?.to_owned())
    });
    let installed = std::fs::read_dir("/usr/lib/jvm").into_iter().flatten();
    let installed = installed.filter_map(|entry| entry.ok()?.path().canonicalize().ok());
    let newest = installed.filter_map(|dir| Some((jdk_version(&dir)?, dir))).max();
    let chosen = named.into_iter().chain(on_path).find(|dir| jdk_version(dir).is_some());
    chosen.or_else(|| newest.map(|(_, dir)| dir))
}

/// The version of the JDK in `dir`; `None` where there is none that fits.
fn jdk_version(dir: &Path) -> Option<u32> {
    shell::output(dir.join("bin/java"), &["--version"])?;
    let version = shell::output(dir.join("bin/javac"), &["--version"])?;
    major_version(&version).filter(|major| JAVA_VERSIONS.contains(major))
}

/// Reads `15` out of `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn major_version(text: &str) -> Option<u32> {
    let number =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_every_form() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(major_version("javac 17.0.15"), Some(17));
        assert_eq!(major_version("no version"), None);
    }

    #[test]
    fn a_found_server_has_its_programs() {
        if let Some(dir) = postgres_bin() {
            assert!(dir.join("initdb").is_file());
        } else {
            eprintln!("skipped: this machine has no PostgreSQL server of version 14 to 18");
        }
    }
}
