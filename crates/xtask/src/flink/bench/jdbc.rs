//! `cargo xtask bench jdbc`: this sink in jdbc mode beside Flink's JDBC connector, into one
//! server, at several round-trip times.
//!
//! Both append through the stand-in's front, which checks and rewrites every statement. By key the
//! JDBC connector cannot write there, as it cannot into Redshift: it reaches the PostgreSQL behind
//! the front directly, and has what Redshift lacks (ON CONFLICT, and the unique index that it needs).

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{
    Effort, jar_named,
    measure::{self, Sample, Settings},
    other_jars,
    sinks::JDBC_JARS,
};
use crate::{
    controlled::Controlled,
    flink::{
        home::{Home, VERSION_2},
        parts::{self, Parts},
    },
    jar::Profile,
    relay::{Relay, Upstream},
};

/// What is added to a round trip, and how many times the JDBC connector's rows this sink has to
/// write then: with both at a batch size of 1,000, and with each at its best.
const ROUND_TRIPS: [(Duration, f64, f64); 3] = [
    (Duration::ZERO, 1.5, 2.0),
    (Duration::from_micros(2_500), 3.0, 5.0),
    (Duration::from_millis(12), 5.0, 20.0),
];

/// Rows of a flush, this sink's and the JDBC connector's: first the same for both, then larger ones.
/// Each one's best is the best of its own.
const BATCH: [&[u32]; 2] = [&[1_000], &[1_000]];
const LARGE: [&[u32]; 2] = [&[20_000], &[5_000, 20_000]];

/// Keyed rows are of so many keys, which come again and again.
const KEYS: u32 = 100_000;

const COLUMNS: &str =
    "user_type INT, `language` STRING, country STRING, gender STRING, score DOUBLE";
const POSTGRES_COLUMNS: &str =
    "user_type INT, language TEXT, country TEXT, gender TEXT, score DOUBLE PRECISION";

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Case {
    keyed: bool,
    /// Whether it is the JDBC connector that is measured.
    peer: bool,
    batch: u32,
    delay: Duration,
}

impl Case {
    /// Whether the connector reaches the PostgreSQL behind the stand-in's front directly.
    fn is_behind_the_front(self) -> bool {
        self.peer && self.keyed
    }
}

/// Measures all of it, and prints the table with its goals.
pub fn run(effort: Effort) -> Result<()> {
    let parts = Parts::build(Profile::Release)?;
    let others = other_jars()?;
    let home = Home::of(VERSION_2)?;
    let mut stand_in = Controlled::start(&parts.stand_in, "bench")?;
    let mut lines = Vec::new();
    for keyed in [false, true] {
        for (delay, at_batch, at_best) in ROUND_TRIPS {
            let mut best = [0.0_f64; 2];
            for (name, sizes, goal) in [("1,000", BATCH, at_batch), ("best", LARGE, at_best)] {
                for (peer, best) in [false, true].into_iter().zip(&mut best) {
                    for batch in sizes[usize::from(peer)].iter().copied() {
                        let case = Case { keyed, peer, batch, delay };
                        println!("\n-- {case:?}");
                        let sample = measure(case, &parts, &others, &home, &mut stand_in, effort)?;
                        println!("-- {sample}");
                        *best = best.max(sample.rows_per_second);
                    }
                }
                lines.push(line(keyed, delay, name, best, goal));
            }
        }
    }
    println!(
        "\nRows a second, this sink (at-least-once) and Flink's JDBC connector (rewritten batches), one \
         writer each, {} s each, with batches of 1,000 and each at its best:\n",
        effort.time.as_secs()
    );
    lines.iter().for_each(|line| println!("{line}"));
    stand_in.stop()
}

fn line(keyed: bool, delay: Duration, name: &str, rows: [f64; 2], goal: f64) -> String {
    let times = rows[0] / rows[1];
    format!(
        "{:<6} +{:>4.1} ms  {name:<5}: {:>7.0} and {:>7.0} = {times:>5.1} times; goal {goal}: {}",
        if keyed { "keyed" } else { "append" },
        delay.as_secs_f64() * 1000.0,
        rows[0],
        rows[1],
        if times >= goal { "met" } else { "MISSED" },
    )
}

