//! What an INSERT does, in a few digits: its text, and the tables and views that it reads.
//!
//! A named run is compared by it, so that rows of another input are not taken for those that are
//! loaded already. Sources hold no secrets.

use std::fmt;

use sha2::{Digest as _, Sha256};
use sqlparser::ast::Query;

use crate::{
    connect::absolute_path,
    script::{CreateTable, Insert},
};

/// A digest of a table, a view or an INSERT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a table: its columns and options. A relative path means another file in another
    /// directory.
    pub fn of_table(table: &CreateTable) -> Self {
        let columns = table
            .columns
            .iter()
            .map(|column| format!("{} {} {}", column.name, column.data_type, column.nullable));
        let mut options: Vec<String> = table
            .options
            .iter()
            .map(|(key, value)| match key.as_str() {
                "path" => format!("path={}", absolute_path(value)),
                _ => format!("{key}={value}"),
            })
            .collect();
        options.sort();
        digest(std::iter::once("table".to_owned()).chain(columns).chain(options))
    }

    /// Of a view: its columns' names, its query, and what that reads.
    pub fn of_view(columns: &[String], query: &Query, reads: &[(String, Self)]) -> Self {
        digest(["view".to_owned(), columns.join(", ")].into_iter().chain(parts(query, reads)))
    }

    /// Of an INSERT: its target and columns, its query, and what that reads. White space and
    /// comments do not count.
    pub fn of_insert(insert: &Insert, reads: &[(String, Self)]) -> Self {
        let columns = insert.columns.as_ref().map(|columns| columns.join(", "));
        let verb = if insert.overwrite { "overwrite" } else { "insert" };
        let target = [verb.to_owned(), insert.table.clone(), columns.unwrap_or_default()];
        digest(target.into_iter().chain(parts(&insert.query, reads)))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn parts(query: &Query, reads: &[(String, Fingerprint)]) -> impl Iterator<Item = String> {
    let reads = reads.iter().map(|(name, read)| format!("{name} {:02x?}", read.0));
    std::iter::once(query.to_string()).chain(reads)
}

/// Each part with its length before it, so that no two lists of parts are one text.
fn digest(parts: impl Iterator<Item = String>) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Fingerprint(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use crate::plan;

    const SCRIPT: &str = "
        CREATE TABLE v (i INT, s STRING) WITH ('connector' = 'filesystem', 'path' = 'src', 'format' = 'csv');
        CREATE VIEW w AS SELECT i, s FROM v WHERE i > 1;
        CREATE TABLE p (i INT, s STRING) WITH ('connector' = 'blackhole');
        INSERT INTO p SELECT i, s FROM w;";

    async fn of(script: &str) -> String {
        let (statements, problems) = crate::script::read(script);
        match plan::plan(statements, problems, false).await {
            Ok(plan) => plan.inserts[0].fingerprint.to_string(),
            Err(problems) => panic!("{problems:?}"),
        }
    }

    #[tokio::test]
    async fn it_stands_for_what_is_loaded_and_not_for_how_that_is_written() {
        let first = of(SCRIPT).await;
        assert_eq!(first.len(), 16);
        for same in [
            SCRIPT.replace("SELECT i, s FROM w", "select  i,\n s -- all\n from w"),
            SCRIPT.replace("'path' = 'src', 'format' = 'csv'", "'format' = 'csv', 'path' = 'src'"),
            SCRIPT.replace("'blackhole'", "'print'"),
            SCRIPT.replace("'src'", "'./src'"),
        ] {
            assert_eq!(of(&same).await, first, "{same}");
        }
        for other in [
            SCRIPT.replace("'src'", "'tests'"),
            SCRIPT.replace("'format' = 'csv'", "'format' = 'json'"),
            SCRIPT.replace("i > 1", "i > 2"),
            SCRIPT
                .replace(
                    "(i INT, s STRING) WITH ('connector' = 'filesystem'",
                    "(i BIGINT, s STRING) WITH ('connector' = 'filesystem'",
                )
                .replace("p (i INT", "p (i BIGINT"),
            SCRIPT.replace("SELECT i, s FROM w", "SELECT i, UPPER(s) FROM w"),
            SCRIPT.replace("INTO p SELECT", "INTO p (i, s) SELECT"),
        ] {
            assert_ne!(of(&other).await, first, "{other}");
        }
    }
}
