//! Random rows of every type: what goes in comes out, every way, appended and by key.

use std::collections::BTreeMap;

use arrow_redshift::{
    sink::{Committer, Prepared},
    types::{FlinkType, default_target},
};
use proptest::{
    collection::vec,
    num::{f32, f64},
    option,
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};
use redshift_local::config::Isolation;
use tokio_postgres::Client;

use crate::{
    WAYS,
    cases::{TROUBLE, flink},
    support::{self, KINDS, Kind},
    table::{Field, Table, load, prepare, reader},
    values::{Value, cells},
};

const TYPES: [&str; 23] = [
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INT",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL(4, 4)",
    "DECIMAL(12, 3)",
    "DECIMAL(19, 9)",
    "DECIMAL(38, 20)",
    "CHAR(30)",
    "STRING",
    "DATE",
    "TIMESTAMP(3)",
    "TIMESTAMP(9)",
    "TIMESTAMP_LTZ(6)",
    "BYTES",
    "TIME(6)",
    "INTERVAL DAY TO SECOND",
    "ARRAY<ROW<a DOUBLE, b STRING, c BYTES>>",
    "MAP<STRING, ARRAY<TIMESTAMP(6)>>",
    "MULTISET<BIGINT>",
];

/// The way that carries what JSON does.
const WITHIN: &str = "parquet";

/// Keys of keyed rows: few, so that they meet again.
const KEYS: i64 = 40;

fn any_value(declared: &FlinkType, way: &str) -> BoxedStrategy<Value> {
    match *declared {
        FlinkType::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        FlinkType::TinyInt => any::<i8>().prop_map(|value| Value::Int(value.into())).boxed(),
        FlinkType::SmallInt => any::<i16>().prop_map(|value| Value::Int(value.into())).boxed(),
        FlinkType::Int => any::<i32>().prop_map(|value| Value::Int(value.into())).boxed(),
        FlinkType::BigInt => any::<i64>().prop_map(Value::Int).boxed(),
        // CSV carries numbers only, and Parquet alone subnormal ones.
        FlinkType::Float => match way {
            "parquet" => f32::ANY,
            "csv" => f32::NORMAL | f32::ZERO,
            _ => f32::NORMAL | f32::ZERO | f32::INFINITE | f32::QUIET_NAN,
        }
        .prop_map(Value::Float)
        .boxed(),
        FlinkType::Double => match way {
            "parquet" => f64::ANY,
            "csv" => f64::NORMAL | f64::ZERO,
            _ => f64::NORMAL | f64::ZERO | f64::INFINITE | f64::QUIET_NAN,
        }
        .prop_map(Value::Double)
        .boxed(),
        FlinkType::Decimal { precision, .. } => {
            let most = 10_i128.pow(u32::from(precision)) - 1;
            (-most..=most).prop_map(Value::Decimal).boxed()
        }
        FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String => any_text().boxed(),
        FlinkType::Date => (-719_162..=2_932_896).prop_map(Value::Day).boxed(),
        FlinkType::Timestamp(_) | FlinkType::TimestampLtz(_) => {
            let micros = -62_135_596_800_000_000..=253_402_300_799_999_999_i64;
            micros.prop_map(Value::At).boxed()
        }
        // Parquet alone carries empty bytes.
        FlinkType::Binary(_) | FlinkType::VarBinary(_) | FlinkType::Bytes => {
            vec(any::<u8>(), usize::from(way != "parquet")..40).prop_map(Value::Bytes).boxed()
        }
        FlinkType::Time(_) => (0..86_400_000_000_i64).prop_map(Value::Clock).boxed(),
        FlinkType::IntervalYearMonth => any::<i32>().prop_map(Value::Months).boxed(),
        FlinkType::IntervalDaySecond => any::<i64>().prop_map(Value::Millis).boxed(),
        FlinkType::Array(ref element) => {
            vec(any_or_null(&element.data_type), 0..4).prop_map(Value::List).boxed()
        }
        FlinkType::Multiset(ref element) => any_entries(&element.data_type, &FlinkType::Int),
        FlinkType::Map(ref key, ref value) => any_entries(&key.data_type, &value.data_type),
        FlinkType::Row(ref fields) => {
            let fields: Vec<_> = fields.iter().map(|field| any_or_null(&field.data_type)).collect();
            fields.prop_map(Value::Fields).boxed()
        }
    }
}

/// A value within another, which is JSON whichever way it goes.
fn any_or_null(declared: &FlinkType) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.85, any_value(declared, WITHIN)).boxed()
}

/// Entries whose keys differ.
fn any_entries(key: &FlinkType, value: &FlinkType) -> BoxedStrategy<Value> {
    let entry = (any_value(key, WITHIN), any_value(value, WITHIN));
    let distinct = |entries: Vec<(Value, Value)>| {
        let mut kept: Vec<(Value, Option<Value>)> = Vec::new();
        for (key, value) in entries {
            if kept.iter().all(|(other, _)| *other != key) {
                kept.push((key, Some(value)));
            }
        }
        Value::Entries(kept)
    };
    vec(entry, 0..4).prop_map(distinct).boxed()
}

