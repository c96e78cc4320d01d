//! Running other programs: each command line is shown before it runs.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// Runs `command` with this terminal's own output; an exit status other than 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Like [`run`], without showing the command line.
pub fn run_unseen(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start `{program}`"))?;
    if !status.success() {
        bail!("`{program}` failed: {status}");
    }
    Ok(())
}

/// Runs `command`, passes its standard output on as it comes, and gives it back with whether the
/// command succeeded.
pub fn tee(command: &mut Command) -> Result<(Vec<String>, bool)> {
    let line = show(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{line}`"))?;
    let mut lines = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        // Test programs may print what is not UTF-8.
        while reader.read_until(b'\n', &mut bytes).with_context(|| format!("reading `{line}`"))? > 0
        {
            std::io::stdout().write_all(&bytes).context("cannot write to standard output")?;
            lines.push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
            bytes.clear();
        }
    }
    let status = child.wait().with_context(|| format!("waiting for `{line}`"))?;
    Ok((lines, status.success()))
}

/// The trimmed standard output of a quiet command, or nothing when it cannot run or fails.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Whether a quiet command runs and succeeds.
pub fn succeeds(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    output(program, arguments).is_some()
}

/// The first program of that name on PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| is_program(file))
}

/// Whether there is a file to run.
pub fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    output("id", &["-u"]).as_deref() == Some("0")
}

/// Prints a command line as a person would type it, and gives it back.
fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ");
    println!("\n$ {line}");
    line
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if word.contains('\n') {
        // A whole script is no part of a line to read.
        "'…'".to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error_with_its_line() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c 'exit 3'"), "{error}");
        assert!(run(&mut Command::new("no-such-program-here")).is_err());
    }

    #[test]
    fn tee_gives_back_every_line_and_the_outcome() {
        let (lines, ok) =
            tee(Command::new("sh").args(["-c", "echo one; printf two; exit 1"])).unwrap();
        assert_eq!((lines, ok), (vec!["one".to_owned(), "two".to_owned()], false));
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("--locked"), "--locked");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("one\ntwo"), "'…'");
    }
}
