//! Values as JSON, the way Flink's JSON format writes them: numbers as numbers with all their
//! digits, what is no number as a quoted word, bytes as Base64, intervals as numbers. Times are SQL
//! text, as that format has by default, so that a Flink table with `'format' = 'json'` reads what was
//! set aside; or ISO 8601, for who asks for it.

use std::io::Write as _;

use arrow::{
    array::{Array, ArrayRef, AsArray, StructArray},
    compute::cast,
    datatypes::{
        DataType, Date32Type, Decimal128Type, DurationMillisecondType, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType,
        Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
    },
};
use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::csv;
use crate::error::{Error, ErrorKind, Result};

const MICROS_OF_DAY: i64 = 86_400_000_000;

/// Writes one row of columns as an object.
pub(super) fn object<'a>(
    columns: impl Iterator<Item = (&'a str, &'a dyn Array)>,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    object_of(columns.map(|(name, array)| (name, array, false)), row, out)
}

/// The same for columns each of which may hold JSON, as text, in place of values.
pub(super) fn object_of<'a>(
    columns: impl Iterator<Item = (&'a str, &'a dyn Array, bool)>,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.push(b'{');
    for (at, (name, array, is_json)) in columns.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        quoted(name, out);
        out.push(b':');
        match array.as_string_opt::<i32>().filter(|text| is_json && text.is_valid(row)) {
            Some(text) => out.extend_from_slice(text.value(row).as_bytes()),
            None => value(array, row, out)?,
        }
    }
    out.push(b'}');
    Ok(())
}

/// Writes a text in quotes.
pub(super) fn quoted(text: &str, out: &mut Vec<u8>) {
    // A text always has a JSON form, and writing to a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Writes one value.
fn value(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<()> {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::LargeUtf8 => {
            quoted(array.as_string::<i64>().value(row), out);
            Ok(())
        }
        DataType::Utf8View => {
            quoted(array.as_string_view().value(row), out);
            Ok(())
        }
        DataType::Dictionary(_, values) => value(&plain(array, values, row)?, 0, out),
        DataType::List(_) => list(&array.as_list::<i32>().value(row), out),
        DataType::Map(..) => map(&array.as_map().value(row), out),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().map(AsRef::as_ref);
            let names = fields.iter().map(|field| field.name().as_str());
            object(names.zip(columns), row, out)
        }
        other if is_scalar(other) => {
            scalar(array, row, ' ', out);
            Ok(())
        }
        other => {
            let why = format!("cannot set a row aside: a column of {other} has no JSON form here");
            Err(Error::new(ErrorKind::Unsupported, why))
        }
    }
}

/// Whether [`scalar`] writes values of a type.
pub(super) fn is_scalar(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Utf8
            | DataType::Binary
            | DataType::Date32
            | DataType::Time64(TimeUnit::Microsecond)
            | DataType::Timestamp(TimeUnit::Microsecond, _)
            | DataType::Interval(IntervalUnit::YearMonth)
            | DataType::Duration(TimeUnit::Millisecond)
    )
}

