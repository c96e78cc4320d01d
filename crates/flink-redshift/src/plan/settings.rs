//! `SET`: the settings of Flink's that mean something here, or that may stand in a script because
//! they change nothing about what is loaded.

use crate::script::{Problem, Setting};

/// What a script has set so far.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `pipeline.name`: the job's name, which labels its sessions.
    pub pipeline_name: Option<String>,
    /// `parallelism.default`: how many files are read, and parts of a join computed, at once.
    pub parallelism: usize,
    /// Whether `table.local-time-zone` is UTC; it is the system's where nothing is set.
    pub utc: bool,
    /// `table.exec.sink.not-null-enforcer`
    pub not_null: NotNull,
}

/// `table.exec.sink.not-null-enforcer`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNull {
    /// A NULL in a NOT NULL column is an error.
    Error,
    /// Its row is left out.
    Drop,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { pipeline_name: None, parallelism: 1, utc: false, not_null: NotNull::Error }
    }
}

/// Settings that a script may hold and that change nothing here.
pub const WITHOUT_MEANING: &[&str] = &[
    "execution.checkpointing.interval",
    "sql-client.execution.result-mode",
    "sql-client.verbose",
    "table.dml-sync",
    "table.exec.sink.require-on-conflict",
];

/// Settings that are read here; the documentation lists them.
#[cfg(test)]
pub const READ: &[&str] = &[
    "execution.runtime-mode",
    "parallelism.default",
    "pipeline.name",
    "table.exec.resource.default-parallelism",
    "table.exec.sink.not-null-enforcer",
    "table.local-time-zone",
];

impl Settings {
    /// Takes one SET.
    pub fn set(&mut self, Setting { key, value }: &Setting, line: u64) -> Result<(), Problem> {
        let refuse = |why: &str| Err(Problem::new(line, format!("'{key}' = '{value}': {why}")));
        match key.as_str() {
            "execution.runtime-mode" => {
                if !["batch", "automatic"].contains(&value.to_lowercase().as_str()) {
                    return refuse(
                        "this command runs scripts in batch mode: set it to 'batch', or run the \
                                   script with Flink",
                    );
                }
            }
            "pipeline.name" => self.pipeline_name = Some(value.clone()),
            "parallelism.default" | "table.exec.resource.default-parallelism" => {
                match value.parse() {
                    Ok(number @ 1..=1024) => self.parallelism = number,
                    _ => return refuse("a number from 1 to 1024 is wanted"),
                }
            }
            "table.local-time-zone" => {
                if !["UTC", "Etc/UTC", "+00:00"].contains(&value.as_str()) {
                    return refuse("only 'UTC' is supported here");
                }
                self.utc = true;
            }
            "table.exec.sink.not-null-enforcer" => match value.to_uppercase().as_str() {
                "ERROR" => self.not_null = NotNull::Error,
                "DROP" => self.not_null = NotNull::Drop,
                _ => return refuse("it must be 'ERROR' or 'DROP'"),
            },
            known if WITHOUT_MEANING.contains(&known) => {}
            _ => {
                return Err(Problem::unsupported(line, format!("the setting '{key}'")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> Result<Settings, Problem> {
        let mut settings = Settings::default();
        let setting = Setting { key: key.into(), value: value.into() };
        settings.set(&setting, 7).map(|()| settings)
    }

    #[test]
    fn every_known_key_is_taken_and_others_are_refused_by_name() {
        for key in WITHOUT_MEANING {
            assert!(set(key, "anything").is_ok(), "{key}");
        }
        for key in READ {
            // Nothing that is read takes every value, save the name.
            let refused = set(key, "\u{1}nonsense");
            assert_eq!(refused.is_ok(), *key == "pipeline.name", "{key}");
        }
        let problem = set("table.optimizer.join-reorder-enabled", "true").unwrap_err();
        assert!(problem.line == 7 && problem.message.contains("table.optimizer.join-reorder"));
    }

    #[test]
    fn values_are_read() {
        assert_eq!(set("parallelism.default", "4").unwrap().parallelism, 4);
        assert!(set("parallelism.default", "0").is_err());
        assert!(set("execution.runtime-mode", "STREAMING").is_err());
        assert!(set("execution.runtime-mode", "BATCH").is_ok());
        assert!(set("table.local-time-zone", "UTC").unwrap().utc);
        assert!(set("table.local-time-zone", "Europe/Berlin").is_err());
        assert_eq!(
            set("table.exec.sink.not-null-enforcer", "drop").unwrap().not_null,
            NotNull::Drop
        );
    }

    #[test]
    fn the_documentation_lists_every_setting() {
        let docs = include_str!("../../../../docs/sql.md");
        for key in READ.iter().chain(WITHOUT_MEANING) {
            assert!(docs.contains(&format!("`{key}`")), "docs/sql.md does not name {key}");
        }
    }
}
