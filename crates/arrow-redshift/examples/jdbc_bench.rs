//! Rows a second that one writer of jdbc mode gets into a stand-in, at any round-trip time.
//!
//! `cargo run --release -p arrow-redshift --example jdbc_bench -- [append|keyed] [rows] [batch size]
//! [milliseconds]`: the last is added to every round trip by a relay on loopback. The rows are those
//! of FLIP-307's `t_user`. It needs PostgreSQL's binaries, as the stand-in does.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    collections::VecDeque,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_redshift::{
    options,
    sink::{Identity, LaunchId, Sink},
    types::{Column, FlinkType, TableSchema},
};
use redshift_local::{
    RedshiftLocal,
    config::{Config, StoredPassword, User},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep_until,
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Rows of a batch that is given to the writer.
const GIVEN: i64 = 500;
const PASSWORD: &str = "Swordfish-1";

struct Run {
    keyed: bool,
    rows: i64,
    batch_size: usize,
    delay: Duration,
}

fn arguments() -> Outcome<Run> {
    let mut words = std::env::args().skip(1);
    let keyed = match words.next().as_deref() {
        None | Some("append") => false,
        Some("keyed") => true,
        Some(other) => return Err(format!("append or keyed, not {other}").into()),
    };
    let rows = words.next().map_or(Ok(50_000), |word| word.parse())?;
    let batch_size = words.next().map_or(Ok(1000), |word| word.parse())?;
    let millis: f64 = words.next().map_or(Ok(0.0), |word| word.parse())?;
    Ok(Run { keyed, rows, batch_size, delay: Duration::try_from_secs_f64(millis / 1000.0)? })
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let run = arguments()?;
    let user = User {
        name: "loader".into(),
        password: PASSWORD.into(),
        stored: StoredPassword::Md5,
        superuser: true,
    };
    let server = RedshiftLocal::start(Config { users: vec![user], ..Config::default() }).await?;
    let port = match run.delay.is_zero() {
        true => server.port(),
        false => relay(server.port(), run.delay).await?,
    };
    let sink = Sink::new(config(&server, port, &run)?, schema(run.keyed)?, identity())?;
    let prepared = sink.prepare(&[]).await?;
    let mut writer = prepared.writer(0, 0)?;

    let started = Instant::now();
    for first in (0..run.rows).step_by(GIVEN as usize) {
        writer.write(&batch(first..(first + GIVEN).min(run.rows))?, None).await?;
    }
    writer.close(1).await?;
    let took = started.elapsed();
    let flushed = writer.flushed();
    println!(
        "{} {} rows, batches of {}, {:?} of added round-trip time: {:.0} rows/s, {} transactions, \
         {} retries",
        if run.keyed { "keyed" } else { "append" },
        flushed.rows,
        run.batch_size,
        run.delay,
        run.rows as f64 / took.as_secs_f64(),
        flushed.transactions,
        flushed.retries,
    );
    server.stop().await?;
    Ok(())
}

fn config(server: &RedshiftLocal, port: u16, run: &Run) -> Outcome<options::SinkConfig> {
    let pairs: Vec<(String, String)> = [
        ("connector", "redshift".to_owned()),
        ("hostname", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
        ("username", "loader".to_owned()),
        ("password", PASSWORD.to_owned()),
        ("ssl.root-cert", server.ca_file().display().to_string()),
        ("table-name", "t_user".to_owned()),
        ("sink.create-table", "if-not-exists".to_owned()),
        ("sink.batch-size", run.batch_size.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    Ok(options::sink(&pairs)?.config)
}

fn identity() -> Identity {
    Identity { launch: LaunchId::fresh(), sink: "1:t_user".into(), job: "jdbc_bench".into() }
}

fn schema(keyed: bool) -> Outcome<TableSchema> {
    let columns = [
        ("user_id", FlinkType::BigInt),
        ("user_type", FlinkType::Int),
        ("language", FlinkType::String),
        ("country", FlinkType::String),
        ("gender", FlinkType::String),
        ("score", FlinkType::Double),
    ];
    let columns = columns.map(|(name, data_type)| Column {
        nullable: name != "user_id",
        name: name.into(),
        data_type,
    });
    let key = if keyed { vec!["user_id".to_owned()] } else { Vec::new() };
    Ok(TableSchema::new(columns.into(), key)?)
}

fn batch(ids: std::ops::Range<i64>) -> Outcome<RecordBatch> {
    let text = |words: &'static [&'static str]| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            ids.clone().map(move |id| words[id as usize % words.len()]),
        ))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(Int32Array::from_iter_values(ids.clone().map(|id| (id % 7) as i32))),
        text(&["English", "Deutsch", "français", "日本語"]),
        text(&["US", "DE", "FR", "JP", "BR"]),
        text(&["f", "m", "x"]),
        Arc::new(Float64Array::from_iter_values(ids.clone().map(|id| id as f64 / 3.0))),
    ];
    Ok(RecordBatch::try_new(schema(false)?.arrow(), columns)?)
}

/// A relay to a port of loopback that gives every byte half of `delay` later, in both directions.
async fn relay(to: u16, delay: Duration) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { continue };
            let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(late(from_client, to_server, delay / 2));
            tokio::spawn(late(from_server, to_client, delay / 2));
        }
    });
    Ok(port)
}

/// Passes bytes on, each so much later than it came; how many are on the way has no bound, as on a
/// long line.
async fn late(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    delay: Duration,
) {
    let mut on_the_way: VecDeque<(tokio::time::Instant, Vec<u8>)> = VecDeque::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut open = true;
    while open || !on_the_way.is_empty() {
        let due = on_the_way.front().map(|(due, _)| *due);
        tokio::select! {
            read = from.read(&mut buffer), if open => match read {
                Ok(0) | Err(_) => open = false,
                Ok(bytes) => {
                    let due = tokio::time::Instant::now() + delay;
                    on_the_way.push_back((due, buffer[..bytes].to_vec()));
                }
            },
            () = sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() => {
                let Some((_, bytes)) = on_the_way.pop_front() else { continue };
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
    let _ = to.shutdown().await;
}
