//! `cargo xtask bench jdbc`: this sink in jdbc mode beside Flink's JDBC connector, into one
//! server, at several round-trip times.
//!
//! Both append through the stand-in's front, which checks and rewrites every statement. By key the
//! JDBC connector is measured twice: there, looking up each key, which is what it does for a database
//! without an upsert; and directly in the PostgreSQL behind the front, with what Redshift lacks (ON
//! CONFLICT, and the unique index that it needs).

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

/// Rows of a flush: the same for both.
const BATCH: u32 = 1_000;
/// Larger ones, this sink's and the JDBC connector's. Each one's best is the best of all its sizes.
const LARGE: u32 = 20_000;
const PEERS_LARGE: [u32; 2] = [5_000, 20_000];

/// Keyed rows are of so many keys, which come again and again.
const KEYS: u32 = 100_000;

const COLUMNS: &str =
    "user_type INT, `language` STRING, country STRING, gender STRING, score DOUBLE";
const POSTGRES_COLUMNS: &str =
    "user_type INT, language TEXT, country TEXT, gender TEXT, score DOUBLE PRECISION";

/// A connector that looks each key up writes a batch of 1,000 in as many round trips: so long that one
/// is there to be counted.
const LOOKUP_TIME: Duration = Duration::from_secs(60);

/// Who writes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// This sink.
    Own,
    /// The JDBC connector, through the stand-in's front; by key it looks each row up.
    Jdbc,
    /// The JDBC connector with ON CONFLICT, in the PostgreSQL behind the front.
    Upserts,
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Case {
    keyed: bool,
    writer: Writer,
    batch: u32,
    delay: Duration,
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
            let mut measured = |writer, batch| {
                let case = Case { keyed, writer, batch, delay };
                println!("\n-- {case:?}");
                let sample = measure(case, &parts, &others, &home, &mut stand_in, effort)?;
                println!("-- {sample}");
                anyhow::Ok(sample.rows_per_second)
            };
            let own = measured(Writer::Own, BATCH)?;
            let own_best = own.max(measured(Writer::Own, LARGE)?);
            let writer = if keyed { Writer::Upserts } else { Writer::Jdbc };
            let peer = measured(writer, BATCH)?;
            let mut peer_best = peer;
            for batch in PEERS_LARGE {
                peer_best = peer_best.max(measured(writer, batch)?);
            }
            let mut compare = |writer, name, rows, goal| {
                lines.push(line(keyed, writer, delay, name, rows, goal));
            };
            compare(writer, "1,000", [own, peer], at_batch);
            compare(writer, "best", [own_best, peer_best], at_best);
            if keyed {
                // Each row waits for an answer, whatever the size of a batch.
                let peer = measured(Writer::Jdbc, BATCH)?;
                compare(Writer::Jdbc, "1,000", [own, peer], at_batch);
                compare(Writer::Jdbc, "best", [own_best, peer], at_best);
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

fn line(
    keyed: bool,
    peer: Writer,
    delay: Duration,
    name: &str,
    rows: [f64; 2],
    goal: f64,
) -> String {
    let times = rows[0] / rows[1];
    let how = match (keyed, peer) {
        (false, _) => "append",
        (true, Writer::Upserts) => "keyed, ON CONFLICT behind the front",
        (true, _) => "keyed, looking up",
    };
    format!(
        "{how:<35} +{:>4.1} ms  {name:<5}: {:>7.0} and {:>7.0} = {times:>6.1} times; goal {goal}: {}",
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
        _ if case.writer == Writer::Upserts => Upstream::Socket(socket.into()),
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
        time: match (case.keyed, case.writer) {
            (true, Writer::Jdbc) => effort.time.max(LOOKUP_TIME),
            _ => effort.time,
        },
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
    if case.writer == Writer::Upserts {
        return stand_in
            .postgres(&format!("{create}; CREATE UNIQUE INDEX ON public.bench (user_id)"));
    }
    stand_in.rows(&create)?;
    match case.writer {
        Writer::Jdbc => {
            stand_in.rows("GRANT SELECT, INSERT, UPDATE, DELETE ON bench TO watcher").map(|_| ())
        }
        Writer::Own | Writer::Upserts => Ok(()),
    }
}

/// The JDBC connector's options.
fn peer_options(case: Case, port: u16, database: &str, stand_in: &Controlled) -> Result<String> {
    // Behind the front anybody may enter; before it, this driver knows no login but by MD5.
    let (user, password) = match case.writer {
        Writer::Upserts => ("rdsdb", "any".to_owned()),
        Writer::Own | Writer::Jdbc => ("watcher", stand_in.text("password")?),
    };
    // A dialect of the tools' jar.
    let dialect = match (case.keyed, case.writer) {
        (true, Writer::Jdbc) => "lookup:",
        _ => "",
    };
    Ok(format!(
        "'connector' = 'jdbc', 'table-name' = 'public.bench', 'username' = '{user}', 'password' = \
         '{password}', 'url' = \
         'jdbc:{dialect}postgresql://127.0.0.1:{port}/{database}?reWriteBatchedInserts=true', \
         'sink.buffer-flush.max-rows' = '{}'",
        case.batch
    ))
}

/// Flink would put an operator before the JDBC connector's keyed table that keeps every row of each
/// key, without end, since it takes a key that comes again for a row more. This sink tells the planner
/// that it needs none.
const NO_MATERIALIZER: &str = "SET 'table.exec.sink.upsert-materialize' = 'NONE';";

fn script(case: Case, peer: &str) -> String {
    let options = match case.writer {
        Writer::Jdbc | Writer::Upserts => peer.to_owned(),
        Writer::Own => format!(
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
{NO_MATERIALIZER}
CREATE TABLE users (user_id BIGINT, {COLUMNS}) WITH ('connector' = 'users', 'rows' = 'OBJECTS');
CREATE TABLE target (user_id BIGINT, {COLUMNS}{key}) WITH ({options});
INSERT INTO target SELECT CAST({id} AS BIGINT), user_type, `language`, country, gender, score FROM users;
"
    )
}
