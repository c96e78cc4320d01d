//! What the user gave, key by key: spellings brought together, values read as their kinds, and
//! each option handed out once.

use std::collections::HashMap;
use std::time::Duration;

use super::{
    problem::{Findings, quoted},
    table::{self, Alias, OptionRow},
    value::{self, Value},
};

/// The options of every built part, each waiting to be taken.
pub(super) struct Given {
    slots: HashMap<&'static str, Slot>,
}

struct Slot {
    /// The key as the user spelled it, or the canonical one.
    name: String,
    state: State,
}

enum State {
    /// Set by the user.
    Set(Value),
    /// Left out, with the table's default.
    Default(Value),
    /// Left out, and there is no default.
    Absent,
    /// Set to something that was already complained about.
    Bad,
}

/// One option as it was taken.
#[derive(Debug, Clone)]
pub(super) struct Taken<T> {
    /// The key as the user spelled it, or the canonical one.
    pub name: String,
    /// The value set, or else the default; `None` when there is neither, or only a bad one.
    pub value: Option<T>,
    /// Whether the user set it, well or badly.
    pub set: bool,
}

impl Given {
    /// Sorts the user's options into the table's, noting every key that is unknown, of a part that
    /// is not built, contradicts another spelling, or has a value that cannot be read.
    pub fn new(options: &[(String, String)], findings: &mut Findings) -> Given {
        let mut slots: HashMap<_, _> = table::rows()
            .filter(|row| row.part.is_built())
            .map(|row| (row.key, Slot { name: row.key.to_owned(), state: left_out(row) }))
            .collect();
        let index = spellings();
        for (name, text) in options {
            let Some((row, alias)) = index.get(name.as_str()) else {
                unknown(name, findings);
                continue;
            };
            if !row.part.is_built() {
                findings.problem(not_built(name, row));
                continue;
            }
            let state = read(row, alias.as_ref(), name, text, findings);
            if let Some(slot) = slots.get_mut(row.key) {
                slot.set(name, state, findings);
            }
        }
        Given { slots }
    }

    /// What each option of the built parts is, before anybody takes it: its row, its value where
    /// there is one, and whether the user set it.
    pub fn values(&self) -> impl Iterator<Item = (&'static OptionRow, Option<&Value>, bool)> {
        table::rows().filter_map(|row| {
            let slot = self.slots.get(row.key)?;
            Some(match &slot.state {
                State::Set(value) => (row, Some(value), true),
                State::Default(value) => (row, Some(value), false),
                State::Absent | State::Bad => (row, None, false),
            })
        })
    }

    fn take<T>(&mut self, key: &str, unwrap: impl Fn(Value) -> Option<T>) -> Taken<T> {
        let slot = self.slots.remove(key);
        debug_assert!(slot.is_some(), "{key} is taken twice, or is no key of a built part");
        let Some(Slot { name, state }) = slot else {
            return Taken { name: key.to_owned(), value: None, set: false };
        };
        let (value, set) = match state {
            State::Set(value) => (unwrap(value), true),
            State::Default(value) => (unwrap(value), false),
            State::Absent => (None, false),
            State::Bad => (None, true),
        };
        Taken { name, value, set }
    }

    pub fn text(&mut self, key: &str) -> Taken<String> {
        self.take(key, |value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }

    pub fn flag(&mut self, key: &str) -> Taken<bool> {
        self.take(key, |value| match value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        })
    }

    pub fn choice(&mut self, key: &str) -> Taken<&'static str> {
        self.take(key, |value| match value {
            Value::Choice(word) => Some(word),
            _ => None,
        })
    }

    /// A whole number; the table's bounds say that it fits.
    pub fn integer<T: TryFrom<u64>>(&mut self, key: &str) -> Taken<T> {
        self.take(key, |value| match value {
            Value::Integer(number) => T::try_from(number).ok(),
            _ => None,
        })
    }

    pub fn time(&mut self, key: &str) -> Taken<Duration> {
        self.take(key, |value| match value {
            Value::Time(time) => Some(time),
            _ => None,
        })
    }

    pub fn size(&mut self, key: &str) -> Taken<u64> {
        self.take(key, |value| match value {
            Value::Size(size) => Some(size),
            _ => None,
        })
    }

    /// The keys that nobody has taken yet.
    pub fn left(&self) -> Vec<&'static str> {
        self.slots.keys().copied().collect()
    }
}

