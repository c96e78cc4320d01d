use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::Field,
};
use proptest::prelude::*;

use super::{
    super::{
        RowKind, convert,
        policy::Policies,
        review::{Input, Review},
    },
    *,
};
use crate::types::{LoadExpression, RedshiftType, TablePlan};

fn plan(array: &dyn Array, rule: Rule, key: bool) -> ColumnPlan {
    ColumnPlan {
        source: 0,
        target: "c".into(),
        target_type: RedshiftType::Boolean,
        key,
        staged: Arc::new(Field::new("c", array.data_type().clone(), true)),
        staging_type: RedshiftType::Boolean,
        expression: LoadExpression::Plain,
        rules: vec![rule],
    }
}

/// What a writer says of a column's values that are staged as they are.
fn judged(plan: ColumnPlan, array: &dyn Array, input: Input<'_>) -> Result<()> {
    let plan = TablePlan { columns: vec![plan], direct: true, complete: true };
    let batch = RecordBatch::try_from_iter([("c", arrow::array::make_array(array.to_data()))]);
    let (batch, policies) = (batch.unwrap(), Policies::fail(&plan));
    let mut review = Review::new(&plan, &policies, &batch, input);
    convert::stage(0, batch.column(0), &mut review)?;
    review.end().map(|_| ())
}

fn checked(rule: Rule, array: impl Array) -> Result<()> {
    judged(plan(&array, rule, false), &array, Input { before: 10, kinds: None })
}

fn refusal(rule: Rule, array: impl Array) -> String {
    let error = checked(rule, array).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueRefused);
    error.to_string()
}

/// Text whose second value is NULL with `hidden` still lying under it.
fn hiding(hidden: &str) -> StringArray {
    let text = StringArray::from(vec!["ok", hidden, "ok"]);
    let (offsets, values, _): (OffsetBuffer<i32>, _, _) = text.into_parts();
    StringArray::new(offsets, values, Some(NullBuffer::from(vec![true, false, true])))
}

#[test]
fn widths_count_bytes_and_trailing_blanks() {
    let text = |values: &[&str]| StringArray::from(values.to_vec());
    assert!(checked(Rule::MaxBytes(4), text(&["abcd", "äö", ""])).is_ok());
    let message = refusal(Rule::MaxBytes(4), text(&["abcd", "äöü", "abcdefg"]));
    assert!(message.contains("6 bytes") && message.contains("at most 4"), "{message}");
    assert!(message.contains("row: 12") && message.contains("batch: 1"), "{message}");
    assert!(!message.contains("äöü"), "{message}");
    assert!(checked(Rule::MaxBytes(2), text(&["ab  "])).is_err());
}

#[test]
fn what_lies_under_a_null_is_no_value() {
    assert!(checked(Rule::MaxBytes(3), hiding("much too long")).is_ok());
    assert!(checked(Rule::SingleByte, hiding("ä")).is_ok());
    assert!(checked(Rule::NoNul, hiding("\0")).is_ok());
    let far = Date32Array::new(vec![i32::MAX].into(), Some(NullBuffer::from(vec![false])));
    assert!(checked(Rule::TimeRange, far).is_ok());
    let tiny = Float64Array::new(vec![5e-324].into(), Some(NullBuffer::from(vec![false])));
    assert!(checked(Rule::NotSubnormal, tiny).is_ok());
}

#[test]
fn the_least_normal_number_and_what_is_no_number_are_not_subnormal() {
    let doubles = [0.0, -0.0, f64::MIN_POSITIVE, -f64::MIN_POSITIVE, f64::NAN, f64::INFINITY];
    assert!(checked(Rule::NotSubnormal, Float64Array::from(doubles.to_vec())).is_ok());
    let floats = [0.0, -0.0, f32::MIN_POSITIVE, f32::NAN, f32::NEG_INFINITY];
    assert!(checked(Rule::NotSubnormal, Float32Array::from(floats.to_vec())).is_ok());
    for value in [5e-324, -2.225_073_858_507_201e-308] {
        let message = refusal(Rule::NotSubnormal, Float64Array::from(vec![1.0, value]));
        assert!(message.contains("row: 12"), "{message}");
    }
    assert!(checked(Rule::NotSubnormal, Float32Array::from(vec![-1e-40])).is_err());
}

