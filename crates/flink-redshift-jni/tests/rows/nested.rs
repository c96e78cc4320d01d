//! Arrays, maps, multisets and rows, and what damage does to them.

use arrow::array::Array;
use arrow_redshift::{
    Error, ErrorKind,
    types::{Column, Element, FlinkType},
};

use super::{
    encoder::{INSERT, Value, array, buffer, row},
    expected,
    types::{decoder, holds, refused},
};

fn array_of(data_type: FlinkType) -> FlinkType {
    FlinkType::Array(Box::new(element(data_type)))
}

fn map_of(key: FlinkType, value: FlinkType) -> FlinkType {
    FlinkType::Map(Box::new(element(key)), Box::new(element(value)))
}

fn row_of(types: &[FlinkType]) -> FlinkType {
    let field = |(at, data_type): (usize, &FlinkType)| Column {
        name: format!("f{at}"),
        data_type: data_type.clone(),
        nullable: true,
    };
    FlinkType::Row(types.iter().enumerate().map(field).collect())
}

fn element(data_type: FlinkType) -> Element {
    Element { data_type, nullable: false }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn ints(values: impl IntoIterator<Item = i32>) -> Vec<Value> {
    values.into_iter().map(Value::Int).collect()
}

#[test]
fn arrays_of_every_width_and_length() {
    for count in [0, 1, 2, 3, 7, 8, 31, 32, 33, 64, 65, 100] {
        let make = |value: fn(i32) -> Value| {
            let mut values: Vec<Value> = (0..count).map(value).collect();
            values.push(Value::Null);
            Value::Array(values)
        };
        let arrays = |data_type: FlinkType, value: fn(i32) -> Value| {
            holds(
                array_of(data_type),
                &[make(value), Value::Null, Value::Array(vec![]), make(value)],
            );
        };
        arrays(FlinkType::Boolean, |at| Value::Boolean(at % 2 == 0));
        arrays(FlinkType::TinyInt, |at| Value::TinyInt(at as i8));
        arrays(FlinkType::SmallInt, |at| Value::SmallInt(-at as i16));
        arrays(FlinkType::Int, |at| Value::Int(-at));
        arrays(FlinkType::BigInt, |at| Value::BigInt(i64::from(at)));
        arrays(FlinkType::Float, |at| Value::Float(at as f32));
        arrays(FlinkType::Double, |at| Value::Double(f64::from(at)));
        arrays(FlinkType::Date, Value::Int);
        arrays(FlinkType::Time(3), Value::Int);
        arrays(FlinkType::IntervalYearMonth, Value::Int);
        arrays(FlinkType::IntervalDaySecond, |at| Value::BigInt(i64::from(at)));
        arrays(FlinkType::String, |at| Value::Text(vec![b'x'; at as usize]));
        arrays(FlinkType::Bytes, |at| Value::Text(vec![0xFF; at as usize]));
        let scaled = |precision| FlinkType::Decimal { precision, scale: 2 };
        arrays(scaled(18), |at| Value::Decimal(i128::from(at)));
        arrays(scaled(38), |at| Value::Decimal(-i128::from(at)));
        arrays(FlinkType::Timestamp(3), |at| Value::Time(i64::from(at), 0));
        arrays(FlinkType::TimestampLtz(9), |at| Value::Time(-i64::from(at), at));
    }
}

#[test]
fn rows_within_rows_and_nulls_between_them() {
    let inner = row_of(&[FlinkType::String, array_of(FlinkType::Int)]);
    let outer = row_of(&[FlinkType::BigInt, inner.clone(), row_of(&[])]);
    let full = Value::Row(vec![text("a text that is long"), Value::Array(ints([1, 2]))]);
    let empty = Value::Row(vec![Value::Null, Value::Null]);
    holds(
        outer.clone(),
        &[
            Value::Row(vec![Value::BigInt(1), full.clone(), Value::Row(vec![])]),
            Value::Null,
            Value::Row(vec![Value::Null, Value::Null, Value::Null]),
            Value::Row(vec![Value::BigInt(3), empty, Value::Row(vec![])]),
        ],
    );
    holds(array_of(inner.clone()), &[Value::Array(vec![Value::Null, full.clone(), Value::Null])]);
    holds(
        map_of(FlinkType::Int, inner),
        &[Value::Map(vec![(Value::Int(1), Value::Null), (Value::Int(2), full)])],
    );
    // More fields than one word has bits, and the first bits are the row's kind.
    let wide: Vec<FlinkType> = vec![FlinkType::Int; 130];
    let mut values = ints(0..130);
    values[56] = Value::Null;
    holds(row_of(&wide), &[Value::Row(values)]);
}

#[test]
fn of_entries_with_one_key_the_last_one_counts() {
    let entries = |keys: &[&str]| {
        let entry = |(at, key): (usize, &&str)| (text(key), Value::Int(at as i32));
        Value::Map(keys.iter().enumerate().map(entry).collect())
    };
    let maps = [
        entries(&["a", "b", "a", "c", "b", "a"]),
        entries(&[]),
        Value::Null,
        entries(&["a", "A", "a ", ""]),
        entries(&["same and long", "same and long"]),
    ];
    holds(map_of(FlinkType::String, FlinkType::Int), &maps);
    holds(FlinkType::Multiset(Box::new(element(FlinkType::String))), &maps);
    let types = [map_of(FlinkType::String, FlinkType::Int)];
    let rows = [row(INSERT, &types, &[entries(&["a", "b", "a", "c", "b", "a"])])];
    let decoded = decoder(&types).decode(&buffer(&rows), 1, 0).unwrap();
    let last = [(text("c"), 3), (text("b"), 4), (text("a"), 5)];
    let last = Value::Map(last.map(|(key, value)| (key, Value::Int(value))).to_vec());
    assert_eq!(decoded.batch.column(0), &expected::column(&types[0], &[last]));
}

#[test]
fn keys_that_differ_beyond_microseconds_both_stay_for_who_looks_at_their_text() {
    let map = map_of(FlinkType::Timestamp(9), FlinkType::Int);
    let entries = [(Value::Time(5, 1), Value::Int(1)), (Value::Time(5, 2), Value::Int(2))];
    let rows = [row(INSERT, std::slice::from_ref(&map), &[Value::Map(entries.to_vec())])];
    let decoded = decoder(&[map]).decode(&buffer(&rows), 1, 0).unwrap();
    assert_eq!(decoded.batch.column(0).to_data().child_data()[0].len(), 2);
}

#[test]
fn a_null_among_the_keys_is_refused_by_column_and_row() {
    let bad = Value::Map(vec![(text("a"), Value::Int(1)), (Value::Null, Value::Int(2))]);
    let map = map_of(FlinkType::String, FlinkType::Int);
    let nested = (row_of(std::slice::from_ref(&map)), Value::Row(vec![bad.clone()]));
    for (data_type, value) in [(map, bad), nested] {
        let error = refused(data_type, value);
        assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
        let text = error.to_string();
        assert!(text.contains("a NULL among its keys") && text.contains("column: c0"), "{text}");
        assert!(text.contains("row: 42"), "{text}");
    }
}

#[test]
fn what_is_refused_within_a_value_is_told_by_the_tables_column_and_row() {
    let digits = FlinkType::Decimal { precision: 3, scale: 0 };
    let cases = [
        (array_of(FlinkType::String), Value::Array(vec![Value::Text(vec![0xFF])])),
        (array_of(digits.clone()), Value::Array(vec![Value::Decimal(1), Value::Decimal(1000)])),
        (row_of(&[digits]), Value::Row(vec![Value::Decimal(1000)])),
    ];
    for (data_type, value) in cases {
        let error = refused(data_type, value);
        assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
        let text = error.to_string();
        assert!(text.contains("column: c0") && text.contains("row: 42"), "{text}");
    }
}

#[test]
fn values_nest_as_deep_as_types_do() {
    let (mut data_type, mut value) = (FlinkType::Int, Value::Int(7));
    for at in 0..99 {
        (data_type, value) = match at % 3 {
            0 => (array_of(data_type), Value::Array(vec![value])),
            1 => (row_of(&[data_type]), Value::Row(vec![value])),
            _ => (map_of(FlinkType::Int, data_type), Value::Map(vec![(Value::Int(1), value)])),
        };
    }
    // As deep as the text of a type may go.
    assert_eq!(data_type.to_string().parse::<FlinkType>().unwrap(), data_type);
    holds(data_type, &[value]);
}

#[track_caller]
fn damaged(data_type: &FlinkType, value: &Value, change: impl Fn(&mut Vec<u8>)) -> Error {
    let types = std::slice::from_ref(data_type);
    let mut bytes = row(INSERT, types, std::slice::from_ref(value));
    change(&mut bytes);
    // Another row follows, so that the buffer does not end where the row does.
    let next = row(INSERT, types, std::slice::from_ref(value));
    let error = decoder(types).decode(&buffer([&bytes, &next]), 2, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
    error
}

/// Where the one value of the rows above starts.
const VALUE: usize = 16;

fn put(bytes: &mut [u8], at: usize, number: i32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

#[test]
fn lengths_within_values_must_hold() {
    let ints = Value::Array(ints([1, 2, 3]));
    for count in [-1, i32::MIN, 5, 1000, i32::MAX] {
        damaged(&array_of(FlinkType::Int), &ints, |row| put(row, VALUE, count));
    }
    let map = map_of(FlinkType::Int, FlinkType::Int);
    let one = Value::Map(vec![(Value::Int(1), Value::Int(2))]);
    for keys in [-1, 17, 33, 1000, i32::MAX] {
        damaged(&map, &one, |row| put(row, VALUE, keys));
    }
    // Two keys, and the same one value: four bytes for another key are there.
    damaged(&map, &one, |row| put(row, VALUE + 4, 2));
    let pair = row_of(&[FlinkType::Int, FlinkType::Int]);
    let values = Value::Row(vec![Value::Int(1), Value::Int(2)]);
    for length in [0, 8, 23] {
        damaged(&pair, &values, |row| put(row, 8, length));
    }
    for offset in [40, 41, i32::MAX] {
        damaged(&pair, &values, |row| put(row, 12, offset));
    }
    // An element that stands outside of its array, though inside of the row.
    let texts = Value::Array(vec![text("long enough to stand elsewhere")]);
    damaged(&array_of(FlinkType::String), &texts, |row| put(row, VALUE + 8 + 4, 48));
}

#[test]
fn elements_that_overlap_cannot_grow_into_more_memory() {
    // An array of texts of which each is all of the array.
    let elements = array_of(FlinkType::String);
    let mut bytes = array(&FlinkType::String, &vec![text("12345678"); 1000]);
    let length = bytes.len() as u64;
    let header = 4 + 1000_usize.div_ceil(32) * 4;
    for at in 0..1000 {
        bytes[header + at * 8..][..8].copy_from_slice(&length.to_le_bytes());
    }
    damaged(&elements, &Value::Null, |row| {
        row[1] = 0;
        let offset = row.len() as u64;
        row[8..16].copy_from_slice(&(offset << 32 | length).to_le_bytes());
        row.extend_from_slice(&bytes);
    });
}

#[test]
fn nulls_of_wide_rows_cannot_grow_into_any_memory() {
    let wide = row_of(&vec![FlinkType::Int; 1000]);
    let error = refused(array_of(wide.clone()), Value::Array(vec![Value::Null; 20_000]));
    assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
    assert!(error.to_string().contains("20000 NULLs of a ROW of 1000 fields"), "{error}");
    holds(array_of(wide), &[Value::Array(vec![Value::Null; 100])]);
}
