//! Tables with what they are to hold: declared, created, loaded and read back.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};
use arrow_redshift::{
    sink::{CommitPoint, Committer, Prepared, Writer},
    stage::RowKind,
    types::{Column, FlinkType, RedshiftType, TableSchema},
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::{
    support::{Kind, Warehouse, client, options, sink},
    values::{Cell, Value, array, cells, same, shown},
};

/// A column and what it is to hold, row by row.
#[derive(Clone)]
pub struct Field {
    pub name: String,
    pub declared: FlinkType,
    pub target: RedshiftType,
    pub values: Vec<Option<Value>>,
    /// Whether an existing table's column is NOT NULL.
    pub not_null: bool,
}

impl Field {
    pub fn new(name: &str, declared: FlinkType, target: RedshiftType, values: Vec<Value>) -> Field {
        let values = values.into_iter().map(Some).collect();
        Field { name: name.to_owned(), declared, target, values, not_null: false }
    }

    pub fn not_null(self) -> Field {
        Field { not_null: true, ..self }
    }

    pub fn cell(&self, row: usize) -> Cell {
        self.values[row].as_ref().map(|value| shown(value, &self.declared, &self.target))
    }
}

/// A table's columns, the first of them being `id`.
#[derive(Clone)]
pub struct Table {
    pub name: String,
    pub fields: Vec<Field>,
}

impl Table {
    pub fn new(name: String, rows: usize, mut fields: Vec<Field>) -> Table {
        let ids = (0..rows as i64).map(Value::Int).collect();
        fields.insert(0, Field::new("id", FlinkType::BigInt, RedshiftType::BigInt, ids));
        fields.iter_mut().for_each(|field| field.values.resize(rows, None));
        Table { name, fields }
    }

    pub fn schema(&self, kind: Kind) -> TableSchema {
        let column = |field: &Field| Column {
            name: field.name.clone(),
            data_type: field.declared.clone(),
            nullable: true,
        };
        let columns = self.fields.iter().map(column).collect();
        let key = if kind == Kind::Keyed { vec![self.fields[0].name.clone()] } else { Vec::new() };
        TableSchema::new(columns, key).expect("a valid schema")
    }

    pub fn batch(&self) -> RecordBatch {
        let columns = self.fields.iter().map(|field| {
            let array: ArrayRef =
                array(&field.declared, field.values.iter().map(|value| value.as_ref()));
            (field.name.as_str(), array, true)
        });
        RecordBatch::try_from_iter_with_nullable(columns).expect("a valid batch")
    }

    /// `CREATE TABLE` with these columns, and one that the sink does not write.
    pub async fn create(&self, client: &Client) {
        let column = |field: &Field| {
            let not_null = if field.not_null { " NOT NULL" } else { "" };
            format!("{} {}{not_null}, ", field.name, field.target)
        };
        let columns: String = self.fields.iter().map(column).collect();
        let ddl = format!("CREATE TABLE {} ({columns}extra INTEGER DEFAULT 7)", self.name);
        client.batch_execute(&ddl).await.unwrap_or_else(|error| panic!("{ddl}: {error:?}"));
    }

    /// Every row that has one of this table's ids is as it was put in, and there is no other.
    pub async fn assert_holds(&self, client: &Client, context: &str) {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        let sql = format!("SELECT {} FROM {} ORDER BY 1", names.join(", "), self.name);
        self.assert_are(&cells(client, &sql).await, context);
    }

    pub fn assert_are(&self, found: &[Vec<Cell>], context: &str) {
        assert_eq!(found.len(), self.fields[0].values.len(), "{context}: rows of {}", self.name);
        for (row, found) in found.iter().enumerate() {
            for (field, found) in self.fields.iter().zip(found) {
                let expected = field.cell(row);
                assert!(
                    same(&field.target, found, &expected),
                    "{context}: row {row} of {}.{}, {} in {}: {} instead of {}",
                    self.name,
                    field.name,
                    field.declared,
                    field.target,
                    brief(found),
                    brief(&expected),
                );
            }
        }
    }
}

fn brief(cell: &Cell) -> String {
    cell.as_ref().map_or("NULL".to_owned(), |text| {
        format!("{:?} ({} bytes)", text.chars().take(60).collect::<String>(), text.len())
    })
}

/// A client that reads floating-point numbers with all their digits.
pub async fn reader(server: &Warehouse) -> Client {
    let client = client(server).await;
    client.batch_execute("SET extra_float_digits TO 2").await.expect("a setting");
    client
}

pub async fn prepare(server: &Warehouse, table: &Table, kind: Kind, way: &str) -> Prepared {
    let sink = sink(&given(server, &table.name, way), table.schema(kind));
    sink.prepare(&[]).await.unwrap_or_else(|e| panic!("{e}"))
}

/// The options of a sink whose rows go one of the ways.
pub fn given(server: &Warehouse, table: &str, way: &str) -> BTreeMap<String, String> {
    let mut options = options(server, table);
    let more: &[(&str, &str)] = match way {
        "jdbc" => &[("sink.write.mode", "jdbc")],
        "jdbc_exactly_once" => {
            &[("sink.write.mode", "jdbc"), ("sink.delivery-guarantee", "exactly-once")]
        }
        format => &[("sink.copy.format", format)],
    };
    if way.starts_with("jdbc") {
        options.retain(|key, _| !key.starts_with("aws.") && !key.contains("s3"));
    }
    options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    options
}

/// Loads one checkpoint; the rows come in two pieces, the second of them from the middle of arrays.
pub async fn load(
    sink: &Prepared,
    committer: &mut Committer,
    checkpoint: u64,
    batch: &RecordBatch,
    kinds: Option<&[RowKind]>,
) {
    let mut writer = sink.writer(0, checkpoint).expect("a writer");
    let middle = batch.num_rows() / 2;
    for (from, to) in [(0, middle), (middle, batch.num_rows())] {
        let kinds = kinds.map(|kinds| &kinds[from..to]);
        writer.write(&batch.slice(from, to - from), kinds).await.unwrap_or_else(|e| panic!("{e}"));
    }
    commit(sink, committer, writer, checkpoint).await;
}

/// Commits what a writer holds up to a checkpoint.
pub async fn commit(sink: &Prepared, committer: &mut Committer, mut writer: Writer, at: u64) {
    let parts = writer.close(at).await.expect("closes");
    let gathered = sink.gather(&CommitPoint::Checkpoint(at), parts).expect("a fresh launch");
    // In jdbc mode, at least once, the writer has committed everything by itself.
    let Some(committable) = gathered else {
        assert!(writer.flushed().rows > 0, "nothing was written");
        return;
    };
    let applied = committer.commit(&committable, &CancellationToken::new()).await;
    applied.unwrap_or_else(|error| panic!("{error}"));
}
