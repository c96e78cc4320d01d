//! What a part's columns are: the plan's own, and for keyed tables those that order and mark
//! changes.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int16Array, Int32Array, Int64Array},
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};

use crate::{
    error::{Error, ErrorKind, Result},
    sql::StageColumns,
    types::TablePlan,
};

/// What a row of a changelog does, with Flink's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// A new row.
    Insert,
    /// The old content of a row that changes. With an [`UpdateAfter`](RowKind::UpdateAfter) of the
    /// same key right behind it, also in the next batch, the two are one upsert; else it is a
    /// delete.
    UpdateBefore,
    /// The new content of a row that changes: an upsert.
    UpdateAfter,
    /// A row that goes.
    Delete,
}

impl RowKind {
    /// The kind as it is staged in `frc_kind`: 0 upsert, 1 delete. An old row that is staged is a
    /// delete: one whose new row is right behind it is not staged at all.
    pub const fn staged(self) -> i16 {
        match self {
            RowKind::Insert | RowKind::UpdateAfter => 0,
            RowKind::Delete | RowKind::UpdateBefore => 1,
        }
    }

    /// Whether the row takes content away: then only its key columns need to be there.
    pub const fn retracts(self) -> bool {
        matches!(self, RowKind::Delete | RowKind::UpdateBefore)
    }
}

/// Which columns a part has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StagedShape {
    /// The plan's columns only; every row is an insert.
    Append,
    /// The plan's columns and then the [`StageColumns`]: the change's kind ([`RowKind::staged`]),
    /// the checkpoint that it belongs to, its running number within the writer, which never starts
    /// again, and the writer's subtask index.
    Keyed,
}

/// The types, in a part, of the [`StageColumns`].
const ORDER_TYPES: [DataType; 4] =
    [DataType::Int16, DataType::Int64, DataType::Int64, DataType::Int32];

/// Where a batch's rows stand among all changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub checkpoint: u64,
    /// Running number of the batch's first row, from 0.
    pub sequence: u64,
    pub subtask: u32,
}

/// The schema of a part: every column optional, since nullability is checked before and COPY
/// ignores what the file says about it.
pub(super) fn schema(plan: &TablePlan, shape: StagedShape) -> Result<SchemaRef> {
    let mut fields: Vec<FieldRef> = plan
        .columns
        .iter()
        .map(|column| {
            let staged = &column.staged;
            Arc::new(Field::new(staged.name(), staged.data_type().clone(), true))
        })
        .collect();
    if shape == StagedShape::Keyed {
        for ((name, _), data_type) in StageColumns::ALL.iter().zip(ORDER_TYPES) {
            if fields.iter().any(|field| field.name() == name) {
                return Err(Error::new(
                    ErrorKind::SchemaMismatch,
                    format!(
                        "cannot stage changes: the table has a column of its own named '{name}'"
                    ),
                )
                .hint("rename the column; names that begin with 'frc_' mark staged changes"));
            }
            fields.push(Arc::new(Field::new(*name, data_type, true)));
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// The values of the [`StageColumns`] for one batch.
pub(super) fn order_columns(rows: usize, kinds: Option<&[RowKind]>, place: Place) -> [ArrayRef; 4] {
    let kind = match kinds {
        Some(kinds) => Int16Array::from_iter_values(kinds.iter().map(|kind| kind.staged())),
        None => Int16Array::from_value(RowKind::Insert.staged(), rows),
    };
    let first = place.sequence as i64;
    let sequence = Int64Array::from_iter_values(first..first + rows as i64);
    // Flink's "end of input" is i64::MAX, ours may be u64::MAX: both are later than any other.
    let checkpoint = i64::try_from(place.checkpoint).unwrap_or(i64::MAX);
    // Subtask indexes are below Flink's limit of 32,768 subtasks.
    let subtask = i32::try_from(place.subtask).unwrap_or(i32::MAX);
    [
        Arc::new(kind),
        Arc::new(Int64Array::from_value(checkpoint, rows)),
        Arc::new(sequence),
        Arc::new(Int32Array::from_value(subtask, rows)),
    ]
}
