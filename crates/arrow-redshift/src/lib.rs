//! Arrow batches into Amazon Redshift, exactly once: rows become Parquet parts on S3, parts become
//! one COPY, and a ledger row in the same transaction says that it happened.
//!
//! A sink takes options (those of a table with `'connector' = 'redshift'`, as pairs of text: see
//! `docs/options.md`), the columns of its batches, and an identity, by which the ledger knows its
//! commits. Batches have the Arrow types that [`types::TableSchema::arrow`] names, in its order. All of
//! it runs in a Tokio runtime, and `arrow` has to be the major version that this crate is built on.
//!
//! # A stream into a table
//!
//! [`Prepared::load`](sink::Prepared::load) takes a stream of batches to its end. With
//! `exactly-once` all of it is there afterwards, or nothing. One identity is one load: the next stream
//! has another launch, or another name of its sink.
//!
//! ```no_run
//! use std::{error::Error, sync::Arc};
//!
//! use arrow::array::{Int32Array, RecordBatch, StringArray};
//! use arrow_redshift::{
//!     options,
//!     sink::{Identity, LaunchId, Progress, Sink},
//!     types::{Column, TableSchema},
//! };
//! use futures::stream;
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn load() -> Result<(), Box<dyn Error + Send + Sync>> {
//! let options = [
//!     ("hostname", "examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com"),
//!     ("username", "awsuser"),
//!     ("password", "…"),
//!     ("table-name", "people"),
//!     ("sink.create-table", "if-not-exists"),
//!     ("sink.write.mode", "copy"),
//!     ("sink.write.temp.s3-uri", "s3://my-bucket/staging"),
//!     ("aws.iam-role", "arn:aws:iam::123456789012:role/RedshiftCopy"),
//! ]
//! .map(|(key, value)| (key.to_owned(), value.to_owned()));
//! let config = options::sink(&options)?.config;
//!
//! let columns = vec![
//!     Column { name: "id".into(), data_type: "INT".parse()?, nullable: false },
//!     Column { name: "name".into(), data_type: "VARCHAR(20)".parse()?, nullable: true },
//! ];
//! // Without a key, an empty one: the table then takes inserts only.
//! let schema = TableSchema::new(columns, vec!["id".into()])?;
//! let batch = RecordBatch::try_new(
//!     schema.arrow(),
//!     vec![Arc::new(Int32Array::from(vec![1, 2])), Arc::new(StringArray::from(vec!["Ada", "Grace"]))],
//! )?;
//!
//! // A name in place of `fresh()` lets a run be run again: LaunchId::named("people-2026-11-22").
//! let identity =
//!     Identity { launch: LaunchId::fresh(), sink: "people".into(), job: "people from Arrow".into() };
//! let sink = Sink::new(config, schema, identity)?;
//! // Connects, compares the table with the columns or creates it, and makes sure of the ledger.
//! let prepared = sink.prepare(&[]).await?;
//! let (progress, stop) = (Progress::default(), CancellationToken::new());
//! let summary = prepared.load(stream::iter([Ok(batch)]), &progress, &stop).await?;
//! println!("{} rows loaded", summary.loaded_rows);
//! # Ok(())
//! # }
//! ```
//!
//! # Changes, and checkpoints of one's own
//!
//! A [`Writer`](sink::Writer) takes batches with what each row does to the table. At a point of the
//! program's choosing it gives what it staged, which becomes one [`Committable`](sink::Committable);
//! its bytes are what a checkpoint keeps, and whoever has them may commit it, again and again if it
//! must be: the ledger says whether it was applied. Several writers of one sink prepare with
//! [`Sink::prepare_subtask`](sink::Sink::prepare_subtask) and send what they staged to one committer.
//!
//! ```no_run
//! use arrow::array::RecordBatch;
//! use arrow_redshift::{
//!     Result,
//!     sink::{CommitPoint, Committable, Prepared},
//!     stage::RowKind,
//! };
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn change(prepared: Prepared, batch: RecordBatch, stop: CancellationToken) -> Result<()> {
//! let mut writer = prepared.writer(0, 1)?;
//! // The batch has two rows: the first is the new content of its key, the second's key goes.
//! writer.write(&batch, Some(&[RowKind::UpdateAfter, RowKind::Delete])).await?;
//! let parts = writer.close(1).await?;
//! if let Some(commit) = prepared.gather(&CommitPoint::Checkpoint(1), parts)? {
//!     let kept: Vec<u8> = commit.to_bytes()?;
//!     // Here the bytes are made durable, with the position in the input that they belong to.
//!     let commit = Committable::from_bytes(&kept)?;
//!     let applied = prepared.committer().commit(&commit, &stop).await?;
//!     println!("{} rows, applied before: {}", applied.rows, applied.before);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A program that was ended goes on as the same launch: keep the [`LaunchId`](sink::LaunchId), which is
//! serde's, beside what was gathered and not yet committed, and go on counting checkpoints, since a
//! point of a launch is one commit. [`Sink::prepare`](sink::Sink::prepare) takes what was kept and
//! spares its parts; commit it before anything new. The option `sink.run-id` names nothing by itself:
//! who makes the identity passes it on ([`LaunchId::named`](sink::LaunchId::named)).
//!
//! What may go wrong is an [`Error`] with a [kind](ErrorKind), which says what to do.

pub mod error;
pub mod limits;
pub mod options;
mod retry;
pub mod session;
pub mod sink;
pub mod sql;
pub mod stage;
pub mod types;

pub use error::{Error, ErrorKind, Result};
