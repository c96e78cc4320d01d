//! What a column or a way cannot carry: a clear error before anything is staged or sent, never a load
//! that fails later.

use arrow_redshift::{
    ErrorKind, limits,
    sink::Prepared,
    types::{FlinkType, RedshiftType},
};
use redshift_local::config::Isolation;

use crate::{
    WAYS,
    cases::{flink, redshift},
    support::{self, BUCKET, Kind, Warehouse},
    table::{Field, Table, commit, prepare, reader},
    values::{Value, at, text},
};

/// A value in a column, the ways that refuse it, and words of the error.
struct Misfit {
    column: &'static str,
    value: Option<Value>,
    refused_by: &'static [&'static str],
    words: &'static str,
}

const ALL: &[&str] = &WAYS;
const CSV: &[&str] = &["csv"];
const JDBC: &[&str] = &["jdbc", "jdbc_exactly_once"];
const NO_PARQUET: &[&str] = &["csv", "jdbc", "jdbc_exactly_once"];
const NONE: &[&str] = &[];

fn misfits() -> Vec<Misfit> {
    let misfit = |(column, value, refused_by, words)| Misfit { column, value, refused_by, words };
    let mut all = texts();
    all.extend(decimals());
    all.extend(times());
    all.extend(floats());
    all.extend(bytes_and_clocks());
    all.extend(nested());
    all.push(("needed", None, ALL, "NULL"));
    all.into_iter().map(misfit).collect()
}

type Row = (&'static str, Option<Value>, &'static [&'static str], &'static str);

fn texts() -> Vec<Row> {
    vec![
        ("narrow", Some(text("éééééé")), ALL, "12 bytes"),
        ("narrow", Some(text("           ")), ALL, "11 bytes"),
        ("narrow", Some(text("a\0b")), ALL, "NUL"),
        ("wide", Some(Value::Text("x".repeat(65_536))), ALL, "65536 bytes"),
        ("wide", Some(Value::Text("😀".repeat(16_384))), ALL, "65536 bytes"),
        ("wide", Some(text("@NULL@")), CSV, "@NULL@"),
        ("single", Some(text("café")), ALL, "multi-byte"),
        ("single", Some(text("12345678901")), ALL, "11 bytes"),
        ("widest", Some(letters(limits::CHAR_BYTES)), NONE, ""),
        ("widest", Some(letters(limits::CHAR_BYTES + 1)), ALL, "4097 bytes"),
    ]
}

/// A text of so many bytes.
fn letters(bytes: u64) -> Value {
    Value::Text("x".repeat(bytes as usize))
}

fn decimals() -> Vec<Row> {
    [
        ("cut", 10_i128.pow(18), "19 digits"),
        ("cut", 1 - 10_i128.pow(20), "20 digits"),
        ("nineteen", i128::from(i64::MAX) + 1, "19 digits"),
        ("nineteen", i128::from(i64::MIN), "19 digits"),
        ("grown", 10_i128.pow(8), "9 digits"),
        // Beyond what its own type allows, as arithmetic may leave a value.
        ("exact", 100_000, "6 digits"),
        ("exact", -(1 << 40), "13 digits"),
        ("longest", 10_i128.pow(38), "39 digits"),
        ("longest", i128::MIN, "39 digits"),
    ]
    .map(|(column, value, words)| (column, Some(Value::Decimal(value)), ALL, words))
    .to_vec()
}

fn times() -> Vec<Row> {
    const WORDS: &str = "years 1 to 9999";
    let edge = |text: &str, step: i64| match at(text) {
        Value::At(micros) => micros + step,
        other => panic!("{other:?} is no time"),
    };
    let (early, late) = (edge("0001-01-01 00:00:00", -1), edge("9999-12-31 23:59:59.999999", 1));
    let mut rows: Vec<Row> = [-719_163, 2_932_897, i32::MIN, i32::MAX]
        .map(|days| ("day", Some(Value::Day(days)), ALL, WORDS))
        .to_vec();
    for column in ["clock", "instant", "utc"] {
        let values = [early, late, i64::MIN, i64::MAX];
        rows.extend(values.map(|micros| (column, Some(Value::At(micros)), ALL, WORDS)));
    }
    rows
}

/// Parquet holds the bits of every floating-point number; COPY reads these from no text, and
/// statements carry no subnormal ones.
fn floats() -> Vec<Row> {
    const WORDS: &str = "subnormal number";
    let by = |subnormal| if subnormal { NO_PARQUET } else { CSV };
    let doubles = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -1e-310];
    let floats = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-45, -1e-40];
    let mut rows: Vec<Row> = doubles
        .map(|value| ("double", Some(Value::Double(value)), by(value.is_subnormal()), WORDS))
        .to_vec();
    for value in floats {
        rows.push(("float", Some(Value::Float(value)), by(value.is_subnormal()), WORDS));
        // As DOUBLE the least FLOAT is a number like any other.
        let refused_by = if value.is_subnormal() { NONE } else { CSV };
        rows.push(("widened", Some(Value::Float(value)), refused_by, WORDS));
    }
    rows
}

fn bytes_and_clocks() -> Vec<Row> {
    let bytes = |length| Some(Value::Bytes(vec![0; length]));
    let clock = |micros| Some(Value::Clock(micros));
    let mut rows = vec![
        ("bytes", bytes(11), ALL, "11 bytes"),
        ("bytes", bytes(0), NO_PARQUET, "an empty value"),
        ("long", bytes(32_768), JDBC, "statements carry at most 32767"),
    ];
    for column in ["time", "dated"] {
        for micros in [-1, 86_400_000_000, i64::MIN, i64::MAX] {
            rows.push((column, clock(micros), ALL, "no time of a day"));
        }
    }
    rows
}

