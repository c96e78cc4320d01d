use std::sync::Arc;

use arrow::{
    array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationMillisecondArray,
        Float32Array, Float64Array, Int32Builder, Int64Array, IntervalYearMonthArray, ListArray,
        MapBuilder, StringBuilder, Time64MicrosecondArray, TimestampMicrosecondArray,
    },
    datatypes::{Field, Fields, Int32Type},
};

use super::*;

/// A row's JSON for each value of an array, which stands in a field `v`.
fn json(array: impl Array + 'static) -> Vec<Option<String>> {
    let field = Field::new("v", array.data_type().clone(), true);
    let row = StructArray::new(Fields::from(vec![field]), vec![Arc::new(array)], None);
    texts_of(row)
}

fn texts_of(array: impl Array + 'static) -> Vec<Option<String>> {
    let array: ArrayRef = Arc::new(array);
    let (texts, unfit) = texts(&array).unwrap();
    for text in texts.iter().flatten() {
        serde_json::from_str::<serde_json::Value>(text).expect("valid JSON");
    }
    for row in unfit {
        assert!(texts.is_null(row));
    }
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[track_caller]
fn holds(array: impl Array + 'static, expected: &[&str]) {
    let expected: Vec<_> =
        expected.iter().map(|value| Some(format!("{{\"v\":{value}}}"))).collect();
    assert_eq!(json(array), expected);
}

#[test]
fn scalars_are_written_as_flinks_json_format_does() {
    holds(BooleanArray::from(vec![Some(true), None]), &["true", "null"]);
    holds(
        Int64Array::from(vec![i64::MIN, i64::MAX]),
        &["-9223372036854775808", "9223372036854775807"],
    );
    let decimals = Decimal128Array::from(vec![10_i128.pow(38) - 1, -5, 150])
        .with_precision_and_scale(38, 2)
        .unwrap();
    holds(decimals, &["999999999999999999999999999999999999.99", "-0.05", "1.50"]);
    holds(
        Float64Array::from(vec![0.1, -0.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        &["0.1", "-0.0", "1e300", "\"NaN\"", "\"Infinity\"", "\"-Infinity\""],
    );
    holds(Float32Array::from(vec![0.1, f32::MAX]), &["0.1", "3.4028235e38"]);
    holds(
        StringArray::from(vec!["", "a\"\\\n\u{1}", "é😀\u{10ffff}"]),
        &["\"\"", "\"a\\\"\\\\\\n\\u0001\"", "\"é😀\u{10ffff}\""],
    );
    holds(BinaryArray::from(vec![&b""[..], b"\0\xff", b"abc"]), &["\"\"", "\"AP8=\"", "\"YWJj\""]);
}

#[test]
fn times_are_iso_and_of_the_years_that_load() {
    holds(
        Date32Array::from(vec![-719_162, 0, 2_932_896]),
        &["\"0001-01-01\"", "\"1970-01-01\"", "\"9999-12-31\""],
    );
    let times = vec![0, 86_399_999_999, 36_000_500_000];
    holds(
        Time64MicrosecondArray::from(times),
        &["\"00:00:00\"", "\"23:59:59.999999\"", "\"10:00:00.5\""],
    );
    let micros = vec![-62_135_596_800_000_000, -1, 1_500_000];
    holds(
        TimestampMicrosecondArray::from(micros.clone()),
        &["\"0001-01-01T00:00:00\"", "\"1969-12-31T23:59:59.999999\"", "\"1970-01-01T00:00:01.5\""],
    );
    holds(
        TimestampMicrosecondArray::from(vec![-1]).with_timezone("UTC"),
        &["\"1969-12-31T23:59:59.999999Z\""],
    );
    holds(IntervalYearMonthArray::from(vec![-14]), &["-14"]);
    holds(DurationMillisecondArray::from(vec![i64::MAX]), &["9223372036854775807"]);
    for unfit in [
        json(Date32Array::from(vec![-719_163, 2_932_897])),
        json(Time64MicrosecondArray::from(vec![-1, 86_400_000_000])),
        json(TimestampMicrosecondArray::from(vec![-62_135_596_800_000_001, i64::MAX])),
        json(StringArray::from(vec!["\0", "a\0b"])),
    ] {
        assert_eq!(unfit, [None, None]);
    }
}

#[test]
fn arrays_may_be_null_empty_and_hold_null() {
    let array = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), None, Some(-3)]),
        None,
        Some(vec![]),
        Some(vec![Some(4)]),
    ]);
    let expected = ["[1,null,-3]", "[]", "[4]"].map(|text| Some(text.to_owned()));
    let [first, empty, last] = expected;
    assert_eq!(texts_of(array.clone()), [first, None, empty.clone(), last.clone()]);
    // A slice starts in the middle of its elements.
    assert_eq!(texts_of(array.slice(2, 2)), [empty, last]);
}

fn map(entries: &[&[(&str, Option<i32>)]]) -> MapArray {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for entries in entries {
        for (key, value) in *entries {
            builder.keys().append_value(key);
            builder.values().append_option(*value);
        }
        builder.append(true).unwrap();
    }
    builder.finish()
}

#[test]
fn maps_are_objects_whose_names_differ() {
    let array = map(&[
        &[("a", Some(1)), ("b\"", None)],
        &[],
        &[("a", Some(1)), ("A", Some(2)), ("", Some(3))],
        &[("a", Some(1)), ("b", Some(2)), ("a", Some(1))],
        &[("\0", Some(1))],
    ]);
    let texts = texts_of(array);
    assert_eq!(texts[0].as_deref(), Some(r#"{"a":1,"b\"":null}"#));
    assert_eq!(texts[1].as_deref(), Some("{}"));
    assert_eq!(texts[2].as_deref(), Some(r#"{"a":1,"A":2,"":3}"#));
    assert_eq!(texts[3..], [None, None]);
}

#[test]
fn other_keys_are_the_text_of_their_json() {
    let mut builder = MapBuilder::new(
        None,
        arrow::array::TimestampMicrosecondBuilder::new(),
        Int32Builder::new(),
    );
    builder.keys().append_value(500_000);
    builder.values().append_value(1);
    builder.append(true).unwrap();
    assert_eq!(texts_of(builder.finish())[0].as_deref(), Some(r#"{"1970-01-01T00:00:00.5":1}"#));
    let mut builder = MapBuilder::new(None, Int32Builder::new(), Int32Builder::new());
    for key in [7, -8] {
        builder.keys().append_value(key);
        builder.values().append_value(key);
    }
    builder.append(true).unwrap();
    assert_eq!(texts_of(builder.finish())[0].as_deref(), Some(r#"{"7":7,"-8":-8}"#));
}

#[test]
fn rows_nest_and_keep_their_nulls() {
    let inner = StructArray::new(
        Fields::from(vec![Field::new("x \"y\"", DataType::Utf8, true)]),
        vec![Arc::new(StringArray::from(vec![Some("a"), None]))],
        Some(vec![true, false].into()),
    );
    let fields = Fields::from(vec![Field::new("In", inner.data_type().clone(), true)]);
    let outer = StructArray::new(fields, vec![Arc::new(inner)], None);
    let texts = texts_of(outer);
    assert_eq!(texts[0].as_deref(), Some(r#"{"In":{"x \"y\"":"a"}}"#));
    assert_eq!(texts[1].as_deref(), Some(r#"{"In":null}"#));
    let empty = StructArray::new_empty_fields(1, None);
    assert_eq!(texts_of(empty)[0].as_deref(), Some("{}"));
}
