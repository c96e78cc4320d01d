//! `'connector' = 'datagen'`: made-up rows, with Flink's option names and ranges.
//!
//! Sequences are the same rows here and in Flink; random values are of the same kind and range, and
//! no two runs have the same, there or here.

mod field;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions},
    error::Result,
};

use super::{
    builder::{ColumnBuilder, TimeText},
    options::TableOptions,
    streamed::{RowSource, Wanted},
};
use crate::{
    script::{DeclaredColumn, Problem},
    value::time::Digits,
};
use field::{Field, FieldOptions};

/// How often rows come where they come slowly.
const TICKS_PER_SECOND: u64 = 10;

/// The texts that values are made as.
const TEXT: TimeText = TimeText { separator: ' ', digits: Digits::Fixed };

/// Rows that are made up.
#[derive(Debug, Clone)]
pub struct Datagen {
    columns: Arc<[DeclaredColumn]>,
    fields: Arc<[Field]>,
    rows: u64,
    rows_per_second: u64,
}

impl Datagen {
    /// Reads the table's options.
    pub fn open(options: &mut TableOptions<'_>, columns: &[DeclaredColumn]) -> Option<Self> {
        let rows_per_second = options.number("rows-per-second", 1..=u64::MAX).unwrap_or(10_000);
        let rows = options.number("number-of-rows", 0..=u64::MAX);
        if rows.is_none() && options.get("number-of-rows").is_none() {
            options.problem(
                "the table has no 'number-of-rows': without it rows never end, and scripts run in \
                 batch mode",
            );
        }
        if options.number("scan.parallelism", 1..=u64::MAX).is_some_and(|number| number > 1) {
            let what = "'scan.parallelism' above 1 of a datagen table";
            options.problem(Problem::unsupported(0, what).message);
        }
        let fields: Vec<Option<Field>> = columns
            .iter()
            .map(|column| Field::open(&mut FieldOptions::new(options, column), column))
            .collect();
        let fields: Option<Arc<[Field]>> = fields.into_iter().collect();
        let mut rows = rows?;
        let fields = fields?;
        // The first sequence that ends ends the table.
        for values in fields.iter().filter_map(Field::values) {
            rows = rows.min(values);
        }
        Some(Datagen { columns: columns.into(), fields, rows, rows_per_second })
    }
}

impl RowSource for Datagen {
    fn columns(&self) -> &Arc<[DeclaredColumn]> {
        &self.columns
    }

    fn split(&self, _most: usize) -> Vec<Self> {
        vec![self.clone()]
    }

    fn read(
        &self,
        wanted: &Wanted<'_>,
        rows: usize,
        send: &mut impl FnMut(RecordBatch) -> bool,
    ) -> Result<()> {
        let started = Instant::now();
        let at_once = (self.rows_per_second / TICKS_PER_SECOND).clamp(1, rows as u64);
        let mut made = 0;
        while made < self.rows {
            let rows = at_once.min(self.rows - made);
            if !send(self.batch(wanted, made, rows)?) {
                break;
            }
            made += rows;
            let due = Duration::from_secs_f64(made as f64 / self.rows_per_second as f64);
            let last = made == self.rows;
            if !last && let Some(early) = due.checked_sub(started.elapsed()) {
                thread::sleep(early);
            }
        }
        Ok(())
    }
}

impl Datagen {
    /// So many rows from the `first` on.
    fn batch(&self, wanted: &Wanted<'_>, first: u64, rows: u64) -> Result<RecordBatch> {
        let mut random = rand::rng();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(wanted.projection.len());
        for index in wanted.projection {
            let (column, field) = (&wanted.columns[*index], &self.fields[*index]);
            let mut values = ColumnBuilder::new(&column.data_type, TEXT);
            for row in first..first + rows {
                let value = field.value(row, &mut random);
                // What a field makes is a value of its type: its bounds were checked.
                if values.push(value.as_deref()).is_none() {
                    values.push_null();
                }
            }
            columns.push(values.finish()?);
        }
        let options = RecordBatchOptions::new().with_row_count(usize::try_from(rows).ok());
        Ok(RecordBatch::try_new_with_options(Arc::clone(wanted.schema), columns, &options)?)
    }
}
