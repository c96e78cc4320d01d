use std::sync::Arc;

use ::parquet::{
    arrow::arrow_reader::ParquetRecordBatchReaderBuilder,
    basic::{Encoding, LogicalType, PageType, TimeUnit as ParquetUnit, Type as Physical},
    column::page::PageReader,
    file::{
        metadata::ParquetMetaData,
        reader::{FileReader, SerializedFileReader},
    },
};
use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
        Int16Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
    },
    compute::concat_batches,
};

use super::*;

fn encode(batches: &[RecordBatch]) -> Bytes {
    let mut encoder = ParquetEncoder::open(batches[0].schema_ref(), &batches[0]).unwrap();
    let mut file = Vec::new();
    for batch in batches {
        encoder.write(batch).unwrap();
        file.extend(encoder.take_full());
    }
    let (full, rest) = encoder.finish().unwrap();
    file.extend(full);
    file.push(rest);
    file.concat().into()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .unwrap()
}

fn every_type() -> RecordBatch {
    let decimal = |value: i128, precision: u8, scale| -> ArrayRef {
        let values = Decimal128Array::from(vec![Some(value), None, Some(-value)]);
        Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
    };
    batch(vec![
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("i16", Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX)]))),
        ("i32", Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX)]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(f32::MIN), None, Some(f32::NAN)]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(f64::INFINITY)]))),
        ("d9", decimal(999_999_999, 9, 2)),
        ("d18", decimal(10_i128.pow(18) - 1, 18, 2)),
        ("d19", decimal(10_i128.pow(19) - 1, 19, 0)),
        ("d38", decimal(10_i128.pow(38) - 1, 38, 37)),
        ("text", Arc::new(StringArray::from(vec![Some(""), None, Some("ä\n\"x\"")]))),
        ("day", Arc::new(Date32Array::from(vec![Some(-1), None, Some(20_000)]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1 << 50)]))),
    ])
}

fn metadata(file: &Bytes) -> ParquetMetaData {
    SerializedFileReader::new(file.clone()).unwrap().metadata().clone()
}

#[test]
fn every_type_reads_back() {
    let written = every_type();
    let file = encode(std::slice::from_ref(&written));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let read: Vec<_> = reader.map(Result::unwrap).collect();
    let read = concat_batches(&read[0].schema(), &read).unwrap();
    for ((field, expected), found) in
        written.schema_ref().fields().iter().zip(written.columns()).zip(read.columns())
    {
        assert_eq!(expected.as_ref(), found.as_ref(), "{}", field.name());
    }
}

/// The layout of each type as COPY is documented, or was seen, to load it.
#[test]
fn columns_are_laid_out_as_copy_loads_them() {
    let file = encode(&[every_type()]);
    let metadata = metadata(&file);
    let schema = metadata.file_metadata().schema_descr();
    let column = |name: &str| {
        let column = schema.columns().iter().find(|column| column.name() == name).unwrap();
        assert_eq!(column.max_def_level(), 1, "{name} is optional");
        (column.physical_type(), column.logical_type_ref().cloned(), column.type_length())
    };
    let decimal = |precision, scale| Some(LogicalType::decimal(scale, precision));
    assert_eq!(column("b"), (Physical::BOOLEAN, None, -1));
    assert_eq!(column("i16").0, Physical::INT32);
    assert_eq!(column("i16").1, Some(LogicalType::integer(16, true)));
    assert_eq!(column("i32"), (Physical::INT32, None, -1));
    assert_eq!(column("i64"), (Physical::INT64, None, -1));
    assert_eq!(column("f32"), (Physical::FLOAT, None, -1));
    assert_eq!(column("f64"), (Physical::DOUBLE, None, -1));
    assert_eq!(column("d9"), (Physical::INT32, decimal(9, 2), -1));
    assert_eq!(column("d18"), (Physical::INT64, decimal(18, 2), -1));
    assert_eq!(column("d19"), (Physical::FIXED_LEN_BYTE_ARRAY, decimal(19, 0), 9));
    assert_eq!(column("d38"), (Physical::FIXED_LEN_BYTE_ARRAY, decimal(38, 37), 16));
    assert_eq!(column("text").0, Physical::BYTE_ARRAY);
    assert_eq!(column("text").1, Some(LogicalType::String));
    assert_eq!(column("day"), (Physical::INT32, Some(LogicalType::Date), -1));
    assert_eq!(column("at").0, Physical::INT64);
    assert_eq!(column("at").1, Some(LogicalType::timestamp(false, ParquetUnit::MICROS)));
}

