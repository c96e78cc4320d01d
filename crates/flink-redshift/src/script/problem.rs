//! What is wrong with a script, and where.

use std::fmt;

/// One thing that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line of the script, counted from 1.
    pub line: u64,
    /// What is wrong and what to do, without a final stop.
    pub message: String,
}

impl Problem {
    /// A problem at a line.
    pub fn new(line: u64, message: impl Into<String>) -> Self {
        Problem { line, message: message.into() }
    }

    /// A construct that Flink has and this command does not run.
    pub fn unsupported(line: u64, what: impl fmt::Display) -> Self {
        Problem::new(line, format!("{what} is not supported here (docs/sql.md lists what is)"))
    }
}

/// Every problem of a script: a script is refused as a whole, before anything runs.
#[derive(Debug)]
pub struct ScriptError {
    /// The script's name as the user gave it.
    pub script: String,
    /// The problems, in the order of their lines.
    pub problems: Vec<Problem>,
}

impl ScriptError {
    /// Gathers the problems of the script of this name.
    pub fn new(script: impl Into<String>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line);
        problems.dedup();
        ScriptError { script: script.into(), problems }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{}: {}", self.script, problem.line, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ScriptError {}
