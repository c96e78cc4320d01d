//! Numbers and booleans in text.

use crate::copy::{limits::decimal_fits, reason::Reason};

/// An integer type of the table.
#[derive(Debug, Clone, Copy)]
pub struct Integer {
    /// The type as load errors name it.
    pub name: &'static str,
    /// Smallest value.
    pub least: i64,
    /// Largest value.
    pub most: i64,
}

/// SMALLINT.
pub const SMALLINT: Integer =
    Integer { name: "Short", least: i16::MIN as i64, most: i16::MAX as i64 };
/// INTEGER.
pub const INTEGER: Integer =
    Integer { name: "Integer", least: i32::MIN as i64, most: i32::MAX as i64 };
/// BIGINT.
pub const BIGINT: Integer = Integer { name: "Long", least: i64::MIN, most: i64::MAX };

/// `t`, `f`, `true`, `false`, `1`, `0`, `yes`, `no`, `y`, `n`, in any letter case.
pub fn boolean(text: &[u8]) -> Result<bool, Reason> {
    let is_one_of =
        |names: [&str; 5]| names.iter().any(|n| text.eq_ignore_ascii_case(n.as_bytes()));
    if is_one_of(["t", "true", "1", "yes", "y"]) {
        Ok(true)
    } else if is_one_of(["f", "false", "0", "no", "n"]) {
        Ok(false)
    } else {
        Err(Reason::boolean())
    }
}

/// Digits, with a minus before them where it is needed.
pub fn integer(text: &[u8], kind: Integer) -> Result<i64, Reason> {
    let negative = text.first() == Some(&b'-');
    let digits = &text[usize::from(negative)..];
    if digits.is_empty() {
        return Err(bad_digit(text, text.len(), kind.name));
    }
    let mut value = 0i64;
    for (i, byte) in digits.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Err(bad_digit(text, i + usize::from(negative), kind.name));
        }
        let digit = i64::from(byte - b'0');
        // Downwards, because i64 reaches one further there.
        let next = value.checked_mul(10).and_then(|v| v.checked_sub(digit));
        value = next.ok_or_else(|| Reason::overflow(kind.name))?;
    }
    let value = if negative { Some(value) } else { value.checked_neg() };
    value
        .filter(|v| (kind.least..=kind.most).contains(v))
        .ok_or_else(|| Reason::overflow(kind.name))
}

fn bad_digit(text: &[u8], at: usize, type_name: &str) -> Reason {
    let rest = String::from_utf8_lossy(&text[at.min(text.len())..]);
    Reason::digit(rest.chars().next().unwrap_or(' '), at, type_name)
}

/// A decimal as its unscaled number. Digits beyond the scale are cut, or rounded with `round`.
pub fn decimal(text: &[u8], precision: u8, scale: u8, round: bool) -> Result<i128, Reason> {
    const NAME: &str = "Decimal";
    let sign = usize::from(text.first() == Some(&b'-'));
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let whole = &text[sign..point.max(sign)];
    let fraction = text.get(point + 1..).unwrap_or_default();
    if whole.is_empty() && fraction.is_empty() {
        return Err(Reason::decimal());
    }
    let is_digit_or_point = |(i, byte): &(usize, &u8)| byte.is_ascii_digit() || *i == point;
    if let Some((at, _)) = text.iter().enumerate().skip(sign).find(|b| !is_digit_or_point(b)) {
        return Err(bad_digit(text, at, NAME));
    }
    let (kept, cut) = fraction.split_at(fraction.len().min(usize::from(scale)));
    let zeros = usize::from(scale) - kept.len();
    let digits = whole.iter().chain(kept).copied().chain(std::iter::repeat_n(b'0', zeros));
    let mut value = 0u128;
    for digit in digits {
        value = push(value, digit - b'0').ok_or_else(|| Reason::out_of_range(NAME))?;
    }
    let round_up = round && cut.first().is_some_and(|digit| *digit >= b'5');
    let value = value as i128 + i128::from(round_up);
    let value = if sign == 1 { -value } else { value };
    if decimal_fits(value, precision) { Ok(value) } else { Err(Reason::out_of_range(NAME)) }
}

/// `value` × 10 + `digit`, as long as it stays below 10^38, the most that a DECIMAL holds.
fn push(value: u128, digit: u8) -> Option<u128> {
    let next = value.checked_mul(10)?.checked_add(u128::from(digit))?;
    (next < 10u128.pow(38)).then_some(next)
}

/// A floating-point number: digits, a point, an exponent. NaN and infinity are not known to load.
pub fn float(text: &[u8], type_name: &str) -> Result<f64, Reason> {
    let bad = || Reason::float(type_name);
    let known = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.iter().all(known) {
        return Err(bad());
    }
    let text = std::str::from_utf8(text).map_err(|_| bad())?;
    let value: f64 = text.parse().map_err(|_| bad())?;
    if value.is_finite() { Ok(value) } else { Err(Reason::out_of_range(type_name)) }
}

/// As [`float`], of four bytes: rounded once, from the text.
pub fn real(text: &[u8], type_name: &str) -> Result<f32, Reason> {
    float(text, type_name)?;
    // `float` has found nothing but ASCII in it, and a number.
    let text = std::str::from_utf8(text).map_err(|_| Reason::float(type_name))?;
    let value: f32 = text.parse().map_err(|_| Reason::float(type_name))?;
    if value.is_finite() { Ok(value) } else { Err(Reason::out_of_range(type_name)) }
}
