//! INSERT of rows as parameters.

use std::fmt::Write;

use super::{
    copy::CopyInto,
    ident::{Qualified, identifier, list},
    layout::{Layout, StageColumns},
    statement::Statement,
};
use crate::limits;

/// `INSERT INTO table (columns) VALUES ($1, …), (…)`, one row of parameters after the other.
pub fn insert_rows(into: CopyInto<'_>, layout: &Layout, rows: usize) -> Statement {
    let (table, columns) = match into {
        CopyInto::Target(target) => (target.to_string(), list("", layout.names())),
        CopyInto::Stage(stage) => (identifier(stage), super::ddl::stage_names(layout)),
    };
    let width = width(into, layout);
    let mut text = format!("INSERT INTO {table} ({columns}) VALUES ");
    for parameter in 1..=rows * width {
        let before = match parameter {
            1 => "(",
            _ if parameter % width == 1 || width == 1 => "), (",
            _ => ", ",
        };
        let _ = write!(text, "{before}${parameter}");
    }
    text.push(')');
    Statement::new(text)
}

/// `INSERT INTO table (columns) SELECT …` of no row: tells whether rows may be inserted.
pub fn insert_nothing(target: &Qualified, layout: &Layout) -> Statement {
    let nulls = layout.columns.iter().map(|column| format!("CAST(NULL AS {})", column.stage_type));
    let (names, nulls) = (list("", layout.names()), nulls.collect::<Vec<_>>().join(", "));
    Statement::new(format!("INSERT INTO {target} ({names}) SELECT {nulls} WHERE 1 = 0"))
}

/// How many rows one INSERT takes at most: a statement has so many parameters and no more.
pub fn rows_per_insert(into: CopyInto<'_>, layout: &Layout) -> usize {
    // A table has at most 1,600 columns, so at least twenty rows fit.
    limits::BIND_PARAMETERS as usize / width(into, layout).max(1)
}

fn width(into: CopyInto<'_>, layout: &Layout) -> usize {
    let marks = match into {
        CopyInto::Stage(_) if layout.keyed() => StageColumns::ALL.len(),
        _ => 0,
    };
    layout.columns.len() + marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::LoadColumn;

    fn layout(names: &[&str], key: bool) -> Layout {
        let column = |name: &&str| LoadColumn {
            name: (*name).to_owned(),
            stage_type: "BIGINT".into(),
            conversion: crate::sql::Conversion::None,
            key,
            text: false,
        };
        Layout { columns: names.iter().map(column).collect(), direct: true, complete: true }
    }

    #[test]
    fn each_row_has_its_own_parameters() {
        let target = Qualified { schema: "s".into(), table: "t".into() };
        let into = CopyInto::Target(&target);
        let text =
            |names: &[&str], rows| insert_rows(into, &layout(names, false), rows).to_string();
        assert_eq!(
            text(&["a", "b"], 2),
            r#"INSERT INTO "s"."t" ("a", "b") VALUES ($1, $2), ($3, $4)"#
        );
        assert_eq!(text(&["a"], 3), r#"INSERT INTO "s"."t" ("a") VALUES ($1), ($2), ($3)"#);
        let staged = insert_rows(CopyInto::Stage("x"), &layout(&["a"], true), 1).to_string();
        assert!(staged.ends_with(r#""frc_subtask") VALUES ($1, $2, $3, $4, $5)"#), "{staged}");
    }

    #[test]
    fn no_statement_has_more_parameters_than_redshift_takes() {
        for columns in [1, 2, 3, 5, 28, 1595] {
            let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (into, layout) = (CopyInto::Stage("x"), layout(&names, true));
            let rows = rows_per_insert(into, &layout);
            assert!(rows * (columns + 4) <= 32_767 && (rows + 1) * (columns + 4) > 32_767);
            let text = insert_rows(into, &layout, rows).to_string();
            assert_eq!(text.matches('$').count(), rows * (columns + 4));
            assert!((text.len() as u64) < limits::STATEMENT_BYTES);
        }
    }
}
