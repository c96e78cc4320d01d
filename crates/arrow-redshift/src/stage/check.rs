//! The checks that every value passes before it is staged: what COPY would refuse hours later, and
//! for a whole load, is refused here with column and row.
//!
//! Each rule first looks at a column as a whole (one pass over offsets, bytes or values, which the
//! compiler can vectorise); only when that finds something are the rows looked at one by one. The
//! first look may see what lies under a NULL; the second never does.

use arrow::{
    array::{Array, AsArray, Decimal128Array, StringArray},
    datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType},
};

use super::RowKind;
use crate::{
    error::{Error, ErrorKind, Result},
    types::{ColumnPlan, Rule},
};

/// Days since 1970-01-01 of 0001-01-01 and 9999-12-31.
///
/// Redshift holds 4713 BC to 294276 AD, but only years of four digits are sure to come through
/// COPY's text formats, so every format keeps to them.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// Microseconds since 1970-01-01 of 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999.
const MICROS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Rows of one column of a batch that a rule refuses.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    /// The first such row within the batch.
    row: usize,
    /// What was found there, in the rule's own measure (bytes, digits).
    found: Option<u64>,
    /// How many more rows of the batch the rule refuses.
    more: usize,
}

/// Where a batch stands in the writer's input, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// Rows that came before the batch.
    pub before: u64,
    /// The rows' kinds; `None` is all inserts.
    pub kinds: Option<&'a [RowKind]>,
}

/// Checks a column's text, dates or nullness against the plan's rules, on the array that holds what
/// will be staged. Decimals are looked at by [`check_decimals`] before their scale grows.
pub(super) fn check(plan: &ColumnPlan, array: &dyn Array, input: Input<'_>) -> Result<()> {
    for &rule in &plan.rules {
        let refused = match rule {
            Rule::NotNull => nulls(plan, array, input.kinds),
            Rule::MaxBytes(limit) => text(plan, array).map(|text| too_long(text, limit))?,
            Rule::SingleByte => text(plan, array).map(multi_byte)?,
            Rule::NoNul => text(plan, array).map(nul)?,
            Rule::TimeRange => out_of_range(plan, array)?,
            Rule::MaxDigits(_) | Rule::MaxUnscaled(_) => None,
        };
        if let Some(refused) = refused {
            return Err(error(plan, rule, &refused, input));
        }
    }
    Ok(())
}

/// Checks decimals, at their declared scale, against one of the rules for them.
pub(super) fn check_decimals(
    plan: &ColumnPlan,
    array: &Decimal128Array,
    rule: Rule,
    input: Input<'_>,
) -> Result<()> {
    let limit = match rule {
        Rule::MaxDigits(digits) => {
            10_u128.checked_pow(u32::from(digits)).map_or(u128::MAX, |next| next - 1)
        }
        Rule::MaxUnscaled(limit) => u128::from(limit.unsigned_abs()),
        _ => return Ok(()),
    };
    let fits = |value: &i128| value.unsigned_abs() <= limit;
    if array.values().iter().all(fits) {
        return Ok(());
    }
    let found = |row| {
        let value: i128 = array.value(row);
        (!fits(&value)).then(|| Some(u64::from(decimal_digits(value))))
    };
    match rows(array, found) {
        Some(refused) => Err(error(plan, rule, &refused, input)),
        None => Ok(()),
    }
}

fn decimal_digits(value: i128) -> u32 {
    value.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
}

/// The rows that are not NULL and for which `found` answers something.
fn rows(array: &dyn Array, found: impl Fn(usize) -> Option<Option<u64>>) -> Option<Refused> {
    let mut bad = (0..array.len())
        .filter(|&row| array.is_valid(row))
        .filter_map(|row| found(row).map(|found| (row, found)));
    let (row, found) = bad.next()?;
    Some(Refused { row, found, more: bad.count() })
}

