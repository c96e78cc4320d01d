//! Dates and times in text, in the layouts that COPY takes.

use chrono::{Datelike, NaiveDate};

use crate::copy::limits::MICROS_PER_DAY;

/// A layout of timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLayout {
    /// `YYYY-MM-DD HH:MI:SS`, with the zone's offset for TIMESTAMPTZ.
    Default,
    /// `auto`.
    Auto,
    /// `epochsecs`.
    EpochSeconds,
    /// `epochmillisecs`.
    EpochMillis,
}

impl TimeLayout {
    /// The layout as error texts name it.
    pub fn name(self) -> &'static str {
        match self {
            TimeLayout::Default => "YYYY-MM-DD HH24:MI:SS",
            TimeLayout::Auto => "auto",
            TimeLayout::EpochSeconds => "epochsecs",
            TimeLayout::EpochMillis => "epochmillisecs",
        }
    }
}

/// A date as days since 1970-01-01: `YYYY-MM-DD`, and with `auto` also `YYYYMMDD`, `YYYY/MM/DD` and
/// a time after it, which is dropped.
pub fn date(text: &[u8], auto: bool) -> Option<i32> {
    let mut cursor = Cursor(text);
    if !auto {
        let days = cursor.date(b"-")?;
        return cursor.0.is_empty().then_some(days);
    }
    let days = cursor.date_auto()?;
    if !cursor.0.is_empty() {
        cursor.time_auto()?;
    }
    Some(days)
}

/// A timestamp as microseconds since 1970-01-01 00:00; with `zoned`, of UTC.
pub fn timestamp(text: &[u8], layout: TimeLayout, zoned: bool) -> Option<i64> {
    let mut cursor = Cursor(text);
    match layout {
        TimeLayout::EpochSeconds => epoch(text, 1_000_000),
        TimeLayout::EpochMillis => epoch(text, 1_000),
        TimeLayout::Default => {
            let days = cursor.date(b"-")?;
            cursor.expect(b' ')?;
            let time = cursor.time(true)?;
            // The default layout has an offset for TIMESTAMPTZ, and none for TIMESTAMP.
            let offset = if zoned { cursor.offset()? } else { 0 };
            let micros = i64::from(days) * MICROS_PER_DAY + time - offset;
            cursor.0.is_empty().then_some(micros)
        }
        TimeLayout::Auto => {
            let days = cursor.date_auto()?;
            let time = if cursor.0.is_empty() { (0, 0) } else { cursor.time_auto()? };
            // TIMESTAMP ignores a zone; TIMESTAMPTZ without one is in the session's, UTC.
            let offset = if zoned { time.1 } else { 0 };
            Some(i64::from(days) * MICROS_PER_DAY + time.0 - offset)
        }
    }
}

fn epoch(text: &[u8], unit: i64) -> Option<i64> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.starts_with('+'))?;
    text.parse::<i64>().ok()?.checked_mul(unit)
}

/// The rest of the text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn expect(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == wanted).then_some(())
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        head.iter().try_fold(0u32, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })
    }

    /// Year, month and day, with one of `separators` between them.
    fn date(&mut self, separators: &[u8]) -> Option<i32> {
        let year = self.digits(4)?;
        let separator = *self.0.first().filter(|byte| separators.contains(*byte))?;
        self.expect(separator)?;
        let month = self.digits(2)?;
        self.expect(separator)?;
        days(year, month, self.digits(2)?)
    }

    fn date_auto(&mut self) -> Option<i32> {
        if self.0.get(4).is_some_and(u8::is_ascii_digit) {
            return days(self.digits(4)?, self.digits(2)?, self.digits(2)?);
        }
        self.date(b"-/")
    }

    /// A time of the day in microseconds, with up to six digits of a fraction.
    fn time(&mut self, seconds_needed: bool) -> Option<i64> {
        let hours = self.digits(2).filter(|h| *h < 24)?;
        self.expect(b':')?;
        let minutes = self.digits(2).filter(|m| *m < 60)?;
        let mut micros = (i64::from(hours) * 60 + i64::from(minutes)) * 60_000_000;
        if !seconds_needed && self.0.first() != Some(&b':') {
            return Some(micros);
        }
        self.expect(b':')?;
        let seconds = self.digits(2).filter(|s| *s < 60)?;
        micros += i64::from(seconds) * 1_000_000;
        if self.0.first() == Some(&b'.') {
            self.expect(b'.')?;
            micros += self.fraction()?;
        }
        Some(micros)
    }

    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=6).contains(&count) {
            return None;
        }
        Some(i64::from(self.digits(count)?) * 10i64.pow(6 - count as u32))
    }

    /// A time after a date, and the offset of its zone, both in microseconds.
    fn time_auto(&mut self) -> Option<(i64, i64)> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        if !matches!(first, b' ' | b'T') {
            return None;
        }
        let time = self.time(false)?;
        let offset = if self.0.is_empty() { 0 } else { self.offset_auto()? };
        self.0.is_empty().then_some((time, offset))
    }

    fn offset_auto(&mut self) -> Option<i64> {
        if self.0 == b"Z" {
            self.0 = &[];
            return Some(0);
        }
        self.offset()
    }

    /// `±HH` or `±HH:MM`, in microseconds.
    fn offset(&mut self) -> Option<i64> {
        let (sign, rest) = self.0.split_first()?;
        let sign = match sign {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.0 = rest;
        let hours = self.digits(2).filter(|h| *h < 16)?;
        let mut minutes = 0;
        if self.0.first() == Some(&b':') {
            self.expect(b':')?;
            minutes = self.digits(2).filter(|m| *m < 60)?;
        }
        Some(sign * (i64::from(hours) * 60 + i64::from(minutes)) * 60_000_000)
    }
}

fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    // Years run from 1; chrono would take 0 as 1 BC.
    let year = i32::try_from(year).ok().filter(|year| *year > 0)?;
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some(date.num_days_from_ce() - DAYS_TO_1970)
}

/// `num_days_from_ce` of 1970-01-01.
const DAYS_TO_1970: i32 = 719_163;
