//! Patterns of dates and times, the part of Java's that means one thing only.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate, Timelike};

use super::time;

/// A pattern such as `yyyy-MM-dd HH:mm:ss.SSS`.
#[derive(Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Item>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Fraction(usize),
    Literal(char),
}

impl Pattern {
    /// Reads a pattern: `yyyy MM dd HH mm ss`, `S` to `SSSSSS`, other characters than letters, and
    /// text in single quotes.
    pub fn new(text: &str) -> Result<Self, String> {
        let mut items = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(first) = chars.next() {
            if first == '\'' {
                items.extend(chars.by_ref().take_while(|c| *c != '\'').map(Item::Literal));
                continue;
            }
            if !first.is_ascii_alphabetic() {
                items.push(Item::Literal(first));
                continue;
            }
            let mut count = 1;
            while chars.next_if_eq(&first).is_some() {
                count += 1;
            }
            items.push(match (first, count) {
                ('y', 4) => Item::Year,
                ('M', 2) => Item::Month,
                ('d', 2) => Item::Day,
                ('H', 2) => Item::Hour,
                ('m', 2) => Item::Minute,
                ('s', 2) => Item::Second,
                ('S', 1..=6) => Item::Fraction(count),
                _ => {
                    return Err(format!(
                        "the pattern '{text}' has '{}', and only yyyy, MM, dd, HH, mm, ss and S to \
                         SSSSSS are known",
                        first.to_string().repeat(count)
                    ));
                }
            });
        }
        Ok(Pattern(items))
    }

    /// Reads a text that has this form exactly, as microseconds since 1970.
    pub fn parse(&self, text: &str) -> Option<i64> {
        let mut rest = text;
        let (mut year, mut month, mut day, mut seconds, mut micros) = (1970, 1, 1, 0_i64, 0_i64);
        for item in &self.0 {
            match item {
                Item::Year => year = take(&mut rest, 4)?,
                Item::Month => month = take(&mut rest, 2)?,
                Item::Day => day = take(&mut rest, 2)?,
                Item::Hour => seconds += below(take(&mut rest, 2)?, 24)? * 3600,
                Item::Minute => seconds += below(take(&mut rest, 2)?, 60)? * 60,
                Item::Second => seconds += below(take(&mut rest, 2)?, 60)?,
                Item::Fraction(digits) => {
                    let unit = 10_i64.pow(6 - u32::try_from(*digits).ok()?);
                    micros = i64::from(take(&mut rest, *digits)?) * unit;
                }
                Item::Literal(c) => rest = rest.strip_prefix(*c)?,
            }
        }
        if !rest.is_empty() {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        Some((i64::from(time::days(date)) * 86_400 + seconds) * time::SECOND + micros)
    }

    /// The text of an instant in this form; `None` beyond the calendar.
    pub fn format(&self, micros: i64) -> Option<String> {
        let at = time::fields(micros)?;
        let mut text = String::new();
        for item in &self.0 {
            // Writing to a String cannot fail.
            let _ = match item {
                Item::Year => write!(text, "{:04}", at.year()),
                Item::Month => write!(text, "{:02}", at.month()),
                Item::Day => write!(text, "{:02}", at.day()),
                Item::Hour => write!(text, "{:02}", at.hour()),
                Item::Minute => write!(text, "{:02}", at.minute()),
                Item::Second => write!(text, "{:02}", at.second()),
                Item::Fraction(digits) => {
                    write!(text, "{}", &format!("{:06}", at.nanosecond() / 1000)[..*digits])
                }
                Item::Literal(c) => write!(text, "{c}"),
            };
        }
        Some(text)
    }
}

fn take(rest: &mut &str, digits: usize) -> Option<u32> {
    let (number, tail) = rest.split_at_checked(digits)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = tail;
    number.parse().ok()
}

fn below(value: u32, limit: u32) -> Option<i64> {
    (value < limit).then_some(i64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let pattern = Pattern::new("yyyyMMdd'T'HHmmss.SSS").unwrap();
        let at = pattern.parse("20200105T101112.123").unwrap();
        assert_eq!(time::format_timestamp(at, 3), "2020-01-05 10:11:12.123");
        assert_eq!(pattern.format(at).unwrap(), "20200105T101112.123");
        assert_eq!(pattern.parse("20200105T251112.123"), None);
        assert_eq!(pattern.parse("20200105T101112.123x"), None);
        assert_eq!(pattern.parse("2020é105T101112.123"), None);
    }

    #[test]
    fn refuses_other_letters() {
        assert!(Pattern::new("yy-MM-dd").unwrap_err().contains("'yy'"));
        assert!(Pattern::new("hh:mm a").is_err());
    }
}
