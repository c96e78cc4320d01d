//! Text that is to become a SUPER: whether it is JSON that SUPER holds.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// Whether a text is one JSON value that SUPER holds as it is: no string in it longer than SUPER's,
/// no NUL character, no name twice in one object, and at most 127 levels, which is what the reader
/// takes and far below SUPER's limit.
pub(super) fn is_super(text: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(text);
    Value.deserialize(&mut json).is_ok() && json.end().is_ok()
}

/// Any value, which is looked at and not kept.
struct Value;

fn string<E: Error>(text: &str) -> Result<(), E> {
    if text.len() as u64 <= limits::SUPER_STRING_BYTES && !text.contains('\0') {
        Ok(())
    } else {
        Err(E::custom("a string is too long or holds NUL"))
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        string(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Value)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut names = Vec::new();
        while let Some(name) = fields.next_key::<String>()? {
            string(&name)?;
            fields.next_value_seed(Value)?;
            names.push(name);
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(A::Error::custom("a name comes twice"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_json_value_is_taken() {
        for text in [
            "null",
            " true ",
            "-1.5e300",
            "12345678901234567890123456789",
            r#""é \u0001 😀""#,
            "[]",
            r#"[1, [], {}, {"a": {"b": [null]}}]"#,
            r#"{"": 1, "A": 2, "a": 3}"#,
        ] {
            assert!(is_super(text), "{text}");
        }
    }

    #[test]
    fn what_super_does_not_hold_is_not_taken() {
        for text in [
            "",
            " ",
            "nul",
            "NaN",
            "'a'",
            "{a: 1}",
            "[1,]",
            "1 2",
            r#"{"a": 1}}"#,
            r#""\u0000""#,
            r#"{"a\u0000": 1}"#,
            r#"{"a": 1, "a": 2}"#,
            r#"[{"a": {"b": 1, "c": 2, "b": 3}}]"#,
        ] {
            assert!(!is_super(text), "{text}");
        }
    }

    #[test]
    fn levels_and_lengths_have_their_limits() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(is_super(&nested(127)));
        assert!(!is_super(&nested(128)));
        assert!(!is_super(&nested(32_000)));
        let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
        assert!(is_super(&long(65_535)));
        assert!(!is_super(&long(65_536)));
    }
}
