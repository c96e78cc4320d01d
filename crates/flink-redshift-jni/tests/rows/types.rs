//! Each type once, with the values at its edges.

use arrow::{
    array::{Array, AsArray},
    datatypes::Int32Type,
};
use arrow_redshift::{Error, ErrorKind, stage::RowKind, types::FlinkType};
use flink_redshift_jni::row::{Decoder, RowField, fixed_part};

use super::{
    encoder::{DELETE, INSERT, UPDATE_AFTER, UPDATE_BEFORE, Value, buffer, row},
    expected,
};

pub fn decoder(types: &[FlinkType]) -> Decoder {
    let every: Vec<usize> = (0..types.len()).collect();
    partial(types, &every)
}

fn partial(types: &[FlinkType], written: &[usize]) -> Decoder {
    let field = |(at, data_type): (usize, &FlinkType)| RowField {
        name: format!("c{at}"),
        data_type: data_type.clone(),
    };
    let fields: Vec<RowField> = types.iter().enumerate().map(field).collect();
    Decoder::new(&fields, written).unwrap()
}

/// A table of one column, decoded and compared.
#[track_caller]
pub fn holds(data_type: FlinkType, values: &[Value]) {
    let types = [data_type];
    let mut values = values.to_vec();
    values.push(Value::Null);
    let rows: Vec<_> =
        values.iter().map(|value| row(INSERT, &types, std::slice::from_ref(value))).collect();
    let decoded = decoder(&types).decode(&buffer(&rows), rows.len(), 0).unwrap();
    assert_eq!(decoded.kinds, None);
    assert_eq!(decoded.batch.column(0), &expected::column(&types[0], &values), "{}", types[0]);
}

pub fn refused(data_type: FlinkType, value: Value) -> Error {
    let types = [data_type];
    let fine = row(INSERT, &types, &[Value::Null]);
    let bad = row(INSERT, &types, &[value]);
    decoder(&types).decode(&buffer([&fine, &bad]), 2, 40).unwrap_err()
}

#[test]
fn numbers_of_every_width() {
    holds(FlinkType::Boolean, &[Value::Boolean(true), Value::Boolean(false)]);
    holds(FlinkType::TinyInt, &[i8::MIN, -1, 0, i8::MAX].map(Value::TinyInt));
    holds(FlinkType::SmallInt, &[i16::MIN, -1, 0, i16::MAX].map(Value::SmallInt));
    holds(FlinkType::Int, &[i32::MIN, -1, 0, i32::MAX].map(Value::Int));
    holds(FlinkType::Date, &[-719_162, 0, 2_932_896].map(Value::Int));
    holds(FlinkType::Time(0), &[0, 86_399_999].map(Value::Int));
    holds(FlinkType::Time(9), &[1, 43_200_000].map(Value::Int));
    holds(FlinkType::IntervalYearMonth, &[i32::MIN, -1, 0, i32::MAX].map(Value::Int));
    holds(FlinkType::IntervalDaySecond, &[i64::MIN, -1, 0, i64::MAX].map(Value::BigInt));
    holds(FlinkType::BigInt, &[i64::MIN, -1, 0, i64::MAX].map(Value::BigInt));
    holds(FlinkType::Float, &[f32::MIN, -0.0, f32::MIN_POSITIVE, f32::INFINITY].map(Value::Float));
    holds(FlinkType::Double, &[f64::MIN, -0.0, 0.1, f64::NEG_INFINITY].map(Value::Double));
}

#[test]
fn decimals_of_both_layouts() {
    let nines = |digits: u32| 10_i128.pow(digits) - 1;
    for digits in [1, 9, 17, 18, 19, 20, 37, 38] {
        let data_type = FlinkType::Decimal { precision: digits, scale: digits / 2 };
        let most = nines(u32::from(digits));
        holds(
            data_type.clone(),
            &[most, -most, 0, 1, -1, 127, -128].map(|n| Value::Decimal(n.clamp(-most, most))),
        );
    }
    // Each number of bytes that BigInteger gives.
    let data_type = FlinkType::Decimal { precision: 38, scale: 0 };
    for bits in 0..126 {
        holds(data_type.clone(), &[Value::Decimal(1 << bits), Value::Decimal(-(1 << bits))]);
    }
}

#[test]
fn a_number_with_more_digits_than_were_declared_is_refused() {
    for (precision, value) in [(3, 1000), (18, 10_i128.pow(18)), (19, -(10_i128.pow(19)))] {
        let error = refused(FlinkType::Decimal { precision, scale: 0 }, Value::Decimal(value));
        assert_eq!(error.kind(), ErrorKind::ValueRefused);
        let text = error.to_string();
        assert!(text.contains("column: c0") && text.contains("row: 42"), "{text}");
        assert!(!text.contains("1000000"), "the value is not told: {text}");
    }
}

#[test]
fn times_of_every_precision() {
    for precision in 0..=9 {
        let nanos = if precision <= 3 { [0, 0, 0] } else { [0, 999_999, 123_456] };
        let values = [
            Value::Time(-62_135_596_800_000, nanos[0]),
            Value::Time(-1, nanos[1]),
            Value::Time(1_357_034_400_123, nanos[2]),
        ];
        holds(FlinkType::Timestamp(precision), &values);
        holds(FlinkType::TimestampLtz(precision), &values);
    }
}

