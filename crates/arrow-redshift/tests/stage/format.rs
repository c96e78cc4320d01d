//! What is in a part, whatever comes in: random rows come back from Parquet and from CSV.

use std::{io::Read, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array,
        RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    datatypes::{DataType, TimeUnit},
};
use arrow_redshift::{
    options::CopyFormat,
    stage::{StageWriter, StagedShape},
    types::{RedshiftType, TablePlan},
};
use flate2::read::GzDecoder;
use proptest::prelude::*;

use crate::support::{LARGE, column, fetch, in_memory, read};

pub type Row = (
    Option<bool>,
    Option<i32>,
    Option<f64>,
    Option<i128>,
    Option<String>,
    Option<i32>,
    Option<i64>,
);

pub fn any_row() -> impl Strategy<Value = Row> {
    (
        any::<Option<bool>>(),
        any::<Option<i32>>(),
        // Without the subnormal ones, which CSV does not carry.
        prop::option::of(prop::num::f64::NORMAL | prop::num::f64::ZERO),
        prop::option::of(-(10_i128.pow(20))..10_i128.pow(20)),
        prop::option::of("[a-cä\", \n]{0,12}"),
        prop::option::of(-700_000..2_900_000_i32),
        prop::option::of(-60_000_000_000_000_000..250_000_000_000_000_000_i64),
    )
}

pub fn plan() -> Arc<TablePlan> {
    let at = DataType::Timestamp(TimeUnit::Microsecond, None);
    let decimal = RedshiftType::Decimal { precision: 21, scale: 3 };
    let columns = [
        ("flag", DataType::Boolean, RedshiftType::Boolean),
        ("number", DataType::Int32, RedshiftType::Integer),
        ("real", DataType::Float64, RedshiftType::Double),
        ("amount", DataType::Decimal128(21, 3), decimal),
        ("text", DataType::Utf8, RedshiftType::VarChar(100)),
        ("day", DataType::Date32, RedshiftType::Date),
        ("at", at, RedshiftType::Timestamp),
    ];
    let columns = columns
        .into_iter()
        .enumerate()
        .map(|(index, (name, staged, target))| column(index, name, staged, target))
        .collect();
    Arc::new(TablePlan { columns, direct: true, complete: true })
}

pub fn batch(rows: &[Row]) -> RecordBatch {
    let amounts: Decimal128Array = rows.iter().map(|row| row.3).collect();
    let amounts = amounts.with_precision_and_scale(21, 3).unwrap();
    let columns: [(&str, ArrayRef); 7] = [
        ("flag", Arc::new(rows.iter().map(|row| row.0).collect::<BooleanArray>())),
        ("number", Arc::new(rows.iter().map(|row| row.1).collect::<Int32Array>())),
        ("real", Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>())),
        ("amount", Arc::new(amounts)),
        ("text", Arc::new(rows.iter().map(|row| row.4.as_deref()).collect::<StringArray>())),
        ("day", Arc::new(rows.iter().map(|row| row.5).collect::<Date32Array>())),
        ("at", Arc::new(rows.iter().map(|row| row.6).collect::<TimestampMicrosecondArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn staged(format: CopyFormat, batches: &[RecordBatch]) -> (RecordBatch, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (staging, store) = in_memory();
        let shape = StagedShape::Append;
        let mut writer = StageWriter::new(staging, plan(), shape, 0, 1, format, LARGE).unwrap();
        for batch in batches {
            writer.write(batch, None).await.unwrap();
        }
        let parts = writer.close(1).await.unwrap();
        match format {
            CopyFormat::Parquet => (read(store.as_ref(), &parts).await, String::new()),
            CopyFormat::Csv => {
                let file = fetch(store.as_ref(), &parts[0]).await;
                let mut text = String::new();
                GzDecoder::new(file.as_ref()).read_to_string(&mut text).unwrap();
                (batches[0].clone(), text)
            }
        }
    })
}

/// One record as a reader that knows the target's types understands it. Only text is quoted, so an
/// unquoted marker is NULL.
fn parsed(record: &csv::StringRecord) -> Row {
    let field = |index: usize| Some(&record[index]).filter(|text| *text != "@NULL@");
    let days = |text: &str| {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        (day - chrono::NaiveDate::default()).num_days() as i32
    };
    let micros = |text: &str| {
        let at = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.6f").unwrap();
        at.and_utc().timestamp_micros()
    };
    (
        field(0).map(|text| text == "t"),
        field(1).map(|text| text.parse().unwrap()),
        field(2).map(|text| text.parse().unwrap()),
        field(3).map(|text| text.replace('.', "").parse().unwrap()),
        field(4).map(str::to_owned),
        field(5).map(days),
        field(6).map(micros),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_come_back_from_parquet(rows in prop::collection::vec(any_row(), 1..60)) {
        let (first, second) = rows.split_at(rows.len() / 2);
        let (read, _) = staged(CopyFormat::Parquet, &[batch(first), batch(second)]);
        prop_assert_eq!(read, batch(&rows));
    }

    #[test]
    fn rows_come_back_from_csv(rows in prop::collection::vec(any_row(), 1..60)) {
        let (_, text) = staged(CopyFormat::Csv, &[batch(&rows)]);
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let back: Vec<Row> = reader.records().map(|record| parsed(&record.unwrap())).collect();
        prop_assert_eq!(back, rows);
    }
}
