//! What one commit applies: everything needed to do it, or to do it again in another process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{
    Staged,
    identity::{CommitPoint, CommittableId, Identity},
    staged::earliest,
    stored::Format,
};
use crate::{
    error::{Error, ErrorKind, Result},
    sql::{Layout, Ledger, LedgerRow, Qualified, aside_id},
    stage::{Part, is_restaged, restaged_name},
    types::Carrier,
};

const FORMAT: Format = Format { name: "committable", magic: b"FRC", version: 2 };

/// What a sink's parts hold and where they go; the same for all its commits until the table or
/// the options change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The target table.
    pub target: Qualified,
    /// The files' columns and how they go into the target.
    pub layout: Layout,
    /// What carries them to the server.
    #[serde(rename = "format")]
    pub carrier: Carrier,
}

/// What all writers staged up to one point. Its id is stamped once and is the unit of "applied":
/// however often commits are gathered, forked or restored, a unit is applied once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The id.
    pub id: CommittableId,
    /// The parts of all writers, those of rows that were set aside among them.
    pub parts: Vec<Part>,
    /// When they were staged, in seconds since 1970.
    pub staged_at: u64,
    /// When the first of their rows came, in milliseconds since 1970; `None` where it is not known.
    #[serde(default)]
    pub first_row_at: Option<u64>,
}

impl Unit {
    /// Rows that are to be loaded.
    pub fn rows(&self) -> u64 {
        self.loads().map(|part| part.rows).sum()
    }

    /// The parts that are to be loaded.
    pub fn loads(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.is_dead_letters())
    }

    /// The parts of rows that were set aside.
    pub fn dead_letters(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.is_dead_letters())
    }
}

/// One commit: units that are loaded together, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committable {
    /// The job's name, for the ledger's reader.
    pub job: String,
    /// What the parts hold and where they go.
    pub shape: Shape,
    /// How long the ledger keeps the units' rows, in seconds.
    pub keep: u64,
    /// Whether the target is emptied in the same transaction.
    pub overwrite: bool,
    /// The units, oldest first; more than one where commits are gathered.
    pub units: Vec<Unit>,
}

impl Committable {
    /// Gathers what all writers staged up to a point, or nothing when there is nothing to do.
    ///
    /// A launch that the user named has one point only, its end: checkpoints would count anew in
    /// a second run, and be taken for those of the first.
    pub(super) fn gather(
        identity: &Identity,
        point: &CommitPoint,
        staged: Staged,
        overwrite: bool,
        keep: Duration,
    ) -> Result<Option<Self>> {
        if identity.launch.is_named() && matches!(point, CommitPoint::Checkpoint(_)) {
            let why = "'sink.run-id' names a batch run, and this job commits at checkpoints";
            return Err(Error::new(ErrorKind::InvalidOptions, why)
                .hint("leave 'sink.run-id' out, or set 'execution.runtime-mode' = 'batch'"));
        }
        let Staged { shape, parts, first_row_at } = staged;
        if parts.is_empty() && !overwrite {
            return Ok(None);
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = CommittableId::new(identity, point);
        let job = identity.recorded_job();
        let units = vec![Unit { id, parts, staged_at: since.as_secs(), first_row_at }];
        Ok(Some(Committable { job, shape, keep: keep.as_secs(), overwrite, units }))
    }

    /// Takes a later commit of the same sink in, so that one transaction does both. Each unit
    /// keeps its id.
    pub fn absorb(&mut self, later: Committable) -> Result<()> {
        if self.shape != later.shape || self.overwrite || later.overwrite {
            let why = "commits of different tables or columns, or that overwrite, cannot be one";
            return Err(Error::new(ErrorKind::Internal, why).with("commit", later.id()));
        }
        self.keep = self.keep.max(later.keep);
        self.units.extend(later.units);
        Ok(())
    }

    /// The id that stands for the whole in labels and messages: the latest unit's.
    pub fn id(&self) -> &CommittableId {
        // `gather` makes one unit and nothing takes one away; `from_bytes` checks it.
        &self.units[self.units.len() - 1].id
    }

    /// The parts of all units that are to be loaded.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.units.iter().flat_map(Unit::loads)
    }

    /// The parts of all units: those that are to be loaded, and those of rows that were set aside.
    pub fn all_parts(&self) -> impl Iterator<Item = &Part> {
        self.units.iter().flat_map(|unit| &unit.parts)
    }