fn nested() -> Vec<Row> {
    const WORDS: &str = "that SUPER cannot hold as it is";
    let list = |value| Some(Value::List(vec![Some(value)]));
    let map =
        |keys: &[&str]| Some(Value::Entries(keys.iter().map(|key| (text(key), None)).collect()));
    let row = |at| Some(Value::Fields(vec![Some(Value::At(at))]));
    let mut rows = vec![
        ("list", list(text("a\0")), ALL, WORDS),
        // In JSON a text has two quotation marks, and a list two brackets.
        ("list", list(letters(limits::SUPER_STRING_BYTES - 4)), NONE, ""),
        ("list", list(letters(limits::SUPER_STRING_BYTES - 3)), ALL, "65536 bytes of JSON"),
        ("json", Some(Value::Text(brackets(127))), NONE, ""),
        ("json", Some(Value::Text(brackets(128))), ALL, "no JSON"),
        ("map", map(&["a", "b", "a"]), ALL, WORDS),
        ("map", map(&["\0"]), ALL, WORDS),
        ("row", row(i64::MAX), ALL, WORDS),
        ("row", row(-62_135_596_800_000_001), ALL, WORDS),
        ("json", Some(Value::Text(format!("\"{}\"", "é".repeat(32_767)))), ALL, "65536 bytes"),
    ];
    for bad in ["", "nul", "{", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "1 2", "\"\\ud800\""] {
        rows.push(("json", Some(text(bad)), ALL, "no JSON"));
    }
    rows
}

/// JSON of so many levels.
fn brackets(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// Some rows of NULL everywhere but where a value is needed.
fn table(way: &str, rows: usize) -> Table {
    let fields = [
        ("narrow", "STRING", "VARCHAR(10)"),
        ("wide", "STRING", "VARCHAR(65535)"),
        ("single", "STRING", "CHAR(10)"),
        ("widest", "STRING", "CHAR(4096)"),
        ("cut", "DECIMAL(20, 2)", "DECIMAL(18,2)"),
        ("nineteen", "DECIMAL(19, 4)", "DECIMAL(19,4)"),
        ("grown", "DECIMAL(10, 0)", "DECIMAL(12,4)"),
        ("exact", "DECIMAL(5, 2)", "DECIMAL(5,2)"),
        ("longest", "DECIMAL(38, 0)", "DECIMAL(38,0)"),
        ("day", "DATE", "DATE"),
        ("clock", "TIMESTAMP(6)", "TIMESTAMP"),
        ("instant", "TIMESTAMP_LTZ(6)", "TIMESTAMPTZ"),
        ("utc", "TIMESTAMP_LTZ(3)", "TIMESTAMP"),
        ("float", "FLOAT", "REAL"),
        ("widened", "FLOAT", "DOUBLE PRECISION"),
        ("double", "DOUBLE", "DOUBLE PRECISION"),
        ("bytes", "BYTES", "VARBYTE(10)"),
        ("long", "BYTES", "VARBYTE(64000)"),
        ("time", "TIME(6)", "TIME"),
        ("dated", "TIME(3)", "TIMESTAMP"),
        ("list", "ARRAY<STRING>", "SUPER"),
        ("map", "MAP<STRING, INT>", "SUPER"),
        ("row", "ROW<t TIMESTAMP(6)>", "SUPER"),
        ("json", "STRING", "SUPER"),
    ]
    .map(|(name, from, to)| Field::new(name, flink(from), redshift(to), Vec::new()));
    let needed = vec![Value::Int(1); rows];
    let needed = Field::new("needed", FlinkType::Int, RedshiftType::Integer, needed).not_null();
    Table::new(format!("misfits_{way}"), rows, fields.into_iter().chain([needed]).collect())
}

fn put(table: &mut Table, row: usize, misfit: &Misfit) {
    let field = table.fields.iter_mut().find(|field| field.name == misfit.column);
    field.expect("a column of the table").values[row] = misfit.value.clone();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_is_refused_before_anything_is_staged() {
    let server = support::warehouse(Isolation::Snapshot).await;
    for way in WAYS {
        let reader = reader(&server).await;
        table(way, 0).create(&reader).await;
        let sink = prepare(&server, &table(way, 0), Kind::Append, way).await;
        let carried = refuse(&server, &sink, way).await;
        carried.assert_holds(&reader, "what is carried").await;
    }
    server.stop().await.unwrap();
}

/// Offers every misfit, then commits with the same writer those that go this way.
async fn refuse(server: &Warehouse, sink: &Prepared, way: &str) -> Table {
    let mut writer = sink.writer(0, 1).expect("a writer");
    let (refused, carried): (Vec<_>, Vec<_>) =
        misfits().into_iter().partition(|misfit| misfit.refused_by.contains(&way));
    for misfit in refused {
        let Misfit { column, ref value, words, .. } = misfit;
        let mut rows = table(way, 3);
        put(&mut rows, 1, &misfit);
        let written = writer.write(&rows.batch(), None).await;
        let error = written.expect_err(column);
        let message = error.to_string();
        assert_eq!(error.kind(), ErrorKind::ValueRefused, "{value:?}: {message}");
        for expected in [column, words, "row: 2"] {
            assert!(message.contains(expected), "{value:?}: no {expected} in {message}");
        }
    }
    if let Some(local) = server.local() {
        let staged = local.s3().list(BUCKET, "temp/").expect("lists");
        assert!(staged.is_empty(), "{way}: {staged:?}");
    }

    let mut rows = table(way, carried.len() + 1);
    for (row, misfit) in carried.iter().enumerate() {
        put(&mut rows, row, misfit);
    }
    writer.write(&rows.batch(), None).await.unwrap_or_else(|error| panic!("{error}"));
    commit(sink, &mut sink.committer(), writer, 1).await;
    rows
}
