//! Calls of cargo itself.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{repo, shell};

/// A cargo command in the repository's root, with the cargo that runs this task.
///
/// What cargo tells this program about its own package is kept from it: ring's build script looks at
/// these variables, and would have itself and everything above it built anew whenever cargo is called
/// by a task after it was called by hand, and the other way round.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(repo::root());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_about_this_package) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_this_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

/// Whether the toolchain has a cargo subcommand such as `fmt` or `clippy`.
pub fn has(subcommand: &str) -> bool {
    let answer =
        cargo(&[subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    answer.is_ok_and(|status| status.success())
}

/// Builds one program, with cargo's progress on this terminal, and says where it lies.
pub fn build_program(arguments: &[&str], name: &str) -> Result<PathBuf> {
    build(arguments)?.program(name)
}

/// Runs `cargo build`, with its progress on this terminal.
pub fn build(arguments: &[&str]) -> Result<Built> {
    let mut command = cargo(&["build", "--locked", "--message-format=json-render-diagnostics"]);
    command.args(arguments).stdout(Stdio::piped());
    println!("\n$ cargo build --locked {}", arguments.join(" "));
    let child = command.spawn().context("cannot start cargo")?;
    let output = child.wait_with_output().context("waiting for cargo build")?;
    if !output.status.success() {
        bail!("cargo build {} failed: {}", arguments.join(" "), output.status);
    }
    Ok(Built::read(&String::from_utf8_lossy(&output.stdout)))
}

/// What a build made. Cargo is asked for the places, because the target directory may be set anywhere.
pub struct Built {
    messages: Vec<Value>,
}

impl Built {
    /// Keeps what cargo's JSON messages say about artifacts.
    fn read(messages: &str) -> Built {
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let messages = messages.filter(|message| message["reason"] == "compiler-artifact");
        Built { messages: messages.collect() }
    }

    /// The program of that name.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let found = self.of(name).find_map(|message| message["executable"].as_str());
        found.map(PathBuf::from).with_context(|| format!("cargo built no program named {name}"))
    }

    /// The library of that name that other languages load.
    pub fn shared_library(&self, name: &str) -> Result<PathBuf> {
        let ending = format!(".{}", std::env::consts::DLL_EXTENSION);
        let files = self.of(name).filter_map(|message| message["filenames"].as_array()).flatten();
        let found = files.filter_map(Value::as_str).find(|file| file.ends_with(&ending));
        found.map(PathBuf::from).with_context(|| format!("cargo built no library {name}{ending}"))
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.messages.iter().filter(move |message| message["target"]["name"] == name)
    }
}

/// What `cargo metadata` says, with the dependencies that are built for `platform`.
pub fn metadata(platform: &str) -> Result<Value> {
    let arguments =
        ["metadata", "--locked", "--format-version", "1", "--filter-platform", platform];
    let output = cargo(&arguments).stderr(Stdio::inherit()).output();
    let output = output.context("cannot start cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", output.status);
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")
}

/// The platform that this machine's cargo builds for, as `x86_64-unknown-linux-gnu`.
pub fn host() -> Result<String> {
    compiler("host: ")
}

/// Where cargo keeps the sources of dependencies.
pub fn home() -> Result<PathBuf> {
    let (set, user) = (std::env::var_os("CARGO_HOME"), std::env::var_os("HOME"));
    let home = set.map(PathBuf::from).or_else(|| Some(PathBuf::from(user?).join(".cargo")));
    home.context("neither CARGO_HOME nor HOME is set")
}

/// The version of the compiler, as `1.95.0`.
pub fn compiler_version() -> Result<String> {
    compiler("release: ")
}

/// What the compiler says of itself behind `label`.
fn compiler(label: &str) -> Result<String> {
    let version = shell::output("rustc", &["-vV"]).context("cannot run rustc -vV")?;
    let found = version.lines().find_map(|line| line.strip_prefix(label));
    found.map(str::to_owned).with_context(|| format!("rustc -vV has no line `{label}…`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_of_this_package_is_not_passed_on() {
        let command = cargo(&["--version"]);
        let removed =
            |name: &str| command.get_envs().any(|(key, value)| key == name && value.is_none());
        assert!(removed("CARGO_MANIFEST_DIR") && removed("CARGO_PKG_NAME"));
        assert!(!removed("CARGO_HOME") && !removed("CARGO_TARGET_DIR"));
    }

    #[test]
    fn programs_and_libraries_are_found_among_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/b/other"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"tool"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"tool"},"executable":"/b/tool"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"lib"},"filenames":["/b/lib.rlib","/b/lib.so"]}"#,
        );
        let built = Built::read(messages);
        assert_eq!(built.program("tool").unwrap(), PathBuf::from("/b/tool"));
        assert!(built.program("missing").is_err());
        let library = built.shared_library("lib");
        assert_eq!(library.ok(), cfg!(target_os = "linux").then(|| PathBuf::from("/b/lib.so")));
        assert!(built.shared_library("tool").is_err());
    }
}
