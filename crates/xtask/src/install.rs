//! Installing Debian packages without starting a database.

use std::process::Command;

use anyhow::Result;

use crate::{
    needs::{Need, POSTGRES_VERSIONS},
    shell,
};

/// Installs the packages given as arguments.
///
/// Debian's PostgreSQL packages create and start a cluster named `main` on installation. Nobody asked
/// for one, so the packages' own switch is set for as long as the installation lasts and taken away
/// after it. A cluster that exists already, running or not, is not touched by any of this.
const SCRIPT: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
case " $* " in
*" postgresql"*)
    apt-get install --yes --no-install-recommends postgresql-common
    switch=/etc/postgresql-common/createcluster.d/flink-redshift.conf
    mkdir -p "$(dirname "$switch")"
    trap 'rm -f "$switch"' EXIT
    echo 'create_main_cluster = false' > "$switch"
    ;;
esac
apt-get install --yes --no-install-recommends "$@"
"#;

/// The Debian packages that bring what is missing; `None` where there is no apt-get.
pub fn packages(missing: &[Need]) -> Option<Vec<String>> {
    shell::on_path("apt-get")?;
    Some(packages_with(missing, |package| shell::succeeds("apt-cache", &["show", package])))
}

fn packages_with(missing: &[Need], known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut packages = Vec::new();
    for need in missing {
        match need {
            Need::PostgresServer => packages.push(versioned("postgresql", &known)),
            // The server's package brings the client of its version.
            Need::Psql if missing.contains(&Need::PostgresServer) => {}
            Need::Psql => packages.push(versioned("postgresql-client", &known)),
            Need::CCompiler => packages.extend(["gcc".to_owned(), "libc6-dev".to_owned()]),
            Need::PythonVenv => packages.extend(["python3".to_owned(), "python3-venv".to_owned()]),
            Need::Jdk => packages.push(jdk(&known)),
            Need::Maven => packages.push("maven".to_owned()),
        }
    }
    packages
}

/// The newest version that fits and that apt knows. Before the first `apt-get update` it knows none:
/// then the release's default version, which fits since Debian 12 and Ubuntu 22.04.
fn versioned(package: &str, known: impl Fn(&str) -> bool) -> String {
    let candidates = POSTGRES_VERSIONS.rev().map(|version| format!("{package}-{version}"));
    candidates.into_iter().find(|name| known(name)).unwrap_or_else(|| package.to_owned())
}

/// The JDK that Flink itself is tested with most, or another that fits and that apt knows.
fn jdk(known: impl Fn(&str) -> bool) -> String {
    let candidates = [17, 21, 11].map(|version| format!("openjdk-{version}-jdk-headless"));
    candidates.into_iter().find(|name| known(name)).unwrap_or_else(|| "default-jdk-headless".into())
}

/// Installs `packages` with apt-get, through sudo unless this runs as root.
pub fn install(packages: &[String]) -> Result<()> {
    let mut command = if shell::is_root() {
        Command::new("sh")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("sh");
        sudo
    };
    command.args(["-c", SCRIPT, "install"]).args(packages);
    println!("\nInstalling {} with apt-get", packages.join(", "));
    shell::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_apt_knows_is_taken() {
        let bookworm = |name: &str| ["postgresql-15", "postgresql-client-15"].contains(&name);
        let both = [Need::PostgresServer, Need::Psql];
        assert_eq!(packages_with(&both, bookworm), ["postgresql-15"]);
        assert_eq!(packages_with(&[Need::Psql], bookworm), ["postgresql-client-15"]);
        let several = |name: &str| name.ends_with("-16") || name.ends_with("-19");
        assert_eq!(packages_with(&[Need::PostgresServer], several), ["postgresql-16"]);
        assert_eq!(packages_with(&[Need::PostgresServer], |_| false), ["postgresql"]);
        let trixie = |name: &str| name == "openjdk-21-jdk-headless";
        assert_eq!(packages_with(&[Need::Jdk], trixie), ["openjdk-21-jdk-headless"]);
        assert_eq!(packages_with(&[Need::Jdk, Need::Maven], |_| false)[1], "maven");
    }

    #[test]
    fn the_script_is_valid_shell() {
        assert!(shell::succeeds("sh", &["-n", "-c", SCRIPT]));
    }
}
