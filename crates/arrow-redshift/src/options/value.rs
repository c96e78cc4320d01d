//! One value: text read as the kind that the table says it is.

use std::time::Duration;

use super::{
    quantity,
    table::{Kind, OptionRow},
};

/// A value that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    Choice(&'static str),
    Integer(u64),
    Time(Duration),
    Size(u64),
}

impl Value {
    /// The value as one would write it.
    pub fn text(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Flag(flag) => flag.to_string(),
            Value::Choice(word) => (*word).to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Time(time) => quantity::duration_text(*time),
            Value::Size(bytes) => quantity::size_text(*bytes),
        }
    }
}

/// Reads a value of the row's kind.
pub(super) fn read(row: &OptionRow, text: &str) -> Option<Value> {
    match row.kind {
        Kind::Text => Some(Value::Text(text.to_owned())),
        Kind::Flag => flag(text).map(Value::Flag),
        Kind::Choice(words) => choice(words, text).map(Value::Choice),
        Kind::Integer { least, most } => {
            let number: u64 = text.trim().parse().ok()?;
            (least..=most).contains(&number).then_some(Value::Integer(number))
        }
        Kind::Time { least, most } => {
            let time = quantity::duration(text)?;
            (least..=most).contains(&time).then_some(Value::Time(time))
        }
        Kind::Size { least, most } => {
            let size = quantity::size(text)?;
            (least..=most).contains(&size).then_some(Value::Size(size))
        }
    }
}

fn flag(text: &str) -> Option<bool> {
    match choice(&["true", "false"], text)? {
        "true" => Some(true),
        _ => Some(false),
    }
}

fn choice(words: &[&'static str], text: &str) -> Option<&'static str> {
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(text.trim()))
}

impl Kind {
    /// What values of this kind look like, for messages and for the documentation.
    pub fn describe(&self) -> String {
        match self {
            Kind::Text => "text".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::Choice([only]) => (*only).to_owned(),
            Kind::Choice([first @ .., last]) => format!("{} or {last}", first.join(", ")),
            Kind::Choice([]) => String::new(),
            Kind::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Kind::Time { least, most } => format!(
                "a duration from {} to {}",
                quantity::duration_text(*least),
                quantity::duration_text(*most)
            ),
            Kind::Size { least, most } => {
                format!(
                    "a size from {} to {}",
                    quantity::size_text(*least),
                    quantity::size_text(*most)
                )
            }
        }
    }
}
