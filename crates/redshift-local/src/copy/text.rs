//! Text as Redshift stores it: UTF-8, with widths in bytes.

use std::str;

/// Bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Where they begin.
    pub start: usize,
    /// How many they are.
    pub length: usize,
    /// Redshift's number for what is wrong with them.
    pub error: u8,
}

/// The first bytes of `value` that are no UTF-8.
pub fn first_invalid(value: &[u8]) -> Option<Invalid> {
    let error = str::from_utf8(value).err()?;
    let start = error.valid_up_to();
    let length = error.error_len().unwrap_or(value.len() - start);
    Some(Invalid { start, length, error: error_number(&value[start..]) })
}

/// Redshift's numbers: 1 longer than four bytes, 2 cut short, 3 bad first byte, 4 bad continuation
/// byte, 5 surrogate, 6 beyond U+10FFFF.
fn error_number(bytes: &[u8]) -> u8 {
    let first = bytes[0];
    let wanted = match first {
        0xf8..=0xfd => return 1,
        0xf5..=0xf7 => return 6,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return 3,
    };
    let rest = &bytes[1..bytes.len().min(wanted)];
    if rest.iter().any(|byte| !(0x80..=0xbf).contains(byte)) {
        return 4;
    }
    match (first, rest.first()) {
        (0xed, Some(0xa0..)) => 5,
        (0xf4, Some(0x90..)) => 6,
        (0xe0, Some(..0xa0)) | (0xf0, Some(..0x90)) => 4,
        _ => 2,
    }
}

/// Writes `value` to `out` with every invalid byte replaced, so that the length stays.
pub fn replace_invalid(value: &[u8], with: u8, out: &mut Vec<u8>) {
    out.clear();
    for chunk in value.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        out.resize(out.len() + chunk.invalid().len(), with);
    }
}

/// The first character of several bytes, and where it begins.
pub fn first_multibyte(value: &[u8]) -> Option<(usize, &[u8])> {
    let start = value.iter().position(|byte| !byte.is_ascii())?;
    let rest = &value[start..];
    let length = 1 + rest[1..].iter().take_while(|b| (0x80..=0xbf).contains(*b)).count();
    Some((start, &rest[..length]))
}

/// The longest beginning of `value` that has at most `width` bytes and cuts no character.
pub fn truncated(value: &[u8], width: usize) -> &[u8] {
    if value.len() <= width {
        return value;
    }
    let mut end = width;
    while end > 0 && (0x80..=0xbf).contains(&value[end]) {
        end -= 1;
    }
    &value[..end]
}