impl<T> Taken<T> {
    /// Reads the value further, complaining under the user's spelling when that fails.
    pub fn parse<U>(
        self,
        findings: &mut Findings,
        parse: impl FnOnce(&T) -> Result<U, String>,
    ) -> Taken<U> {
        let value = match self.value.as_ref().map(parse) {
            Some(Ok(value)) => Some(value),
            Some(Err(problem)) => {
                findings.problem(format!("'{}' {problem}", self.name));
                None
            }
            None => None,
        };
        Taken { name: self.name, value, set: self.set }
    }

    /// The value, or a complaint that it is missing (unless a bad one was complained about).
    pub fn required(self, findings: &mut Findings, why: &str) -> Option<T> {
        if self.value.is_none() && !self.set {
            findings.problem(format!("'{}' is missing: {why}", self.name));
        }
        self.value
    }

    /// Whether there is neither a value nor a bad one.
    pub fn is_absent(&self) -> bool {
        self.value.is_none() && !self.set
    }
}

impl Slot {
    fn set(&mut self, name: &str, state: State, findings: &mut Findings) {
        match (&self.state, &state) {
            (State::Default(_) | State::Absent, _) => {
                *self = Slot { name: name.to_owned(), state };
            }
            (State::Set(one), State::Set(other)) if one != other => {
                findings.problem(if self.name == name {
                    format!("'{name}' is set twice, to different values; keep one of them")
                } else {
                    format!(
                        "'{}' and '{name}' are two spellings of one option and have different \
                         values; keep one of them",
                        self.name
                    )
                });
                self.state = State::Bad;
            }
            (State::Set(_), State::Bad) => self.state = State::Bad,
            _ => {}
        }
    }
}

fn left_out(row: &OptionRow) -> State {
    match row.default.and_then(|text| value::read(row, text)) {
        Some(value) => State::Default(value),
        None => State::Absent,
    }
}

fn spellings() -> HashMap<&'static str, (&'static OptionRow, Option<Alias>)> {
    table::rows()
        .flat_map(|row| {
            let aliases = row.aliases.iter().map(move |alias| (alias.name, (row, Some(*alias))));
            std::iter::once((row.key, (row, None))).chain(aliases)
        })
        .collect()
}

fn read(
    row: &OptionRow,
    alias: Option<&Alias>,
    name: &str,
    text: &str,
    findings: &mut Findings,
) -> State {
    let translations = alias.map_or(&[][..], |alias| alias.values);
    let read = if translations.is_empty() {
        value::read(row, text)
    } else {
        let own = translations.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(text.trim()));
        own.and_then(|(_, own)| value::read(row, own))
    };
    match read {
        // A password may be blank, and nothing else.
        Some(Value::Text(text)) if text.trim().is_empty() && row.key != "password" => {
            findings.problem(format!("'{name}' is empty; give it a value or leave it out"));
            State::Bad
        }
        Some(value) => State::Set(value),
        None => {
            let expected = if translations.is_empty() {
                row.kind.describe()
            } else {
                let words: Vec<_> = translations.iter().map(|(theirs, _)| *theirs).collect();
                words.join(" or ")
            };
            findings.problem(format!("'{name}' = {}: expected {expected}", quoted(text)));
            State::Bad
        }
    }
}

fn not_built(name: &str, row: &OptionRow) -> String {
    format!("'{name}' belongs to {}, which this version does not have yet", row.part.name())
}

fn unknown(name: &str, findings: &mut Findings) {
    let nearest = nearest(name).map(|key| format!("; did you mean '{key}'?")).unwrap_or_default();
    let quoted = quoted(name);
    if table::FILE_SYSTEM_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        findings.warn(format!(
            "{quoted} configures Flink's own S3 file systems, which this connector does not use: \
             it is ignored{nearest}"
        ));
    } else if nearest.is_empty() {
        findings.problem(format!("{quoted} is not an option of this connector"));
    } else {
        findings.problem(format!("{quoted} is not an option{nearest}"));
    }
}

/// The spelling that is most like an unknown key, if any is like it at all.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace('_', "-");
    table::rows()
        .flat_map(|row| {
            let documented = row.aliases.iter().filter(|alias| alias.documented);
            std::iter::once(row.key).chain(documented.map(|alias| alias.name))
        })
        .map(|key| (strsim::normalized_damerau_levenshtein(&name, &key.to_lowercase()), key))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, key)| key)
}
