//! `cargo xtask jar`: the one jar to drop into Flink, with the native library in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    cargo::{self, Built},
    maven,
    needs::{self, Need},
    notices, repo, shell,
};

/// The crate that becomes the native library, and the library's name.
pub const CRATE: &str = "flink-redshift-jni";
const LIBRARY: &str = "flink_redshift_jni";
/// The Maven module that becomes the jar.
const MODULE: &str = "flink-sql-connector-redshift";

/// How the native library is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As the tests are.
    Dev,
    /// As the quickstart is: builds fast, runs well enough to try things.
    Quick,
    /// For use and for benchmarks.
    Release,
}

impl Profile {
    /// Cargo's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Quick => "quick",
            Profile::Release => "release",
        }
    }
}

/// Runs the task.
pub fn run(options: &[String]) -> Result<()> {
    let (mut profile, mut install) = (Profile::Dev, false);
    for option in options {
        match option.as_str() {
            "--release" => profile = Profile::Release,
            "--install" => install = true,
            other => bail!("jar knows no option `{other}`"),
        }
    }
    needs::provide(&[Need::CCompiler, Need::Jdk, Need::Maven], install)?;
    let mut arguments = vec!["--profile", profile.name(), "--package", CRATE, "--lib"];
    let remapped = remapped(&cargo::home()?, &repo::root());
    if profile == Profile::Release {
        arguments.extend(["--config", &remapped]);
    }
    let built = cargo::build(&arguments)?;
    let jar = package(&Native::lay_out(&built, profile)?)?;
    let size = fs::metadata(&jar).context("the jar has gone")?.len();
    println!("\n{} ({:.1} MB)", jar.display(), size as f64 / 1e6);
    if profile != Profile::Release {
        println!("Its native library is not optimised; `cargo xtask jar --release` is for use.");
    }
    Ok(())
}

/// Cargo's setting that keeps where this machine has its sources out of the library: the places
/// that panics name would tell the builder's directories to everybody.
fn remapped(cargo_home: &Path, root: &Path) -> String {
    let flag = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    // A list of JSON texts is one of TOML, too.
    let flags = serde_json::json!([flag(cargo_home, "/cargo"), flag(root, "/source")]);
    format!("build.rustflags={flags}")
}

/// The native library as the jar takes it in.
pub struct Native {
    /// Holds `<system>-<processor>/<library>`.
    directory: PathBuf,
    /// The licences of the crates that the library is built from.
    notice: PathBuf,
}

impl Native {
    /// Strips the library that was built and puts it where the jar's build looks; its debug
    /// information goes into a file of its own, which debuggers find by the link in the library.
    pub fn lay_out(built: &Built, profile: Profile) -> Result<Native> {
        let library = built.shared_library(LIBRARY)?;
        let metadata = cargo::metadata(&cargo::host()?)?;
        let target = metadata["target_directory"].as_str().context("cargo names no target")?;
        let home = Path::new(target).join("jar").join(profile.name());
        let native = Native { directory: home.join("native"), notice: home.join("THIRD-PARTY") };
        let place = native.directory.join(platform());
        let symbols = home.join("symbols").join(platform());
        for directory in [&place, &symbols] {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        let name = library.file_name().context("the library has no name")?;
        strip(&library, &place.join(name), &symbols.join(name).with_extension("so.debug"))?;
        let notice = notices::of(&metadata, CRATE, &cargo::compiler_version()?)?;
        fs::write(&native.notice, notice)
            .with_context(|| format!("cannot write {}", native.notice.display()))?;
        Ok(native)
    }

    /// The properties by which the Java side's build finds both.
    pub fn properties(&self) -> [String; 2] {
        [
            maven::property("native.dir", &self.directory),
            maven::property("native.notice", &self.notice),
        ]
    }
}

/// Where the library lies in the jar, for the machine that this was built for.
fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

fn strip(library: &Path, stripped: &Path, symbols: &Path) -> Result<()> {
    let objcopy = |arguments: &[&str], from: &Path, to: &Path| {
        shell::run(Command::new("objcopy").args(arguments).arg(from).arg(to))
    };
    objcopy(&["--only-keep-debug"], library, symbols)?;
    let link = format!("--add-gnu-debuglink={}", symbols.display());
    objcopy(&["--strip-unneeded", &link], library, stripped)
}

/// Builds the jar around the library, without running tests, and says where it lies.
pub fn package(native: &Native) -> Result<PathBuf> {
    let arguments = ["package", "--quiet", "-DskipTests", "--also-make", "--projects", MODULE];
    let mut command = maven::maven(&arguments)?;
    shell::run(command.args(native.properties()))?;
    let name = format!("{MODULE}-{}.jar", maven::version());
    let jar = maven::directory().join(MODULE).join("target").join(name);
    if !jar.is_file() {
        bail!("Maven built no {}", jar.display());
    }
    Ok(jar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_this_machine_become_others() {
        let setting = remapped(Path::new("/there/\"x\"/.cargo"), Path::new("/here"));
        let expected = r#"build.rustflags=["--remap-path-prefix=/there/\"x\"/.cargo=/cargo","--remap-path-prefix=/here=/source"]"#;
        assert_eq!(setting, expected);
    }
}