fn measure(
    case: Case,
    parts: &Parts,
    others: &Path,
    home: &Home,
    stand_in: &mut Controlled,
    effort: Effort,
) -> Result<Sample> {
    let directory = parts::workshop("bench")?;
    let own_port = stand_in.connection["port"].clone();
    let socket = stand_in.text("postgres_socket")?;
    let port = own_port.as_u64().and_then(|port| u16::try_from(port).ok());
    let upstream = match port {
        _ if case.is_behind_the_front() => Upstream::Socket(socket.into()),
        Some(port) => Upstream::Port(port),
        None => bail!("the stand-in tells no port"),
    };
    let relay = Relay::start(upstream, case.delay)?;
    create(case, stand_in)?;
    let mut jars = vec![parts.jar.clone()];
    for jar in JDBC_JARS {
        jars.push(jar_named(others, jar)?);
    }
    let database = stand_in.text("database")?;
    let settings = Settings {
        home,
        tools: &parts.tools,
        jars,
        script: script(case, &peer_options(case, relay.port, &database, stand_in)?),
        time: effort.time,
    };
    stand_in.connection["port"] = json!(relay.port);
    let sample = measure::measure(&settings, stand_in, &directory);
    stand_in.connection["port"] = own_port;
    sample.with_context(|| format!("{case:?}"))
}

/// An empty table, the same in columns for both. Who reaches PostgreSQL directly has its own types,
/// which cost it less than the stand-in's, and an index for the key.
fn create(case: Case, stand_in: &mut Controlled) -> Result<()> {
    let id = if case.keyed { "user_id BIGINT NOT NULL" } else { "user_id BIGINT" };
    stand_in.postgres("DROP TABLE IF EXISTS public.bench")?;
    let columns = POSTGRES_COLUMNS.replace("TEXT", "VARCHAR(64)");
    let create = format!("CREATE TABLE public.bench ({id}, {columns})");
    if case.is_behind_the_front() {
        return stand_in
            .postgres(&format!("{create}; CREATE UNIQUE INDEX ON public.bench (user_id)"));
    }
    stand_in.rows(&create)?;
    match case.peer {
        true => stand_in.rows("GRANT INSERT ON bench TO watcher").map(|_| ()),
        false => Ok(()),
    }
}

/// The JDBC connector's options.
fn peer_options(case: Case, port: u16, database: &str, stand_in: &Controlled) -> Result<String> {
    // Behind the front anybody may enter; before it, this driver knows no login but by MD5.
    let (user, password) = match case.is_behind_the_front() {
        true => ("rdsdb", "any".to_owned()),
        false => ("watcher", stand_in.text("password")?),
    };
    Ok(format!(
        "'connector' = 'jdbc', 'table-name' = 'public.bench', 'username' = '{user}', 'password' = \
         '{password}', 'url' = \
         'jdbc:postgresql://127.0.0.1:{port}/{database}?reWriteBatchedInserts=true', \
         'sink.buffer-flush.max-rows' = '{}'",
        case.batch
    ))
}

fn script(case: Case, peer: &str) -> String {
    let options = match case.peer {
        true => peer.to_owned(),
        false => format!(
            "'connector' = 'redshift', 'table-name' = 'bench', 'sink.write.mode' = 'jdbc', \
             'sink.batch-size' = '{}'",
            case.batch
        ),
    };
    let (key, id) = match case.keyed {
        true => (", PRIMARY KEY (user_id) NOT ENFORCED", format!("MOD(user_id, {KEYS})")),
        false => ("", "user_id".to_owned()),
    };
    format!(
        "SET 'pipeline.name' = 'bench';
SET 'parallelism.default' = '1';
SET 'execution.checkpointing.interval' = '10 s';
SET 'table.exec.sink.require-on-conflict' = 'false';
CREATE TABLE users (user_id BIGINT, {COLUMNS}) WITH ('connector' = 'users', 'rows' = 'OBJECTS');
CREATE TABLE target (user_id BIGINT, {COLUMNS}{key}) WITH ({options});
INSERT INTO target SELECT CAST({id} AS BIGINT), user_type, `language`, country, gender, score FROM users;
"
    )
}
