//! One table in jdbc mode, and the rows that most of these tests write into it.

use std::collections::BTreeMap;

use arrow_redshift::{
    sink::{Prepared, Writer},
    stage::RowKind,
};
use redshift_local::{
    RedshiftLocal,
    faults::{Effect, FaultRule, StatementKind, When},
};
use tokio_postgres::Client;

use crate::support::{Kind, batch, content, options, owned, prepared};

pub const FIRST: &[(i64, &str)] = &[(1, "a"), (2, "b"), (3, "c"), (4, "d")];
pub const SECOND: &[(i64, &str)] = &[(3, "c2"), (4, "gone"), (5, "e"), (6, "lost"), (6, "f")];
const KINDS_OF_SECOND: &[RowKind] = &[
    RowKind::UpdateAfter,
    RowKind::Delete,
    RowKind::Insert,
    RowKind::Insert,
    RowKind::UpdateAfter,
];

pub const AT_LEAST_ONCE: &str = "at-least-once";
pub const EXACTLY_ONCE: &str = "exactly-once";

/// The options of a sink in jdbc mode, whose rows wait for nothing but a full batch or a checkpoint.
pub fn jdbc(server: &RedshiftLocal, table: &str, guarantee: &str) -> BTreeMap<String, String> {
    let mut options = options(server, table);
    options.retain(|key, _| !key.starts_with("aws.") && !key.contains("s3"));
    for (key, value) in [
        ("sink.write.mode", "jdbc"),
        ("sink.delivery-guarantee", guarantee),
        ("sink.flush-interval", "1 h"),
    ] {
        options.insert(key.into(), value.into());
    }
    options
}

/// A table that is written to.
pub struct Case {
    pub table: String,
    pub kind: Kind,
    pub sink: Prepared,
}

impl Case {
    pub async fn new(server: &RedshiftLocal, kind: Kind, guarantee: &str, name: &str) -> Case {
        let table = format!("t_{name}_{kind:?}").to_lowercase();
        let mut options = jdbc(server, &table, guarantee);
        options.insert("sink.max-retries".into(), "5".into());
        let sink = prepared(&options, kind).await;
        Case { table, kind, sink }
    }

    /// Writes the first rows; they belong to a checkpoint that is still to be closed.
    pub async fn write_first(&self, writer: &mut Writer) {
        writer.write(&batch(FIRST), None).await.unwrap();
    }

    pub async fn write_second(&self, writer: &mut Writer) {
        let kinds = (self.kind == Kind::Keyed).then_some(KINDS_OF_SECOND);
        writer.write(&batch(SECOND), kinds).await.unwrap();
    }

    pub fn expected(&self) -> Vec<(i64, String)> {
        match self.kind {
            Kind::Append => {
                let mut all = owned(FIRST);
                all.extend(owned(SECOND));
                all.sort();
                all
            }
            Kind::Keyed => owned(&[(1, "a"), (2, "b"), (3, "c2"), (5, "e"), (6, "f")]),
        }
    }

    /// The table holds every row once.
    pub async fn check_exactly(&self, watcher: &Client, what: &str) {
        assert_eq!(content(watcher, &self.table).await, self.expected(), "{what} {:?}", self.kind);
    }

    /// The table holds every row, appended ones perhaps more than once, and no others.
    pub async fn check_at_least(&self, watcher: &Client, what: &str) {
        if self.kind == Kind::Keyed {
            return self.check_exactly(watcher, what).await;
        }
        let mut found = content(watcher, &self.table).await;
        assert!(found.len() >= self.expected().len(), "{what}: rows are lost: {found:?}");
        found.dedup();
        assert_eq!(found, self.expected(), "{what}");
    }
}

pub fn rule(statement: StatementKind, effect: Effect) -> FaultRule {
    let when = When { statement: Some(statement), user: Some("loader".into()), ..When::default() };
    FaultRule { when, skip: 0, count: 1, effect }
}

pub fn fail(sqlstate: &str, message: &str, detail: Option<&str>) -> Effect {
    Effect::Fail {
        sqlstate: sqlstate.into(),
        message: message.into(),
        detail: detail.map(str::to_owned),
    }
}
