//! Faults by script: what goes wrong, for whom, at which statement, how often.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::dialect::action::Action;

/// One rule: the first that matches an event takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    /// What it applies to.
    #[serde(default)]
    pub when: When,
    /// How many matching events pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many matching events it then takes; after that the rule is spent.
    #[serde(default = "once")]
    pub count: u32,
    /// What happens.
    pub effect: Effect,
}

fn once() -> u32 {
    1
}

/// What a rule applies to. What is not given matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// Exactly this user.
    pub user: Option<String>,
    /// Sessions whose `application_name` or `query_group` contains this.
    pub label: Option<String>,
    /// This kind of statement.
    pub statement: Option<StatementKind>,
    /// Statements whose text contains this, whatever its case.
    pub text: Option<String>,
}

/// Kinds of events that a rule can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatementKind {
    /// A new connection, after its login.
    Connect,
    /// SELECT and the like.
    Query,
    /// INSERT, UPDATE, DELETE, MERGE.
    Write,
    /// CREATE, ALTER, DROP and the like.
    Define,
    /// TRUNCATE.
    Truncate,
    /// LOCK.
    Lock,
    /// COPY.
    Copy,
    /// BEGIN.
    Begin,
    /// COMMIT, and the commit of a statement outside a block that wrote something.
    Commit,
    /// ROLLBACK.
    Rollback,
    /// SET, RESET, SHOW, CANCEL.
    Setting,
}

impl StatementKind {
    /// The kind of a checked statement.
    pub(crate) fn of(action: &Action) -> StatementKind {
        match action {
            Action::Query { .. } => StatementKind::Query,
            Action::Write { .. } => StatementKind::Write,
            Action::Define { .. } => StatementKind::Define,
            Action::Truncate { .. } => StatementKind::Truncate,
            Action::Lock { .. } => StatementKind::Lock,
            Action::Copy(_) => StatementKind::Copy,
            Action::Begin { .. } => StatementKind::Begin,
            Action::Commit => StatementKind::Commit,
            Action::Rollback => StatementKind::Rollback,
            _ => StatementKind::Setting,
        }
    }
}

/// What happens to a matching event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The connection is lost before the statement reaches the server: nothing of it is done, and
    /// the transaction rolls back.
    LoseBefore,
    /// The statement is done, COMMIT included, and the connection is lost before the answer.
    LoseAfter,
    /// The client's connection is lost before the statement is done, and the server does not
    /// notice: the session lives on with its transaction and locks, and then ends as told. A
    /// session that is terminated meanwhile rolls back.
    LiveOn {
        /// For how long.
        hold: Duration,
        /// How it ends.
        then: Ending,
    },
    /// The statement fails.
    Fail {
        /// SQLSTATE.
        sqlstate: String,
        /// Message.
        message: String,
        /// Detail.
        detail: Option<String>,
    },
    /// The session is told 57P01 and ends; its transaction rolls back.
    Terminate,
    /// The statement waits first; it can be cancelled.
    Stall(Duration),
    /// A new connection is closed without a word. For [`StatementKind::Connect`].
    Refuse,
    /// The statement is done; but from now on each use of what the session has prepared so far fails
    /// like this, until it is prepared anew: as after DDL of others, or behind a pooler.
    Outdate {
        /// SQLSTATE.
        sqlstate: String,
        /// Message.
        message: String,
        /// Detail.
        detail: Option<String>,
    },
}

/// How the transaction of a session without a client ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By COMMIT.
    Commit,
    /// By ROLLBACK.
    Rollback,
}

/// What a rule is matched against.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    /// The session's user.
    pub(crate) user: &'a str,
    /// `application_name` and `query_group`.
    pub(crate) labels: [&'a str; 2],
    /// What is about to happen.
    pub(crate) statement: StatementKind,
    /// Whether nobody asked for it: the commit of a statement outside a block. Only rules that name
    /// its kind take it, so that a statement is not met twice.
    pub(crate) implied: bool,
    /// The client's text.
    pub(crate) text: &'a str,
}

/// The rules of a stand-in, in the order in which they were given. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Armed>>>,
}

#[derive(Debug)]
struct Armed {
    rule: FaultRule,
    seen: u32,
    taken: u32,
}

impl Faults {
    /// Adds a rule.
    pub fn inject(&self, rule: FaultRule) {
        self.lock().push(Armed { rule, seen: 0, taken: 0 });
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many events the present rules have taken. A test whose fault never struck proves
    /// nothing, so it should look.
    pub fn taken(&self) -> u32 {
        self.lock().iter().map(|armed| armed.taken).sum()
    }

    /// What happens to `event`.
    pub(crate) fn at(&self, event: &Event<'_>) -> Option<Effect> {
        for armed in self.lock().iter_mut() {
            if armed.taken >= armed.rule.count || !armed.rule.when.matches(event) {
                continue;
            }
            armed.seen += 1;
            if armed.seen > armed.rule.skip {
                armed.taken += 1;
                return Some(armed.rule.effect.clone());
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl When {
    fn matches(&self, event: &Event<'_>) -> bool {
        let contains =
            |text: &str, part: &str| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
        self.user.as_ref().is_none_or(|user| user == event.user)
            && self
                .label
                .as_ref()
                .is_none_or(|label| event.labels.iter().any(|text| text.contains(label)))
            && self.statement.map_or(!event.implied, |kind| kind == event.statement)
            && self.text.as_ref().is_none_or(|part| contains(event.text, part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event<'_> {
        let statement = StatementKind::Write;
        Event { user: "u", labels: ["app", "group"], statement, implied: false, text }
    }

    #[test]
    fn skips_then_takes_then_is_spent() {
        let faults = Faults::default();
        faults.inject(FaultRule {
            when: When { text: Some("INSERT".into()), ..When::default() },
            skip: 1,
            count: 2,
            effect: Effect::LoseBefore,
        });
        assert_eq!(faults.at(&event("delete from t")), None);
        assert_eq!(faults.at(&event("insert into t")), None);
        assert_eq!(faults.at(&event("Insert Into t")), Some(Effect::LoseBefore));
        assert_eq!(faults.at(&event("insert into t")), Some(Effect::LoseBefore));
        assert_eq!(faults.at(&event("insert into t")), None);
        assert_eq!(faults.taken(), 2);
    }

    #[test]
    fn every_given_condition_must_hold() {
        let all = When {
            user: Some("u".into()),
            label: Some("gro".into()),
            statement: Some(StatementKind::Write),
            text: Some("t".into()),
        };
        assert!(all.matches(&event("insert into t")));
        for other in [
            When { user: Some("v".into()), ..all.clone() },
            When { label: Some("other".into()), ..all.clone() },
            When { statement: Some(StatementKind::Copy), ..all.clone() },
            When { text: Some("no such".into()), ..all.clone() },
        ] {
            assert!(!other.matches(&event("insert into t")), "{other:?}");
        }
    }

    #[test]
    fn rules_can_be_written_as_json() {
        let rule: FaultRule = serde_json::from_str(
            r#"{"when": {"statement": "commit"}, "effect": {"live-on": {"hold": {"secs": 2, "nanos": 0}, "then": "commit"}}}"#,
        )
        .expect("a rule");
        let hold = Duration::from_secs(2);
        assert_eq!(rule.effect, Effect::LiveOn { hold, then: Ending::Commit });
        assert_eq!((rule.skip, rule.count), (0, 1));
    }
}
