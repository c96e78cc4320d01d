//! Flink's type names in SQL text: `DECIMAL(10, 2) NOT NULL` and the like, become [`FlinkType`]s.

use std::str::FromStr;

use super::{
    Column, Element, FlinkType,
    bounds::{self, LENGTHS, MAX_DEPTH, MAX_PRECISION},
    flink_tokens::{Token, tokens},
};
use crate::error::{Error, ErrorKind, Result};

/// The longest CHAR and VARCHAR that Flink has; `VARCHAR(2147483647)` is STRING.
const MAX_LENGTH: u32 = *LENGTHS.end();

/// The units of intervals, from the longest; those before `DAY` are months and years.
const INTERVAL_UNITS: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
/// The place of `DAY` among them.
const DAY: usize = 2;

/// Flink's types that are named and known, but not carried.
const NOT_CARRIED: &[&str] = &["RAW", "NULL", "VARIANT", "BITMAP", "STRUCTURED", "SYMBOL"];

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

pub(super) fn malformed(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidOptions, format!("could not read the type {}: {why}", text.trim()))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        Ok(Parser { text, tokens: tokens(text)?, next: 0, depth: 0 })
    }

    fn column_type(mut self) -> Result<(FlinkType, bool)> {
        let Element { data_type, nullable } = self.element()?;
        match self.tokens.get(self.next) {
            None => Ok((data_type, nullable)),
            Some(_) => Err(malformed(self.text, &format!("there is more behind {data_type}"))),
        }
    }

    /// A type with `NULL` or `NOT NULL` behind it, and then perhaps the word for an array of it.
    fn element(&mut self) -> Result<Element> {
        let outer = self.depth;
        self.deeper()?;
        let mut element = Element { data_type: self.data_type()?, nullable: true };
        loop {
            element.nullable = !self.words(&["NOT", "NULL"]);
            if element.nullable {
                self.words(&["NULL"]);
            }
            let data_type = if self.words(&["ARRAY"]) {
                FlinkType::Array(Box::new(element))
            } else if self.words(&["MULTISET"]) {
                FlinkType::Multiset(Box::new(element))
            } else {
                break;
            };
            self.deeper()?;
            element = Element { data_type, nullable: true };
        }
        self.depth = outer;
        Ok(element)
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(malformed(self.text, &format!("it nests deeper than {MAX_DEPTH} times")));
        }
        Ok(())
    }

    fn data_type(&mut self) -> Result<FlinkType> {
        let name = match self.tokens.get(self.next).cloned() {
            Some(Token::Word(name)) => name,
            // The path of a type that a catalog keeps, such as `c`.`d`.`t`.
            Some(Token::Quoted(_)) => {
                return Err(not_carried(self.text.trim()).hint("declare a ROW of its fields"));
            }
            _ => return Err(malformed(self.text, "a type starts with its name")),
        };
        self.next += 1;
        let name = name.to_ascii_uppercase();
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
            "BINARY" => Ok(FlinkType::Binary(self.length()?)),
            "VARBINARY" => Ok(match self.length()? {
                MAX_LENGTH => FlinkType::Bytes,
                length => FlinkType::VarBinary(length),
            }),
            "BYTES" => Ok(FlinkType::Bytes),
            "DATE" => Ok(FlinkType::Date),
            "TIME" => self.time(),
            "TIMESTAMP" => self.timestamp(),
            "TIMESTAMP_LTZ" => Ok(FlinkType::TimestampLtz(self.precision(6)?)),
            "INTERVAL" => self.interval(),
            "ARRAY" => self.one_element().map(FlinkType::Array),
            "MULTISET" => self.one_element().map(FlinkType::Multiset),
            "MAP" => self.map(),
            "ROW" => self.row(),
            _ => Err(self.refused(&name)),
        }
    }

    fn one_element(&mut self) -> Result<Box<Element>> {
        self.expect('<')?;
        let element = self.element()?;
        self.expect('>')?;
        Ok(Box::new(element))
    }

    fn map(&mut self) -> Result<FlinkType> {
        self.expect('<')?;
        let key = self.element()?;
        self.expect(',')?;
        let value = self.element()?;
        self.expect('>')?;
        Ok(FlinkType::Map(Box::new(key), Box::new(value)))
    }

    /// `ROW<name type 'comment', …>`, or with round brackets.
    fn row(&mut self) -> Result<FlinkType> {
        let close = if self.sign('(') {
            ')'
        } else {
            self.expect('<')?;
            '>'
        };
        let mut fields = Vec::new();
        while !self.sign(close) {
            if !fields.is_empty() {
                self.expect(',')?;
            }
            let name = match self.tokens.get(self.next) {
                Some(Token::Word(name) | Token::Quoted(name)) => name.clone(),
                _ => return Err(malformed(self.text, "a field of a ROW starts with its name")),
            };
            self.next += 1;
            let Element { data_type, nullable } = self.element()?;
            self.next += usize::from(self.tokens.get(self.next) == Some(&Token::Text));
            fields.push(Column { name, data_type, nullable });
        }
        Ok(FlinkType::Row(fields))
    }

    fn time(&mut self) -> Result<FlinkType> {
        let precision = self.precision(0)?;
        self.words(&["WITHOUT", "TIME", "ZONE"]);
        Ok(FlinkType::Time(precision))
    }

    /// `INTERVAL DAY(2) TO SECOND(6)` and every shorter form; its digits bound nothing in Flink.
    fn interval(&mut self) -> Result<FlinkType> {
        let (from, first) = self.interval_unit()?;
        let (to, last) = if self.words(&["TO"]) { self.interval_unit()? } else { (from, first) };
        match (from <= to, from < DAY, to < DAY) {
            (true, true, true) => Ok(FlinkType::IntervalYearMonth),
            (true, false, false) => Ok(FlinkType::IntervalDaySecond),
            _ => Err(malformed(self.text, &format!("there is no INTERVAL {first} TO {last}"))),
        }
    }

    /// A unit's place among [`INTERVAL_UNITS`], and its name.
    fn interval_unit(&mut self) -> Result<(usize, &'static str)> {
        let found = INTERVAL_UNITS.iter().position(|unit| self.words(&[unit]));
        let unit = found.ok_or_else(|| {
            malformed(self.text, "INTERVAL takes YEAR, MONTH, DAY, HOUR, MINUTE or SECOND")
        })?;
        self.arguments()?;
        Ok((unit, INTERVAL_UNITS[unit]))
    }

    fn expect(&mut self, sign: char) -> Result<()> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(malformed(self.text, &format!("{sign} is missing")))
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
            (Ok(precision), Ok(scale)) if bounds::decimal(precision, scale) => {
                Ok(FlinkType::Decimal { precision, scale })
            }
            _ => Err(malformed(self.text, bounds::DECIMAL)),
        }
    }

    fn length(&mut self) -> Result<u32> {
        match self.arguments()?.as_slice() {
            [] => Ok(1),
            [length] if LENGTHS.contains(length) => Ok(*length),
            _ => Err(malformed(self.text, bounds::LENGTH)),
        }
    }

    fn precision(&mut self, usual: u8) -> Result<u8> {
        match self.arguments()?.as_slice() {
            [] => Ok(usual),
            [precision] if *precision <= u32::from(MAX_PRECISION) => Ok(*precision as u8),
            _ => Err(malformed(self.text, bounds::PRECISION)),
        }
    }

    fn timestamp(&mut self) -> Result<FlinkType> {
        let precision = self.precision(6)?;
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
            && words.iter().zip(ahead).all(|(word, token)| token.is(word));
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
    Error::new(ErrorKind::Unsupported, format!("type {name} is not carried"))
}

#[cfg(test)]
#[path = "flink_text_tests.rs"]
mod tests;