fn nulls(plan: &ColumnPlan, array: &dyn Array, kinds: Option<&[RowKind]>) -> Option<Refused> {
    if array.null_count() == 0 {
        return None;
    }
    // A row that goes needs its key only: Flink may leave the rest of it NULL.
    let needed = |row: usize| plan.key || kinds.is_none_or(|kinds| !kinds[row].retracts());
    let mut bad = (0..array.len()).filter(|&row| array.is_null(row) && needed(row));
    let row = bad.next()?;
    Some(Refused { row, found: None, more: bad.count() })
}

fn too_long(text: &StringArray, limit: u32) -> Option<Refused> {
    let longest = text.value_offsets().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    if longest as u64 <= u64::from(limit) {
        return None;
    }
    rows(text, |row| {
        let length = text.value_length(row) as u64;
        (length > u64::from(limit)).then_some(Some(length))
    })
}

fn multi_byte(text: &StringArray) -> Option<Refused> {
    if value_bytes(text).is_ascii() {
        return None;
    }
    rows(text, |row| (!text.value(row).is_ascii()).then_some(None))
}

fn nul(text: &StringArray) -> Option<Refused> {
    // The standard library searches for one byte a word at a time.
    if !value_bytes(text).contains(&0) {
        return None;
    }
    rows(text, |row| text.value(row).as_bytes().contains(&0).then_some(None))
}

/// The bytes of all values of a column that may be a slice of a longer one.
fn value_bytes(text: &StringArray) -> &[u8] {
    let offsets = text.value_offsets();
    let first = offsets.first().map_or(0, |&offset| offset as usize);
    let last = offsets.last().map_or(0, |&offset| offset as usize);
    &text.value_data()[first..last]
}

fn out_of_range(plan: &ColumnPlan, array: &dyn Array) -> Result<Option<Refused>> {
    match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            if days.values().iter().all(|value| DAYS.contains(value)) {
                return Ok(None);
            }
            Ok(rows(days, |row| (!DAYS.contains(&days.value(row))).then_some(None)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            if micros.values().iter().all(|value| MICROS.contains(value)) {
                return Ok(None);
            }
            Ok(rows(micros, |row| (!MICROS.contains(&micros.value(row))).then_some(None)))
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

fn error(plan: &ColumnPlan, rule: Rule, refused: &Refused, input: Input<'_>) -> Error {
    let column = &plan.target;
    let found = refused.found.unwrap_or_default();
    let (what, hint) = match rule {
        Rule::NotNull => (
            format!("NULL in column '{column}', which is NOT NULL"),
            "filter such rows out or give them a value, as COALESCE does".to_owned(),
        ),
        Rule::MaxBytes(limit) => (
            format!("{found} bytes of UTF-8 in column '{column}', which takes at most {limit}"),
            format!(
                "make the column wider (ALTER TABLE … ALTER COLUMN {column} TYPE VARCHAR(n)) or \
                 shorten the text in the query"
            ),
        ),
        Rule::SingleByte => (
            format!("a multi-byte character in column '{column}', whose type CHAR takes none"),
            "make the column VARCHAR".to_owned(),
        ),
        Rule::NoNul => (
            format!("a NUL character in column '{column}', which no Redshift text can hold"),
            "remove it in the query".to_owned(),
        ),
        Rule::MaxDigits(_) | Rule::MaxUnscaled(_) => (
            format!(
                "a decimal of {found} digits, too great for column '{column}' of type {}",
                plan.target_type
            ),
            "give the column a greater precision or round the value in the query".to_owned(),
        ),
        Rule::TimeRange => (
            format!("a date in column '{column}' outside of the years 1 to 9999"),
            "COPY loads no others for sure: filter such rows out or make them NULL".to_owned(),
        ),
    };
    Error::new(ErrorKind::ValueRefused, format!("refused {what}"))
        .with("row", input.before + refused.row as u64 + 1)
        .with("more such rows in its batch", refused.more)
        .hint(hint)
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