/// Writes one value that is there, of a type of [`is_scalar`]'s. `separator` stands between the day
/// and the time of a timestamp.
pub(super) fn scalar(array: &dyn Array, row: usize, separator: char, out: &mut Vec<u8>) {
    match array.data_type() {
        DataType::Boolean => print(out, array.as_boolean().value(row)),
        DataType::Int8 => print(out, array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => print(out, array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => print(out, array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => print(out, array.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => {
            let number = array.as_primitive::<Float32Type>().value(row);
            float(f64::from(number), format_args!("{number:?}"), out);
        }
        DataType::Float64 => {
            let number = array.as_primitive::<Float64Type>().value(row);
            float(number, format_args!("{number:?}"), out);
        }
        DataType::Decimal128(_, scale) => {
            // Writing to a Vec cannot fail.
            let _ = csv::decimal(array.as_primitive::<Decimal128Type>().value(row), *scale, out);
        }
        DataType::Utf8 => quoted(array.as_string::<i32>().value(row), out),
        DataType::Date32 => {
            let day = date(i64::from(array.as_primitive::<Date32Type>().value(row)));
            print(out, format_args!("\"{day}\""));
        }
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            timestamp(micros, separator, zone.is_some(), out);
        }
        DataType::Time64(_) => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(row);
            print(out, format_args!("\"{}\"", clock(micros)));
        }
        DataType::Interval(_) => {
            print(out, array.as_primitive::<IntervalYearMonthType>().value(row));
        }
        DataType::Duration(_) => {
            print(out, array.as_primitive::<DurationMillisecondType>().value(row));
        }
        DataType::Binary => {
            let text = BASE64_STANDARD.encode(array.as_binary::<i32>().value(row));
            print(out, format_args!("\"{text}\""));
        }
        // Whoever calls has asked before.
        _ => out.extend_from_slice(b"null"),
    }
}

fn list(elements: &ArrayRef, out: &mut Vec<u8>) -> Result<()> {
    out.push(b'[');
    for at in 0..elements.len() {
        if at > 0 {
            out.push(b',');
        }
        value(elements.as_ref(), at, out)?;
    }
    out.push(b']');
    Ok(())
}

/// A map's entries as an object. Its keys are texts; of other keys it is what they print as.
fn map(entries: &StructArray, out: &mut Vec<u8>) -> Result<()> {
    let (keys, values) = (entries.column(0), entries.column(1));
    out.push(b'{');
    for at in 0..entries.len() {
        if at > 0 {
            out.push(b',');
        }
        let mut key = Vec::new();
        value(keys.as_ref(), at, &mut key)?;
        match key.first() {
            Some(b'"') => out.extend_from_slice(&key),
            _ => quoted(&String::from_utf8_lossy(&key), out),
        }
        out.push(b':');
        value(values.as_ref(), at, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// One row of a dictionary's values.
fn plain(array: &dyn Array, values: &DataType, row: usize) -> Result<ArrayRef> {
    // Arrow's own message would show the value, so it is left out.
    cast(&array.slice(row, 1), values).map_err(|_| {
        let why = format!("cannot read a column of {}", array.data_type());
        Error::new(ErrorKind::Internal, why)
    })
}

fn print(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{value}");
}

/// JSON has no word for what is no number, so it goes into quotes.
fn float(number: f64, shortest: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    match number {
        _ if number.is_nan() => print(out, "\"NaN\""),
        f64::INFINITY => print(out, "\"Infinity\""),
        f64::NEG_INFINITY => print(out, "\"-Infinity\""),
        _ => print(out, shortest),
    }
}

/// `2026-11-22 16:30:00.5`, with `Z` behind an instant; a fraction only where there is one.
fn timestamp(micros: i64, separator: char, instant: bool, out: &mut Vec<u8>) {
    let (day, time) = (micros.div_euclid(MICROS_OF_DAY), micros.rem_euclid(MICROS_OF_DAY));
    let zone = if instant { "Z" } else { "" };
    print(out, format_args!("\"{}{separator}{}{zone}\"", date(day), clock(time)));
}

/// A time of the day: `16:30:00.5`.
fn clock(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let whole = format!("{hour:02}:{minute:02}:{second:02}");
    if fraction == 0 { whole } else { whole + format!(".{fraction:06}").trim_end_matches('0') }
}

/// A day since 1970-01-01 as ISO 8601 writes it, also beyond the years that calendars of 32 bits
/// hold: what is set aside may well be out of every range.
fn date(days: i64) -> String {
    // Years are counted from March, so that the leap day is a year's last; an era has 400 of them.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        10_000.. => format!("+{year}-{month:02}-{day:02}"),
        _ => format!("-{:04}-{month:02}-{day:02}", -year),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
        DurationMillisecondArray, Float32Array, Float64Array, Int64Array, Int64Builder,
        IntervalYearMonthArray, ListArray, MapBuilder, StringArray, StringViewArray,
        Time64MicrosecondArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::Int8Type as Key;
    use proptest::prelude::*;

    use super::*;

    fn json(array: impl Array) -> Vec<String> {
        let one = |row| {
            let mut out = Vec::new();
            value(&array, row, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            serde_json::from_str::<serde_json::Value>(&text).expect("valid JSON");
            text
        };
        (0..array.len()).map(one).collect()
    }

    #[test]
    fn values_are_written_as_flinks_json_format_does() {
        assert_eq!(json(BooleanArray::from(vec![Some(true), None])), ["true", "null"]);
        assert_eq!(json(Int64Array::from(vec![i64::MIN])), ["-9223372036854775808"]);
        let decimals = Decimal128Array::from(vec![-5, 150]).with_precision_and_scale(9, 2).unwrap();
        assert_eq!(json(decimals), ["-0.05", "1.50"]);
        let floats = vec![0.1, -0.0, 1e300, f64::NAN, f64::NEG_INFINITY];
        let expected = ["0.1", "-0.0", "1e300", "\"NaN\"", "\"-Infinity\""];
        assert_eq!(json(Float64Array::from(floats)), expected);
        assert_eq!(json(Float32Array::from(vec![0.1, f32::INFINITY])), ["0.1", "\"Infinity\""]);
        assert_eq!(json(StringArray::from(vec!["é\"\n\0"])), ["\"é\\\"\\n\\u0000\""]);
        assert_eq!(json(StringViewArray::from(vec!["a longer text than twelve"])).len(), 1);
        let dictionary: DictionaryArray<Key> = ["x", "y", "x"].into_iter().collect();
        assert_eq!(json(dictionary), ["\"x\"", "\"y\"", "\"x\""]);
        assert_eq!(
            json(Date32Array::from(vec![0, -719_163])),
            ["\"1970-01-01\"", "\"0000-12-31\""]
        );
        let times = TimestampMicrosecondArray::from(vec![0, -1, 1_500_000]);
        let expected = ["\"1970-01-01 00:00:00\"", "\"1969-12-31 23:59:59.999999\""];
        assert_eq!(json(times.clone())[..2], expected);
        assert_eq!(json(times.with_timezone("UTC"))[2], "\"1970-01-01 00:00:01.5Z\"");
    }

    #[test]
    fn what_nests_is_written_with_its_parts() {
        let times = Time64MicrosecondArray::from(vec![0, 86_399_999_999]);
        assert_eq!(json(times), ["\"00:00:00\"", "\"23:59:59.999999\""]);
        assert_eq!(json(BinaryArray::from(vec![b"\0ab".as_slice()])), ["\"AGFi\""]);
        assert_eq!(json(IntervalYearMonthArray::from(vec![-13])), ["-13"]);
        assert_eq!(json(DurationMillisecondArray::from(vec![1500])), ["1500"]);
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]);
        assert_eq!(json(lists), ["[1,null]"]);
        let mut maps = MapBuilder::new(None, Int64Builder::new(), Int64Builder::new());
        maps.keys().append_value(7);
        maps.values().append_value(1);
        maps.append(true).unwrap();
        assert_eq!(json(maps.finish()), ["{\"7\":1}"]);
        let id: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        let rows = StructArray::try_from(vec![("id", id)]).unwrap();
        assert_eq!(json(rows), ["{\"id\":7}"]);
    }

    #[test]
    fn times_beyond_every_calendar_are_still_written() {
        let ends = json(TimestampMicrosecondArray::from(vec![i64::MIN, i64::MAX]));
        assert_eq!(
            ends,
            ["\"-290308-12-21 19:59:05.224192\"", "\"+294247-01-10 04:00:54.775807\""]
        );
        let ends = json(Date32Array::from(vec![i32::MIN, i32::MAX]));
        assert_eq!(ends, ["\"-5877641-06-23\"", "\"+5881580-07-11\""]);
    }

    #[test]
    fn a_row_is_an_object_with_its_names() {
        let id: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        let name: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
        let mut out = Vec::new();
        let columns = [("Id", id.as_ref()), ("a \"b\"", name.as_ref())].into_iter();
        object(columns, 0, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"Id":7,"a \"b\"":null}"#);
    }

    proptest! {
        #[test]
        fn days_are_those_of_the_calendar(days in -90_000_000_i32..90_000_000) {
            let known = arrow::temporal_conversions::date32_to_datetime(days);
            prop_assume!(known.is_some());
            prop_assert_eq!(date(i64::from(days)), known.unwrap().date().to_string());
        }
    }
}
