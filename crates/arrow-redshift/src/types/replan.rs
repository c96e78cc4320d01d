//! The plan of rows that lie in parts already, for the target as it is by now: somebody may have
//! changed it since they were checked.

use std::sync::Arc;

use arrow::datatypes::Field;

use super::{
    Carrier, ColumnPlan, LoadExpression, RedshiftType, Rule, TablePlan, TargetColumn, TargetTable,
    mapping::staged,
};
use crate::error::{Error, ErrorKind, Result};

/// A column of parts, as their commit describes it.
#[derive(Debug, Clone, Copy)]
pub struct StagedColumn<'a> {
    /// The target column's name as stored.
    pub name: &'a str,
    /// DDL text of its type in a staging table.
    pub staging_type: &'a str,
    /// Staging column to target column.
    pub expression: LoadExpression,
    /// Whether it belongs to the key.
    pub key: bool,
}

/// Says how values that are staged already have to be for the target that is there now.
/// `direct` says whether COPY loads them into the target itself.
///
/// A column's `source` is its place in the part. Its rules are those that a change of the target
/// can bring: widths, CHAR's single bytes, NOT NULL. A column that is gone or takes other files by
/// now is no matter of single rows: those come in one [`ErrorKind::SchemaMismatch`].
pub fn replan(
    columns: &[StagedColumn<'_>],
    direct: bool,
    target: &TargetTable,
    carrier: Carrier,
) -> Result<TablePlan> {
    let mut planned = Vec::with_capacity(columns.len());
    let mut problems = Vec::new();
    for (source, column) in columns.iter().enumerate() {
        match plan_column(source, column, direct, target, carrier) {
            Ok(column) => planned.push(column),
            Err(problem) => problems.push(format!("column {}: {problem}", column.name)),
        }
    }
    if problems.is_empty() {
        return Ok(TablePlan { columns: planned, direct, complete: true });
    }
    let why =
        format!("the target was changed after these rows were staged: {}", problems.join("; "));
    Err(Error::new(ErrorKind::SchemaMismatch, why)
        .with("table", format_args!("{}.{}", target.schema, target.table))
        .hint("change it back until the commit is applied"))
}

fn plan_column(
    source: usize,
    column: &StagedColumn<'_>,
    direct: bool,
    target: &TargetTable,
    carrier: Carrier,
) -> Result<ColumnPlan, String> {
    let Some(found) = target.columns.iter().find(|found| found.name == column.name) else {
        return Err("it is gone".to_owned());
    };
    let staging_type = RedshiftType::from_catalog(column.staging_type, None, None, None);
    // What lies there is the staging type's own, and text has no other type for other widths.
    let lies = staged(&staging_type, carrier);
    let taken = staged(&found.data_type, carrier);
    let (Some(lies), Some(taken)) = (lies, taken) else {
        return Err(format!("staged as {staging_type}, and it is {} now", found.data_type));
    };
    // COPY itself narrows no decimal.
    let narrowed = direct
        && matches!(found.data_type, RedshiftType::Decimal { .. })
        && staging_type != found.data_type;
    if lies.arrow != taken.arrow || taken.expression != column.expression || narrowed {
        return Err(format!("staged as {staging_type}, and it is {} now", found.data_type));
    }
    Ok(ColumnPlan {
        source,
        target: column.name.to_owned(),
        target_type: found.data_type.clone(),
        key: column.key,
        staged: Arc::new(Field::new(column.name, lies.arrow, true)),
        staging_type,
        expression: column.expression,
        rules: rules(found),
    })
}

/// What a value has to keep to that was right for an earlier form of the column.
fn rules(target: &TargetColumn) -> Vec<Rule> {
    let mut rules = Vec::new();
    if !target.nullable {
        rules.push(Rule::NotNull);
    }
    match target.data_type {
        RedshiftType::VarChar(width) => rules.push(Rule::MaxBytes(width)),
        RedshiftType::Char(width) => rules.extend([Rule::SingleByte, Rule::MaxBytes(width)]),
        RedshiftType::VarByte(width) => rules.push(Rule::MaxOctets(width)),
        RedshiftType::Decimal { precision: 19, .. } => rules.push(Rule::MaxUnscaled(i64::MAX)),
        RedshiftType::Decimal { precision, .. } => rules.push(Rule::MaxDigits(precision)),
        _ => {}
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::NameCase;

    fn target(columns: &[(&str, RedshiftType, bool)]) -> TargetTable {
        let column = |(name, data_type, nullable): &(&str, RedshiftType, bool)| TargetColumn {
            name: (*name).to_owned(),
            data_type: data_type.clone(),
            nullable: *nullable,
            default: None,
        };
        let columns = columns.iter().map(column).collect();
        let case = NameCase::Folded;
        TargetTable { schema: "s".into(), table: "t".into(), columns, case }
    }

    fn plain<'a>(name: &'a str, staging_type: &'a str) -> StagedColumn<'a> {
        StagedColumn { name, staging_type, expression: LoadExpression::Plain, key: false }
    }

    #[test]
    fn what_a_target_has_become_is_what_values_keep_to() {
        let columns = [
            plain("text", "VARCHAR(20)"),
            plain("code", "CHAR(9)"),
            plain("bytes", "VARBYTE(64)"),
            plain("number", "DECIMAL(18, 2)"),
            StagedColumn { expression: LoadExpression::AtTimeZoneUtc, ..plain("at", "TIMESTAMP") },
            StagedColumn {
                expression: LoadExpression::JsonParse,
                ..plain("any", "VARCHAR(65535)")
            },
        ];
        let now = target(&[
            ("any", RedshiftType::Super, true),
            ("at", RedshiftType::TimestampTz, false),
            ("text", RedshiftType::VarChar(3), true),
            ("code", RedshiftType::Char(4), true),
            ("bytes", RedshiftType::VarByte(8), true),
            ("number", RedshiftType::Decimal { precision: 9, scale: 2 }, true),
        ]);
        let plan = replan(&columns, false, &now, Carrier::Parquet).unwrap();
        let rules: Vec<&[Rule]> = plan.columns.iter().map(|column| &column.rules[..]).collect();
        let expected: [&[Rule]; 6] = [
            &[Rule::MaxBytes(3)],
            &[Rule::SingleByte, Rule::MaxBytes(4)],
            &[Rule::MaxOctets(8)],
            &[Rule::MaxDigits(9)],
            &[Rule::NotNull],
            &[],
        ];
        assert_eq!(rules, expected);
        assert!(!plan.direct);
    }

    #[test]
    fn what_no_file_fits_any_more_comes_in_one_error() {
        let columns = [plain("a", "DECIMAL(18, 2)"), plain("b", "BIGINT"), plain("c", "DATE")];
        let now = target(&[
            ("a", RedshiftType::Decimal { precision: 9, scale: 2 }, true),
            ("c", RedshiftType::Date, true),
        ]);
        let error = replan(&columns, true, &now, Carrier::Parquet).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        let text = error.to_string();
        for part in ["column a: staged as DECIMAL(18, 2), and it is DECIMAL(9, 2)", "column b: it"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("column c"), "{text}");
    }
}
