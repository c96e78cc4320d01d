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

use async_trait::async_trait;
use datafusion::{
    arrow::{
        array::{ArrayRef, RecordBatch, RecordBatchOptions},
        datatypes::SchemaRef,
    },
    catalog::{Session, TableProvider},
    datasource::TableType,
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::Expr,
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchReceiverStreamBuilder,
        streaming::{PartitionStream, StreamingTableExec},
    },
};

use super::{
    builder::{ColumnBuilder, TimeText},
    options::TableOptions,
};
use crate::{
    plan::engine_schema,
    script::{DeclaredColumn, Problem},
    value::time::Digits,
};
use field::{Field, FieldOptions};

/// Batches that wait for whoever takes them.
const WAITING: usize = 2;

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

/// The rows as a table of the engine.
#[derive(Debug)]
pub struct DatagenTable {
    source: Datagen,
    schema: SchemaRef,
}

impl DatagenTable {
    /// A table of made-up rows.
    pub fn new(source: Datagen) -> Self {
        let schema = engine_schema(&source.columns);
        DatagenTable { source, schema }
    }
}

#[async_trait]
impl TableProvider for DatagenTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let projection: Arc<[usize]> = match projection {
            Some(projection) => projection.as_slice().into(),
            None => (0..self.source.columns.len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&projection)?);
        let rows = Rows { source: self.source.clone(), projection, schema: Arc::clone(&schema) };
        let exec = StreamingTableExec::try_new(
            schema,
            vec![Arc::new(rows) as Arc<dyn PartitionStream>],
            None,
            [],
            false,
            limit,
        )?;
        Ok(Arc::new(exec))
    }
}

/// The rows as a stream.
#[derive(Debug)]
struct Rows {
    source: Datagen,
    projection: Arc<[usize]>,
    schema: SchemaRef,
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let source = self.source.clone();
        let (projection, schema) = (Arc::clone(&self.projection), Arc::clone(&self.schema));
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), WAITING);
        let batches = builder.tx();
        let most = context.session_config().batch_size() as u64;
        builder.spawn_blocking(move || {
            let started = Instant::now();
            let at_once = (source.rows_per_second / TICKS_PER_SECOND).clamp(1, most);
            let mut made = 0;
            while made < source.rows {
                let rows = at_once.min(source.rows - made);
                let batch = source.batch(&projection, &schema, made, rows)?;
                // A receiver that is gone wants no more rows.
                if batches.blocking_send(Ok(batch)).is_err() {
                    break;
                }
                made += rows;
                let due = Duration::from_secs_f64(made as f64 / source.rows_per_second as f64);
                let last = made == source.rows;
                if !last && let Some(early) = due.checked_sub(started.elapsed()) {
                    thread::sleep(early);
                }
            }
            Ok(())
        });
        builder.build()
    }
}

impl Datagen {
    /// So many rows from the `first` on.
    fn batch(
        &self,
        projection: &[usize],
        schema: &SchemaRef,
        first: u64,
        rows: u64,
    ) -> Result<RecordBatch> {
        let mut random = rand::rng();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(projection.len());
        for index in projection {
            let (column, field) = (&self.columns[*index], &self.fields[*index]);
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
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
    }
}
