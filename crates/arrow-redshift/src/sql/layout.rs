//! What lies in the staged files and how it goes into the target. It travels with a committable,
//! so that one that is restored is applied the way it was written.

use serde::{Deserialize, Serialize};

/// The columns that order and mark changes in a keyed load's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageColumns;

impl StageColumns {
    /// Kind of change: 0 upsert, 1 delete, 2 the old row of an update.
    pub const KIND: &'static str = "frc_kind";
    /// Checkpoint that the change belongs to.
    pub const CHECKPOINT: &'static str = "frc_checkpoint";
    /// Running number of the change within its writer.
    pub const SEQUENCE: &'static str = "frc_sequence";
    /// The writer.
    pub const SUBTASK: &'static str = "frc_subtask";

    /// Names and Redshift types, in the files' order, behind the table's own columns.
    pub const ALL: &'static [(&'static str, &'static str)] = &[
        (Self::KIND, "SMALLINT"),
        (Self::CHECKPOINT, "BIGINT"),
        (Self::SEQUENCE, "BIGINT"),
        (Self::SUBTASK, "INTEGER"),
    ];
}

/// One column of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadColumn {
    /// The target column's name as stored.
    pub name: String,
    /// DDL text of its type in a staging table.
    pub stage_type: String,
    /// Whether the staged value is a TIMESTAMP in UTC that becomes a TIMESTAMPTZ.
    pub utc: bool,
    /// Whether the column belongs to the key.
    pub key: bool,
    /// Whether it is text, whose trailing blanks a comparison ignores.
    pub text: bool,
}

/// What lies in the staged files and how it goes into the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The columns, in the files' order.
    pub columns: Vec<LoadColumn>,
    /// Whether COPY can load the files into the target itself.
    pub direct: bool,
    /// Whether every column of the target is written.
    pub complete: bool,
}

impl Layout {
    /// Whether changes are applied by key; such files carry the [`StageColumns`] too.
    pub fn keyed(&self) -> bool {
        self.columns.iter().any(|column| column.key)
    }

    /// Whether a staging table stands between the files and the target.
    pub fn staged(&self) -> bool {
        self.keyed() || !self.direct
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}
