//! `'connector' = 'filesystem'`: files of this machine as a source, read as a stream.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::SchemaRef,
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
    csv::{self, CsvFormat},
    files,
    json::{self, JsonFormat},
    options::TableOptions,
    parquet::{self, ParquetFormat},
};
use crate::{
    plan::engine_schema,
    script::{DeclaredColumn, Problem},
};

/// Batches that wait between a file's reader and whoever takes them.
const WAITING: usize = 2;

/// Files that are read.
#[derive(Debug, Clone)]
pub struct Filesystem {
    files: Vec<PathBuf>,
    format: Format,
    columns: Arc<[DeclaredColumn]>,
}

#[derive(Debug, Clone)]
enum Format {
    Csv(CsvFormat),
    Json(JsonFormat),
    Parquet(ParquetFormat),
}

impl Filesystem {
    /// Reads the table's options and looks for its files.
    pub fn open(options: &mut TableOptions<'_>, columns: &[DeclaredColumn]) -> Option<Self> {
        for key in
            ["source.monitor-interval", "source.path.regex-pattern", "partition.default-name"]
        {
            options.refuse(key);
        }
        let files = match options.get("path") {
            None => {
                options.problem("the table has no 'path'");
                None
            }
            Some(path) => match files::local_path(path).and_then(|path| files::list(&path)) {
                Ok(files) => Some(files),
                Err(message) => {
                    options.problem(message);
                    None
                }
            },
        };
        let format = match options.get("format") {
            Some("csv") => CsvFormat::open(options).map(Format::Csv),
            Some("json") => JsonFormat::open(options).map(Format::Json),
            Some("parquet") => ParquetFormat::open(options, columns).map(Format::Parquet),
            Some(other) => {
                let what = format!("'format' = '{other}'");
                options.problem(Problem::unsupported(options.line(), what).message);
                None
            }
            None => {
                options.problem("the table has no 'format'");
                None
            }
        };
        Some(Filesystem { files: files?, format: format?, columns: columns.into() })
    }
}

/// What a format's reader needs to know of a file's table.
pub struct Wanted<'a> {
    /// All columns of the file.
    pub columns: &'a [DeclaredColumn],
    /// Indexes of those that are wanted, in order.
    pub projection: &'a [usize],
    /// Their schema.
    pub schema: &'a SchemaRef,
}

/// The files as a table of the engine.
#[derive(Debug)]
pub struct FilesystemTable {
    source: Filesystem,
    schema: SchemaRef,
}

impl FilesystemTable {
    /// A table over files.
    pub fn new(source: Filesystem) -> Self {
        let schema = engine_schema(&source.columns);
        FilesystemTable { source, schema }
    }
}

#[async_trait]
impl TableProvider for FilesystemTable {
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
            None => (0..self.source.columns.len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&projection)?);
        // With a parallelism of 1 one stream reads all files, in order.
        let streams = state.config().target_partitions().min(self.source.files.len()).max(1);
        let partitions = (0..streams).map(|first| {
            Arc::new(Files {
                files: self.source.files.iter().skip(first).step_by(streams).cloned().collect(),
                format: self.source.format.clone(),
                columns: Arc::clone(&self.source.columns),
                projection: Arc::clone(&projection),
                schema: Arc::clone(&schema),
            }) as Arc<dyn PartitionStream>
        });
        let exec = StreamingTableExec::try_new(
            schema.clone(),
            partitions.collect(),
            None,
            [],
            false,
            limit,
        )?;
        Ok(Arc::new(exec))
    }
}

/// Files that one stream reads, one after the other.
#[derive(Debug)]
struct Files {
    files: Vec<PathBuf>,
    format: Format,
    columns: Arc<[DeclaredColumn]>,
    projection: Arc<[usize]>,
    schema: SchemaRef,
}

impl PartitionStream for Files {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = context.session_config().batch_size();
        let (files, format) = (self.files.clone(), self.format.clone());
        let (columns, projection) = (Arc::clone(&self.columns), Arc::clone(&self.projection));
        let schema = Arc::clone(&self.schema);
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), WAITING);
        let batches = builder.tx();
        builder.spawn_blocking(move || {
            let wanted = Wanted { columns: &columns, projection: &projection, schema: &schema };
            // A receiver that is gone wants no more rows: the reading ends.
            let mut send = |batch| batches.blocking_send(Ok(batch)).is_ok();
            for file in &files {
                let more = match &format {
                    Format::Csv(format) => csv::read(file, format, &wanted, rows, &mut send)?,
                    Format::Json(format) => json::read(file, format, &wanted, rows, &mut send)?,
                    Format::Parquet(_) => parquet::read(file, &wanted, rows, &mut send)?,
                };
                if !more {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}