/// At most 30 characters: any but NUL, and often those that mean something to some layer.
fn any_text() -> impl Strategy<Value = Value> {
    let piece = prop_oneof![
        3 => select(&[" ", "\"", ",", "\n", "\r", "\\", "'", "@NULL", "@", "ä", "x"][..])
            .prop_map(str::to_owned),
        1 => select(&TROUBLE[..]).prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..10).prop_map(|pieces| {
        let text = pieces.concat().replace('\0', "").chars().take(30).collect();
        // The one text that CSV cannot tell from NULL.
        Value::Text(if text == "@NULL@" { String::new() } else { text })
    })
}

/// A row: its key, and a value or NULL for each of the types.
type Row = (i64, Vec<Option<Value>>);

fn any_rows(way: &str) -> impl Strategy<Value = Vec<Row>> {
    let values: Vec<_> = TYPES
        .iter()
        .map(|declared| option::weighted(0.85, any_value(&flink(declared), way)))
        .collect();
    vec((0..KEYS, values), 1..60)
}

fn table(name: &str, rows: &[Row]) -> Table {
    let fields = TYPES.iter().enumerate().map(|(at, declared)| {
        let declared = flink(declared);
        let mut field = Field::new(
            &format!("c{at}"),
            declared.clone(),
            default_target(&declared, 65_535),
            Vec::new(),
        );
        field.values = rows.iter().map(|(_, values)| values[at].clone()).collect();
        field
    });
    let mut table = Table::new(name.to_owned(), rows.len(), fields.collect());
    table.fields[0].values = rows.iter().map(|(key, _)| Some(Value::Int(*key))).collect();
    table
}

/// One table that is loaded again and again, and what it must hold.
struct Loaded {
    name: String,
    kind: Kind,
    sink: Prepared,
    committer: Committer,
    checkpoint: u64,
    rows: BTreeMap<i64, Vec<Option<Value>>>,
}

impl Loaded {
    async fn load(&mut self, mut rows: Vec<Row>, reader: &Client) {
        if self.kind == Kind::Append {
            // Appended rows are told apart by numbers that go on.
            let first = self.rows.len() as i64;
            rows.iter_mut().zip(first..).for_each(|(row, number)| row.0 = number);
        }
        self.checkpoint += 1;
        let batch = table(&self.name, &rows).batch();
        load(&self.sink, &mut self.committer, self.checkpoint, &batch, None).await;
        self.rows.extend(rows);

        // Of an append table, the rows that came now; the last look is at all of them.
        let from = match self.kind {
            Kind::Append => self.rows.len() - batch.num_rows(),
            Kind::Keyed => 0,
        };
        self.check(from as i64, reader).await;
    }

    async fn check(&self, from: i64, reader: &Client) {
        let rows: Vec<Row> =
            self.rows.range(from..).map(|(key, values)| (*key, values.clone())).collect();
        let columns: Vec<String> = (0..TYPES.len()).map(|at| format!("c{at}")).collect();
        let sql = format!(
            "SELECT id, {} FROM {} WHERE id >= {from} ORDER BY id",
            columns.join(", "),
            self.name
        );
        table(&self.name, &rows).assert_are(&cells(reader, &sql).await, "random rows");
    }
}

/// Fixed unless the environment asks for another seed.
fn config() -> Config {
    let asked = Config::default();
    let rng_seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_130_101),
        fixed => fixed,
    };
    // Each case is a commit, and a load that fails once is as good a witness as a smaller one.
    Config { cases: 6, max_shrink_iters: 20, failure_persistence: None, rng_seed, ..asked }
}

#[test]
fn random_rows_come_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(support::warehouse(Isolation::Snapshot));
    for (way, kind) in WAYS.iter().flat_map(|way| KINDS.map(|kind| (*way, kind))) {
        let name = format!("random_{way}_{kind:?}").to_lowercase();
        let reader = runtime.block_on(reader(&server));
        let sink = runtime.block_on(prepare(&server, &table(&name, &[]), kind, way));
        let committer = sink.committer();
        let rows = BTreeMap::new();
        let loaded = Loaded { name, kind, sink, committer, checkpoint: 0, rows };
        let loaded = std::cell::RefCell::new(loaded);
        let comes_back = |rows: Vec<Row>| {
            runtime.block_on(loaded.borrow_mut().load(rows, &reader));
            Ok(())
        };
        TestRunner::new(config()).run(&any_rows(way), comes_back).unwrap();
        runtime.block_on(loaded.borrow().check(0, &reader));
    }
    runtime.block_on(server.stop()).unwrap();
}
