//! Ranges of Redshift's types.

use std::ops::RangeInclusive;

/// DATE reaches from 4713 BC to 294276 AD: days since 1970-01-01, the first being Julian day 0.
pub const DATE_RANGE: RangeInclusive<i32> = -2_440_588..=106_762_939;

/// Microseconds of a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;

/// TIMESTAMP begins where DATE does; 64 bits of microseconds since 1970-01-01 end before it does.
pub const TIMESTAMP_RANGE: RangeInclusive<i64> =
    (*DATE_RANGE.start() as i64 * MICROS_PER_DAY)..=i64::MAX;

/// Whether an unscaled number has at most `precision` digits. DECIMAL(19, s) holds 64 bits only.
pub fn decimal_fits(unscaled: i128, precision: u8) -> bool {
    let magnitude = unscaled.unsigned_abs();
    magnitude < 10u128.pow(u32::from(precision))
        && (precision != 19 || magnitude <= i64::MAX as u128)
}
