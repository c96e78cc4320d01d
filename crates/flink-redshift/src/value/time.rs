//! Dates and timestamps in text.
//!
//! Instants are microseconds and dates are days since 1970-01-01, with the proleptic Gregorian
//! calendar throughout.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// How strictly the digits of a date or time are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// One or two digits for month, day, hour, minute and second.
    Free,
    /// Two digits each, four for the year.
    Fixed,
}

/// Reads `yyyy-MM-dd` as days.
pub fn parse_date(text: &str, digits: Digits) -> Option<i32> {
    let mut parts = text.splitn(3, '-');
    let year = field(parts.next()?, if digits == Digits::Fixed { 4..=4 } else { 1..=4 })?;
    let month = field(parts.next()?, short(digits))?;
    let day = field(parts.next()?, short(digits))?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(days(date))
}

/// Reads `yyyy-MM-dd<separator>HH:mm:ss[.fraction]` as microseconds; further digits are cut.
pub fn parse_timestamp(text: &str, separator: char, digits: Digits) -> Option<i64> {
    let (date, time) = text.split_once(separator)?;
    let date = parse_date(date, digits)?;
    Some(i64::from(date) * DAY + parse_clock(time, digits)?)
}

/// Reads `HH:mm:ss[.fraction]` as microseconds since midnight; where that is allowed, `HH:mm` too.
pub fn parse_time(text: &str, without_seconds: bool) -> Option<i64> {
    if without_seconds && text.len() == "10:11".len() {
        return parse_clock(&format!("{text}:00"), Digits::Fixed);
    }
    parse_clock(text, Digits::Fixed)
}

fn parse_clock(time: &str, digits: Digits) -> Option<i64> {
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, parse_fraction(fraction)?),
        None => (time, 0),
    };
    let mut parts = time.splitn(3, ':');
    let hour = field(parts.next()?, short(digits)).filter(|hour| *hour < 24)?;
    let minute = field(parts.next()?, short(digits)).filter(|minute| *minute < 60)?;
    let second = field(parts.next()?, short(digits)).filter(|second| *second < 60)?;
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(seconds * SECOND + fraction)
}

fn short(digits: Digits) -> std::ops::RangeInclusive<usize> {
    if digits == Digits::Fixed { 2..=2 } else { 1..=2 }
}

fn field(text: &str, width: std::ops::RangeInclusive<usize>) -> Option<u32> {
    if width.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// One to nine digits behind the point, as microseconds.
fn parse_fraction(text: &str) -> Option<i64> {
    if !(1..=9).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{text:0<6}")[..6].parse().ok()
}

/// Days of a date.
pub fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

/// The date of a day number, where the calendar reaches that far.
pub fn date(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(719_163)?)
}

/// The calendar fields of an instant.
pub fn fields(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|instant| instant.naive_utc())
}

/// Cuts the digits of a second that are behind `precision`, towards the past.
pub fn truncate(micros: i64, precision: u8) -> i64 {
    let unit = 10_i64.pow(u32::from(6 - precision.min(6)));
    micros - micros.rem_euclid(unit)
}

/// `yyyy-MM-dd`
pub fn format_date(days: i32) -> String {
    date(days).map_or_else(|| days.to_string(), |date| format!("{}", date.format("%Y-%m-%d")))
}

/// `yyyy-MM-dd HH:mm:ss` and exactly `precision` digits of the second.
pub fn format_timestamp(micros: i64, precision: u8) -> String {
    let Some(at) = fields(micros) else { return micros.to_string() };
    let mut text = format!("{}", at.format("%Y-%m-%d %H:%M:%S"));
    if precision > 0 {
        let fraction = format!("{:06}000", at.nanosecond() / 1000);
        text.push('.');
        text.push_str(&fraction[..usize::from(precision.min(9))]);
    }
    text
}

/// The text of Java's `LocalDateTime.toString`: no seconds where they are zero, and the fraction in
/// groups of three digits.
pub fn format_iso(micros: i64) -> String {
    let Some(at) = fields(micros) else { return micros.to_string() };
    format!("{}{}", at.format("%Y-%m-%dT"), format_clock(micros.rem_euclid(DAY)))
}

/// The same of Java's `LocalTime.toString`, of microseconds since midnight.
pub fn format_clock(micros: i64) -> String {
    let Some(at) = fields(micros) else { return micros.to_string() };
    let mut text = format!("{}", at.format("%H:%M"));
    let fraction = at.nanosecond() / 1000;
    if at.second() > 0 || fraction > 0 {
        text.push_str(&format!(":{:02}", at.second()));
    }
    if fraction.is_multiple_of(1000) && fraction > 0 {
        text.push_str(&format!(".{:03}", fraction / 1000));
    } else if fraction > 0 {
        text.push_str(&format!(".{fraction:06}"));
    }
    text
}

/// The text of Java's `Instant.toString`.
pub fn format_instant(micros: i64) -> String {
    let mut text = format_iso(micros);
    if text.len() == "2020-01-01T00:00".len() {
        text.push_str(":00");
    }
    text.push('Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(parse_date("1970-01-02", Digits::Fixed), Some(1));
        assert_eq!(parse_date("2020-1-5", Digits::Free), Some(18_266));
        assert_eq!(parse_date("2020-1-5", Digits::Fixed), None);
        assert_eq!(parse_date("2020-02-30", Digits::Free), None);
        assert_eq!(parse_date("2020-02-29x", Digits::Free), None);
        assert_eq!(format_date(-1), "1969-12-31");
    }

    #[test]
    fn times_of_a_day() {
        let half = 12 * 3600 * SECOND + SECOND / 2;
        assert_eq!(parse_time("12:00:00.5", false), Some(half));
        assert_eq!(format_clock(half), "12:00:00.500");
        assert_eq!(
            (parse_time("23:59", true), parse_time("23:59", false)),
            (Some(86_340 * SECOND), None)
        );
        assert_eq!((parse_time("24:00:00", true), parse_time("1:2:3", true)), (None, None));
    }

    #[test]
    fn timestamps() {
        let at = parse_timestamp("2020-01-05 10:11:12.5", ' ', Digits::Fixed).unwrap();
        assert_eq!(format_timestamp(at, 3), "2020-01-05 10:11:12.500");
        assert_eq!(format_timestamp(at, 0), "2020-01-05 10:11:12");
        assert_eq!(format_iso(at), "2020-01-05T10:11:12.500");
        assert_eq!(format_iso(truncate(at, 0)), "2020-01-05T10:11:12");
        assert_eq!(format_instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(truncate(-1, 0), -SECOND);
        assert_eq!(parse_timestamp("2020-01-05 24:00:00", ' ', Digits::Free), None);
        assert_eq!(parse_timestamp("2020-01-05", ' ', Digits::Free), None);
        assert_eq!(parse_timestamp("2020-01-05 1:2:3", ' ', Digits::Fixed), None);
    }
}
