//! The table of values at the edges, which the page of types shows: each is offered every way,
//! and what is carried comes back.

use arrow_redshift::{
    ErrorKind,
    types::{EDGES, Edge, FlinkType, Outcome},
};
use redshift_local::config::Isolation;

use crate::{
    WAYS,
    cases::{flink, redshift},
    support::{self, Kind, Warehouse},
    table::{Field, Table, commit, prepare, reader},
    values::{Value, at, clock, day},
};

/// `x × 3` is `xxx`.
fn spelled(value: &str) -> String {
    match value.split_once(" × ") {
        Some((text, count)) => text.repeat(count.parse().expect("a number")),
        None => match value {
            "empty" => String::new(),
            "NUL" => "\0".to_owned(),
            plain => plain.to_owned(),
        },
    }
}

fn value(declared: &FlinkType, text: &str) -> Value {
    use FlinkType as F;
    match declared {
        F::TinyInt | F::SmallInt | F::Int | F::BigInt => {
            Value::Int(text.parse().expect("an integer"))
        }
        F::Float => Value::Float(text.parse().expect("a number")),
        F::Double => Value::Double(text.parse().expect("a number")),
        F::Decimal { .. } => Value::Decimal(text.replace('.', "").parse().expect("a decimal")),
        F::Char(_) | F::VarChar(_) | F::String => Value::Text(text.to_owned()),
        F::Binary(_) | F::VarBinary(_) | F::Bytes => Value::Bytes(text.as_bytes().to_vec()),
        F::Date => day(text),
        F::Time(_) => clock(text),
        F::Timestamp(_) | F::TimestampLtz(_) => at(&with_fraction(text)),
        F::IntervalYearMonth => Value::Months(text.parse().expect("months")),
        F::IntervalDaySecond => Value::Millis(text.parse().expect("milliseconds")),
        F::Array(element) => Value::List(vec![Some(value(&element.data_type, text))]),
        F::Map(key, _) | F::Multiset(key) => {
            Value::Entries(vec![(value(&key.data_type, text), Some(Value::Int(1)))])
        }
        F::Row(fields) => {
            Value::Fields(fields.iter().map(|f| Some(value(&f.data_type, text))).collect())
        }
        F::Boolean => Value::Bool(text == "true"),
    }
}

fn with_fraction(text: &str) -> String {
    if text.contains('.') { text.to_owned() } else { format!("{text}.0") }
}

/// One row for each of these edges, whose column holds its value; every other column is NULL.
fn table(name: &str, edges: &[(usize, &Edge)]) -> Table {
    let fields = EDGES.iter().enumerate().map(|(at, edge)| {
        let mut field =
            Field::new(&format!("c{at}"), flink(edge.declared), redshift(edge.target), Vec::new());
        let of = |(row, edge): &(usize, &Edge)| {
            let held = *row == at && edge.value != "NULL";
            held.then(|| value(&field.declared, &spelled(edge.value)))
        };
        field.values = edges.iter().map(of).collect();
        field
    });
    let fields: Vec<Field> = fields.collect();
    Table::new(name.to_owned(), edges.len(), fields)
}

async fn edges_are_as_the_page_says(server: &Warehouse, way: &str) {
    let reader = reader(server).await;
    let name = format!("edges_{way}");
    table(&name, &[]).create(&reader).await;
    let sink = prepare(server, &table(&name, &[]), Kind::Append, way).await;
    let mut writer = sink.writer(0, 1).expect("a writer");
    let outcome = |edge: &Edge| match way {
        "parquet" => edge.parquet,
        "csv" => edge.csv,
        _ => edge.jdbc,
    };
    let (carried, refused): (Vec<_>, Vec<_>) =
        EDGES.iter().enumerate().partition(|(_, edge)| outcome(edge) != Outcome::Refused);
    for (at, edge) in refused {
        let written = writer.write(&table(&name, &[(at, edge)]).batch(), None).await;
        let error = written.expect_err(edge.value);
        assert_eq!(error.kind(), ErrorKind::ValueRefused, "{edge:?}: {error}");
        assert!(error.to_string().contains(&format!("'c{at}'")), "{edge:?}: {error}");
    }
    let carried = table(&name, &carried);
    writer.write(&carried.batch(), None).await.unwrap_or_else(|error| panic!("{error}"));
    commit(&sink, &mut sink.committer(), writer, 1).await;
    carried.assert_holds(&reader, "the edges").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_at_the_edges_are_carried_or_refused_as_the_page_says() {
    let server = support::warehouse(Isolation::Snapshot).await;
    for way in WAYS {
        edges_are_as_the_page_says(&server, way).await;
    }
    server.stop().await.unwrap();
}
