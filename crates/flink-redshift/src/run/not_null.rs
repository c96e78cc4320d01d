//! Sees to NOT NULL as Flink does: a NULL is an error, or its row is left out.

use datafusion::{
    arrow::{
        array::{Array, BooleanArray, RecordBatch},
        compute::{filter_record_batch, is_not_null, kernels::boolean::and},
    },
    error::{DataFusionError, Result},
};

use crate::plan::{NotNull, PlannedInsert};

/// The columns of an INSERT that take no NULL, and what becomes of one.
pub struct NotNullRules {
    columns: Vec<Strict>,
    then: NotNull,
}

struct Strict {
    index: usize,
    name: String,
    in_key: bool,
}

impl NotNullRules {
    /// The rules of an INSERT's target.
    pub fn of(insert: &PlannedInsert) -> Self {
        let columns = insert.columns.iter().enumerate().filter(|(_, column)| !column.nullable);
        let columns = columns.map(|(index, column)| Strict {
            index,
            name: column.name.clone(),
            in_key: insert.primary_key.contains(&column.name),
        });
        NotNullRules { columns: columns.collect(), then: insert.not_null }
    }

    /// The rows of a batch that may be written; `before` rows of the query came before it.
    pub fn enforce(&self, batch: RecordBatch, before: u64) -> Result<RecordBatch> {
        let mut keep: Option<BooleanArray> = None;
        for column in &self.columns {
            let values = batch.column(column.index);
            if values.null_count() == 0 {
                continue;
            }
            let present = is_not_null(values)?;
            if self.then == NotNull::Error {
                let first = present.iter().position(|present| present == Some(false));
                let row = before + first.unwrap_or_default() as u64 + 1;
                return Err(DataFusionError::Execution(column.refuse(row)));
            }
            keep = Some(match keep {
                Some(keep) => and(&keep, &present)?,
                None => present,
            });
        }
        match keep {
            Some(keep) => Ok(filter_record_batch(&batch, &keep)?),
            None => Ok(batch),
        }
    }
}

impl Strict {
    fn refuse(&self, row: u64) -> String {
        let name = &self.name;
        let why = match self.in_key {
            true => "belongs to the PRIMARY KEY and is therefore NOT NULL",
            false => "is NOT NULL",
        };
        format!(
            "column {name} {why}, and row {row} of the query has NULL there\n  what to do: leave \
             such rows out with WHERE … IS NOT NULL, or silently with SET \
             'table.exec.sink.not-null-enforcer' = 'DROP'"
        )
    }
}
