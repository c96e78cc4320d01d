//! The comparison of a declared table with its target: a plan for each column, or every mismatch.

use std::sync::Arc;

use arrow::datatypes::Field;

use super::{
    Carrier, Column, ColumnPlan, FlinkType, NameCase, RedshiftType, Rule, TablePlan, TableSchema,
    TargetColumn, TargetTable, fold,
    mapping::{carried_rules, rules, staged},
};
use crate::error::{Error, ErrorKind, Result};

/// Compares each declared column with the target and says how its values are staged and checked.
///
/// Names are matched as the sessions store them ([`TargetTable::column`]). Every mismatch comes in one
/// [`ErrorKind::SchemaMismatch`], each with the column, both types and what to do.
pub fn plan(
    schema: &TableSchema,
    target: &TargetTable,
    carrier: impl Into<Carrier>,
) -> Result<TablePlan> {
    let carrier = carrier.into();
    let mut columns = Vec::with_capacity(schema.columns.len());
    let mut problems = Vec::new();
    for (source, column) in schema.columns.iter().enumerate() {
        let key = schema.primary_key.contains(&column.name);
        let found = find(target, column).and_then(|found| comparable(column, found, key));
        match found.and_then(|found| plan_column(column, found, carrier)) {
            Ok(planned) => columns.push(ColumnPlan { source, key, ..planned }),
            Err(problem) => problems.push(problem),
        }
    }
    let unwritten = target.undeclared(schema);
    problems.extend(unwritten.iter().filter_map(|column| unfilled(column)));
    if !problems.is_empty() {
        return Err(mismatch(target, &problems));
    }
    let direct = columns.iter().all(ColumnPlan::direct);
    Ok(TablePlan { columns, direct, complete: unwritten.is_empty() })
}

fn mismatch(target: &TargetTable, problems: &[String]) -> Error {
    let count = problems.len();
    let heading = if count == 1 { "a mismatch".to_owned() } else { format!("{count} mismatches") };
    let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    let message = format!("the declared columns do not fit the target table: {heading}{lines}");
    Error::new(ErrorKind::SchemaMismatch, message)
        .with("table", format_args!("{}.{}", target.schema, target.table))
}

fn find<'a>(target: &'a TargetTable, column: &Column) -> Result<&'a TargetColumn, String> {
    if let Some(found) = target.column(&column.name) {
        return Ok(found);
    }
    let name = fold(&column.name);
    let declared = format!("column {}: declared {}, ", column.name, column.data_type);
    if let Some(cased) = target.likeness(&column.name) {
        return Err(match target.case {
            NameCase::Folded => format!(
                "{declared}and stored as {0} by a case-sensitive session, which this one cannot \
                 name; rename the target's column to {name}, or turn \
                 enable_case_sensitive_identifier on for this user and declare {0}",
                cased.name
            ),
            NameCase::Kept => format!(
                "{declared}and stored as {0}; names keep their case in this user's sessions, so \
                 declare {0}",
                cased.name
            ),
        });
    }
    let nearest = target
        .columns
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.name), candidate))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let advice = match nearest {
        Some((_, nearest)) => format!("declare {} if that was meant", nearest.name),
        None => "add it to the target, or leave it out of the declaration".to_owned(),
    };
    Err(format!("{declared}and the target has no such column; {advice}"))
}

/// A key must be a column that can be compared.
fn comparable<'a>(
    column: &Column,
    target: &'a TargetColumn,
    key: bool,
) -> Result<&'a TargetColumn, String> {
    if key && target.data_type == RedshiftType::Super {
        return Err(format!(
            "column {}: of the primary key, target SUPER, which has no comparisons; make the \
             target's column VARCHAR",
            column.name
        ));
    }
    Ok(target)
}

fn plan_column(
    column: &Column,
    target: &TargetColumn,
    carrier: Carrier,
) -> Result<ColumnPlan, String> {
    let (declared, target_type) = (&column.data_type, &target.data_type);
    let head = format!("column {}: declared {declared}, target {target_type}", column.name);
    if target.is_identity() {
        return Err(format!(
            "{head} IDENTITY, which Redshift fills itself; leave it out of the declaration"
        ));
    }
    let (Some(checks), Some(staged)) = (rules(declared, target_type), staged(target_type, carrier))
    else {
        return Err(format!("{head}; {}", advice(declared, target_type)));
    };
    let checks = carried_rules(checks, target_type, carrier);
    let not_null = !column.nullable || !target.nullable;
    Ok(ColumnPlan {
        source: 0,
        target: target.name.clone(),
        target_type: target_type.clone(),
        key: false,
        // Whatever is declared, files say OPTIONAL: that is what Redshift's own Parquet says, and
        // COPY does not look at it.
        staged: Arc::new(Field::new(&target.name, staged.arrow, true)),
        staging_type: staged.staging_type,
        expression: staged.expression,
        rules: not_null.then_some(Rule::NotNull).into_iter().chain(checks).collect(),
    })
}

/// What a target column that is not declared needs and does not have.
fn unfilled(column: &TargetColumn) -> Option<String> {
    (!column.nullable && column.default.is_none()).then(|| {
        format!(
            "column {}: not declared, target {} NOT NULL without a default; declare it, give it a \
             default, or let it be NULL",
            column.name, column.data_type
        )
    })
}

fn advice(declared: &FlinkType, target: &RedshiftType) -> String {
    match (declared, target) {
        (_, RedshiftType::Other(name)) => {
            format!("columns of type {name} are not carried: leave it out of the declaration")
        }
        (nested, RedshiftType::Super) if nested.nests() => "keys of a map and elements of a \
            multiset become names in JSON, so they cannot nest, and fields of a ROW need names of \
            their own"
            .to_owned(),
        (FlinkType::Decimal { .. }, RedshiftType::Decimal { .. }) => format!(
            "digits behind the point would be lost; declare {target} and CAST in the query, or \
             widen the target"
        ),
        (FlinkType::Timestamp(precision), RedshiftType::TimestampTz) => format!(
            "which instant is meant depends on a time zone; declare TIMESTAMP_LTZ({precision}) and \
             CAST in the query"
        ),
        _ => format!(
            "declare {} and CAST in the query, or change the target's column",
            declaration(target)
        ),
    }
}

/// The declared type that fits a target type best.
fn declaration(target: &RedshiftType) -> String {
    match target {
        RedshiftType::Integer => "INT".to_owned(),
        RedshiftType::Real => "FLOAT".to_owned(),
        RedshiftType::Double => "DOUBLE".to_owned(),
        RedshiftType::Char(_) | RedshiftType::VarChar(_) => "STRING".to_owned(),
        RedshiftType::Timestamp => "TIMESTAMP(6)".to_owned(),
        RedshiftType::TimestampTz => "TIMESTAMP_LTZ(6)".to_owned(),
        RedshiftType::VarByte(_) => "BYTES".to_owned(),
        RedshiftType::Super => "STRING with a JSON text, an ARRAY, a MAP or a ROW".to_owned(),
        same => same.to_string(),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
