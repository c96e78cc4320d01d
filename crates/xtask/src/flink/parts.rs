//! What a cluster with the connector is made of, built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    cargo, controlled,
    jar::{self, Native, Profile},
    maven, shell,
};

/// The command, whose errors Flink's are compared with.
const COMMAND: &str = "flink-redshift";

/// What cargo builds.
pub struct Programs {
    /// The native library, laid out for the jars.
    pub native: Native,
    /// The stand-in.
    pub stand_in: PathBuf,
    /// The command, where the tests' build has it.
    pub command: Option<PathBuf>,
}

impl Programs {
    /// Builds them.
    pub fn build(profile: Profile) -> Result<Programs> {
        let built = cargo::build(&arguments(profile))?;
        Ok(Programs {
            native: Native::lay_out(&built, profile)?,
            stand_in: built.program(controlled::PROGRAM)?,
            command: built.program(COMMAND).ok(),
        })
    }
}

/// The jars and programs that a run needs.
pub struct Parts {
    /// The connector as users get it.
    pub jar: PathBuf,
    /// The SQL runner and the benchmarks' jobs.
    pub tools: PathBuf,
    /// The stand-in.
    pub stand_in: PathBuf,
}

impl Parts {
    /// Builds all of them, the native library as `profile` says.
    pub fn build(profile: Profile) -> Result<Parts> {
        let programs = Programs::build(profile)?;
        let jar = jar::package(&programs.native)?;
        Ok(Parts { jar, tools: tools()?, stand_in: programs.stand_in })
    }
}

/// What cargo is told, for a native library and a stand-in of one profile.
fn arguments(profile: Profile) -> Vec<&'static str> {
    let mut arguments =
        vec!["--profile", profile.name(), "--lib", "--example", controlled::PROGRAM];
    let packages = ["--package", jar::CRATE, "--package", "redshift-local"];
    match profile {
        // What the tests have built already: the same packages, so that features are the same.
        Profile::Dev => arguments.extend(["--workspace", "--bin", COMMAND]),
        // AWS's credential chain is a fifth of the build, and a stand-in's keys come with it.
        Profile::Quick => arguments.extend(packages.into_iter().chain(["--no-default-features"])),
        Profile::Release => arguments.extend(packages),
    }
    arguments
}

/// Builds the jar with the SQL runner.
fn tools() -> Result<PathBuf> {
    let arguments = ["--quiet", "--file", "tools/pom.xml", "package", "-DskipTests"];
    shell::run(&mut maven::maven(&arguments)?)?;
    let name = format!("flink-redshift-tools-{}.jar", maven::version());
    let jar = maven::directory().join("tools/target").join(name);
    if !jar.is_file() {
        bail!("Maven built no {}", jar.display());
    }
    Ok(jar)
}

/// An empty directory for a cluster's files, in cargo's target directory: what went wrong can be read
/// there afterwards.
pub fn workshop(name: &str) -> Result<PathBuf> {
    let metadata = cargo::metadata(&cargo::host()?)?;
    let target = metadata["target_directory"].as_str().context("cargo names no target")?;
    let directory = Path::new(target).join("flink").join(name);
    if directory.exists() {
        std::fs::remove_dir_all(&directory)
            .with_context(|| format!("cannot empty {}", directory.display()))?;
    }
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}
