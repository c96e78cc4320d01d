//! A script's text becomes statements with line numbers, and nothing is known here of what they
//! name: tables, types of connectors and functions are checked by the plan.

mod create_table;
mod cursor;
mod dialect;
mod problem;
mod split;
mod statement;
mod statement_set;

pub use create_table::{CreateTable, DeclaredColumn};
pub use dialect::FlinkDialect;
pub use problem::{Problem, ScriptError};
pub use statement::{CreateView, DropTable, Insert, Setting, Statement, StatementKind};

/// Reads a script: all its statements, and everything that is wrong with the form of others.
pub fn read(text: &str) -> (Vec<Statement>, Vec<Problem>) {
    let mut statements = Vec::new();
    let (parts, mut problems) = split::split(text);
    let (parts, found) = statement_set::open(parts);
    problems.extend(found);
    for part in &parts {
        match Statement::parse(part) {
            Ok(statement) => statements.push(statement),
            Err(found) => {
                problems.extend(found);
                let line = part.first().map_or(1, |token| token.span.start.line);
                let malformed = statement::created(part).map(StatementKind::Malformed);
                statements.extend(malformed.map(|kind| Statement { line, kind }));
            }
        }
    }
    (statements, problems)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: &[&str] = &[
        "CREATE",
        "TEMPORARY",
        "TABLE",
        "VIEW",
        "IF",
        "NOT",
        "EXISTS",
        "t",
        "`a b`",
        "(",
        ")",
        ",",
        "INT",
        "DECIMAL",
        "<",
        ">",
        "NULL",
        "PRIMARY",
        "KEY",
        "ENFORCED",
        "WITH",
        "'k'",
        "=",
        "'v'",
        ";",
        "INSERT",
        "INTO",
        "SELECT",
        "FROM",
        "VALUES",
        "1",
        ".",
        "SET",
        "DROP",
        "COMMENT",
        "AS",
        "WATERMARK",
        "FOR",
        "--",
        "/*",
        "*/",
        "\n",
        "'",
        "`",
        "\"",
        "/*+",
        "CONSTRAINT",
        "*",
    ];

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(
            words in prop::collection::vec(prop::sample::select(WORDS), 0..40),
            noise in ".{0,40}",
        ) {
            let text = words.join(" ");
            read(&text);
            read(&format!("{text}{noise}"));
        }
    }

    #[test]
    fn a_statement_knows_its_line_behind_comments_and_empty_statements() {
        let (statements, problems) = read(
            "-- one\n;;/* two\nthree */ SET 'a' = 'b'; -- it's\n\nINSERT INTO `t` (`x y`)\nSELECT 1;",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let lines: Vec<u64> = statements.iter().map(|statement| statement.line).collect();
        assert_eq!(lines, [3, 5]);
        match &statements[1].kind {
            StatementKind::Insert(insert) => {
                assert_eq!(insert.table, "t");
                assert_eq!(insert.columns.as_deref(), Some(&["x y".to_owned()][..]));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_table_is_read_in_full() {
        let (statements, problems) = read(
            "CREATE TEMPORARY TABLE IF NOT EXISTS t (\n`a b` DECIMAL(10, 2) NOT NULL COMMENT 'c',\n\
             ts TIMESTAMP(3) WITH LOCAL TIME ZONE, k INT CONSTRAINT pk PRIMARY KEY NOT ENFORCED\n\
             ) COMMENT 'it''s' WITH ('connector' = 'print', 'x' = 'a;b--c')",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let StatementKind::CreateTable(table) = &statements[0].kind else { panic!() };
        assert!(table.if_not_exists);
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("{} {} {} {}", c.line, c.name, c.data_type, c.nullable))
            .collect();
        assert_eq!(
            columns,
            ["2 a b DECIMAL(10, 2) false", "3 ts TIMESTAMP_LTZ(3) true", "3 k INT true"]
        );
        assert_eq!(table.primary_key, ["k"]);
        assert_eq!(table.options[1], ("x".to_owned(), "a;b--c".to_owned()));
    }
}