    /// Rows that were set aside.
    pub fn dead_letters(&self) -> u64 {
        let letters = self.units.iter().flat_map(Unit::dead_letters);
        letters.map(|part| part.rows).sum()
    }

    /// Rows that the writers took in and that are to be loaded: those in the parts, and the changes
    /// by key that were folded into them.
    pub fn taken(&self) -> u64 {
        self.parts().map(Part::taken).sum()
    }

    /// Rows that are to be loaded.
    pub fn rows(&self) -> u64 {
        self.units.iter().map(Unit::rows).sum()
    }

    /// Bytes of the parts that are to be loaded.
    pub fn bytes(&self) -> u64 {
        self.parts().map(|part| part.bytes).sum()
    }

    /// When the first of all rows came, in milliseconds since 1970; `None` where it is not known.
    pub fn first_row_at(&self) -> Option<u64> {
        self.units.iter().fold(None, |first, unit| earliest(first, unit.first_row_at))
    }

    /// The ledger that decides about it: beside the table it was made for.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger::beside(&self.shape.target)
    }

    /// The ledger's rows of these units: one each, and one for each part of rows that the committer
    /// set aside, which nothing else names.
    pub(super) fn ledger_rows<'a>(&'a self, units: &'a [&Unit]) -> Vec<LedgerRow<'a>> {
        let keep = Duration::from_secs(self.keep);
        let job = self.job.as_str();
        let mut rows = Vec::with_capacity(units.len());
        for unit in units {
            let aside: Vec<&Part> = unit.dead_letters().filter(|part| is_restaged(part)).collect();
            rows.push(LedgerRow {
                id: unit.id.as_str().into(),
                job,
                rows: unit.rows(),
                parts: unit.loads().count(),
                keep,
                names_more: !aside.is_empty(),
            });
            rows.extend(aside.into_iter().map(|part| LedgerRow {
                id: aside_id(unit.id.as_str(), &restaged_name(&part.url)).into(),
                job,
                rows: part.rows,
                parts: 0,
                keep,
                names_more: true,
            }));
        }
        rows
    }

    /// The bytes that a checkpoint keeps.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        FORMAT.write(self, self.parts())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) of this or an earlier version wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let commit: Committable = FORMAT.read(bytes, |commit: &mut Committable| {
            commit.units.iter_mut().flat_map(|unit| &mut unit.parts).collect()
        })?;
        if commit.units.is_empty() {
            Err(FORMAT.unreadable("it holds nothing"))
        } else {
            Ok(commit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sink::LaunchId,
        stage::{Carried, PartKind},
    };

    const KEEP: Duration = Duration::from_secs(60);

    fn identity(launch: LaunchId) -> Identity {
        Identity { launch, sink: "1:t".into(), job: "job".into() }
    }

    fn shape(table: &str) -> Shape {
        Shape {
            target: Qualified { schema: "public".into(), table: table.into() },
            layout: Layout { columns: Vec::new(), direct: true, complete: true },
            carrier: Carrier::Parquet,
        }
    }

    fn part(checkpoint: u64) -> Part {
        Part {
            url: format!("s3://b/{checkpoint}"),
            bytes: 10,
            rows: 2,
            checkpoint,
            subtask: 0,
            kind: PartKind::Rows,
            upserts: false,
            folded: 0,
            carried: Carried::default(),
        }
    }

    fn staged(parts: Vec<Part>) -> Staged {
        Staged { shape: shape("t"), parts, first_row_at: None }
    }

    fn at(launch: &LaunchId, checkpoint: u64) -> Committable {
        let point = CommitPoint::Checkpoint(checkpoint);
        let first_row_at = Some(1000 * checkpoint);
        let staged = Staged { first_row_at, ..staged(vec![part(checkpoint)]) };
        let identity = identity(launch.clone());
        Committable::gather(&identity, &point, staged, false, KEEP).unwrap().unwrap()
    }

    #[test]
    fn nothing_staged_is_no_committable_unless_it_overwrites() {
        let gather = |overwrite| {
            let (identity, end) = (identity(LaunchId::fresh()), CommitPoint::End);
            Committable::gather(&identity, &end, staged(Vec::new()), overwrite, KEEP).unwrap()
        };
        assert!(gather(false).is_none());
        assert!(gather(true).is_some());
    }

    #[test]
    fn a_named_launch_commits_at_its_end_only() {
        let identity = identity(LaunchId::named("run"));
        let gather =
            |point| Committable::gather(&identity, &point, staged(vec![part(1)]), false, KEEP);
        assert!(gather(CommitPoint::End).is_ok());
        let error = gather(CommitPoint::Checkpoint(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    }

    #[test]
    fn bytes_read_back_and_foreign_or_later_ones_are_refused() {
        let committable = at(&LaunchId::fresh(), 7);
        let mut bytes = committable.to_bytes().unwrap();
        assert_eq!(Committable::from_bytes(&bytes).unwrap(), committable);
        for end in 0..bytes.len() {
            assert!(Committable::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
        }
        bytes[3] = FORMAT.version + 1;
        let error = Committable::from_bytes(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn carried_rows_of_several_units_read_back() {
        let launch = LaunchId::fresh();
        let carrying = |checkpoint: u64| {
            let mut commit = at(&launch, checkpoint);
            let rows = Carried::new(vec![checkpoint as u8; 10]);
            let part = &mut commit.units[0].parts[0];
            (part.url, part.carried) = (String::new(), rows);
            commit
        };
        let mut commit = carrying(7);
        commit.absorb(carrying(8)).unwrap();
        let bytes = commit.to_bytes().unwrap();
        assert!(bytes.starts_with(b"FRC\x02"));
        assert_eq!(Committable::from_bytes(&bytes).unwrap(), commit);
        for end in 0..bytes.len() {
            assert!(Committable::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
        }
    }

    /// What version 1 wrote once has to be read forever.
    #[test]
    fn the_first_versions_bytes_are_still_read() {
        let json = r#"{"job":"j","shape":{"target":{"schema":"public","table":"t"},"layout":
            {"columns":[{"name":"id","stage_type":"BIGINT","utc":false,"key":true,"text":false}],
            "direct":true,"complete":false},"format":"Parquet"},"keep":604800,"overwrite":false,
            "units":[{"id":"l/s/7","parts":[{"url":"s3://b/k","bytes":10,"rows":2,"checkpoint":7,
            "subtask":3}],"staged_at":1700000000}]}"#;
        let bytes = [b"FRC\x01".as_slice(), json.as_bytes()].concat();
        let commit = Committable::from_bytes(&bytes).unwrap();
        assert_eq!((commit.id().as_str(), commit.rows(), commit.keep), ("l/s/7", 2, 604_800));
        assert_eq!(commit.first_row_at(), None);
        assert!(commit.shape.layout.keyed());
    }

    #[test]
    fn rows_that_were_set_aside_are_a_commit_but_no_load() {
        let letters = Part { kind: PartKind::DeadLetters, ..part(7) };
        let (identity, end) = (identity(LaunchId::fresh()), CommitPoint::End);
        let gather = |parts| {
            Committable::gather(&identity, &end, staged(parts), false, KEEP).unwrap().unwrap()
        };
        let commit = gather(vec![letters.clone()]);
        assert_eq!((commit.rows(), commit.bytes(), commit.parts().count()), (0, 0, 0));
        assert_eq!((commit.dead_letters(), commit.all_parts().count()), (2, 1));
        let units: Vec<&Unit> = commit.units.iter().collect();
        let rows = commit.ledger_rows(&units);
        assert_eq!((rows[0].rows, rows[0].parts), (0, 0));
        let bytes = gather(vec![part(7), letters]).to_bytes().unwrap();
        let read = Committable::from_bytes(&bytes).unwrap();
        assert_eq!((read.rows(), read.dead_letters()), (2, 2));
    }

    #[test]
    fn gathered_commits_keep_every_id() {
        let launch = LaunchId::fresh();
        let mut first = at(&launch, 7);
        first.absorb(at(&launch, 8)).unwrap();
        let ids: Vec<_> = first.units.iter().map(|unit| unit.id.clone()).collect();
        assert_eq!(ids, [at(&launch, 7).id().clone(), at(&launch, 8).id().clone()]);
        assert_eq!((first.rows(), first.bytes(), first.first_row_at()), (4, 20, Some(7000)));

        let mut other = at(&launch, 9);
        other.shape = shape("u");
        assert!(first.absorb(other).is_err());
    }
}