#[test]
fn char_columns_take_single_bytes_and_no_text_takes_nul() {
    assert!(checked(Rule::SingleByte, StringArray::from(vec!["a~", ""])).is_ok());
    assert!(refusal(Rule::SingleByte, StringArray::from(vec!["a", "é"])).contains("row: 12"));
    assert!(checked(Rule::NoNul, StringArray::from(vec!["a", "é"])).is_ok());
    assert!(refusal(Rule::NoNul, StringArray::from(vec!["a\0b"])).contains("row: 11"));
}

#[test]
fn slices_are_judged_by_their_own_rows() {
    let text = StringArray::from(vec!["long text", "ä\0", "ok", "long text"]);
    for rule in [Rule::MaxBytes(2), Rule::SingleByte, Rule::NoNul] {
        assert!(checked(rule, text.slice(2, 1)).is_ok(), "{rule:?}");
    }
    assert!(checked(Rule::MaxBytes(2), text.slice(2, 2)).is_err());
    assert!(checked(Rule::MaxBytes(2), text.slice(2, 0)).is_ok());
}

#[test]
fn years_1_to_9999_pass() {
    assert!(checked(Rule::TimeRange, Date32Array::from(vec![-719_162, 0, 2_932_896])).is_ok());
    assert!(checked(Rule::TimeRange, Date32Array::from(vec![-719_163])).is_err());
    assert!(checked(Rule::TimeRange, Date32Array::from(vec![2_932_897])).is_err());
    let micros = |value| TimestampMicrosecondArray::from(vec![value]);
    for edge in [*MICROS.start(), *MICROS.end()] {
        assert!(checked(Rule::TimeRange, micros(edge)).is_ok());
    }
    assert!(checked(Rule::TimeRange, micros(MICROS.start() - 1)).is_err());
    assert!(checked(Rule::TimeRange, micros(MICROS.end() + 1)).is_err());
    // The bounds are the days that they claim to be.
    let day = |days: i32| arrow::temporal_conversions::date32_to_datetime(days).unwrap().date();
    assert_eq!(day(*DAYS.start()).to_string(), "0001-01-01");
    assert_eq!(day(*DAYS.end()).to_string(), "9999-12-31");
    assert_eq!(*MICROS.start(), i64::from(*DAYS.start()) * 86_400_000_000);
    assert_eq!(*MICROS.end(), (i64::from(*DAYS.end()) + 1) * 86_400_000_000 - 1);
}

#[test]
fn a_row_that_goes_may_leave_all_but_its_key_null() {
    let array: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, None]));
    let kinds = [RowKind::Insert, RowKind::Delete, RowKind::UpdateBefore];
    let run = |key, kinds| {
        let input = Input { before: 0, kinds };
        judged(plan(array.as_ref(), Rule::NotNull, key), array.as_ref(), input)
    };
    assert!(run(false, Some(&kinds[..])).is_ok());
    assert!(run(true, Some(&kinds[..])).is_err());
    let message = run(false, None).unwrap_err().to_string();
    assert!(message.contains("row: 2") && message.contains("batch: 1"), "{message}");
}

#[test]
fn a_rule_on_a_column_that_it_cannot_judge_is_our_own_fault() {
    let error = checked(Rule::MaxBytes(1), BooleanArray::from(vec![true])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn digits_are_counted_as_written() {
    for (value, digits) in [(0, 1), (9, 1), (-10, 2), (i128::MAX, 39), (i128::MIN, 39)] {
        assert_eq!(decimal_digits(value), digits);
    }
}

proptest! {
    /// The fast look and the row by row look agree with the plain definition.
    #[test]
    fn widths_agree_with_their_definition(
        values in prop::collection::vec(prop::option::of(".{0,6}"), 0..40),
        limit in 0_u32..12,
        start in 0_usize..10,
    ) {
        let array = StringArray::from(values.clone());
        let start = start.min(values.len());
        let slice = array.slice(start, values.len() - start);
        let expected: Vec<(usize, u64)> = values[start..]
            .iter()
            .enumerate()
            .filter_map(|(row, value)| Some((row, value.as_ref()?.len() as u64)))
            .filter(|(_, length)| *length > u64::from(limit))
            .collect();
        let found: Vec<_> =
            too_long(&slice, limit).iter().map(|refused| (refused.row, refused.found)).collect();
        prop_assert_eq!(found, expected);
    }
}
