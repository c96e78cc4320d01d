//! One row shape that most suites load: its batches, its sinks, and what a table holds of it.

use std::{collections::BTreeMap, sync::Arc};

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_redshift::{
    options,
    sink::{CommitPoint, Committable, Identity, LaunchId, Prepared, Sink},
    stage::RowKind,
    types::{Column, FlinkType, TableSchema},
};
use tokio_postgres::{Client, SimpleQueryMessage};

/// How a table takes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Append,
    Keyed,
}

pub const KINDS: [Kind; 2] = [Kind::Append, Kind::Keyed];

pub fn schema(kind: Kind) -> TableSchema {
    let column =
        |name: &str, data_type, nullable| Column { name: name.into(), data_type, nullable };
    let key = if kind == Kind::Keyed { vec!["id".to_owned()] } else { Vec::new() };
    let columns = vec![
        column("id", FlinkType::BigInt, false),
        column("name", FlinkType::String, true),
        column("score", FlinkType::Double, true),
        column("seen", FlinkType::Timestamp(3), true),
    ];
    TableSchema::new(columns, key).expect("a valid schema")
}

/// Rows `(id, name)` with a score and a time that follow from the id.
pub fn batch(rows: &[(i64, &str)]) -> RecordBatch {
    let ids: Int64Array = rows.iter().map(|(id, _)| Some(*id)).collect();
    let names: StringArray = rows.iter().map(|(_, name)| Some(*name)).collect();
    let scores: Float64Array = rows.iter().map(|(id, _)| Some(*id as f64 / 2.0)).collect();
    let times: TimestampMicrosecondArray =
        rows.iter().map(|(id, _)| Some(1_357_034_400_000_000 + id * 1_000_000)).collect();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(ids), Arc::new(names), Arc::new(scores), Arc::new(times)];
    RecordBatch::try_new(schema(Kind::Append).arrow(), columns).expect("a valid batch")
}

pub fn identity(launch: LaunchId) -> Identity {
    Identity { launch, sink: "1:test".into(), job: "test job".into() }
}

/// A sink over options, with a fresh launch unless one is named by `sink.run-id`.
pub fn sink(options: &BTreeMap<String, String>, schema: TableSchema) -> Sink {
    let pairs: Vec<(String, String)> =
        options.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let config = options::sink(&pairs).expect("valid options").config;
    let launch = config.run_id.as_deref().map_or_else(LaunchId::fresh, LaunchId::named);
    Sink::new(config, schema, identity(launch)).expect("a valid sink")
}

pub async fn prepared(options: &BTreeMap<String, String>, kind: Kind) -> Prepared {
    sink(options, schema(kind)).prepare(&[]).await.expect("prepares")
}

/// Stages rows and gathers them into a committable for a checkpoint.
pub async fn staged(
    sink: &Prepared,
    checkpoint: u64,
    rows: &[(i64, &str)],
    kinds: Option<&[RowKind]>,
) -> Committable {
    let mut writer = sink.writer(0, checkpoint).expect("a writer");
    writer.write(&batch(rows), kinds).await.expect("writes");
    let parts = writer.close(checkpoint).await.expect("closes");
    sink.gather(&CommitPoint::Checkpoint(checkpoint), parts)
        .expect("a fresh launch")
        .expect("something was staged")
}

/// A query's rows as text, NULL as `NULL`.
pub async fn rows(client: &Client, sql: &str) -> Vec<Vec<String>> {
    let messages =
        client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).unwrap_or("NULL").to_owned()).collect())
            }
            _ => None,
        })
        .collect()
}

/// The table's `(id, name)` in order; every other column is checked against the id.
pub async fn content(client: &Client, table: &str) -> Vec<(i64, String)> {
    let sql = format!("SELECT id, name, score, seen FROM {table} ORDER BY id, name");
    let rows = rows(client, &sql).await;
    rows.into_iter()
        .map(|row| {
            let id: i64 = row[0].parse().expect("an id");
            let score: f64 = row[2].parse().expect("a score");
            assert_eq!(score, id as f64 / 2.0, "score of {id}");
            let seen = chrono::DateTime::from_timestamp(1_357_034_400 + id, 0).expect("a time");
            assert_eq!(row[3], seen.format("%Y-%m-%d %H:%M:%S").to_string(), "time of {id}");
            (id, row[1].clone())
        })
        .collect()
}

pub fn owned(rows: &[(i64, &str)]) -> Vec<(i64, String)> {
    rows.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}
