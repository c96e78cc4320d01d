//! Trouble by script: which requests fail, when, and how.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::failure::S3Failure;

/// Which requests meet which trouble. Unset fields match everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// S3's name of the operation, such as `PutObject` or `CompleteMultipartUpload`.
    #[serde(default)]
    pub operation: Option<String>,
    /// The bucket.
    #[serde(default)]
    pub bucket: Option<String>,
    /// How the key begins. Requests that name no key do not match; listings match by their bucket.
    #[serde(default)]
    pub key_prefix: Option<String>,
    /// How many matching requests pass before the first one that fails.
    #[serde(default)]
    pub skip: u64,
    /// How many fail; `None`: all from then on.
    #[serde(default)]
    pub count: Option<u64>,
    /// Whose requests it meets.
    #[serde(default)]
    pub reach: Reach,
    /// What happens to them.
    pub effect: Effect,
}

/// Whose requests a rule meets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Requests over HTTP.
    #[default]
    Clients,
    /// The reads that COPY makes in process.
    Copy,
    /// Both.
    All,
}

/// What happens to a request that a rule meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// 503 `SlowDown`; nothing is done.
    SlowDown,
    /// 500 `InternalError`; nothing is done.
    InternalError,
    /// 403 `AccessDenied`; nothing is done.
    AccessDenied,
    /// It waits, and then goes on as if nothing had been.
    Stall {
        /// How long, milliseconds.
        millis: u64,
    },
    /// The connection ends in the middle of the body, or at once where there is none; nothing is
    /// done. For COPY: `InternalError`.
    Cut,
    /// It is done, but the connection ends before the answer. For COPY: `InternalError`.
    LoseAnswer,
}

impl Rule {
    /// A rule that meets every client's request once.
    pub fn new(effect: Effect) -> Rule {
        Rule {
            operation: None,
            bucket: None,
            key_prefix: None,
            skip: 0,
            count: Some(1),
            reach: Reach::Clients,
            effect,
        }
    }

    /// Only this operation, by S3's name.
    #[must_use]
    pub fn operation(self, operation: &str) -> Rule {
        Rule { operation: Some(operation.into()), ..self }
    }

    /// Only keys in this bucket that begin so.
    #[must_use]
    pub fn keys(self, bucket: &str, prefix: &str) -> Rule {
        Rule { bucket: Some(bucket.into()), key_prefix: Some(prefix.into()), ..self }
    }

    /// Only after so many matching requests passed.
    #[must_use]
    pub fn skip(self, skip: u64) -> Rule {
        Rule { skip, ..self }
    }

    /// So many times; `None` for ever.
    #[must_use]
    pub fn count(self, count: Option<u64>) -> Rule {
        Rule { count, ..self }
    }

    /// These requests.
    #[must_use]
    pub fn reach(self, reach: Reach) -> Rule {
        Rule { reach, ..self }
    }

    fn meets(&self, request: &Asked<'_>) -> bool {
        let same = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
        };
        let key = self.key_prefix.as_deref().is_none_or(|prefix| match request.key {
            Some(key) => key.starts_with(prefix),
            None => request.bucket.is_some() && request.operation.starts_with("List"),
        });
        let reached = match self.reach {
            Reach::Clients => !request.by_copy,
            Reach::Copy => request.by_copy,
            Reach::All => true,
        };
        reached
            && key
            && same(&self.operation, Some(request.operation))
            && same(&self.bucket, request.bucket)
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub operation: &'a str,
    pub bucket: Option<&'a str>,
    pub key: Option<&'a str>,
    pub by_copy: bool,
}

/// The rules in force, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Rules>>,
}

#[derive(Debug, Default)]
struct Rules {
    live: Vec<Live>,
    fired: u64,
}

#[derive(Debug)]
struct Live {
    rule: Rule,
    seen: u64,
}

impl Faults {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a rule in force, after those that are.
    pub fn add(&self, rule: Rule) {
        self.rules().live.push(Live { rule, seen: 0 });
    }

    /// Ends all rules. What fired stays counted.
    pub fn clear(&self) {
        self.rules().live.clear();
    }

    /// How many requests met trouble so far.
    pub fn fired(&self) -> u64 {
        self.rules().fired
    }

    /// The effect of the first rule that meets a request. Every rule counts it.
    pub(super) fn effect(&self, request: &Asked<'_>) -> Option<Effect> {
        let mut rules = self.rules();
        let mut effect = None;
        for live in rules.live.iter_mut().filter(|live| live.rule.meets(request)) {
            let turn = live.seen;
            live.seen += 1;
            let Some(nth) = turn.checked_sub(live.rule.skip) else { continue };
            if live.rule.count.is_none_or(|count| nth < count) {
                effect = effect.or(Some(live.rule.effect));
            }
        }
        rules.fired += u64::from(effect.is_some());
        effect
    }

    /// Meets a request that COPY makes in process: waits or fails.
    pub(super) fn meet_copy(
        &self,
        operation: &str,
        bucket: &str,
        key: Option<&str>,
    ) -> Result<(), S3Failure> {
        let asked = Asked { operation, bucket: Some(bucket), key, by_copy: true };
        match self.effect(&asked) {
            None => Ok(()),
            Some(Effect::Stall { millis }) => {
                std::thread::sleep(Duration::from_millis(millis));
                Ok(())
            }
            Some(effect) => Err(effect.failure().unwrap_or_else(S3Failure::internal_error)),
        }
    }
}

impl Effect {
    /// The answer, where the effect is one.
    pub(super) fn failure(self) -> Option<S3Failure> {
        match self {
            Effect::SlowDown => Some(S3Failure::slow_down()),
            Effect::InternalError => Some(S3Failure::internal_error()),
            Effect::AccessDenied => Some(S3Failure::access_denied()),
            Effect::Stall { .. } | Effect::Cut | Effect::LoseAnswer => None,
        }
    }
}
