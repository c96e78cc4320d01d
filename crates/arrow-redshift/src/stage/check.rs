//! The checks that every value passes before it is staged: what COPY would refuse hours later, and
//! for a whole load, is refused here with column and row.
//!
//! Each rule first looks at a column as a whole (one pass over offsets, bytes or values, which the
//! compiler can vectorise); only when that finds something are the rows looked at one by one. The
//! first look may see what lies under a NULL; the second never does.

use arrow::{
    array::{
        Array, ArrowPrimitiveType, AsArray, Decimal128Array, GenericByteArray, PrimitiveArray,
        StringArray,
    },
    datatypes::{
        ByteArrayType, DataType, Date32Type, Float32Type, Float64Type, Time64MicrosecondType,
        TimeUnit, TimestampMicrosecondType,
    },
};

use super::{
    json_text::is_super,
    misfit::{Cause, Misfit, Refused},
};
use crate::{
    error::{Error, ErrorKind, Result},
    types::{ColumnPlan, Rule},
};

/// Days since 1970-01-01 of 0001-01-01 and 9999-12-31.
///
/// Redshift holds 4713 BC to 294276 AD, but only years of four digits are sure to come through
/// COPY's text formats, so every format keeps to them.
pub(super) const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// Microseconds since 1970-01-01 of 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999.
pub(super) const MICROS: std::ops::RangeInclusive<i64> =
    -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Microseconds since midnight.
pub(super) const DAY: std::ops::Range<i64> = 0..86_400_000_000;

/// The nulls of a declared column that may not have them. It is looked at before anything else, so
/// that what policies make NULL is not taken for it.
pub(super) fn nulls(
    plan: &ColumnPlan,
    array: &dyn Array,
    retracts: impl Fn(usize) -> bool,
) -> Option<Misfit> {
    if !plan.rules.contains(&Rule::NotNull) {
        return None;
    }
    // A dictionary's NULLs may lie among its values, too.
    let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0)?;
    // A row that goes needs its key only: Flink may leave the rest of it NULL.
    let missing = |row: &usize| nulls.is_null(*row) && (plan.key || !retracts(*row));
    let rows = (0..array.len()).filter(missing).map(|row| Refused { row, found: 0 });
    Misfit::of(Cause::Rule(Rule::NotNull), rows)
}

/// Checks a column's text, dates or times against the plan's rules, on the array that holds what
/// will be staged. Decimals are looked at by [`decimals`] before their scale grows.
pub(super) fn check(plan: &ColumnPlan, array: &dyn Array) -> Result<Vec<Misfit>> {
    let mut misfits = Vec::new();
    for &rule in &plan.rules {
        let refused = match rule {
            Rule::MaxBytes(limit) => too_long(text(plan, array)?, limit),
            Rule::SingleByte => multi_byte(text(plan, array)?),
            Rule::NoNul => nul(text(plan, array)?),
            Rule::TimeRange => out_of_range(plan, array)?,
            Rule::MaxOctets(limit) => octets(plan, array, limit)?,
            Rule::NotEmpty => empty(plan, array)?,
            Rule::NotSubnormal => subnormal(plan, array)?,
            Rule::TimeOfDay => no_time_of_day(plan, array)?,
            Rule::JsonText => no_json(text(plan, array)?),
            // Looked at before, or on the way to the staged array.
            Rule::NotNull | Rule::MaxDigits(_) | Rule::MaxUnscaled(_) | Rule::Nested => Vec::new(),
        };
        misfits.extend(Misfit::of(Cause::Rule(rule), refused.into_iter()));
    }
    Ok(misfits)
}

/// Checks decimals, at their declared scale, against one of the rules for them.
pub(super) fn decimals(array: &Decimal128Array, rule: Rule) -> Option<Misfit> {
    let limit = match rule {
        Rule::MaxDigits(digits) => {
            10_u128.checked_pow(u32::from(digits)).map_or(u128::MAX, |next| next - 1)
        }
        Rule::MaxUnscaled(limit) => u128::from(limit.unsigned_abs()),
        _ => return None,
    };
    let fits = |value: &i128| value.unsigned_abs() <= limit;
    if array.values().iter().all(fits) {
        return None;
    }
    let refused = rows(array, |row| {
        let value: i128 = array.value(row);
        (!fits(&value)).then(|| u64::from(decimal_digits(value)))
    });
    Misfit::of(Cause::Rule(rule), refused.into_iter())
}

fn decimal_digits(value: i128) -> u32 {
    value.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
}

/// The rows that are not NULL and for which `found` answers something.
pub(super) fn rows(array: &dyn Array, found: impl Fn(usize) -> Option<u64>) -> Vec<Refused> {
    (0..array.len())
        .filter(|&row| array.is_valid(row))
        .filter_map(|row| found(row).map(|found| Refused { row, found }))
        .collect()
}

