//! Flink's type names in SQL text: `DECIMAL(10, 2) NOT NULL` and the like, become [`FlinkType`]s.

use std::str::FromStr;

use super::FlinkType;
use crate::error::{Error, ErrorKind, Result};

/// The longest CHAR and VARCHAR that Flink has; `VARCHAR(2147483647)` is STRING.
const MAX_LENGTH: u32 = i32::MAX as u32;

/// Flink's types that are named and known, but not carried yet.
const NOT_CARRIED: &[&str] = &[
    "BYTES",
    "BINARY",
    "VARBINARY",
    "ARRAY",
    "MAP",
    "ROW",
    "MULTISET",
    "RAW",
    "TIME",
    "INTERVAL",
    "NULL",
    "VARIANT",
    "BITMAP",
    "STRUCTURED",
];

impl FlinkType {
    /// Parses a column's type as SQL declares it, with `NULL` or `NOT NULL` behind it.
    ///
    /// Returns the type and whether NULL is allowed (it is, unless the text says otherwise).
    pub fn parse_nullable(text: &str) -> Result<(FlinkType, bool)> {
        Parser::new(text)?.column_type()
    }
}

impl FromStr for FlinkType {
    type Err = Error;

    /// Parses a type without `NOT NULL`; a column's is read by [`FlinkType::parse_nullable`].
    fn from_str(text: &str) -> Result<FlinkType> {
        match FlinkType::parse_nullable(text)? {
            (data_type, true) => Ok(data_type),
            (_, false) => Err(malformed(text, "NOT NULL belongs to a column, not to a type")),
        }
    }
}

fn malformed(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidOptions, format!("could not read the type {}: {why}", text.trim()))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word in upper case.
    Word(String),
    Number(u32),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let length = taken(|c| c.is_ascii_digit());
            let number = rest[..length]
                .parse()
                .map_err(|_| malformed(text, "the number in it is too large"))?;
            tokens.push(Token::Number(number));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = taken(|c| c.is_ascii_alphanumeric() || c == '_');
            tokens.push(Token::Word(rest[..length].to_ascii_uppercase()));
            length
        } else {
            tokens.push(Token::Sign(first));
            first.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        Ok(Parser { text, tokens: tokens(text)?, next: 0 })
    }

    fn column_type(mut self) -> Result<(FlinkType, bool)> {
        let data_type = self.data_type()?;
        let nullable = if self.words(&["NOT", "NULL"]) {
            false
        } else {
            self.words(&["NULL"]);
            true
        };
        match self.tokens.get(self.next) {
            None => Ok((data_type, nullable)),
            Some(_) => Err(malformed(self.text, &format!("there is more behind {data_type}"))),
        }
    }

    fn data_type(&mut self) -> Result<FlinkType> {
        let Some(Token::Word(name)) = self.tokens.get(self.next).cloned() else {
            return Err(malformed(self.text, "a type starts with its name"));
        };
        self.next += 1;
        match name.as_str() {
            "BOOLEAN" => Ok(FlinkType::Boolean),
            "TINYINT" => Ok(FlinkType::TinyInt),
            "SMALLINT" => Ok(FlinkType::SmallInt),
            "INT" | "INTEGER" => Ok(FlinkType::Int),
            "BIGINT" => Ok(FlinkType::BigInt),
            "FLOAT" => Ok(FlinkType::Float),
            "DOUBLE" => {
                self.words(&["PRECISION"]);
                Ok(FlinkType::Double)
            }
            "DECIMAL" | "DEC" | "NUMERIC" => self.decimal(),
            "CHAR" => Ok(FlinkType::Char(self.length()?)),
            "VARCHAR" => Ok(match self.length()? {
                MAX_LENGTH => FlinkType::String,
                length => FlinkType::VarChar(length),
            }),
            "STRING" => Ok(FlinkType::String),
            "DATE" => Ok(FlinkType::Date),
            "TIMESTAMP" => self.timestamp(),
            "TIMESTAMP_LTZ" => Ok(FlinkType::TimestampLtz(self.precision()?)),
            _ => Err(self.refused(&name)),
        }
    }

    fn decimal(&mut self) -> Result<FlinkType> {
        let (precision, scale) = match self.arguments()?.as_slice() {
            [] => (10, 0),
            [precision] => (*precision, 0),
            [precision, scale] => (*precision, *scale),
            _ => return Err(malformed(self.text, "DECIMAL takes a precision and a scale")),
        };
        match (u8::try_from(precision), u8::try_from(scale)) {
            (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
                Ok(FlinkType::Decimal { precision, scale })
            }
            _ => Err(malformed(
                self.text,
                "DECIMAL's precision is 1 to 38, its scale 0 to its precision",
            )),
        }
    }

    fn length(&mut self) -> Result<u32> {
        match self.arguments()?.as_slice() {
            [] => Ok(1),
            [length @ 1..=MAX_LENGTH] => Ok(*length),
            _ => Err(malformed(self.text, "its length is one number, 1 to 2147483647")),
        }
    }

    fn precision(&mut self) -> Result<u8> {
        match self.arguments()?.as_slice() {
            [] => Ok(6),
            [precision @ 0..=9] => Ok(*precision as u8),
            _ => Err(malformed(self.text, "a timestamp's precision is one number, 0 to 9")),
        }
    }

    fn timestamp(&mut self) -> Result<FlinkType> {
        let precision = self.precision()?;
        if self.words(&["WITHOUT", "TIME", "ZONE"]) {
            Ok(FlinkType::Timestamp(precision))
        } else if self.words(&["WITH", "LOCAL", "TIME", "ZONE"]) {
            Ok(FlinkType::TimestampLtz(precision))
        } else if self.words(&["WITH", "TIME", "ZONE"]) {
            Err(not_carried("TIMESTAMP WITH TIME ZONE")
                .hint("declare TIMESTAMP_LTZ, which is what Redshift's TIMESTAMPTZ holds"))
        } else {
            Ok(FlinkType::Timestamp(precision))
        }
    }

    /// `(n, n, …)`, or nothing.
    fn arguments(&mut self) -> Result<Vec<u32>> {
        let mut numbers = Vec::new();
        if !self.sign('(') {
            return Ok(numbers);
        }
        loop {
            match self.tokens.get(self.next) {
                Some(Token::Number(number)) => numbers.push(*number),
                _ => return Err(malformed(self.text, "a whole number is missing in its brackets")),
            }
            self.next += 1;
            if self.sign(')') {
                return Ok(numbers);
            }
            if !self.sign(',') {
                return Err(malformed(self.text, "its bracket is not closed"));
            }
        }
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.tokens.get(self.next) == Some(&Token::Sign(sign));
        self.next += usize::from(found);
        found
    }

    /// Takes these words, all or none of them.
    fn words(&mut self, words: &[&str]) -> bool {
        let ahead = &self.tokens[self.next..];
        let found = ahead.len() >= words.len()
            && words.iter().zip(ahead).all(
                |(word, token)| matches!(token, Token::Word(found) if found.as_str() == *word),
            );
        self.next += if found { words.len() } else { 0 };
        found
    }

    fn refused(&self, name: &str) -> Error {
        if NOT_CARRIED.contains(&name) {
            return not_carried(name);
        }
        malformed(self.text, &format!("{name} is not a type of Flink SQL"))
    }
}