#[test]
fn a_time_beyond_microseconds_of_64_bits_is_refused() {
    for (precision, value) in [(3, Value::Time(i64::MAX, 0)), (9, Value::Time(i64::MIN, 0))] {
        let error = refused(FlinkType::Timestamp(precision), value);
        assert_eq!(error.kind(), ErrorKind::ValueRefused, "{error}");
    }
}

#[test]
fn texts_of_every_length_and_kind() {
    let text = |text: &str| Value::Text(text.as_bytes().to_vec());
    let plain: Vec<Value> = (0..40).map(|length| text(&"x".repeat(length))).collect();
    holds(FlinkType::String, &plain);
    holds(FlinkType::VarChar(40), &plain);
    holds(
        FlinkType::Char(3),
        &["", "é", "ééé", "éééé", "日本", "日本語", "🙂", "🙂🙂", "a\0b", "\u{10FFFF}\u{FEFF}"]
            .map(text),
    );
}

#[test]
fn bytes_of_every_length() {
    let values: Vec<Value> = (0..40).map(|length| Value::Text(vec![0xFF; length])).collect();
    for data_type in [FlinkType::Binary(3), FlinkType::VarBinary(40), FlinkType::Bytes] {
        holds(data_type, &values);
    }
    holds(FlinkType::Bytes, &[vec![0; 7], vec![0x80; 7], vec![0, 0x80]].map(Value::Text));
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_by_column_and_row() {
    // Also a character that is cut in two, whose halves stand side by side in memory.
    for bad in [b"\xFF".to_vec(), b"\xC3".to_vec(), b"\xED\xA0\x80".to_vec(), vec![0xFE; 30]] {
        let error = refused(FlinkType::String, Value::Text(bad));
        assert_eq!(error.kind(), ErrorKind::ValueRefused);
        let text = error.to_string();
        assert!(text.contains("UTF-8") && text.contains("column: c0"), "{text}");
        assert!(text.contains("row: 42"), "{text}");
    }
    let halves = [b"\xC3".to_vec(), b"\xA9".to_vec()].map(Value::Text);
    let rows = halves.map(|half| row(INSERT, &[FlinkType::String], &[half]));
    let error = decoder(&[FlinkType::String]).decode(&buffer(&rows), 2, 0).unwrap_err();
    assert!(error.to_string().contains("row: 1"), "{error}");
}

#[test]
fn kinds_of_rows_are_told_where_one_is_no_insert() {
    let types = [FlinkType::Int];
    let kinds = [INSERT, UPDATE_BEFORE, UPDATE_AFTER, DELETE];
    let rows = kinds.map(|kind| row(kind, &types, &[Value::Int(i32::from(kind))]));
    let decoded = decoder(&types).decode(&buffer(&rows), 4, 0).unwrap();
    let expected = [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];
    assert_eq!(decoded.kinds.unwrap(), expected);
    let error = decoder(&types).decode(&buffer([&row(4, &types, &[Value::Null])]), 1, 0);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn nulls_are_found_at_every_place() {
    // 56 fields and the kind fill the first word of bits.
    for arity in [1, 7, 8, 55, 56, 57, 64, 119, 120, 121, 1600] {
        let types = vec![FlinkType::Int; arity];
        assert_eq!(fixed_part(arity), (arity + 8).div_ceil(64) * 8 + arity * 8);
        for null in [0, arity / 2, arity - 1] {
            let mut values: Vec<Value> = (0..arity as i32).map(Value::Int).collect();
            values[null] = Value::Null;
            let rows = [row(INSERT, &types, &values)];
            let decoded = decoder(&types).decode(&buffer(&rows), 1, 0).unwrap();
            for (at, column) in decoded.batch.columns().iter().enumerate() {
                assert_eq!(column.is_null(0), at == null, "field {at} of {arity}");
                if at != null {
                    assert_eq!(column.as_primitive::<Int32Type>().value(0), at as i32);
                }
            }
        }
    }
}

#[test]
fn only_written_fields_are_decoded_and_in_their_order() {
    let types = [FlinkType::Int, FlinkType::String, FlinkType::BigInt];
    let values = [Value::Int(1), Value::Text(b"not looked at \xFF".to_vec()), Value::BigInt(3)];
    let rows = [row(INSERT, &types, &values)];
    let decoded = partial(&types, &[2, 0]).decode(&buffer(&rows), 1, 0).unwrap();
    let names: Vec<_> =
        decoded.batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["c2", "c0"]);
    assert_eq!(decoded.batch.column(0), &expected::column(&FlinkType::BigInt, &values[2..]));
    assert!(Decoder::new(&[], &[0]).is_err());
}

#[test]
fn an_empty_buffer_is_no_rows() {
    let decoded = decoder(&[FlinkType::Int, FlinkType::String]).decode(&[], 0, 0).unwrap();
    assert_eq!((decoded.batch.num_rows(), decoded.batch.num_columns()), (0, 2));
}
