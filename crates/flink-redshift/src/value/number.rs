//! Numbers in text, as Java reads and writes them.

/// Reads a whole number as `Integer.parseInt` and its like do: an optional sign and digits.
pub fn parse_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Reads a floating-point number as `Double.parseDouble` does, without its hexadecimal form.
pub fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        "NaN" => return Some(f64::NAN),
        "Infinity" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        "Infinity" => return Some(f64::INFINITY),
        _ => {}
    }
    let digits = match text.strip_suffix(['f', 'F', 'd', 'D']) {
        Some(digits) if digits.ends_with(|last: char| last.is_ascii_digit() || last == '.') => {
            digits
        }
        _ => text,
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if plain { digits.parse().ok() } else { None }
}

/// The text of a DOUBLE as `Double.toString` gives it, with the fewest digits that tell it apart.
pub fn format_double(value: f64) -> String {
    format_java(value, value == 0.0 || (1e-3..1e7).contains(&value.abs()), &format!("{value:e}"))
}

/// The text of a FLOAT as `Float.toString` gives it.
pub fn format_float(value: f32) -> String {
    let plain = value == 0.0 || (1e-3..1e7).contains(&value.abs());
    format_java(f64::from(value), plain, &format!("{value:e}"))
}

/// Lays out the shortest digits, given as `d.ddde±x`, as Java does.
fn format_java(value: f64, plain: bool, shortest: &str) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !plain {
        let fraction = if digits.len() > 1 { &digits[1..] } else { "0" };
        return format!("{sign}{}.{fraction}E{exponent}", &digits[..1]);
    }
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    let digits = format!("{digits:0<whole$}");
    let fraction = if digits.len() > whole { &digits[whole..] } else { "0" };
    format!("{sign}{}.{fraction}", &digits[..whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_java_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (0.1, "0.1"),
            (1e-3, "0.001"),
            (9.99e-4, "9.99E-4"),
            (1e7, "1.0E7"),
            (9_999_999.5, "9999999.5"),
            (123_456_789.125, "1.23456789125E8"),
            (1.5e-5, "1.5E-5"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
            (f64::MAX, "1.7976931348623157E308"),
        ] {
            assert_eq!(format_double(value), text);
        }
        assert_eq!(format_float(0.1), "0.1");
        assert_eq!(format_float(16_777_216.0), "1.6777216E7");
    }

    #[test]
    fn doubles_as_java_reads_them() {
        assert_eq!(parse_double(" 1.5 "), Some(1.5));
        assert_eq!(parse_double("1.5f"), Some(1.5));
        assert_eq!(parse_double("1e3"), Some(1000.0));
        assert_eq!(parse_double("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(parse_double("NaN").is_some_and(f64::is_nan));
        for text in ["", "inf", "nan", "infinity", "f", "1.5x", "0x1p3", "1,5", "e"] {
            assert_eq!(parse_double(text), None, "{text:?}");
        }
    }

    #[test]
    fn integers_as_java_reads_them() {
        assert_eq!(parse_integer("+7"), Some(7));
        assert_eq!(parse_integer("-9223372036854775808"), Some(i64::MIN));
        for text in ["", "+", "1.0", " 1", "9223372036854775808", "1_000"] {
            assert_eq!(parse_integer(text), None, "{text:?}");
        }
    }
}
