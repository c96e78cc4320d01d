//! Keys of every type that may be one: one row for each, whatever it was spelled like.

use arrow_redshift::{
    ErrorKind,
    stage::RowKind,
    types::{FlinkType, RedshiftType, default_target},
};
use futures::{StreamExt, stream};
use redshift_local::config::Isolation;
use tokio_postgres::Client;

use crate::{
    AT_ONCE, WAYS,
    cases::{cases, flink, redshift},
    support::{self, Kind, Warehouse, client},
    table::{Field, Table, load, prepare},
    values::{self, Cell, Value, cells, shown},
};

/// A key's type, the existing column's if the table is not created, the way of the rows, and keys,
/// each in all the spellings that Redshift takes for one.
struct Keys {
    declared: FlinkType,
    existing: Option<RedshiftType>,
    way: &'static str,
    spellings: Vec<Vec<Value>>,
}

fn keys() -> Vec<Keys> {
    let alone = |values: Vec<Value>| values.into_iter().map(|value| vec![value]).collect();
    let mut all = Vec::new();
    for case in cases() {
        let is_text = matches!(case.values[0], Value::Text(_));
        if case.declared.may_be_key() && !is_text {
            let bytes = matches!(case.values[0], Value::Bytes(_));
            let spellings: Vec<_> = alone(case.values);
            let widest = case.targets.into_iter().next_back();
            let zoned = matches!(case.declared, FlinkType::TimestampLtz(_));
            // Created tables and the widest existing columns by turns, and so the ways; what one of
            // these makes other values of takes all.
            let turn = all.len() % 8;
            for at in (0..8).filter(|at| zoned || bytes || *at == turn) {
                let way = WAYS[at / 2];
                let (declared, spellings) = (case.declared.clone(), spellings.clone());
                let existing = widest.clone().filter(|_| at % 2 == 1);
                all.push(Keys { declared, existing, way, spellings });
            }
        }
    }
    let blanks = [
        &["", " ", "     "] as &[&str],
        &["a", "a  ", "a "],
        &[" a"],
        &["A "],
        &["a b  ", "a b"],
        &["a\t ", "a\t"],
        &["\"\\'", "\"\\' "],
    ];
    let spelled = |texts: &[&str]| texts.iter().map(|key| values::text(key)).collect();
    let texts: Vec<Vec<Value>> = blanks.into_iter().map(spelled).collect();
    for (declared, existing) in [
        ("CHAR(5)", None),
        ("VARCHAR(20)", None),
        ("STRING", None),
        ("STRING", Some("VARCHAR(5)")),
        ("STRING", Some("CHAR(9)")),
    ] {
        for way in WAYS {
            let (declared, existing) = (flink(declared), existing.map(redshift));
            all.push(Keys { declared, existing, way, spellings: texts.clone() });
        }
    }
    all
}

async fn keys_are_one_row_each(server: &Warehouse, reader: &Client, number: usize, keys: Keys) {
    let Keys { declared, existing, way, spellings } = keys;
    let target = existing.clone().unwrap_or_else(|| default_target(&declared, 65_535));
    let what = format!("{declared} in {target}, {way}");
    let fields = |rows: Vec<(Value, i64)>| {
        let (keys, marks): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let marks = marks.into_iter().map(Value::Int).collect();
        vec![
            Field::new("k", declared.clone(), target.clone(), keys),
            Field::new("v", FlinkType::Int, RedshiftType::Integer, marks),
        ]
    };
    let name = format!("keys_{number}");
    let table = |rows| Table { name: name.clone(), fields: fields(rows) };
    let one = table(Vec::new());
    if existing.is_some() {
        one.create(reader).await;
    }
    let sink = prepare(server, &one, Kind::Keyed, way).await;
    let mut committer = sink.committer();
    let find = || async {
        let sql = format!("SELECT k, v FROM {name} ORDER BY v");
        cells(reader, &sql).await
    };

    // Every spelling of every key, twice over: the last one is the row.
    for checkpoint in 1..=2 {
        let (mut rows, mut last) = (Vec::new(), Vec::new());
        for spellings in &spellings {
            for key in spellings {
                rows.push((key.clone(), 1000 * checkpoint + rows.len() as i64));
            }
            last.extend(rows.last().cloned());
        }
        load(&sink, &mut committer, checkpoint as u64, &table(rows).batch(), None).await;
        table(last).assert_are(&find().await, &format!("{what}, checkpoint {checkpoint}"));
    }

    // Every second key goes, named by its first spelling.
    let gone = spellings.iter().step_by(2).map(|spellings| (spellings[0].clone(), 0)).collect();
    let gone = table(gone).batch();
    load(&sink, &mut committer, 3, &gone, Some(&vec![RowKind::Delete; gone.num_rows()])).await;
    let kept: Vec<_> =
        spellings.iter().skip(1).step_by(2).map(|all| all[all.len() - 1].clone()).collect();
    let found: Vec<Cell> = find().await.into_iter().map(|mut row| row.remove(0)).collect();
    let kept: Vec<Cell> = kept.iter().map(|key| Some(shown(key, &declared, &target))).collect();
    assert_eq!(found, kept, "{what}: after deletes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_any_type_is_one_row() {
    let server = support::warehouse(Isolation::Snapshot).await;
    let reader = client(&server).await;
    let mut loads = Vec::new();
    for (number, keys) in keys().into_iter().enumerate() {
        loads.push(keys_are_one_row_each(&server, &reader, number, keys));
    }
    stream::iter(loads).buffer_unordered(AT_ONCE).collect::<()>().await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_target_compares_without_letter_case_is_refused() {
    let server = support::warehouse(Isolation::Snapshot).await;
    let reader = client(&server).await;
    for (name, key, other, refused) in [
        ("ci_key", "VARCHAR(9) COLLATE CASE_INSENSITIVE", "VARCHAR(9)", true),
        ("ci_char", "CHAR(9) COLLATE CI", "VARCHAR(9)", true),
        ("cs_key", "VARCHAR(9) COLLATE CASE_SENSITIVE", "VARCHAR(9)", false),
        ("plain_key", "VARCHAR(9)", "VARCHAR(9) COLLATE CASE_INSENSITIVE", false),
    ] {
        let ddl = format!("CREATE TABLE {name} (k {key}, v {other})");
        reader.batch_execute(&ddl).await.unwrap_or_else(|error| panic!("{ddl}: {error:?}"));
        let field = |column| Field::new(column, flink("STRING"), redshift("VARCHAR(9)"), vec![]);
        let table = Table { name: name.to_owned(), fields: vec![field("k"), field("v")] };
        let sink = support::sink(&support::options(&server, name), table.schema(Kind::Keyed));
        match sink.prepare(&[]).await {
            Ok(_) => assert!(!refused, "{name}"),
            Err(error) => {
                assert!(refused, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
                let text = error.to_string();
                for words in ["column: k", name, "CASE_SENSITIVE"] {
                    assert!(text.contains(words), "{words} is not in {text}");
                }
            }
        }
        // Without a key it is a table like any other.
        let sink = support::sink(&support::options(&server, name), table.schema(Kind::Append));
        sink.prepare(&[]).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    server.stop().await.unwrap();
}
