use std::sync::Arc;

use arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array,
    TimestampMicrosecondArray,
};
use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::*;

fn text_of(batch: &RecordBatch) -> String {
    let mut encoder = CsvEncoder::open();
    encoder.write(batch).unwrap();
    let mut file = encoder.take_full();
    let (full, rest) = encoder.finish().unwrap();
    file.extend(full);
    file.push(rest);
    let mut text = String::new();
    io::Read::read_to_string(&mut GzDecoder::new(file.concat().as_slice()), &mut text).unwrap();
    text
}

fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
    let names = (0..columns.len()).map(|index| format!("c{index}"));
    RecordBatch::try_from_iter_with_nullable(names.zip(columns).map(|(n, a)| (n, a, true))).unwrap()
}

fn column(array: impl Array + 'static) -> Vec<String> {
    let batch = batch(vec![Arc::new(array)]);
    text_of(&batch).lines().map(str::to_owned).collect()
}

/// A reader that shares nothing with the writer but the rules of RFC 4180: records of fields, each
/// with whether it was quoted.
fn read(text: &str) -> Vec<Vec<(String, bool)>> {
    let mut records = vec![vec![(String::new(), false)]];
    let (mut chars, mut within) = (text.chars().peekable(), false);
    while let Some(c) = chars.next() {
        let record = records.last_mut().unwrap();
        let field = record.last_mut().unwrap();
        match c {
            '"' if within && chars.peek() == Some(&'"') => field.0.push(chars.next().unwrap()),
            '"' => {
                within = !within;
                field.1 = true;
            }
            ',' if !within => record.push((String::new(), false)),
            '\n' if !within => records.push(vec![(String::new(), false)]),
            c => field.0.push(c),
        }
    }
    assert!(!within);
    assert_eq!(records.pop(), Some(vec![(String::new(), false)]), "the last line ends");
    records
}

#[test]
fn values_are_written_as_copy_reads_them() {
    assert_eq!(column(BooleanArray::from(vec![Some(true), Some(false), None])), ["t", "f", NULL]);
    assert_eq!(
        column(Int64Array::from(vec![Some(i64::MIN), None])),
        ["-9223372036854775808", NULL]
    );
    let decimal = |values: Vec<i128>, scale| {
        column(Decimal128Array::from(values).with_precision_and_scale(38, scale).unwrap())
    };
    assert_eq!(decimal(vec![5, -5, 12_345], 3), ["0.005", "-0.005", "12.345"]);
    assert_eq!(decimal(vec![-7, 10], 0), ["-7", "10"]);
    let nines = "9".repeat(38);
    assert_eq!(decimal(vec![10_i128.pow(38) - 1], 37), [format!("9.{}", &nines[1..])]);
    assert_eq!(
        column(Date32Array::from(vec![-719_162, -1, 0, 2_932_896])),
        ["0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31"]
    );
    let at = TimestampMicrosecondArray::from(vec![Some(-1), Some(1_700_000_000_000_001), None]);
    assert_eq!(
        column(at.clone()),
        ["1969-12-31 23:59:59.999999", "2023-11-14 22:13:20.000001", NULL]
    );
    assert_eq!(column(at.with_timezone("UTC"))[0], "1969-12-31 23:59:59.999999+00");
}

#[test]
fn floating_point_reads_back_by_way_of_double() {
    let values = vec![f64::MAX, f64::MIN_POSITIVE, 0.1, -0.0];
    let texts = ["1.7976931348623157e308", "2.2250738585072014e-308", "0.1", "-0.0"];
    assert_eq!(column(Float64Array::from(values)), texts);
    let values = vec![f32::MAX, f32::MIN_POSITIVE, 0.1];
    for (text, value) in column(Float32Array::from(values.clone())).iter().zip(values) {
        assert_eq!(text.parse::<f64>().unwrap(), f64::from(value), "{text}");
    }
}

/// What refuses values, and which rows.
fn refused(array: &dyn Array) -> (Option<Cause>, Vec<usize>) {
    let misfit = check(array);
    let rows = misfit.iter().flat_map(|misfit| &misfit.rows).map(|refused| refused.row).collect();
    (misfit.map(|misfit| misfit.cause), rows)
}

#[test]
fn floating_point_that_no_text_carries_is_refused() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -5e-324] {
        let values = Float64Array::from(vec![None, Some(0.0), Some(value), Some(value)]);
        assert_eq!(refused(&values), (Some(Cause::CsvNumber), vec![2, 3]), "{value}");
    }
    for value in [f32::NAN, f32::INFINITY, f32::from_bits(1)] {
        let values = Float32Array::from(vec![value]);
        assert_eq!(refused(&values), (Some(Cause::CsvNumber), vec![0]), "{value}");
    }
    assert!(check(&Float64Array::from(vec![f64::MIN_POSITIVE, -0.0])).is_none());
}

#[test]
fn empty_text_is_not_null() {
    let lines = column(StringArray::from(vec![Some(""), None, Some(" a "), Some("a,\"b\"")]));
    assert_eq!(lines, ["\"\"", NULL, "\" a \"", "\"a,\"\"b\"\"\""]);
}

#[test]
fn text_that_could_be_taken_for_null_is_refused() {
    let text = StringArray::from(vec![Some("x"), None, Some(NULL), Some(NULL)]);
    assert_eq!(refused(&text), (Some(Cause::CsvNull), vec![2, 3]));
    let near = StringArray::from(vec!["@null@", "@NULL@ ", "NULL"]);
    assert!(check(&near).is_none());
}

/// What COPY is told is what is written.
#[test]
fn the_statement_names_the_marks() {
    assert!(CSV_PARAMETERS.contains(&format!("NULL AS '{NULL}'")));
    assert!(
        CSV_PARAMETERS.contains("QUOTE AS '\"'") && CSV_PARAMETERS.contains("DELIMITER AS ','")
    );
}

proptest! {
    #[test]
    fn text_comes_back(rows in prop::collection::vec(
        (prop::option::of("[\",\n\r\\\\a-c ä]{0,8}"), prop::option::of(".{0,8}")), 1..30,
    )) {
        let (left, right): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
        let batch = batch(vec![
            Arc::new(StringArray::from(left)),
            Arc::new(StringArray::from(right)),
        ]);
        let back: Vec<(Option<String>, Option<String>)> = read(&text_of(&batch))
            .into_iter()
            .map(|record| {
                let mut fields = record.into_iter().map(|(text, quoted)| match quoted {
                    true => Some(text),
                    false => { assert_eq!(text, NULL); None }
                });
                (fields.next().unwrap(), fields.next().unwrap())
            })
            .collect();
        prop_assert_eq!(back, rows);
    }

    #[test]
    fn floating_point_comes_back(bits in any::<u64>()) {
        let (double, single) = (f64::from_bits(bits), f32::from_bits(bits as u32));
        prop_assume!(double.is_finite() && single.is_finite());
        let text = column(Float64Array::from(vec![double]));
        prop_assert_eq!(text[0].parse::<f64>().unwrap().to_bits(), double.to_bits());
        let text = column(Float32Array::from(vec![single]));
        prop_assert_eq!(text[0].parse::<f32>().unwrap().to_bits(), single.to_bits());
    }

    #[test]
    fn decimals_come_back(value in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_i8..=37) {
        let array = Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap();
        let text = column(array).remove(0);
        let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(fraction, scale as usize);
        prop_assert_eq!(text.replace('.', "").parse::<i128>().unwrap(), value);
    }
}
