//! One INSERT: a stream of batches into its sink.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arrow_redshift::sink::Summary;
use datafusion::{
    arrow::{
        array::{Array, BooleanArray, RecordBatch},
        compute::{filter_record_batch, is_not_null, kernels::boolean::and},
    },
    error::{DataFusionError, Result as EngineResult},
};
use futures::{Stream, StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

use super::{place, progress::Shown, redshift::LoadTarget};
use crate::{
    connect::{Connector, Printer},
    failure::Failure,
    plan::{NotNull, PlannedInsert, Session},
};

/// What an INSERT did, and how it ended.
pub struct Done {
    /// Rows that the query gave to the sink.
    pub rows: u64,
    /// What the load says, for tables of Redshift.
    pub load: Option<Summary>,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub result: Result<(), Failure>,
}

/// An INSERT that is about to run.
pub struct Running<'a> {
    /// Where its query runs.
    pub session: &'a Session,
    /// The INSERT.
    pub insert: &'a PlannedInsert,
    /// Whether to stop.
    pub stop: &'a CancellationToken,
}

impl Running<'_> {
    /// Runs it to its end.
    pub async fn run(&self, target: Option<LoadTarget>, shown: &Shown) -> Done {
        let started = Instant::now();
        let rows = Arc::new(AtomicU64::new(0));
        let result = self.load(target, shown, &rows).await;
        let (load, result) = match result {
            Ok(load) => (load, Ok(())),
            Err(failure) => (None, Err(failure)),
        };
        Done { rows: rows.load(Ordering::Relaxed), load, took: started.elapsed(), result }
    }

    async fn load(
        &self,
        target: Option<LoadTarget>,
        shown: &Shown,
        rows: &Arc<AtomicU64>,
    ) -> Result<Option<Summary>, Failure> {
        let stream = self.session.execute(self.insert.query.clone()).await;
        let stream = stream.map_err(|error| self.failed(&error))?;
        shown.count(Arc::clone(rows));
        let (columns, not_null) = (self.insert.columns.clone(), self.insert.not_null);
        let counted = Arc::clone(rows);
        let batches = stream.map(move |batch| {
            let batch = enforce(batch?, &columns, not_null)?;
            counted.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
            Ok(batch)
        });
        match (&self.insert.sink, target) {
            (Connector::Redshift(_), Some(target)) => {
                shown.watch(target.progress());
                let loaded = target.load(batches, self.stop).await;
                loaded.map(Some).map_err(|error| Failure::Load { place: place(self.insert), error })
            }
            (Connector::Print(print), _) => {
                let mut printer = Printer::new(print);
                self.each(batches, |batch| {
                    printer.write(&batch).map_err(|error| Failure::Machine(error.into()))
                })
                .await
            }
            _ => self.each(batches, |_| Ok(())).await,
        }
    }

    async fn each(
        &self,
        batches: impl Stream<Item = EngineResult<RecordBatch>>,
        mut take: impl FnMut(RecordBatch) -> Result<(), Failure>,
    ) -> Result<Option<Summary>, Failure> {
        let mut batches = std::pin::pin!(batches);
        loop {
            let batch = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Failure::Interrupted),
                batch = batches.try_next() => batch.map_err(|error| self.failed(&error))?,
            };
            match batch {
                Some(batch) => take(batch)?,
                None => return Ok(None),
            }
        }
    }

    fn failed(&self, error: &DataFusionError) -> Failure {
        Failure::Query(format!("{}: {}", place(self.insert), engine_message(error)))
    }
}

/// The engine's message, without the layers that it passed through.
pub fn engine_message(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::External(cause) => cause.to_string(),
        DataFusionError::Execution(message) => message.clone(),
        root => root.strip_backtrace(),
    }
}

/// Sees to NOT NULL as Flink does: a NULL is an error, or its row is left out.
fn enforce(
    batch: RecordBatch,
    columns: &[crate::script::DeclaredColumn],
    not_null: NotNull,
) -> EngineResult<RecordBatch> {
    let mut keep: Option<BooleanArray> = None;
    for (column, values) in columns.iter().zip(batch.columns()) {
        if column.nullable || values.null_count() == 0 {
            continue;
        }
        if not_null == NotNull::Error {
            return Err(DataFusionError::Execution(format!(
                "column {} is NOT NULL, and a NULL is written into it; SET \
                 'table.exec.sink.not-null-enforcer' = 'DROP' leaves such rows out silently",
                column.name
            )));
        }
        let present = is_not_null(values)?;
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