fn too_long<T>(values: &GenericByteArray<T>, limit: u32) -> Vec<Refused>
where
    T: ByteArrayType<Offset = i32>,
{
    let offsets = values.value_offsets();
    let longest = offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    if longest as u64 <= u64::from(limit) {
        return Vec::new();
    }
    rows(values, |row| {
        let length = values.value_length(row) as u64;
        (length > u64::from(limit)).then_some(length)
    })
}

fn octets(plan: &ColumnPlan, array: &dyn Array, limit: u32) -> Result<Vec<Refused>> {
    Ok(match array.as_binary_opt::<i32>() {
        Some(bytes) => too_long(bytes, limit),
        None => too_long(text(plan, array)?, limit),
    })
}

fn no_json(text: &StringArray) -> Vec<Refused> {
    rows(text, |row| (!is_super(text.value(row))).then_some(0))
}

fn empty(plan: &ColumnPlan, array: &dyn Array) -> Result<Vec<Refused>> {
    let bytes = array.as_binary_opt::<i32>();
    let bytes = bytes.ok_or_else(|| misplaced(plan, "bytes", array.data_type()))?;
    Ok(rows(bytes, |row| bytes.value(row).is_empty().then_some(0)))
}

fn subnormal(plan: &ColumnPlan, array: &dyn Array) -> Result<Vec<Refused>> {
    if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
        return Ok(refused(numbers, f64::is_subnormal));
    }
    match array.as_primitive_opt::<Float32Type>() {
        Some(numbers) => Ok(refused(numbers, f32::is_subnormal)),
        None => Err(misplaced(plan, "a floating-point number", array.data_type())),
    }
}

fn refused<T: ArrowPrimitiveType>(
    numbers: &PrimitiveArray<T>,
    unfit: impl Fn(T::Native) -> bool,
) -> Vec<Refused> {
    if !numbers.values().iter().any(|number| unfit(*number)) {
        return Vec::new();
    }
    rows(numbers, |row| unfit(numbers.value(row)).then_some(0))
}

/// A TIME is staged in files as the timestamp at that time of 1970-01-01, which has its number.
fn no_time_of_day(plan: &ColumnPlan, array: &dyn Array) -> Result<Vec<Refused>> {
    let times = array.as_primitive_opt::<Time64MicrosecondType>().map(|times| times.values());
    let micros = array.as_primitive_opt::<TimestampMicrosecondType>().map(|micros| micros.values());
    let micros = times.or(micros).ok_or_else(|| misplaced(plan, "a time", array.data_type()))?;
    if micros.iter().all(|value| DAY.contains(value)) {
        return Ok(Vec::new());
    }
    Ok(rows(array, |row| (!DAY.contains(&micros[row])).then_some(0)))
}

fn multi_byte(text: &StringArray) -> Vec<Refused> {
    if value_bytes(text).is_ascii() {
        return Vec::new();
    }
    rows(text, |row| (!text.value(row).is_ascii()).then_some(0))
}

fn nul(text: &StringArray) -> Vec<Refused> {
    // The standard library searches for one byte a word at a time.
    if !value_bytes(text).contains(&0) {
        return Vec::new();
    }
    rows(text, |row| text.value(row).as_bytes().contains(&0).then_some(0))
}

/// The bytes of all values of a column that may be a slice of a longer one.
fn value_bytes(text: &StringArray) -> &[u8] {
    let offsets = text.value_offsets();
    let first = offsets.first().map_or(0, |&offset| offset as usize);
    let last = offsets.last().map_or(0, |&offset| offset as usize);
    &text.value_data()[first..last]
}

fn out_of_range(plan: &ColumnPlan, array: &dyn Array) -> Result<Vec<Refused>> {
    match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            if days.values().iter().all(|value| DAYS.contains(value)) {
                return Ok(Vec::new());
            }
            Ok(rows(days, |row| (!DAYS.contains(&days.value(row))).then_some(0)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            if micros.values().iter().all(|value| MICROS.contains(value)) {
                return Ok(Vec::new());
            }
            Ok(rows(micros, |row| (!MICROS.contains(&micros.value(row))).then_some(0)))
        }
        other => Err(misplaced(plan, "a date or timestamp", other)),
    }
}

fn text<'a>(plan: &ColumnPlan, array: &'a dyn Array) -> Result<&'a StringArray> {
    array.as_string_opt::<i32>().ok_or_else(|| misplaced(plan, "text", array.data_type()))
}

fn misplaced(plan: &ColumnPlan, wanted: &str, found: &DataType) -> Error {
    Error::new(ErrorKind::Internal, format!("a check for {wanted} met a column of {found}"))
        .with("column", &plan.target)
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
