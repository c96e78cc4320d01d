//! Every limit of the table is kept: for each a check that goes up to it, and one step beyond.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use arrow_redshift::{
    limits::{self, Limit},
    options,
    sink::{CommitPoint, CommittableId, Identity, LaunchId},
    sql::{Ledger, Qualified, Statement},
    types::{Column, FlinkType, RedshiftType, TableSchema, default_target},
};

/// What a check says of a size: whether it is taken.
type Taken = Box<dyn Fn(u64) -> bool>;

fn option(key: &'static str, value: impl Fn(u64) -> String + 'static) -> Taken {
    Box::new(move |size| {
        let mut pairs: Vec<(String, String)> = [
            ("hostname", "h"),
            ("username", "u"),
            ("password", "p"),
            ("table-name", "t"),
            ("sink.write.mode", "copy"),
            ("sink.write.temp.s3-uri", "s3://bucket/temp"),
            ("aws.iam-role", "default"),
            ("sink.create-table", "if-not-exists"),
        ]
        .into_iter()
        .filter(|(given, _)| *given != key)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        pairs.push((key.to_owned(), value(size)));
        options::sink(&pairs).is_ok()
    })
}

fn column(name: &str, data_type: FlinkType) -> Column {
    Column { name: name.to_owned(), data_type, nullable: true }
}

fn declared(column: impl Fn(u64) -> Option<Column> + 'static) -> Taken {
    Box::new(move |size| column(size).is_some_and(|it| TableSchema::new(vec![it], vec![]).is_ok()))
}

fn decimal(text: impl Fn(u64) -> String + 'static) -> Taken {
    declared(move |size| Some(column("c", text(size).parse().ok()?)))
}

/// Whether a column of bytes is created as wide as that.
fn created(declared: impl Fn(u64) -> FlinkType + 'static) -> Taken {
    Box::new(move |size| {
        let text = limits::VARCHAR_BYTES as u32;
        default_target(&declared(size), text) == RedshiftType::VarByte(size as u32)
    })
}

/// How a limit is checked.
enum Kept {
    /// Up to it, and not one more.
    UpTo(Taken),
    /// Down to it, and not one less.
    DownTo(Taken),
    /// By a test beside the code that keeps it, or while that is compiled.
    Beside(&'static str, &'static str),
}

fn check(limit: &Limit) -> Kept {
    use Kept::{Beside, DownTo, UpTo};
    let long = |size: u64| "x".repeat(size as usize);
    let part = || option("sink.copy.part-size", |size| format!("{size} bytes"));
    match limit.name {
        "identifier" => UpTo(declared(move |size| Some(column(&long(size), FlinkType::Int)))),
        "VARCHAR(n)" => UpTo(option("sink.create-table.varchar-width", |size| size.to_string())),
        "CHAR(n)" => Beside("stage/check_tests.rs", "fn char_columns_take_single_bytes"),
        "VARBYTE(n)" => UpTo(created(|size| FlinkType::VarBinary(size as u32))),
        "VARBYTE(n) of older releases" => UpTo(created(|_| FlinkType::Bytes)),
        "string in a SUPER" => Beside("stage/json_text.rs", "fn levels_and_lengths_have"),
        "DECIMAL precision" => UpTo(decimal(|size| format!("DECIMAL({size}, 2)"))),
        "DECIMAL scale" => UpTo(decimal(|size| format!("DECIMAL(38, {size})"))),
        "columns per table" => UpTo(Box::new(|size| {
            let columns = (0..size).map(|n| column(&format!("c{n}"), FlinkType::Int));
            TableSchema::new(columns.collect(), vec![]).is_ok()
        })),
        "compound SORTKEY" => UpTo(option("sink.create-table.sort-key", |size| {
            let names: Vec<_> = (0..size).map(|n| format!("c{n}")).collect();
            names.join(";")
        })),
        "database name" => UpTo(option("database-name", long)),
        "connections" => UpTo(option("connection.max", |size| size.to_string())),
        "file of a COPY, most" => UpTo(part()),
        "file of a COPY, least" => DownTo(part()),
        // What the connector's own names take is left free.
        "S3 object key" => UpTo(option("sink.write.temp.s3-uri", move |size| {
            format!("s3://bucket/{}", long(size - 324))
        })),
        "SQL statement" => Beside("session/mod.rs", "fn a_statement_is_never_longer_than"),
        "row of a COPY" => Beside("stage/row_tests.rs", "limits::COPY_ROW_BYTES"),
        "pieces of an upload" => Beside("stage/chunk.rs", "< limits::S3_UPLOAD_PIECES"),
        "piece of an upload, least" => Beside("stage/chunk.rs", ">= limits::S3_PIECE_BYTES"),
        "application_name" | "query_group" => Beside("sink/identity.rs", "fn names_and_labels_fit"),
        "bind parameters" => Beside("sink/flush.rs", "fn a_statement_has_neither_too_many"),
        other => panic!("who keeps the limit of {other}?"),
    }
}

#[test]
fn every_limit_is_kept_and_reached() {
    for limit in limits::ALL {
        let Limit { name, value, .. } = limit;
        let (taken, beyond) = match check(limit) {
            Kept::UpTo(taken) => (taken, value + 1),
            Kept::DownTo(taken) => (taken, value - 1),
            Kept::Beside(path, what) => {
                let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.contains(what), "{name}: {path:?} has no {what}");
                continue;
            }
        };
        assert!(taken(*value), "{name}: {value} is refused");
        assert!(!taken(beyond), "{name}: {beyond} is taken");
    }
}

#[test]
fn created_text_is_never_wider_than_redshifts() {
    for length in [1, 16_383, 16_384, u32::MAX] {
        for declared in [FlinkType::Char(length), FlinkType::VarChar(length), FlinkType::String] {
            let text = default_target(&declared, limits::VARCHAR_BYTES as u32).to_string();
            let width = text.trim_start_matches("VARCHAR(").trim_end_matches(')');
            assert!(width.parse::<u64>().unwrap() <= limits::VARCHAR_BYTES, "{text}");
        }
    }
}

/// The longest names, ids and lists make statements far below the limit.
#[test]
fn the_longest_statements_are_short_enough() {
    let name = |n: usize| format!("{}{n:04}", "\"".repeat(123));
    let target = Qualified { schema: name(1), table: name(2) };
    let ledger = Ledger::beside(&target);
    assert!(ledger.table.table.len() as u64 <= limits::IDENTIFIER_BYTES);
    let launch = LaunchId::named(&"r".repeat(64));
    let sink = "'".repeat(1000);
    let identity = Identity { launch, sink, job: "\\".repeat(1000) };
    let id = CommittableId::new(&identity, &CommitPoint::Checkpoint(u64::MAX));
    assert!(id.label().len() as u64 <= limits::QUERY_LABEL_BYTES);
    let ids = vec![id.as_str(); 1000];
    let fits = |statement: &Statement| statement.text().len() as u64 * 4 < limits::STATEMENT_BYTES;
    assert!(fits(&ledger.find(&ids)));
    let columns: Vec<_> = (0..1600)
        .map(|n| arrow_redshift::sql::LoadColumn {
            name: name(n),
            stage_type: "DECIMAL(38, 37)".into(),
            conversion: arrow_redshift::sql::Conversion::Utc,
            key: n < 800,
            text: true,
        })
        .collect();
    let layout = arrow_redshift::sql::Layout { columns, direct: false, complete: false };
    for statement in arrow_redshift::sql::apply(&target, "frc_stage", &layout) {
        assert!(fits(&statement), "{} bytes", statement.text().len());
    }
}
