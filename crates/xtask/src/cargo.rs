//! Calls of cargo itself.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::repo;

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
///
/// Cargo is asked for the place, because the target directory may be set anywhere.
pub fn build_program(arguments: &[&str], name: &str) -> Result<PathBuf> {
    let mut command = cargo(&["build", "--locked", "--message-format=json-render-diagnostics"]);
    command.args(arguments).stdout(Stdio::piped());
    println!("\n$ cargo build --locked {}", arguments.join(" "));
    let child = command.spawn().context("cannot start cargo")?;
    let output = child.wait_with_output().context("waiting for cargo build")?;
    if !output.status.success() {
        bail!("cargo build {} failed: {}", arguments.join(" "), output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    executable(&messages, name).with_context(|| format!("cargo built no program named {name}"))
}

/// Finds the program `name` among cargo's JSON messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == name
        })
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
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
    fn the_program_is_found_among_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/b/other"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"tool"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"tool"},"executable":"/b/tool"}"#,
        );
        assert_eq!(executable(messages, "tool"), Some(PathBuf::from("/b/tool")));
        assert_eq!(executable(messages, "missing"), None);
    }
}
