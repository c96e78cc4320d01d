//! Declared columns and tables.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use arrow::datatypes::{Schema, SchemaRef};

use super::{FlinkType, bounds, fold};
use crate::{
    error::{Error, ErrorKind, Result},
    limits,
};

/// A column as the table was declared, or a field of a `ROW`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// Name, as declared.
    pub name: String,
    /// Type.
    pub data_type: FlinkType,
    /// Whether NULL is allowed.
    pub nullable: bool,
}

/// A table as it was declared: columns and, perhaps, a primary key that is not enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// The columns that are written, in order.
    pub columns: Vec<Column>,
    /// All columns of the table, in its own order: more than those where an INSERT leaves some out.
    pub declared: Vec<Column>,
    /// Names of the key's columns, in order; empty for an append-only table.
    pub primary_key: Vec<String>,
    /// What the declaration says of it to readers; it goes onto a table that is created.
    pub comments: Comments,
}

/// Comments of a declared table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comments {
    /// On the table.
    pub table: Option<String>,
    /// On columns, by their declared names.
    pub columns: BTreeMap<String, String>,
}

impl TableSchema {
    /// Checks a declaration and makes the key's columns NOT NULL, as Flink does.
    ///
    /// Every problem comes in one [`ErrorKind::SchemaMismatch`]: names that are empty, too long or
    /// the same once Redshift has folded them, key columns that do not exist, come twice or are
    /// floating-point numbers, types beyond Flink's own bounds or nested deeper than 100 times, and what
    /// no Redshift table can hold.
    pub fn new(mut columns: Vec<Column>, primary_key: Vec<String>) -> Result<TableSchema> {
        let mut problems = column_problems(&columns);
        problems.extend(key_problems(&columns, &primary_key));
        if !problems.is_empty() {
            let message =
                format!("the declared table cannot be used:\n  {}", problems.join("\n  "));
            return Err(Error::new(ErrorKind::SchemaMismatch, message));
        }
        for column in &mut columns {
            column.nullable &= !primary_key.contains(&column.name);
        }
        let declared = columns.clone();
        Ok(TableSchema { columns, declared, primary_key, comments: Comments::default() })
    }

    /// The same as a part of a table: what an INSERT writes that leaves other columns out.
    pub fn part_of(self, table: &TableSchema) -> TableSchema {
        let TableSchema { declared, comments, .. } = table.clone();
        TableSchema { declared, comments, ..self }
    }

    /// The same with comments.
    pub fn commented(mut self, comments: Comments) -> TableSchema {
        self.comments = comments;
        self
    }

    /// The Arrow schema of every batch of this table: one field per column, in order.
    pub fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(Column::arrow).collect::<Vec<_>>()))
    }
}

fn column_problems(columns: &[Column]) -> Vec<String> {
    let mut problems = Vec::new();
    if columns.is_empty() {
        problems.push("it has no columns".to_owned());
    }
    if columns.len() as u64 > limits::TABLE_COLUMNS {
        problems.push(format!(
            "it has {} columns, and Redshift holds at most {}",
            columns.len(),
            limits::TABLE_COLUMNS
        ));
    }
    let mut seen: HashMap<String, &str> = HashMap::new();
    for Column { name, data_type, .. } in columns {
        if let Some(problem) = name_problem(name) {
            problems.push(problem);
        } else if let Some(first) = seen.insert(fold(name), name) {
            problems.push(if first == name {
                format!("column {name} is declared twice")
            } else {
                format!("columns {first} and {name} are one and the same to Redshift, which folds names to lower case")
            });
        }
        if let Some(problem) = bounds::problem(data_type) {
            problems.push(format!("the type of column {name} cannot be: {problem}"));
        } else if let FlinkType::Decimal { scale, .. } = data_type
            && u64::from(*scale) > limits::DECIMAL_SCALE
        {
            problems.push(format!(
                "column {name} is {data_type}, and Redshift's scale ends at {}",
                limits::DECIMAL_SCALE
            ));
        }
    }
    problems
}

fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a column has an empty name".to_owned());
    }
    if name.contains('\0') {
        return Some("a column's name contains a NUL character".to_owned());
    }
    (name.len() as u64 > limits::IDENTIFIER_BYTES).then(|| {
        format!(
            "the name of column {name} has {} bytes, and Redshift cuts names at {}",
            name.len(),
            limits::IDENTIFIER_BYTES
        )
    })
}

