//! Whatever the rows are, Parquet and CSV give PostgreSQL the same bytes.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
        Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    util::display::array_value_to_string,
};
use chrono::DateTime;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use redshift_local::copy::target::ColumnType;

use crate::support::{World, gzip};

const NULL: &str = "@null@";

/// One row of every type that both formats carry.
#[derive(Debug, Clone)]
struct Record {
    flag: Option<bool>,
    small: Option<i16>,
    integer: Option<i32>,
    big: Option<i64>,
    real: Option<f32>,
    double: Option<f64>,
    money: Option<i128>,
    wide: Option<i128>,
    text: Option<String>,
    code: Option<String>,
    day: Option<i32>,
    time: Option<i64>,
}

/// Days and microseconds of the years that four digits can write.
const DAYS: std::ops::Range<i32> = -719_162..2_932_897;
const MICROS_PER_DAY: i64 = 86_400_000_000;

fn record() -> impl Strategy<Value = Record> {
    let ten = |digits: u32| 10i128.pow(digits);
    let numbers = (
        option::of(any::<bool>()),
        option::of(any::<i16>()),
        option::of(any::<i32>()),
        option::of(any::<i64>()),
        option::of(proptest::num::f32::NORMAL | proptest::num::f32::ZERO),
        option::of(proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL),
        option::of(-ten(9) + 1..ten(9)),
        option::of(prop_oneof![-ten(38) + 1..ten(38), -ten(6)..ten(6)]),
    );
    let others = (
        option::of(text()),
        option::of("[ -~]{0,12}"),
        option::of(DAYS),
        option::of(i64::from(DAYS.start) * MICROS_PER_DAY..i64::from(DAYS.end) * MICROS_PER_DAY),
    );
    (numbers, others).prop_map(
        |((flag, small, integer, big, real, double, money, wide), (text, code, day, time))| {
            Record { flag, small, integer, big, real, double, money, wide, text, code, day, time }
        },
    )
}

/// Text with what CSV minds: quotes, delimiters, line ends, blanks, characters of several bytes.
fn text() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("\"".to_owned()),
        Just(",".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(" ".to_owned()),
        Just("\\".to_owned()),
        Just("é€😀".to_owned()),
        any::<char>().prop_filter("NUL loads nowhere", |c| *c != '\0').prop_map(String::from),
    ];
    vec(odd, 0..12).prop_map(|pieces| pieces.concat())
}

fn columns() -> Vec<(&'static str, ColumnType)> {
    vec![
        ("flag", ColumnType::Boolean),
        ("small", ColumnType::SmallInt),
        ("integer", ColumnType::Integer),
        ("big", ColumnType::BigInt),
        ("real", ColumnType::Real),
        ("double", ColumnType::Double),
        ("money", ColumnType::Decimal(9, 3)),
        ("wide", ColumnType::Decimal(38, 11)),
        ("text", ColumnType::VarChar(200)),
        ("code", ColumnType::Char(12)),
        ("day", ColumnType::Date),
        ("time", ColumnType::Timestamp),
    ]
}

fn batch(records: &[Record]) -> RecordBatch {
    fn all<T>(records: &[Record], field: impl Fn(&Record) -> T) -> Vec<T> {
        records.iter().map(field).collect()
    }
    let decimal = |values: Vec<Option<i128>>, precision, scale| {
        let array = Decimal128Array::from(values).with_precision_and_scale(precision, scale);
        Arc::new(array.expect("a decimal")) as ArrayRef
    };
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(BooleanArray::from(all(records, |r| r.flag))),
        Arc::new(Int16Array::from(all(records, |r| r.small))),
        Arc::new(Int32Array::from(all(records, |r| r.integer))),
        Arc::new(Int64Array::from(all(records, |r| r.big))),
        Arc::new(Float32Array::from(all(records, |r| r.real))),
        Arc::new(Float64Array::from(all(records, |r| r.double))),
        decimal(all(records, |r| r.money), 9, 3),
        decimal(all(records, |r| r.wide), 38, 11),
        Arc::new(StringArray::from(all(records, |r| r.text.clone()))),
        Arc::new(StringArray::from(all(records, |r| r.code.clone()))),
        Arc::new(Date32Array::from(all(records, |r| r.day))),
        Arc::new(TimestampMicrosecondArray::from(all(records, |r| r.time))),
    ];
    let named = columns().into_iter().zip(arrays).map(|((name, _), array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(named).expect("a batch")
}

fn parquet(batch: &RecordBatch, group: usize, page: usize) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(group))
        .set_data_page_row_count_limit(page)
        .set_write_batch_size(page)
        .build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(batch).expect("rows");
    writer.close().expect("a file");
    bytes
}

/// The batch as CSV, every value in quotes.
fn csv(batch: &RecordBatch) -> Vec<u8> {
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for (i, array) in batch.columns().iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            if array.is_null(row) {
                text.push_str(NULL);
                continue;
            }
            let value = match array.as_any().downcast_ref::<TimestampMicrosecondArray>() {
                Some(times) => time(times.value(row)),
                None => array_value_to_string(array, row).expect("a value"),
            };
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        }
        text.push('\n');
    }
    gzip(text.as_bytes())
}

fn time(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).expect("a time");
    time.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

#[test]
fn parquet_and_csv_are_the_same_rows() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let input = (vec(record(), 0..60), 1usize..40, 1usize..20);
    runner
        .run(&input, |(records, group, page)| {
            let batch = batch(&records);
            let world = World::new(&columns());
            world.put("x.parquet", parquet(&batch, group, page));
            world.put("x.csv.gz", csv(&batch));
            let null = format!("CSV GZIP NULL AS '{NULL}'");
            let (columnar, lines) = runtime.block_on(async {
                (world.load("x.parquet", "PARQUET").await, world.load("x.csv.gz", &null).await)
            });
            let columnar = columnar.map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
            let lines = lines.map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
            prop_assert_eq!(columnar.loaded.rows as usize, records.len());
            prop_assert_eq!(&columnar.rows, &lines.rows);
            prop_assert_eq!(columnar.stream, lines.stream);
            for (row, record) in columnar.rows.iter().zip(&records) {
                prop_assert_eq!(&row[3], &record.big.map(|v| v.to_string()));
                prop_assert_eq!(&row[8], &record.text);
                prop_assert_eq!(&row[9], &record.code.as_ref().map(|c| format!("{c:12}")));
                prop_assert_eq!(&row[11], &record.time.map(time));
            }
            Ok(())
        })
        .expect("the same rows");
}
