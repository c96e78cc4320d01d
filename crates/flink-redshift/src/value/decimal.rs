//! Decimal numbers in text and at a fixed scale, rounded half up as Java's `BigDecimal` is told to.

/// Digits that a DECIMAL can hold at most.
pub const MAX_DIGITS: u8 = 38;

/// Why a text or number is no DECIMAL of the wanted precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// The text is no number.
    Malformed,
    /// The number has more digits before the point than the type.
    Overflow,
}

/// Reads a decimal number, with or without an exponent, as the unscaled value of
/// DECIMAL(precision, scale); further digits are rounded half up.
pub fn parse(text: &str, precision: u8, scale: u8) -> Result<i128, DecimalError> {
    let (negative, digits, point) = split(text)?;
    // Digits that stay: those before the point and `scale` behind it.
    let keep = point.saturating_add(i64::from(scale));
    let mut value: i128 = 0;
    for index in 0..keep.max(0) {
        let digit = usize::try_from(index).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
        if value == 0 && digit == 0 && index >= digits.len() as i64 {
            break;
        }
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(digit)))
            .ok_or(DecimalError::Overflow)?;
        if value >= power_of_ten(MAX_DIGITS) {
            return Err(DecimalError::Overflow);
        }
    }
    let next = if keep < 0 { 0 } else { digits.get(keep as usize).copied().unwrap_or(0) };
    if next >= 5 {
        value += 1;
    }
    if value >= power_of_ten(precision) {
        return Err(DecimalError::Overflow);
    }
    Ok(if negative { -value } else { value })
}

/// Sign, digits without leading zeros, and how many of them stand before the point.
fn split(text: &str) -> Result<(bool, Vec<u8>, i64), DecimalError> {
    let (negative, text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| DecimalError::Malformed)?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = whole.bytes().chain(fraction.bytes());
    if whole.len() + fraction.len() == 0 || !all.clone().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    let leading = all.clone().take_while(|byte| *byte == b'0').count();
    let digits = all.skip(leading).map(|byte| byte - b'0').collect();
    Ok((negative, digits, whole.len() as i64 - leading as i64 + i64::from(exponent)))
}

/// The unscaled value at another scale, rounded half up; `None` where it needs more digits.
pub fn rescale(value: i128, from: u8, precision: u8, scale: u8) -> Option<i128> {
    let value = if scale >= from {
        value.checked_mul(power_of_ten(scale - from))?
    } else {
        let divisor = power_of_ten(from - scale);
        let (whole, rest) = (value / divisor, value % divisor);
        if rest.abs() * 2 >= divisor { whole + value.signum() } else { whole }
    };
    (value.abs() < power_of_ten(precision)).then_some(value)
}

/// The plain text of an unscaled value.
pub fn format(value: i128, scale: u8) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let width = usize::from(scale) + 1;
    let digits = format!("{digits:0>width$}");
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    format!("{sign}{whole}.{fraction}")
}

/// The text that Java's `BigDecimal.toString` gives: with an exponent where there are more than six
/// zeros between the point and the first digit.
pub fn format_java(value: i128, scale: u8) -> String {
    let digits = value.unsigned_abs().to_string();
    let exponent = digits.len() as i64 - 1 - i64::from(scale);
    if exponent >= -6 {
        return format(value, scale);
    }
    let sign = if value < 0 { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E{exponent}")
}

/// Ten to the power of `exponent`, which is at most 38.
pub fn power_of_ten(exponent: u8) -> i128 {
    10_i128.pow(u32::from(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_rounds_half_up() {
        for (text, scale, wanted) in [
            ("12.345", 2, 1235),
            ("-12.345", 2, -1235),
            ("12.3449", 2, 1234),
            ("1e3", 1, 10_000),
            ("1.5E-1", 2, 15),
            ("0.005", 2, 1),
            ("0.0049", 2, 0),
            ("0.05", 0, 0),
            ("0.5", 0, 1),
            (".5", 1, 5),
            ("5.", 1, 50),
            ("+7", 0, 7),
            ("000", 2, 0),
            ("0e99", 2, 0),
            ("1e-400", 2, 0),
            ("9e-3", 2, 1),
        ] {
            assert_eq!(parse(text, 38, scale), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn tells_overflow_from_malformed() {
        assert_eq!(parse("999.995", 5, 2), Err(DecimalError::Overflow));
        assert_eq!(parse("999.994", 5, 2), Ok(99_999));
        assert_eq!(parse("1e2000000000", 38, 0), Err(DecimalError::Overflow));
        for text in ["", "-", ".", "1.2.3", "1e", "x", " 1", "1_0", "NaN", "0x1", "--1"] {
            assert_eq!(parse(text, 10, 2), Err(DecimalError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn rescales() {
        assert_eq!(rescale(125, 2, 5, 1), Some(13));
        assert_eq!(rescale(-125, 2, 5, 1), Some(-13));
        assert_eq!(rescale(124, 2, 5, 1), Some(12));
        assert_eq!(rescale(12345, 0, 4, 1), None);
        assert_eq!(rescale(i128::MAX, 0, 38, 10), None);
    }

    #[test]
    fn formats() {
        assert_eq!(format(-5, 2), "-0.05");
        assert_eq!(format(12345, 2), "123.45");
        assert_eq!(format(7, 0), "7");
        assert_eq!(format(0, 3), "0.000");
        assert_eq!(format_java(12, 8), "1.2E-7");
        assert_eq!(format_java(120, 8), "0.00000120");
        assert_eq!(format_java(0, 8), "0E-8");
    }
}
