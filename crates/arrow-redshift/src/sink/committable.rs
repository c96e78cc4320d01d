//! What one commit applies: everything needed to do it, or to do it again in another process.

use serde::{Deserialize, Serialize};

use super::identity::{CommitPoint, CommittableId, Identity, bounded};
use crate::{
    error::{Error, ErrorKind, Result},
    options::CopyFormat,
    sql::{Layout, Ledger, Qualified},
    stage::Part,
};

const MAGIC: &[u8; 3] = b"FRC";
/// The version that is written. Older ones are read; a later one is refused by name.
const VERSION: u8 = 1;

/// What a sink's parts hold and where they go; the same for all its commits until the table or
/// the options change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The target table.
    pub target: Qualified,
    /// The files' columns and how they go into the target.
    pub layout: Layout,
    /// The files' format.
    pub format: CopyFormat,
}

/// One commit: an id, the parts it loads, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committable {
    /// The id, stamped once.
    pub id: CommittableId,
    /// The job's name, for the ledger's reader.
    pub job: String,
    /// What the parts hold and where they go.
    pub shape: Shape,
    /// The checkpoints that it covers, oldest first; more than one where commits are gathered.
    pub covers: Vec<CommitPoint>,
    /// Whether the target is emptied in the same transaction.
    pub overwrite: bool,
    /// The parts of all writers.
    pub parts: Vec<Part>,
}

impl Committable {
    /// Gathers what all writers staged up to a point, or nothing when there is nothing to do.
    pub fn gather(
        identity: &Identity,
        point: CommitPoint,
        shape: Shape,
        parts: Vec<Part>,
        overwrite: bool,
    ) -> Option<Self> {
        if parts.is_empty() && !overwrite {
            return None;
        }
        let id = CommittableId::new(identity, &point);
        let covers = vec![point];
        // The ledger's column holds 256 bytes.
        let job = bounded(&identity.job.replace('\0', ""), 256);
        Some(Committable { id, job, shape, covers, overwrite, parts })
    }

    /// Takes a later commit of the same sink in, so that one transaction does both. The id becomes
    /// the later one's, which has never been sent either.
    pub fn absorb(&mut self, later: Committable) -> Result<()> {
        if self.shape != later.shape {
            let why = "commits of different tables or columns cannot become one";
            return Err(Error::new(ErrorKind::Internal, why).with("commit", &later.id));
        }
        self.id = later.id;
        self.covers.extend(later.covers);
        self.parts.extend(later.parts);
        self.overwrite |= later.overwrite;
        Ok(())
    }

    /// The ledger that decides about it: beside the table it was made for.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger::beside(&self.shape.target)
    }

    /// Rows in all parts.
    pub fn rows(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// Bytes in all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// The bytes that a checkpoint keeps: magic, version, JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = [MAGIC.as_slice(), &[VERSION]].concat();
        serde_json::to_writer(&mut bytes, self).map_err(|error| {
            Error::new(ErrorKind::Internal, "a committable could not be written").source(error)
        })?;
        Ok(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) of this or an earlier version wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let unreadable = |why: &str| Error::new(ErrorKind::Internal, format!("committable: {why}"));
        let body = bytes.strip_prefix(MAGIC).ok_or_else(|| unreadable("not one of ours"))?;
        match body.split_first() {
            Some((&VERSION, json)) => serde_json::from_slice(json)
                .map_err(|error| unreadable("the text is damaged").source(error)),
            Some((version, _)) => Err(unreadable(&format!(
                "version {version} is later than {VERSION}"
            ))
            .into_kind(ErrorKind::Unsupported)
            .hint("restore with the connector version that took the savepoint, or a later one")),
            None => Err(unreadable("the text ends early")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::LaunchId;

    fn identity() -> Identity {
        Identity { launch: LaunchId::named("run"), sink: "1:t".into(), job: "job".into() }
    }

    fn shape(table: &str) -> Shape {
        Shape {
            target: Qualified { schema: "public".into(), table: table.into() },
            layout: Layout { columns: Vec::new(), direct: true, complete: true },
            format: CopyFormat::Parquet,
        }
    }

    fn part(checkpoint: u64) -> Part {
        Part { url: format!("s3://b/{checkpoint}"), bytes: 10, rows: 2, checkpoint, subtask: 0 }
    }

    fn at(checkpoint: u64) -> Committable {
        let point = CommitPoint::Checkpoint(checkpoint);
        let parts = vec![part(checkpoint)];
        Committable::gather(&identity(), point, shape("t"), parts, false).unwrap()
    }

    #[test]
    fn nothing_staged_is_no_committable_unless_it_overwrites() {
        let gather = |overwrite| {
            Committable::gather(&identity(), CommitPoint::End, shape("t"), Vec::new(), overwrite)
        };
        assert!(gather(false).is_none());
        assert!(gather(true).is_some());
    }

    #[test]
    fn bytes_read_back_and_foreign_or_later_ones_are_refused() {
        let committable = at(7);
        let mut bytes = committable.to_bytes().unwrap();
        assert_eq!(Committable::from_bytes(&bytes).unwrap(), committable);
        for end in 0..bytes.len() {
            assert!(Committable::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
        }
        bytes[3] = VERSION + 1;
        let error = Committable::from_bytes(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn gathered_commits_cover_all_and_keep_the_last_id() {
        let mut first = at(7);
        first.absorb(at(8)).unwrap();
        assert_eq!(first.id, at(8).id);
        assert_eq!(first.covers, [CommitPoint::Checkpoint(7), CommitPoint::Checkpoint(8)]);
        assert_eq!((first.rows(), first.bytes()), (4, 20));

        let mut other = at(9);
        other.shape = shape("u");
        assert!(first.absorb(other).is_err());
    }
}
