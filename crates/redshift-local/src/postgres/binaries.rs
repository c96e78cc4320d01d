//! Where PostgreSQL's server programs are.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The releases that the stand-in knows, newest first.
const RELEASES: [u32; 5] = [18, 17, 16, 15, 14];

/// A directory with one release's server programs.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    dir: PathBuf,
    version: String,
}

impl Binaries {
    /// The newest known release in the usual directories and in PATH, or exactly `release`, which
    /// made the data directory that is to be opened.
    pub(super) fn find(release: Option<&str>) -> Result<Binaries> {
        let mut found: Vec<(u32, Binaries)> = candidates()
            .into_iter()
            .filter_map(|dir| {
                let version = version_of(&dir)?;
                Some((parse_version(&version)?, Binaries { dir, version }))
            })
            .filter(|(known, _)| RELEASES.contains(known))
            .collect();
        found.sort_by_key(|(known, _)| std::cmp::Reverse(*known));
        let wanted = release.and_then(|text| text.parse::<u32>().ok());
        match found.into_iter().find(|(known, _)| wanted.is_none_or(|wanted| wanted == *known)) {
            Some((_, binaries)) => Ok(binaries),
            None => match release {
                Some(release) => bail!(
                    "the data directory was made by PostgreSQL {release}, which is not installed: \
                     `apt-get install postgresql-{release}`, or choose another data directory"
                ),
                None => bail!(
                    "PostgreSQL's server (14 to 18) is not installed: `apt-get install postgresql`"
                ),
            },
        }
    }

    /// The release in full, as the server tells it.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The path of a program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

fn candidates() -> Vec<PathBuf> {
    let usual = RELEASES.iter().flat_map(|release| {
        [
            format!("/usr/lib/postgresql/{release}/bin"),
            format!("/usr/pgsql-{release}/bin"),
            format!("/opt/homebrew/opt/postgresql@{release}/bin"),
        ]
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    usual.map(PathBuf::from).chain(std::env::split_paths(&path)).collect()
}

/// What the server in `dir` says of its version.
fn version_of(dir: &Path) -> Option<String> {
    let server = dir.join("postgres");
    if !server.is_file() || !dir.join("initdb").is_file() {
        return None;
    }
    let output = std::process::Command::new(server).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The major release in what `postgres --version` prints.
fn parse_version(text: &str) -> Option<u32> {
    let version =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split('.').next()?.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Binaries, parse_version};

    #[test]
    fn reads_versions() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 18devel"), Some(18));
        assert_eq!(parse_version("no version"), None);
    }

    #[test]
    fn a_missing_release_is_named_with_its_package() {
        let error = Binaries::find(Some("9")).expect_err("9 is not known").to_string();
        assert!(error.contains("postgresql-9"), "{error}");
    }
}