/// COPY wants the least length that holds the precision.
#[test]
fn long_decimals_have_the_least_length() {
    for precision in 19..=38_u8 {
        let values = Decimal128Array::from(vec![1]);
        let values = values.with_precision_and_scale(precision, 0).unwrap();
        let file = encode(&[batch(vec![("d", Arc::new(values))])]);
        let metadata = metadata(&file);
        let length = metadata.file_metadata().schema_descr().column(0).type_length();
        // The greatest magnitude and a sign, in bits.
        let bits = (10_u128.pow(u32::from(precision)) - 1).ilog2() + 2;
        assert_eq!(length, bits.div_ceil(8) as i32, "DECIMAL({precision})");
    }
}

#[test]
fn pages_and_footer_hold_nothing_that_copy_need_not_read() {
    let file = encode(&[every_type()]);
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata();
    assert_eq!(metadata.file_metadata().version(), 1);
    assert_eq!(metadata.file_metadata().key_value_metadata(), None);
    let group = reader.get_row_group(0).unwrap();
    for (index, column) in metadata.row_group(0).columns().iter().enumerate() {
        assert_eq!(column.compression(), Compression::SNAPPY);
        assert!(column.statistics().is_none());
        assert!(column.offset_index_offset().is_none() && column.column_index_offset().is_none());
        let known =
            [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY, Encoding::PLAIN_DICTIONARY];
        assert!(column.encodings().all(|encoding| known.contains(&encoding)), "{column:?}");
        let mut pages: Box<dyn PageReader> = group.get_column_page_reader(index).unwrap();
        while let Some(page) = pages.get_next_page().unwrap() {
            assert_ne!(page.page_type(), PageType::DATA_PAGE_V2);
        }
    }
}

#[test]
fn dictionaries_are_for_text_that_repeats() {
    let rows = 5000;
    let text = |distinct: i32| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| (row % distinct).to_string())))
    };
    let file = encode(&[batch(vec![
        ("few", text(5)),
        ("many", text(4000)),
        ("number", Arc::new(Int32Array::from_value(1, rows as usize))),
        ("nothing", Arc::new(StringArray::from(vec![None::<&str>; rows as usize]))),
    ])]);
    let metadata = metadata(&file);
    let with: Vec<_> = metadata
        .row_group(0)
        .columns()
        .iter()
        .map(|column| column.dictionary_page_offset().is_some())
        .collect();
    assert_eq!(with, [true, false, false, true]);
}

#[test]
fn few_rows_decide_for_a_dictionary() {
    let text = |rows: usize| StringArray::from_iter_values((0..rows).map(|row| row.to_string()));
    assert!(repeats(&text(10)));
    assert!(!repeats(&text(LEAST_SAMPLE_ROWS)));
}

#[test]
fn row_groups_end_by_memory() {
    // 64 KiB that do not compress.
    let mut noise = 1_u64;
    let mut wide = || -> String {
        (0..65_535)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b' ' + (noise >> 58) as u8)
            })
            .collect()
    };
    let batches: Vec<_> = (0..20)
        .map(|_| {
            let text = StringArray::from_iter_values((0..32).map(|_| wide()));
            batch(vec![("text", Arc::new(text))])
        })
        .collect();
    let mut encoder = ParquetEncoder::open(batches[0].schema_ref(), &batches[0]).unwrap();
    let mut largest = 0;
    for batch in &batches {
        encoder.write(batch).unwrap();
        largest = largest.max(encoder.writer.memory_size());
        encoder.take_full();
    }
    assert!(largest < ROW_GROUP_BYTES, "{largest}");
    assert!(encoder.writer.flushed_row_groups().len() >= 2);
}
