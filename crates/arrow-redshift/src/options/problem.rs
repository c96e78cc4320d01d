//! All that is wrong with a set of options, gathered into one error.

use crate::error::{Error, ErrorKind};

/// The longest key or value of the user's that is shown in full, in characters.
const SHOWN: usize = 80;

/// Problems and warnings, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: Vec<String>,
    pub warnings: Vec<String>,
}

impl Findings {
    /// Notes a problem: a sentence without a final stop that starts with the key as the user
    /// spelled it. It must hold no value of a text option, since people paste secrets anywhere.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Notes something that works but may not be what was meant.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// One error with every problem on a numbered line.
    pub fn into_error(self) -> Error {
        let count = self.problems.len();
        let heading = if count == 1 { "a problem".to_owned() } else { format!("{count} problems") };
        let lines: String = self
            .problems
            .iter()
            .enumerate()
            .map(|(index, problem)| format!("\n  {}. {problem}", index + 1))
            .collect();
        let message = format!("the options of the table have {heading}:{lines}");
        Error::new(ErrorKind::InvalidOptions, message)
    }
}

/// A user's text in single quotes, on one line and not endless.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}
