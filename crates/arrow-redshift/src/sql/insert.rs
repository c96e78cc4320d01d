//! INSERT of rows as parameters.

use std::fmt::Write;

use super::{
    copy::CopyInto,
    ident::{Qualified, identifier, list},
    layout::{Layout, StageColumns},
    statement::Statement,
};
use crate::limits;

/// INSERTs of rows as parameters into one table.
#[derive(Debug, Clone, Copy)]
pub struct InsertRows<'a> {
    into: CopyInto<'a>,
    layout: &'a Layout,
    marks: &'static [(&'static str, &'static str)],
}

impl<'a> InsertRows<'a> {
    /// Rows as files have them too: behind the columns, for a keyed load, all [`StageColumns`].
    pub fn new(into: CopyInto<'a>, layout: &'a Layout) -> InsertRows<'a> {
        let marks = match into {
            CopyInto::Stage(_) if layout.keyed() => StageColumns::ALL,
            _ => &[],
        };
        InsertRows { into, layout, marks }
    }

    /// Changes for [`Applying::Folded`](super::Applying): their place in order stays NULL.
    pub fn folded(stage: &'a str, layout: &'a Layout) -> InsertRows<'a> {
        InsertRows { into: CopyInto::Stage(stage), layout, marks: StageColumns::FOLDED }
    }

    /// Columns of a row.
    pub fn columns(&self) -> usize {
        self.layout.columns.len() + self.marks.len()
    }

    /// How many rows one INSERT takes at most: a statement has so many parameters and no more.
    pub fn most_rows(&self) -> usize {
        // A table has at most 1,600 columns, so at least twenty rows fit.
        limits::BIND_PARAMETERS as usize / self.columns().max(1)
    }

    /// `INSERT INTO table (columns) VALUES ($1, …), (…)`, one row of parameters after the other.
    pub fn statement(&self, rows: usize) -> Statement {
        let table = match self.into {
            CopyInto::Target(target) => target.to_string(),
            CopyInto::Stage(stage) => identifier(stage),
        };
        let marks = self.marks.iter().map(|(name, _)| *name);
        let columns = list("", self.layout.names().chain(marks));
        let width = self.columns();
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
}

/// `INSERT INTO table (columns) SELECT …` of no row: tells whether rows may be inserted.
pub fn insert_nothing(target: &Qualified, layout: &Layout) -> Statement {
    let nulls = layout.columns.iter().map(|column| format!("CAST(NULL AS {})", column.stage_type));
    let (names, nulls) = (list("", layout.names()), nulls.collect::<Vec<_>>().join(", "));
    Statement::new(format!("INSERT INTO {target} ({names}) SELECT {nulls} WHERE 1 = 0"))
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
        let text = |names: &[&str], rows| {
            InsertRows::new(into, &layout(names, false)).statement(rows).to_string()
        };
        assert_eq!(
            text(&["a", "b"], 2),
            r#"INSERT INTO "s"."t" ("a", "b") VALUES ($1, $2), ($3, $4)"#
        );
        assert_eq!(text(&["a"], 3), r#"INSERT INTO "s"."t" ("a") VALUES ($1), ($2), ($3)"#);
        let keyed = layout(&["a"], true);
        let staged = InsertRows::new(CopyInto::Stage("x"), &keyed).statement(1).to_string();
        assert!(staged.ends_with(r#""frc_subtask") VALUES ($1, $2, $3, $4, $5)"#), "{staged}");
        let folded = InsertRows::folded("x", &keyed).statement(2).to_string();
        assert_eq!(folded, r#"INSERT INTO "x" ("a", "frc_kind") VALUES ($1, $2), ($3, $4)"#);
    }

    #[test]
    fn no_statement_has_more_parameters_than_redshift_takes() {
        for columns in [1, 2, 3, 5, 28, 1595] {
            let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (into, layout) = (CopyInto::Stage("x"), layout(&names, true));
            let insert = InsertRows::new(into, &layout);
            let rows = insert.most_rows();
            assert!(rows * (columns + 4) <= 32_767 && (rows + 1) * (columns + 4) > 32_767);
            let text = insert.statement(rows).to_string();
            assert_eq!(text.matches('$').count(), rows * (columns + 4));
            assert!((text.len() as u64) < limits::STATEMENT_BYTES);
        }
    }
}
