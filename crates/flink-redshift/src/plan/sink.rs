//! A query's columns, matched with the sink's by position and converted as Flink converts them.

use datafusion::{
    arrow::datatypes::{DataType, Field},
    common::Column,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit},
    scalar::ScalarValue,
};

use super::{
    functions,
    types::{declared, engine_type, sql_name},
};
use crate::script::{DeclaredColumn, Problem};

/// What an INSERT writes to.
pub struct Target<'a> {
    /// Name.
    pub table: &'a str,
    /// All its columns.
    pub columns: &'a [DeclaredColumn],
    /// The columns that the INSERT names, or all.
    pub listed: Option<&'a [String]>,
    /// Whether the session's time zone is UTC.
    pub utc: bool,
    /// Whether the sink takes the columns that are named and no others.
    pub partial: bool,
}

/// Adds the sink's conversions to a query; gives the columns that are written, in its order.
pub fn fit(
    query: LogicalPlan,
    target: &Target<'_>,
    key: &[String],
    line: u64,
) -> Result<(LogicalPlan, Vec<DeclaredColumn>), Vec<Problem>> {
    let listed = listed(target, line)?;
    let schema = query.schema().clone();
    if schema.fields().len() != listed.len() {
        let (found, wanted) = (schema.fields().len(), listed.len());
        return Err(vec![Problem::new(
            line,
            format!(
                "the query has {found} columns and {} takes {wanted}: columns are matched by their \
                 position",
                target.table
            ),
        )]);
    }
    let mut problems = Vec::new();
    for (field, column) in schema.fields().iter().zip(&listed) {
        if !functions::implicit(field, &column.data_type, target.utc) {
            problems.push(Problem::new(line, mismatch(field, column, target.table)));
        }
    }
    for column in target.columns.iter().filter(|column| !listed.contains(column)) {
        let needed = !column.nullable || key.contains(&column.name);
        if needed {
            let (name, table) = (&column.name, target.table);
            let message =
                format!("column {name} of {table} is NOT NULL and the INSERT leaves it out");
            problems.push(Problem::new(line, message));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let written: Vec<DeclaredColumn> = match target.partial {
        true => listed.iter().map(|column| (*column).clone()).collect(),
        false => target.columns.to_vec(),
    };
    let values = written.iter().map(|column| {
        let place = listed.iter().position(|listed| listed.name == column.name);
        match place {
            Some(place) => convert(&schema.columns()[place], schema.field(place), column),
            None => {
                cast(lit(ScalarValue::Null), engine_type(&column.data_type)).alias(&column.name)
            }
        }
    });
    let plan = LogicalPlanBuilder::from(query)
        .project(values.collect::<Vec<_>>())
        .and_then(LogicalPlanBuilder::build)
        .map_err(|error| Problem::new(line, error.strip_backtrace()))?;
    Ok((plan, written))
}

/// The columns that the INSERT writes, in its order.
fn listed<'a>(target: &Target<'a>, line: u64) -> Result<Vec<&'a DeclaredColumn>, Vec<Problem>> {
    let Some(names) = target.listed else { return Ok(target.columns.iter().collect()) };
    let mut columns: Vec<&DeclaredColumn> = Vec::with_capacity(names.len());
    for name in names {
        match target.columns.iter().find(|column| column.name == *name) {
            Some(column) if columns.contains(&column) => {
                return Err(vec![Problem::new(line, format!("column {name} is named twice"))]);
            }
            Some(column) => columns.push(column),
            None => {
                let message = format!("{} has no column {name}", target.table);
                return Err(vec![Problem::new(line, message)]);
            }
        }
    }
    Ok(columns)
}

fn mismatch(field: &Field, column: &DeclaredColumn, table: &str) -> String {
    if field.data_type() == &DataType::Null {
        let (name, to) = (&column.name, &column.data_type);
        return format!("NULL alone has no type: write CAST(NULL AS {to}) for {name} of {table}");
    }
    let found =
        declared(field).map_or_else(|| sql_name(field.data_type()), |flink| flink.to_string());
    format!(
        "column types of the query and of {table} do not match: {} is {}, and the query's {} is \
         {found}; CAST it AS {}",
        column.name,
        column.data_type,
        field.name(),
        column.data_type
    )
}

fn convert(from: &Column, field: &Field, to: &DeclaredColumn) -> Expr {
    let value = Expr::Column(from.clone());
    let kept = declared(field).as_ref() == Some(&to.data_type);
    let unbounded = to.data_type == arrow_redshift::types::FlinkType::String;
    let same = field.data_type() == &engine_type(&to.data_type);
    let text = engine_type(&to.data_type) == DataType::Utf8;
    if same && (kept || unbounded || !text) {
        return value.alias(&to.name);
    }
    functions::cast_to(value, &to.data_type).alias(&to.name)
}
