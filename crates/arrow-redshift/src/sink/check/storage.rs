//! S3's side, and COPY: a part with one row is staged, looked at, loaded into a temporary table in a
//! transaction that is rolled back, and removed.

use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};

use super::{Findings, Sink, Told};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{CopyConfig, Encryption, S3Uri},
    session::Session,
    sink::{Shape, prepare, transaction},
    sql::{self, CopyInto, Qualified, Statement},
    stage::{Manifest, Part, StageWriter, StagedShape, Staging},
    types::{
        self, Column, FlinkType, NameCase, RedshiftType, TablePlan, TableSchema, TargetColumn,
        TargetTable,
    },
};

/// The id that the manifest is named after.
const ID: &str = "check";

/// The only column of the row.
const COLUMN: &str = "checked";

/// What is tried here, in order, once S3 can be asked.
const NAMES: [&str; 6] = ["s3-list", "s3-write", "s3-read", "encryption", "copy", "s3-delete"];

/// The place of rows that are set aside, where there is one.
const DEAD_LETTERS: &str = "dead-letters";

/// Tries S3 and COPY.
pub(super) async fn check(sink: &Sink, session: Option<&Session>, findings: &mut Findings) {
    let Some(copy) = &sink.config.copy else { return };
    let opened = findings.attempt("s3-access", open(sink, copy)).await;
    let Ok(staging) = opened else {
        let also = sink.config.values.dead_letters.as_ref().map(|_| DEAD_LETTERS);
        for name in NAMES.into_iter().chain(also) {
            findings.skip(name, "S3 cannot be asked");
        }
        return;
    };
    let tried = Tried { sink, copy, staging };
    tried.all(session, findings).await;
    if let Some(place) = &sink.config.values.dead_letters {
        // Nothing comes after it.
        let _ = findings.attempt(DEAD_LETTERS, tried.dead_letters(place)).await;
    }
}

async fn open(sink: &Sink, copy: &CopyConfig) -> Result<(Staging, Told)> {
    // The directory tells targets apart; this one is nobody's.
    let target = Qualified { schema: ID.into(), table: sink.config.table.table.clone() };
    let staging = prepare::staging(&sink.config, &sink.identity, &target, sink.attempt).await?;
    staging.find_credentials().await?;
    let region = staging.region().unwrap_or_default().to_owned();
    let whose = match &copy.s3.credentials {
        Some(_) => "the keys of the options",
        None => "AWS's default chain",
    };
    let told = format!("region {region}, credentials from {whose}");
    Ok((staging, Told::passed(told)))
}

struct Tried<'a> {
    sink: &'a Sink,
    copy: &'a CopyConfig,
    staging: Staging,
}

