//! Who a commit is: (launch, sink, point). Ids are compared for equality, never by order.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    limits,
    sql::{LEDGER_JOB_BYTES, Qualified, WritersBefore},
};

/// Longest sink name that goes into an id as it is; a longer one is cut and marked by a digest.
const SINK_BYTES: usize = 200;

/// What a label has for a writer's attempt, its number and how many there are.
const WRITER_BYTES: usize = 72;

/// The launch of a job: minted once at planning, carried by the job graph from there on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LaunchId {
    id: String,
    /// Whether the user gave the name, so that it may come again.
    named: bool,
}

impl LaunchId {
    /// A launch like no other.
    pub fn fresh() -> Self {
        LaunchId { id: Uuid::new_v4().to_string(), named: false }
    }

    /// A launch that the user named with `sink.run-id`, so that running it again is the same one.
    pub fn named(run_id: &str) -> Self {
        LaunchId { id: run_id.to_owned(), named: true }
    }

    /// The text, safe in S3 keys.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// Whether the user named it.
    pub fn is_named(&self) -> bool {
        self.named
    }
}

/// Which sink of which launch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The launch.
    pub launch: LaunchId,
    /// The sink's name, unique within the launch: two INSERTs into one table differ by it.
    pub sink: String,
    /// The job's name, for whoever reads labels and the ledger.
    pub job: String,
}

/// The point in a sink's life at which a commit covers everything before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CommitPoint {
    /// A checkpoint.
    Checkpoint(u64),
    /// The end of a batch.
    End,
    /// A timed commit without checkpoints: unique to its attempt, since a later attempt cuts the
    /// rows elsewhere and must not be taken for it.
    Timed {
        /// The attempt.
        attempt: Uuid,
        /// Running number within the attempt.
        number: u64,
    },
}

impl fmt::Display for CommitPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommitPoint::Checkpoint(id) => write!(f, "{id}"),
            CommitPoint::End => f.write_str("END"),
            CommitPoint::Timed { attempt, number } => write!(f, "{attempt}.{number}"),
        }
    }
}

/// The id of a committable, stamped once and never recomputed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CommittableId(String);

impl CommittableId {
    /// The id of what a sink commits at a point.
    pub fn new(identity: &Identity, point: &CommitPoint) -> Self {
        // Neither a launch nor a point holds a slash, so no two triples give one text.
        let sink = bounded(&identity.sink.replace('\0', ""), SINK_BYTES);
        CommittableId(format!("{}/{sink}/{point}", identity.launch.as_str()))
    }

    /// The text, as the ledger holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The label under which a session runs this commit (`query_group`). The view in which lost
    /// sessions are looked for holds so many bytes of it.
    pub fn label(&self) -> String {
        bounded(&format!("flink-redshift/{}", self.0), limits::QUERY_LABEL_BYTES as usize)
    }
}

/// The labels of a sink's writers, seen from one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WriterLabels {
    /// The label of this attempt of the writer.
    pub own: String,
    /// What the labels of all of the sink's writers begin with.
    pub all: String,
    /// What the labels of this writer's attempts end with.
    pub writer: String,
    /// What the labels of those end with that write beside this one. Where a job was rescaled,
    /// earlier writers' labels end otherwise.
    pub peers: String,
}

impl WriterLabels {
    /// Whose sessions this writer takes the place of.
    pub fn before(&self) -> WritersBefore<'_> {
        WritersBefore { all: &self.all, writer: &self.writer, peers: &self.peers }
    }
}

impl fmt::Display for CommittableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Identity {
    /// The directory of this sink's staging: each sink of a launch, and each target, has its own,
    /// so that one that restarts never sweeps what another is writing.
    pub(super) fn directory(&self, host: &str, database: &str, target: &Qualified) -> String {
        let whole = format!("{}\0{host}\0{database}\0{target}", self.sink);
        format!("{}.{}", self.launch.as_str(), digest(&whole))
    }

    /// The labels under which writers' sessions run their flushes (`query_group`).
    pub(super) fn writer_labels(
        &self,
        attempt: Uuid,
        subtask: u32,
        parallelism: u32,
    ) -> WriterLabels {
        let sink = self.sink.replace('\0', "");
        let whose = format!("flink-redshift/{}/{sink}", self.launch.as_str());
        let room = limits::QUERY_LABEL_BYTES as usize - WRITER_BYTES;
        let all = format!("{}/writer ", bounded(&whose, room));
        let peers = format!(" of {parallelism}");
        let writer = format!(" {subtask}{peers}");
        WriterLabels { own: format!("{all}{}{writer}", attempt.simple()), all, writer, peers }
    }

    /// The job's name as the ledger holds it.
    pub(super) fn recorded_job(&self) -> String {
        bounded(&self.job.replace('\0', ""), LEDGER_JOB_BYTES)
    }

    /// The name under which this sink's sessions show (`application_name`).
    pub(super) fn application(&self, target: &Qualified) -> String {
        let name = format!("flink-redshift {} {}", self.job, target.table);
        bounded(&name.replace('\0', ""), limits::SESSION_NAME_BYTES as usize)
    }
}

/// At most `limit` bytes of a text: the whole of it, or its head and a digest of all.
fn bounded(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let digest = digest(text);
    let mut end = limit - digest.len() - 1;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{digest}", &text[..end])
}

/// Sixteen hexadecimal digits that stand for a text.
fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text.as_bytes());
    bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sql::LEDGER_COLUMNS;

    proptest! {
        #[test]
        fn bounded_keeps_texts_apart(a in ".{0,60}", b in ".{0,60}") {
            prop_assert!(bounded(&a, 40).len() <= 40);
            prop_assert_eq!(bounded(&a, 40) == bounded(&b, 40), a == b);
        }
    }

    #[test]
    fn names_and_labels_fit() {
        let identity = Identity {
            launch: LaunchId::named(&"r".repeat(64)),
            sink: "s".repeat(1000),
            job: "j\0ö".repeat(1000),
        };
        let target = Qualified { schema: "s".into(), table: "t".repeat(127) };
        let label = CommittableId::new(&identity, &CommitPoint::Checkpoint(u64::MAX)).label();
        assert!(label.len() as u64 <= limits::QUERY_LABEL_BYTES);
        let labels = identity.writer_labels(Uuid::max(), u32::MAX - 1, u32::MAX);
        let WriterLabels { own, all, writer, peers } = labels;
        assert!(own.len() as u64 <= limits::QUERY_LABEL_BYTES);
        assert!(own.starts_with(&all) && own.ends_with(&writer) && writer.ends_with(&peers));
        let shown = identity.application(&target);
        assert!(shown.len() as u64 <= limits::SESSION_NAME_BYTES && !shown.contains('\0'));
        assert!(identity.recorded_job().len() <= LEDGER_JOB_BYTES);
        let column = format!("VARCHAR({LEDGER_JOB_BYTES}) NOT NULL");
        assert!(LEDGER_COLUMNS.contains(&("job", column.as_str())));
    }

    #[test]
    fn ids_differ_by_each_part() {
        let identity = |launch: &str, sink: &str| Identity {
            launch: LaunchId::named(launch),
            sink: sink.into(),
            job: "job".into(),
        };
        let ids = [
            CommittableId::new(&identity("a", "s"), &CommitPoint::End),
            CommittableId::new(&identity("a", "s"), &CommitPoint::Checkpoint(1)),
            CommittableId::new(&identity("a", "s/1"), &CommitPoint::End),
            CommittableId::new(&identity("b", "s"), &CommitPoint::End),
        ];
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[at + 1..].contains(id), "{id}");
        }
    }
}