fn key_problems(columns: &[Column], primary_key: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, key) in primary_key.iter().enumerate() {
        if primary_key[..index].contains(key) {
            problems.push(format!("the primary key names {key} twice"));
        }
        match columns.iter().find(|column| column.name == *key) {
            None => problems.push(format!("the primary key names {key}, which is not a column")),
            Some(column) if !column.data_type.may_be_key() => problems.push(format!(
                "the primary key names {key}, which is {}: floating-point numbers are no keys, \
                 since two that print alike may differ; declare DECIMAL",
                column.data_type
            )),
            Some(_) => {}
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, TimeUnit};

    use super::*;
    use crate::types::Element;

    fn column(name: &str, data_type: FlinkType) -> Column {
        Column { name: name.to_owned(), data_type, nullable: true }
    }

    #[track_caller]
    fn refused(columns: Vec<Column>, key: &[&str]) -> String {
        let key = key.iter().map(ToString::to_string).collect();
        let error = TableSchema::new(columns, key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        error.to_string()
    }

    #[test]
    fn key_columns_become_not_null() {
        let columns = vec![column("id", FlinkType::BigInt), column("name", FlinkType::String)];
        let schema = TableSchema::new(columns, vec!["id".to_owned()]).unwrap();
        assert!(!schema.columns[0].nullable && schema.columns[1].nullable);
        assert!(!schema.arrow().field(0).is_nullable() && schema.arrow().field(1).is_nullable());
    }

    #[test]
    fn arrow_has_one_field_per_column() {
        let columns = vec![
            column("a", FlinkType::TinyInt),
            column("b", FlinkType::Decimal { precision: 20, scale: 4 }),
            column("c", FlinkType::TimestampLtz(9)),
            column("d", FlinkType::Timestamp(0)),
            column("e", FlinkType::Char(3)),
        ];
        let arrow = TableSchema::new(columns, Vec::new()).unwrap().arrow();
        let types: Vec<_> = arrow.fields().iter().map(|field| field.data_type().clone()).collect();
        assert_eq!(
            types,
            [
                DataType::Int8,
                DataType::Decimal128(20, 4),
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                DataType::Timestamp(TimeUnit::Microsecond, None),
                DataType::Utf8,
            ]
        );
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let text = refused(
            vec![
                column("id", FlinkType::Double),
                column("Name", FlinkType::Int),
                column("name", FlinkType::Int),
                column("x", FlinkType::Decimal { precision: 38, scale: 38 }),
            ],
            &["id", "missing", "Name", "Name"],
        );
        for expected in [
            "columns Name and name are one and the same",
            "scale ends at 37",
            "the primary key names id, which is DOUBLE",
            "names missing, which is not a column",
            "names Name twice",
        ] {
            assert!(text.contains(expected), "{expected} is not in {text}");
        }
    }

    #[test]
    fn types_that_are_built_by_hand_keep_the_bounds_of_those_that_are_read() {
        let nested = |levels: usize| {
            (0..levels).fold(FlinkType::Int, |held, _| {
                FlinkType::Array(Box::new(Element { data_type: held, nullable: true }))
            })
        };
        assert!(TableSchema::new(vec![column("deep", nested(99))], Vec::new()).is_ok());
        let precise = FlinkType::Decimal { precision: 39, scale: 38 };
        let columns = vec![column("deep", nested(100)), column("precise", precise)];
        let text = refused(columns, &[]);
        assert!(text.contains("column deep cannot be: it nests deeper than 100"), "{text}");
        assert!(text.contains("column precise cannot be: DECIMAL(39, 38)"), "{text}");
    }

    #[test]
    fn the_bounds_of_a_table_hold() {
        assert!(refused(Vec::new(), &[]).contains("no columns"));
        let wide = |count: usize| {
            (0..count).map(|n| column(&format!("c{n}"), FlinkType::Int)).collect::<Vec<_>>()
        };
        assert!(TableSchema::new(wide(1600), Vec::new()).is_ok());
        assert!(refused(wide(1601), &[]).contains("1601 columns"));
        let named = |length: usize| vec![column(&"é".repeat(length), FlinkType::Int)];
        assert!(TableSchema::new(named(63), Vec::new()).is_ok());
        assert!(refused(named(64), &[]).contains("128 bytes"));
        assert!(refused(vec![column("", FlinkType::Int)], &[]).contains("empty name"));
        assert!(refused(vec![column("a\0b", FlinkType::Int)], &[]).contains("NUL"));
    }

    #[test]
    fn names_fold_only_their_ascii_letters() {
        let columns = vec![column("É", FlinkType::Int), column("é", FlinkType::Int)];
        assert!(TableSchema::new(columns, Vec::new()).is_ok());
    }
}