impl Tried<'_> {
    async fn all(&self, session: Option<&Session>, findings: &mut Findings) {
        // What came of each of these is noted; the next ones need nothing of it.
        let _ = findings.attempt("s3-list", self.list()).await;
        let Ok((parts, manifest)) = findings.attempt("s3-write", self.write()).await else {
            for name in &NAMES[2..] {
                findings.skip(name, "nothing was written");
            }
            return;
        };
        let _ = findings.attempt("s3-read", self.read(&parts)).await;
        let _ = findings.attempt("encryption", self.encryption(&parts)).await;
        match session {
            Some(session) => {
                let _ = findings.attempt("copy", self.copy(session, &manifest)).await;
            }
            None => findings.skip("copy", "there is no session"),
        }
        let _ = findings.attempt("s3-delete", self.delete(&parts)).await;
    }

    /// Whether files may be put where rows that are set aside go. Nothing stays there, and nothing
    /// has to be deleted there, which a load never does.
    async fn dead_letters(&self, place: &S3Uri) -> Result<((), Told)> {
        self.staging.try_place(place).await?;
        let S3Uri { bucket, prefix } = place;
        let told = format!("rows that are set aside can be put under s3://{bucket}/{prefix}");
        Ok(((), Told::passed(told)))
    }

    /// Lists objects and unfinished uploads, as every start does. This launch has none.
    async fn list(&self) -> Result<((), Told)> {
        self.staging.sweep_older_attempts(&Default::default()).await?;
        let uri = &self.copy.temp_uri;
        Ok(((), Told::passed(format!("s3://{}/{} can be listed", uri.bucket, uri.prefix))))
    }

    /// Writes a part with one row, and its manifest.
    async fn write(&self) -> Result<((Vec<Part>, String), Told)> {
        let plan = Arc::new(self.plan()?);
        let mut writer = StageWriter::new(
            self.staging.clone(),
            plan,
            StagedShape::Append,
            0,
            0,
            self.copy.format,
            self.copy.part_size,
        )?;
        let one = Arc::new(Int32Array::from(vec![1]));
        let batch = RecordBatch::try_new(schema()?.arrow(), vec![one])
            .map_err(|error| Error::new(ErrorKind::Internal, "cannot make a row").source(error))?;
        writer.write(&batch, None).await.map_err(|error| self.explain(error))?;
        let parts = writer.close(0).await.map_err(|error| self.explain(error))?;
        let manifest = Manifest::new(&parts)?;
        let url = self.staging.write_manifest(ID, &manifest).await?;
        let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
        Ok(((parts, url), Told::passed(format!("a part of {bytes} bytes and its manifest"))))
    }

    /// A bucket that wants encryption denies what comes without it, and says no more than that.
    fn explain(&self, error: Error) -> Error {
        let plain = matches!(self.copy.encryption, Encryption::BucketDefault | Encryption::None);
        if !(plain && error.kind() == ErrorKind::PermissionDenied) {
            return error;
        }
        let advice = error.advice().unwrap_or_default().to_owned();
        error.hint(format!(
            "{advice}; if the bucket's policy wants encryption to be asked for, set \
             'sink.write.temp.s3.encryption' = 'sse-s3' or 'sse-kms'"
        ))
    }

    async fn read(&self, parts: &[Part]) -> Result<((), Told)> {
        self.staging.missing(parts).await?;
        Ok(((), Told::passed("the part is there as it was written")))
    }

    async fn encryption(&self, parts: &[Part]) -> Result<((), Told)> {
        let mut found = None;
        for part in parts {
            found = self.staging.encryption(part).await?;
        }
        let wanted = match &self.copy.encryption {
            Encryption::BucketDefault | Encryption::None => None,
            Encryption::SseS3 => Some("AES256"),
            Encryption::SseKms(_) => Some("aws:kms"),
        };
        let told = match (wanted, found.as_deref()) {
            (Some(wanted), Some(found)) if wanted == found => {
                Told::passed(format!("the part is encrypted with {found}, as asked for"))
            }
            (Some(wanted), found) => {
                let why = "the part is not encrypted as the options ask";
                return Err(Error::new(ErrorKind::StorageFailed, why)
                    .with("asked", wanted)
                    .with("found", found.unwrap_or("nothing"))
                    .hint("check 's3.endpoint': this S3 does not do what AWS's does"));
            }
            (None, Some(found)) => {
                Told::passed(format!("the bucket encrypts by itself, with {found}"))
            }
            (None, None) => Told::warning(
                "S3 names no encryption of the part",
                "set 'sink.write.temp.s3.encryption', or a default on the bucket",
            ),
        };
        Ok(((), told))
    }

    /// COPY into a temporary table, in a transaction that is rolled back.
    async fn copy(&self, session: &Session, manifest: &str) -> Result<((), Told)> {
        let shape = self.shape()?;
        let region = self.staging.region();
        let into = CopyInto::Stage(transaction::STAGE);
        let copy = transaction::copy_statement(&self.sink.config, &shape, into, manifest, region)?;
        let create = sql::create_stage(transaction::STAGE, &shape.layout);
        session.run(&sql::BEGIN).await?;
        let loaded = loaded(session, [&create, &copy]).await;
        let undone = session.run(&sql::ROLLBACK).await;
        let loaded = loaded.map_err(|error| self.advise(error))?;
        undone?;
        if loaded != 1 {
            let why = format!("COPY loaded {loaded} rows where one was staged");
            return Err(Error::new(ErrorKind::LoadRefused, why).with("manifest", manifest));
        }
        Ok(((), Told::passed("one row came into a temporary table, and was rolled back")))
    }

    /// What to do about a COPY that is refused.
    fn advise(&self, error: Error) -> Error {
        if error.advice().is_some() {
            return error;
        }
        match error.kind() {
            ErrorKind::ConnectionLost | ErrorKind::Internal => error,
            _ => error.hint(transaction::copy_advice(self.copy)),
        }
    }

    async fn delete(&self, parts: &[Part]) -> Result<((), Told)> {
        self.staging.remove(ID, parts).await?;
        match self.staging.missing(parts).await {
            Err(error) if error.kind() == ErrorKind::StagingMissing => {
                Ok(((), Told::passed("part and manifest are gone again")))
            }
            Err(error) => Err(error),
            Ok(()) => {
                let why = "S3 said that the part is deleted, and it is still there";
                Err(Error::new(ErrorKind::StorageFailed, why))
            }
        }
    }

    fn plan(&self) -> Result<TablePlan> {
        let data_type = RedshiftType::Integer;
        let column = TargetColumn { name: COLUMN.into(), data_type, nullable: true, default: None };
        let (schema, table) = (ID.into(), ID.into());
        let case = NameCase::Folded;
        let target = TargetTable { schema, table, columns: vec![column], case };
        types::plan(&self::schema()?, &target, self.copy.format)
    }

    fn shape(&self) -> Result<Shape> {
        let target = Qualified { schema: ID.into(), table: ID.into() };
        let layout = prepare::layout(&self.plan()?, &schema()?);
        Ok(Shape { target, layout, carrier: self.copy.format.into() })
    }
}

fn schema() -> Result<TableSchema> {
    let column = Column { name: COLUMN.into(), data_type: FlinkType::Int, nullable: true };
    TableSchema::new(vec![column], Vec::new())
}

async fn loaded(session: &Session, statements: [&Statement; 2]) -> Result<u64> {
    for statement in statements {
        session.run(statement).await?;
    }
    session.number(&sql::COPY_COUNT).await
}