fn not_carried(name: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("type {name} is not carried yet"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> String {
        text.parse::<FlinkType>().unwrap().to_string()
    }

    #[test]
    fn every_spelling_becomes_flinks_canonical_one() {
        for (text, canonical) in [
            ("BOOLEAN", "BOOLEAN"),
            ("tinyint", "TINYINT"),
            ("SmallInt", "SMALLINT"),
            ("INT", "INT"),
            ("INTEGER", "INT"),
            ("BIGINT", "BIGINT"),
            ("FLOAT", "FLOAT"),
            ("DOUBLE", "DOUBLE"),
            ("DOUBLE PRECISION", "DOUBLE"),
            ("DECIMAL", "DECIMAL(10, 0)"),
            ("DEC(5)", "DECIMAL(5, 0)"),
            ("NUMERIC( 38 , 38 )", "DECIMAL(38, 38)"),
            ("CHAR", "CHAR(1)"),
            ("CHAR(7)", "CHAR(7)"),
            ("VARCHAR", "VARCHAR(1)"),
            ("VARCHAR(20)", "VARCHAR(20)"),
            ("VARCHAR(2147483647)", "STRING"),
            (" STRING ", "STRING"),
            ("DATE", "DATE"),
            ("TIMESTAMP", "TIMESTAMP(6)"),
            ("TIMESTAMP(0)", "TIMESTAMP(0)"),
            ("TIMESTAMP(9) WITHOUT TIME ZONE", "TIMESTAMP(9)"),
            ("TIMESTAMP_LTZ", "TIMESTAMP_LTZ(6)"),
            ("TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(3)"),
            ("TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP_LTZ(3)"),
            ("timestamp\nwith local time zone", "TIMESTAMP_LTZ(6)"),
            ("BIGINT NULL", "BIGINT"),
        ] {
            assert_eq!(parsed(text), canonical, "{text}");
            assert_eq!(parsed(canonical), canonical);
        }
    }

    #[test]
    fn not_null_is_a_columns() {
        let not_null = FlinkType::parse_nullable("DECIMAL(4,2) NOT NULL").unwrap();
        assert_eq!(not_null, (FlinkType::Decimal { precision: 4, scale: 2 }, false));
        assert_eq!(FlinkType::parse_nullable("DATE").unwrap(), (FlinkType::Date, true));
        assert!("INT NOT NULL".parse::<FlinkType>().is_err());
    }

    #[test]
    fn types_that_are_not_carried_are_refused_by_name() {
        for text in [
            "BYTES",
            "BINARY(3)",
            "VARBINARY(9)",
            "ARRAY<INT>",
            "MAP<STRING, INT>",
            "ROW<a INT>",
            "MULTISET<INT>",
            "RAW('c', 's')",
            "TIME",
            "TIME(3)",
            "INTERVAL DAY TO SECOND",
            "TIMESTAMP(3) WITH TIME ZONE",
            "NULL",
        ] {
            let error = text.parse::<FlinkType>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}");
            let name = text.split(['(', '<', ' ']).next().unwrap();
            assert!(error.message().starts_with(&format!("type {name}")), "{error}");
        }
    }

    #[test]
    fn malformed_types_are_refused() {
        for text in [
            "",
            "   ",
            "(3)",
            "BIGGINT",
            "DECIMAL(39)",
            "DECIMAL(0)",
            "DECIMAL(5, 6)",
            "DECIMAL(1, 2, 3)",
            "DECIMAL(",
            "DECIMAL(5",
            "DECIMAL()",
            "DECIMAL(x)",
            "CHAR(0)",
            "VARCHAR(99999999999)",
            "VARCHAR(2147483648)",
            "TIMESTAMP(10)",
            "INT INT",
            "INT NOT",
            "DATE(3)",
            "`INT`",
            "INT é",
            "TIMESTAMP WITH LOCAL",
        ] {
            let error = text.parse::<FlinkType>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{text}: {error}");
        }
    }
}
