//! A job as Java's operators drive it: writers, the one that gathers, and a committer.

use std::time::{SystemTime, UNIX_EPOCH};

use arrow_redshift::types::FlinkType;
use flink_redshift_jni::{
    calls::{self, Call, END_OF_INPUT, Place},
    plan::Declaration,
};

use super::{
    encoder::{INSERT, Value, buffer, row},
    stand::Stand,
};

/// How long a call waits before it is asked again.
const SLICE: i32 = 50;
/// Rows of one push.
const PUSH: usize = 500;

const COLUMNS: [(&str, &str); 4] = [
    ("id", "BIGINT NOT NULL"),
    ("name", "VARCHAR(2147483647)"),
    ("amount", "DECIMAL(20, 4)"),
    ("seen", "TIMESTAMP(6) WITH LOCAL TIME ZONE"),
];
const TYPES: [FlinkType; 4] = [
    FlinkType::BigInt,
    FlinkType::String,
    FlinkType::Decimal { precision: 20, scale: 4 },
    FlinkType::TimestampLtz(6),
];

/// A row: what it does, its id and its name; the rest follows from the id.
pub type Change<'a> = (u8, i64, &'a str);

pub struct Job {
    pub plan: Vec<u8>,
}

impl Job {
    /// An append-only job into `table`, with options beside the usual ones.
    pub fn new(stand: &Stand, table: &str, more: &[(&str, &str)]) -> Job {
        Job::planned(declaration(stand, table, more))
    }

    pub fn keyed(stand: &Stand, table: &str) -> Job {
        let key = vec!["id".to_owned()];
        Job::planned(Declaration { primary_key: key, ..declaration(stand, table, &[]) })
    }

    pub fn planned(declaration: Declaration) -> Job {
        Job { plan: calls::plan(declaration).unwrap_or_else(|error| panic!("{error:?}")) }
    }

    fn place<'a>(&'a self, operator: &'a str) -> Place<'a> {
        Place { plan: &self.plan, operator, job: "a job" }
    }

    pub fn writer(&self, subtask: i32, parallelism: i32, restored: i64) -> i64 {
        let place = self.place("writer");
        calls::open_writer(place, subtask, parallelism, restored, false, false).unwrap()
    }

    pub fn timed_writer(&self) -> i64 {
        calls::open_writer(self.place("writer"), 0, 1, -1, true, false).unwrap()
    }

    pub fn committer(&self, timeout_millis: i64) -> i64 {
        calls::open_committer(self.place("committer"), timeout_millis).unwrap()
    }

    pub fn gather(&self, checkpoint: i64, staged: &[Vec<u8>]) -> Option<Vec<u8>> {
        let staged: Vec<_> = staged.iter().filter(|bytes| !bytes.is_empty()).cloned().collect();
        calls::gather(self.place("aggregator"), checkpoint, &staged).unwrap()
    }

    /// Commits with a committer of its own; what it tells.
    pub fn commit(&self, commit: &[u8]) -> Vec<i64> {
        let committer = self.committer(0);
        let facts = apply(committer, commit).unwrap_or_else(|error| panic!("{error:?}"));
        calls::close_committer(committer).unwrap();
        facts
    }
}

pub fn declaration(stand: &Stand, table: &str, more: &[(&str, &str)]) -> Declaration {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let mut options = stand.options(table);
    options.retain(|(key, _)| more.iter().all(|(other, _)| key != other));
    options.extend(more.iter().map(owned));
    Declaration {
        options,
        columns: COLUMNS.iter().map(owned).collect(),
        primary_key: Vec::new(),
        written: None,
        overwrite: false,
        comment: None,
        column_comments: Vec::new(),
    }
}

/// Encoded rows.
pub fn rows(changes: &[Change<'_>]) -> Vec<Vec<u8>> {
    let row = |(kind, id, name): &Change<'_>| {
        let values = [
            Value::BigInt(*id),
            Value::Text(name.as_bytes().to_vec()),
            Value::Decimal(i128::from(*id) * 12_345),
            Value::Time(1_357_034_400_000 + id, 123_000),
        ];
        row(*kind, &TYPES, &values)
    };
    changes.iter().map(row).collect()
}

/// Inserts of so many ids.
pub fn inserts(ids: std::ops::Range<i64>) -> Vec<Vec<u8>> {
    rows(&ids.map(|id| (INSERT, id, "a name")).collect::<Vec<_>>())
}

/// Pushes rows in buffers, waiting where there is no room.
pub fn push(writer: i64, rows: &[Vec<u8>]) -> Call<()> {
    for chunk in rows.chunks(PUSH) {
        let bytes = buffer(chunk);
        while !calls::push(writer, &bytes, chunk.len() as i32, now())? {
            while !calls::await_room(writer, SLICE)? {}
        }
    }
    Ok(())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Closes what was pushed; what was staged.
pub fn stage(writer: i64, checkpoint: i64) -> Call<Vec<u8>> {
    calls::begin_close(writer, checkpoint, checkpoint == END_OF_INPUT)?;
    loop {
        if let Some(staged) = calls::take_staged(writer, SLICE)? {
            return Ok(staged);
        }
    }
}

pub fn apply(committer: i64, commit: &[u8]) -> Call<Vec<i64>> {
    calls::begin_commit(committer, commit)?;
    loop {
        if let Some(facts) = calls::await_commit(committer, SLICE)? {
            return Ok(facts);
        }
    }
}

/// The table's ids and names, every other column checked against the id.
pub fn content(stand: &Stand, table: &str) -> Vec<(i64, String)> {
    let sql = format!("SELECT id, name, amount, seen FROM {table} ORDER BY id, name");
    let rows = stand.query(&sql);
    let checked = rows.into_iter().map(|row| {
        let id: i64 = row[0].parse().unwrap();
        let unscaled = i128::from(id) * 12_345;
        let sign = if unscaled < 0 { "-" } else { "" };
        let amount = unscaled.unsigned_abs();
        assert_eq!(row[2], format!("{sign}{}.{:04}", amount / 10_000, amount % 10_000), "{id}");
        let seconds = 1_357_034_400 + (id.div_euclid(1000));
        let micros = id.rem_euclid(1000) * 1000 + 123;
        let minutes = (seconds - 1_357_034_400) / 60;
        let expected = format!("2013-01-01 10:{minutes:02}:{:02}.{micros:06}+00", seconds % 60);
        assert_eq!(row[3], expected.replace(".000000", ""), "{id}");
        (id, row[1].clone())
    });
    checked.collect()
}

pub fn owned(rows: &[(i64, &str)]) -> Vec<(i64, String)> {
    rows.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}
