//! Durations and sizes as Flink writes them: a whole number and a unit, `10 min`, `64 mb`.

use std::time::Duration;

/// Flink's labels for units of time, each with its length in nanoseconds.
const TIME_UNITS: &[(&[&str], u128)] = &[
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["min", "m", "minute", "minutes"], 60_000_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["µs", "micro", "micros", "microsecond", "microseconds"], 1_000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

/// Flink's labels for units of memory, each with its size in bytes.
const SIZE_UNITS: &[(&[&str], u128)] = &[
    (&["t", "tb", "tebibytes"], 1 << 40),
    (&["g", "gb", "gibibytes"], 1 << 30),
    (&["m", "mb", "mebibytes"], 1 << 20),
    (&["k", "kb", "kibibytes"], 1 << 10),
    (&["b", "bytes"], 1),
];

/// Reads a duration; a bare number is milliseconds. `None` where the text is none, or too long
/// for 64 bits of nanoseconds (584 years).
pub fn duration(text: &str) -> Option<Duration> {
    quantity(text, TIME_UNITS, "ms").map(Duration::from_nanos)
}

/// Reads a size in bytes; a bare number is bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    quantity(text, SIZE_UNITS, "b")
}

/// The shortest text that [`duration`] reads as this one.
pub fn duration_text(duration: Duration) -> String {
    text(duration.as_nanos(), TIME_UNITS, 0, "s")
}

/// The shortest text that [`size`] reads as this one, with Flink's second label (`mb`), which is
/// the one that needs no explanation.
pub(super) fn size_text(bytes: u64) -> String {
    text(u128::from(bytes), SIZE_UNITS, 1, "bytes")
}

fn quantity(text: &str, units: &[(&[&str], u128)], bare: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, label) = text.split_at(digits);
    let label = label.trim().to_lowercase();
    let label = if label.is_empty() { bare } else { label.as_str() };
    let (_, unit) = units.iter().find(|(labels, _)| labels.contains(&label))?;
    // Flink's numbers have 64 bits; their product with a unit need not.
    let number: u64 = number.parse().ok()?;
    u128::from(number).checked_mul(*unit)?.try_into().ok()
}

fn text(value: u128, units: &[(&[&str], u128)], label: usize, zero: &str) -> String {
    let whole = units.iter().find(|(_, unit)| value > 0 && value.is_multiple_of(*unit));
    match whole {
        Some((labels, unit)) => format!("{} {}", value / unit, labels[label]),
        None => format!("0 {zero}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_flink_reads_them() {
        for (text, millis) in [
            ("1000", 1000),
            ("1 s", 1000),
            ("500ms", 500),
            ("10 min", 600_000),
            ("2m", 120_000),
            ("7 D", 604_800_000),
            (" 1  hours ", 3_600_000),
            ("3 Seconds", 3000),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(duration("5 µs"), Some(Duration::from_micros(5)));
        for text in
            ["", "s", "-1 s", "1.5 s", "1 s s", "1 fortnight", "99999999999999999999", "999999 d"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_flink_reads_them() {
        for (text, bytes) in [
            ("1024", 1024),
            ("64 mb", 64 << 20),
            ("64m", 64 << 20),
            ("1 GB", 1 << 30),
            ("2 kibibytes", 2048),
            ("7 bytes", 7),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "mb", "1.5 mb", "-1", "1 pb", "99999999999 tb"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(nanos in any::<u64>()) {
            let value = Duration::from_nanos(nanos);
            prop_assert_eq!(duration(&duration_text(value)), Some(value));
        }

        #[test]
        fn sizes_round_trip(bytes in any::<u64>()) {
            prop_assert_eq!(size(&size_text(bytes)), Some(bytes));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (duration(&text), size(&text));
        }
    }
}
