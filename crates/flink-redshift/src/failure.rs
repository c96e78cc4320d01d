//! Why a run ended early, and the exit code that says so.

use std::fmt;

use arrow_redshift::{Error, ErrorKind};

use crate::script::ScriptError;

/// What ended a run.
#[derive(Debug)]
pub enum Failure {
    /// The script, or what its options say, is wrong. Nothing has run.
    Script(ScriptError),
    /// A query failed, or its input could not be read.
    Query(String),
    /// A table of Redshift could not be prepared or loaded.
    Load {
        /// The table's name in the script and the line of its INSERT.
        place: String,
        /// What happened.
        error: Error,
    },
    /// Several tables of Redshift were refused before the first row, each for itself.
    Targets(Vec<Failure>),
    /// The machine or the stand-in failed.
    Machine(anyhow::Error),
    /// Something that a load needs does not work; the checks have said what.
    Check(String),
    /// The user asked to stop; says what that leaves.
    Interrupted(String),
}

/// The exit codes, with what they mean; the command's help and documentation print them.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "everything was loaded, or every check passed"),
    (1, "the machine or the stand-in failed: a port, a process, standard output"),
    (
        2,
        "the script, its options or the command line are wrong, an input file is not there, or a target table does not fit; nothing was loaded by that INSERT",
    ),
    (3, "a load or a check failed: Redshift or S3 could not be reached, or refused it"),
    (
        4,
        "the data failed: a file could not be read to its end, or a value has no place in its column",
    ),
    (
        5,
        "COMMIT was sent and no answer came: look into the ledger, or run again with the same 'sink.run-id'",
    ),
    (130, "interrupted; nothing was loaded by the INSERT that ran"),
];

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Script(_) => 2,
            Failure::Check(_) => 3,
            Failure::Query(_) => 4,
            Failure::Machine(_) => 1,
            Failure::Interrupted(_) => 130,
            Failure::Targets(refused) => refused.first().map_or(2, Failure::exit_code),
            Failure::Load { error, .. } => match error.kind() {
                ErrorKind::InvalidOptions | ErrorKind::Unsupported | ErrorKind::SchemaMismatch => 2,
                ErrorKind::ValueRefused | ErrorKind::SourceFailed => 4,
                ErrorKind::CommitUnknown => 5,
                ErrorKind::Interrupted => 130,
                ErrorKind::Internal => 1,
                _ => 3,
            },
        }
    }

    /// Whether nobody knows what became of the rows.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Failure::Load { error, .. } if error.kind() == ErrorKind::CommitUnknown)
    }

    /// Whether the user asked for it.
    pub fn is_interrupt(&self) -> bool {
        self.exit_code() == 130
    }

    /// What programs are told of it.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "kind": self.kind(),
            "message": self.to_string(),
            "exit_code": self.exit_code(),
        })
    }

    /// The name of the kind of failure, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Script(_) => "script",
            Failure::Check(_) => "check",
            Failure::Query(_) => "query",
            Failure::Machine(_) => "machine",
            Failure::Interrupted(_) => "interrupted",
            Failure::Targets(refused) => refused.first().map_or("script", Failure::kind),
            Failure::Load { error, .. } => error.kind().name(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Script(error) => error.fmt(f),
            Failure::Query(message) | Failure::Check(message) => f.write_str(message),
            Failure::Load { place, error } => {
                write!(f, "{place}: {error}")?;
                // What the input says names the file, line and column, and is not repeated above.
                match std::error::Error::source(error) {
                    Some(cause) if error.kind() == ErrorKind::SourceFailed => {
                        write!(f, ": {cause}")
                    }
                    _ => Ok(()),
                }
            }
            Failure::Targets(refused) => {
                let texts: Vec<String> = refused.iter().map(Failure::to_string).collect();
                f.write_str(&texts.join("\n"))
            }
            Failure::Machine(error) => write!(f, "{error:#}"),
            Failure::Interrupted(left) => write!(f, "interrupted: {left}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Machine(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_documented_exit_code() {
        let docs = include_str!("../../../docs/sql.md");
        for (code, meaning) in EXIT_CODES {
            let row = format!("| {code} | {} |", meaning.replace("'sink.run-id'", "`sink.run-id`"));
            assert!(docs.contains(&row), "docs/sql.md lacks {row}");
        }
        for kind in ErrorKind::ALL {
            let failure = Failure::Load { place: "x".into(), error: Error::new(*kind, "y") };
            let code = failure.exit_code();
            assert!(code != 0 && EXIT_CODES.iter().any(|(known, _)| *known == code), "{kind}");
        }
    }
}
