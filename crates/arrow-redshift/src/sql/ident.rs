//! Identifiers and literals, quoted the way Redshift reads them.

use std::fmt::{self, Write};

/// An identifier in double quotes. Redshift folds ASCII letters to lower case even inside them,
/// unless the session says otherwise; quoting keeps reserved words and odd characters working.
pub fn identifier(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for character in name.chars() {
        if character == '"' {
            quoted.push('"');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// A string literal. Redshift reads a backslash as an escape inside ordinary literals, so it is
/// doubled like the quote.
pub fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        if character == '\'' || character == '\\' {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}

/// A comma-separated list of quoted identifiers, each behind a prefix (`t.` or nothing).
pub(super) fn list<'a>(prefix: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for (index, name) in names.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        let _ = write!(out, "{prefix}{}", identifier(name));
    }
    out
}

/// A table with its schema, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Qualified {
    /// Schema.
    pub schema: String,
    /// Table.
    pub table: String,
}

impl fmt::Display for Qualified {
    /// `"schema"."table"`, ready for a statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", identifier(&self.schema), identifier(&self.table))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a literal as Redshift does: `''` and `\x` stand for one character.
    fn read(quoted: &str, quote: char, backslash: bool) -> Option<String> {
        let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
        let mut out = String::new();
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            if character == quote {
                // A lone quote would end the token early.
                (characters.next()? == quote).then_some(())?;
                out.push(quote);
            } else if backslash && character == '\\' {
                out.push(characters.next()?);
            } else {
                out.push(character);
            }
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn literals_read_back(text in ".*") {
            prop_assert_eq!(read(&literal(&text), '\'', true), Some(text));
        }

        #[test]
        fn hostile_literals_read_back(text in r"['\\;\-n]{0,12}") {
            prop_assert_eq!(read(&literal(&text), '\'', true), Some(text));
        }

        #[test]
        fn identifiers_read_back(text in ".*") {
            prop_assert_eq!(read(&identifier(&text), '"', false), Some(text));
        }
    }
}
