//! The options of the connectors that are not Redshift's: each is read once, and what nobody reads
//! is refused.

use std::{fmt::Display, ops::RangeInclusive};

use crate::script::Problem;

/// A table's options while they are read.
pub struct TableOptions<'a> {
    connector: &'static str,
    given: &'a [(String, String)],
    line: u64,
    known: Vec<String>,
    problems: Vec<Problem>,
}

impl<'a> TableOptions<'a> {
    /// Starts to read the options of a table with this connector.
    pub fn new(connector: &'static str, given: &'a [(String, String)], line: u64) -> Self {
        TableOptions {
            connector,
            given,
            line,
            known: vec!["connector".into()],
            problems: Vec::new(),
        }
    }

    /// Line of the table.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The value of a key.
    pub fn get(&mut self, key: &'static str) -> Option<&'a str> {
        self.get_named(key)
    }

    /// The value of a key that has a column's name in it.
    pub fn get_named(&mut self, key: &str) -> Option<&'a str> {
        self.known.push(key.to_owned());
        self.given.iter().find(|(given, _)| given == key).map(|(_, value)| &**value)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> bool {
        match self.get(key).map(str::to_lowercase).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                self.problem(format!("'{key}' = '{other}': it must be true or false"));
                false
            }
        }
    }

    /// A whole number within bounds; `None` where it is not given, or beside a problem.
    pub fn number(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let text = self.get(key)?;
        let number = text.trim().parse().ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            let least = bounds.start();
            self.problem(format!("'{key}' = '{text}': a whole number from {least} on is wanted"));
        }
        number
    }

    /// Refuses a key that Flink knows.
    pub fn refuse(&mut self, key: &'static str) {
        if self.get(key).is_some() {
            self.problem(Problem::unsupported(0, format!("option '{key}'")).message);
        }
    }

    /// Notes a problem.
    pub fn problem(&mut self, message: impl Display) {
        self.problems.push(Problem::new(self.line, message.to_string()));
    }

    /// Notes a problem of a column.
    pub fn problem_at(&mut self, line: u64, message: impl Display) {
        self.problems.push(Problem::new(line, message.to_string()));
    }

    /// Ends the reading: what was made of the options, or what is wrong with them.
    pub fn end<T>(mut self, made: Option<T>) -> Result<T, Vec<Problem>> {
        for (key, _) in self.given {
            if self.known.contains(key) {
                continue;
            }
            let nearest = self
                .known
                .iter()
                .map(|known| (strsim::jaro_winkler(known, key), known))
                .max_by(|left, right| left.0.total_cmp(&right.0))
                .filter(|(likeness, _)| *likeness > 0.8);
            let hint =
                nearest.map_or_else(String::new, |(_, near)| format!("; did you mean '{near}'?"));
            let message = format!("'{}' has no option '{key}'{hint}", self.connector);
            self.problems.push(Problem::new(self.line, message));
        }
        match made {
            Some(made) if self.problems.is_empty() => Ok(made),
            _ => Err(self.problems),
        }
    }
}
