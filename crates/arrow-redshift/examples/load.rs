//! Loads rows of the `t_user` shape, and a random token with each, through the whole sink and prints
//! how long it took and the most memory this process held: `load <connection file> <rows>
//! [append|keyed]`. Without the token a million rows would be too few bytes to fill what a writer
//! may hold, and no measure of whether memory grows with the volume.
//!
//! The connection file is what `flink-redshift local --connection-file` writes; server and S3 run
//! in that process, so that neither their time nor their memory is counted here.
#![allow(clippy::print_stdout, reason = "a program that prints its measurements")]

use std::{error::Error, sync::Arc, time::Instant};

use arrow::{
    array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    datatypes::SchemaRef,
};
use arrow_redshift::{
    options,
    sink::{Identity, LaunchId, Progress, Sink},
    types::{Column, FlinkType, TableSchema},
};
use futures::stream;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const BATCH_ROWS: i64 = 8192;
const LANGUAGES: [&str; 8] = ["en", "de", "fr", "es", "pt", "ja", "zh", "hi"];
const COUNTRIES: [&str; 12] =
    ["US", "DE", "FR", "ES", "BR", "JP", "CN", "IN", "GB", "CA", "MX", "AR"];
const GENDERS: [&str; 3] = ["female", "male", "other"];

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, rows, rest @ ..] = arguments.as_slice() else {
        return Err("usage: load <connection file> <rows> [append|keyed]".into());
    };
    let connection: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let rows: i64 = rows.parse()?;
    let keyed = rest.first().is_some_and(|mode| mode == "keyed");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(load(&connection, rows, keyed))
}

async fn load(connection: &Value, rows: i64, keyed: bool) -> Result<(), Failure> {
    let schema = schema(keyed)?;
    let config = options::sink(&options_of(connection, rows, keyed))?.config;
    let identity =
        Identity { launch: LaunchId::fresh(), sink: "1:t_user".into(), job: "bench load".into() };
    let arrow = schema.arrow();
    let sink = Sink::new(config, schema, identity)?.prepare(&[]).await?;

    let starts = (0..rows).step_by(BATCH_ROWS as usize);
    let batches = starts.map(move |start| batch(&arrow, start..rows.min(start + BATCH_ROWS)));
    let (progress, stop) = (Progress::default(), CancellationToken::new());
    let started = Instant::now();
    let summary = sink.load(stream::iter(batches), &progress, &stop).await?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} rows, {} parts, {:.1} MB staged, {seconds:.1} s, {:.0} rows/s, peak memory {} MiB",
        summary.loaded_rows,
        summary.parts,
        summary.bytes as f64 / 1e6,
        rows as f64 / seconds,
        peak_memory()?,
    );
    Ok(())
}

fn schema(keyed: bool) -> Result<TableSchema, Failure> {
    let columns = [
        ("user_id", FlinkType::BigInt),
        ("user_type", FlinkType::Int),
        ("language", FlinkType::String),
        ("country", FlinkType::String),
        ("gender", FlinkType::String),
        ("score", FlinkType::Double),
        ("session", FlinkType::String),
    ];
    let columns = columns.map(|(name, data_type)| Column {
        name: name.into(),
        data_type,
        nullable: name != "user_id",
    });
    let key = if keyed { vec!["user_id".into()] } else { Vec::new() };
    Ok(TableSchema::new(columns.into(), key)?)
}

fn options_of(connection: &Value, rows: i64, keyed: bool) -> Vec<(String, String)> {
    let of = |key: &str| match &connection[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let table = format!("bench_{}_{rows}", if keyed { "keyed" } else { "append" });
    [
        ("hostname", of("host")),
        ("port", of("port")),
        ("database-name", of("database")),
        ("username", of("user")),
        ("password", of("password")),
        ("ssl.root-cert", of("ca_file")),
        ("table-name", table),
        ("sink.write.mode", "copy".into()),
        ("sink.create-table", "if-not-exists".into()),
        ("sink.write.temp.s3-uri", "s3://bench/temp".into()),
        ("aws.iam-role", "default".into()),
        ("aws.region", "us-east-1".into()),
        ("s3.endpoint", of("s3_endpoint")),
        ("s3.path-style-access", "true".into()),
        ("aws.credentials.basic.accesskeyid", of("access_key_id")),
        ("aws.credentials.basic.secretkey", of("secret_access_key")),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn batch(schema: &SchemaRef, ids: std::ops::Range<i64>) -> Result<RecordBatch, Failure> {
    let pick = |from: &'static [&'static str], step: i64| -> ArrayRef {
        let texts = ids.clone().map(|id| from[(id / step % from.len() as i64) as usize]);
        Arc::new(StringArray::from_iter_values(texts))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(Int32Array::from_iter_values(ids.clone().map(|id| (id % 5) as i32))),
        pick(&LANGUAGES, 1),
        pick(&COUNTRIES, 3),
        pick(&GENDERS, 2),
        Arc::new(Float64Array::from_iter_values(ids.clone().map(|id| id as f64 * 0.37))),
        Arc::new(StringArray::from_iter_values(ids.clone().map(session))),
    ];
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// 96 digits that nothing compresses, as of a session's token.
fn session(id: i64) -> String {
    let scattered = |seed: u64| {
        let mut bits = (id as u64 * 6 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    };
    (1..=6).map(|seed| format!("{:016x}", scattered(seed))).collect()
}

/// The most memory that this process ever held, in MiB.
fn peak_memory() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    Ok(kib / 1024)
}
