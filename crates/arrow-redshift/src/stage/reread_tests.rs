use arrow::{
    array::{
        BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array,
        Int32Array, Int64Array, TimestampMicrosecondArray,
    },
    datatypes::{Field, Schema},
};

use super::*;
use crate::stage::encode::Encoder;

/// One column of each type that parts have, with its extremes.
fn every_type(format: CopyFormat) -> RecordBatch {
    let micros = |values: [Option<i64>; 3]| TimestampMicrosecondArray::from(values.to_vec());
    let far = [Some(-62_135_596_800_000_000), Some(253_402_300_799_999_999), None];
    let decimals = |values: [Option<i128>; 3], precision, scale| {
        let decimals = Decimal128Array::from(values.to_vec());
        decimals.with_precision_and_scale(precision, scale).unwrap()
    };
    let widest = 10_i128.pow(38) - 1;
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), None])),
        Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), None])),
        Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None])),
        Arc::new(Float32Array::from(vec![Some(-0.0), Some(f32::MAX), None])),
        Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::MIN_POSITIVE), None])),
        Arc::new(decimals([Some(-1), Some(999), None], 3, 2)),
        Arc::new(decimals([Some(-widest), Some(widest), None], 38, 37)),
        Arc::new(StringArray::from(vec![Some("a \"b\", c\r\n\nd 😀 "), Some(""), None])),
        Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff\x10"[..]), Some(b"z"), None])),
        Arc::new(Date32Array::from(vec![Some(-719_162), Some(2_932_896), None])),
        Arc::new(micros(far)),
    ];
    if format == CopyFormat::Csv {
        columns.push(Arc::new(micros(far).with_timezone(crate::types::UTC)));
    }
    let fields = columns
        .iter()
        .enumerate()
        .map(|(at, column)| Field::new(format!("c{at}"), column.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn encoded(format: CopyFormat, batch: &RecordBatch) -> Bytes {
    let mut encoder = Encoder::open(format, &batch.schema(), batch).unwrap();
    encoder.write(batch).unwrap();
    let (full, rest) = encoder.finish().unwrap();
    full.into_iter().chain([rest]).flatten().collect()
}

#[test]
fn what_was_written_is_read() {
    for format in [CopyFormat::Parquet, CopyFormat::Csv] {
        let batch = every_type(format);
        let read = batches(encoded(format, &batch), format, &batch.schema()).unwrap();
        let read: Vec<RecordBatch> = read.collect::<Result<_>>().unwrap();
        assert_eq!(read, [batch], "{format:?}");
    }
}

#[test]
fn what_was_not_written_is_refused_without_showing_it() {
    for format in [CopyFormat::Parquet, CopyFormat::Csv] {
        let batch = every_type(format);
        let bytes = encoded(format, &batch);
        let cut = bytes.slice(..bytes.len() / 2);
        let read = batches(cut, format, &batch.schema())
            .and_then(|batches| batches.collect::<Result<Vec<_>>>());
        assert!(read.is_err(), "{format:?}");
    }
    let batch = every_type(CopyFormat::Csv);
    let bytes = encoded(CopyFormat::Csv, &batch.project(&[8]).unwrap());
    let schema = batch.project(&[2]).unwrap().schema();
    let mut read = batches(bytes, CopyFormat::Csv, &schema).unwrap();
    let error = read.next().unwrap().unwrap_err();
    assert!(!format!("{error:?}").contains("😀"), "{error:?}");
}
