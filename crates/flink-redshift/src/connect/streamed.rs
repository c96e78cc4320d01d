//! Tables whose rows come as a stream that a thread of its own makes: what all sources share of the
//! engine's side, from the columns that a query wants to the batches that wait for it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
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

use crate::{plan::engine_schema, script::DeclaredColumn};

/// Batches that wait for whoever takes them.
const WAITING: usize = 2;

/// Where the rows of a table come from.
pub trait RowSource: fmt::Debug + Clone + Send + Sync + 'static {
    /// The table's columns, as declared.
    fn columns(&self) -> &Arc<[DeclaredColumn]>;

    /// The same rows as several sources that are read at once: one at least, `most` at most.
    fn split(&self, most: usize) -> Vec<Self>;

    /// Gives the wanted columns of all rows, in batches of so many rows at most, on a thread that
    /// may block. It ends early where `send` says that nobody wants more.
    fn read(
        &self,
        wanted: &Wanted<'_>,
        rows: usize,
        send: &mut impl FnMut(RecordBatch) -> bool,
    ) -> Result<()>;
}

/// What a query wants of a table's rows.
pub struct Wanted<'a> {
    /// All columns of the table.
    pub columns: &'a [DeclaredColumn],
    /// Indexes of those that are wanted, in order.
    pub projection: &'a [usize],
    /// Their schema.
    pub schema: &'a SchemaRef,
}

/// A source as a table of the engine.
#[derive(Debug)]
pub struct StreamedTable<S> {
    source: S,
    schema: SchemaRef,
}

impl<S: RowSource> StreamedTable<S> {
    /// A table over a source.
    pub fn new(source: S) -> Self {
        let schema = engine_schema(source.columns());
        StreamedTable { source, schema }
    }
}

#[async_trait]
impl<S: RowSource> TableProvider for StreamedTable<S> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let projection: Arc<[usize]> = match projection {
            Some(projection) => projection.as_slice().into(),
            None => (0..self.source.columns().len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&projection)?);
        let sources = self.source.split(state.config().target_partitions()).into_iter();
        let streams = sources.map(|source| {
            let (projection, schema) = (Arc::clone(&projection), Arc::clone(&schema));
            Arc::new(Rows { source, projection, schema }) as Arc<dyn PartitionStream>
        });
        let streams = streams.collect();
        let exec = StreamingTableExec::try_new(schema, streams, None, [], false, limit)?;
        Ok(Arc::new(exec))
    }
}

/// The wanted columns of a source's rows.
#[derive(Debug)]
struct Rows<S> {
    source: S,
    projection: Arc<[usize]>,
    schema: SchemaRef,
}

impl<S: RowSource> PartitionStream for Rows<S> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = context.session_config().batch_size();
        let source = self.source.clone();
        let (projection, schema) = (Arc::clone(&self.projection), Arc::clone(&self.schema));
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), WAITING);
        let batches = builder.tx();
        builder.spawn_blocking(move || {
            let columns = source.columns();
            let wanted = Wanted { columns, projection: &projection, schema: &schema };
            // A receiver that is gone wants no more rows.
            source.read(&wanted, rows, &mut |batch| batches.blocking_send(Ok(batch)).is_ok())
        });
        builder.build()
    }
}
