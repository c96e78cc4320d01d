//! One INSERT: a stream of batches into its sink.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arrow_redshift::{ErrorKind, sink::Summary};
use datafusion::{
    arrow::array::RecordBatch,
    error::{DataFusionError, Result as EngineResult},
};
use futures::{Stream, StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

use super::{not_null::NotNullRules, place, progress::Shown, redshift::LoadTarget};
use crate::{
    connect::{Connector, Printer},
    failure::Failure,
    plan::{PlannedInsert, Session},
};

/// What an INSERT did, and how it ended.
pub struct Done {
    /// Rows that the query gave to the sink.
    pub rows: u64,
    /// What the load says at its end, for tables of Redshift.
    pub load: Option<Summary>,
    /// Rows that were committed, for tables of Redshift, also by a load that failed; `None` where
    /// nobody knows.
    pub loaded: Option<u64>,
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
        let progress = target.as_ref().map(LoadTarget::progress);
        let result = self.load(target, shown, &rows).await;
        let (load, result) = match result {
            Ok(load) => (load, Ok(())),
            Err(failure) => (None, Err(self.interrupted(failure))),
        };
        let unknown = matches!(&result, Err(failure) if failure.is_unknown());
        let loaded = progress.filter(|_| !unknown).map(|progress| progress.loaded_rows());
        Done { rows: rows.load(Ordering::Relaxed), load, loaded, took: started.elapsed(), result }
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
        let rules = NotNullRules::of(self.insert);
        let (counted, mut given) = (Arc::clone(rows), 0);
        let batches = stream.map(move |batch| {
            let batch = batch?;
            let before = given;
            given += batch.num_rows() as u64;
            let batch = rules.enforce(batch, before)?;
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
                    printer.write(&batch).map_err(|error| {
                        let what =
                            format!("{}: cannot write to {}", place(self.insert), print.stream());
                        Failure::Machine(anyhow::Error::from(error).context(what))
                    })
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
                () = self.stop.cancelled() => return Err(self.stopped()),
                batch = batches.try_next() => batch.map_err(|error| self.failed(&error))?,
            };
            match batch {
                Some(batch) => take(batch)?,
                None => return Ok(None),
            }
        }
    }

    /// A load that was told to stop, and did, was interrupted.
    fn interrupted(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Load { error, .. }
                if self.stop.is_cancelled() && error.kind() == ErrorKind::Interrupted =>
            {
                self.stopped()
            }
            other => other,
        }
    }

    fn stopped(&self) -> Failure {
        let place = place(self.insert);
        Failure::Interrupted(match &self.insert.sink {
            Connector::Redshift(table) if table.loads_at_once() => {
                format!("nothing of {place} was loaded; run the script again")
            }
            Connector::Redshift(_) => format!(
                "{place} has loaded a part of its rows; a second run loads them a second time, \
                 unless the table has a key"
            ),
            _ => format!("{place} has not come to its end"),
        })
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
