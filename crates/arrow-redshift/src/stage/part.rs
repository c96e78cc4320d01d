//! A staged part: one closed object on S3 that a committable names, or rows that it carries itself.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What a part holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartKind {
    /// Rows that are to be loaded.
    #[default]
    Rows,
    /// Rows that were set aside, as JSON lines. COPY never sees them: they are put in place after
    /// the commit.
    DeadLetters,
}

/// One closed object on S3, with all that the manifest and the committer need to know; or rows that
/// travel with the commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `s3://bucket/key`; empty where the part carries its rows itself.
    pub url: String,
    /// Size in bytes: `meta.content_length` of the manifest.
    pub bytes: u64,
    /// Rows in the part.
    pub rows: u64,
    /// Checkpoint (or batch number) that the part belongs to.
    pub checkpoint: u64,
    /// The writer's subtask index.
    pub subtask: u32,
    /// What it holds; parts of the first versions hold rows.
    #[serde(default)]
    pub kind: PartKind,
    /// Whether all of its rows are known to be upserts; of parts of the first versions it is not.
    #[serde(default)]
    pub upserts: bool,
    /// Changes that the writer took in beside its rows, and did not put into a part, since later
    /// ones of their keys count; parts of the first versions do not tell.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded: u64,
    /// The rows, where they travel with the commit and do not lie on S3.
    #[serde(skip)]
    pub carried: Carried,
}

impl Part {
    /// Whether it holds rows that were set aside.
    pub fn is_dead_letters(&self) -> bool {
        self.kind == PartKind::DeadLetters
    }

    /// Rows that the writer took in for it: those in it, and those that were folded away.
    pub fn taken(&self) -> u64 {
        self.rows + self.folded
    }

    /// Whether the rows travel with the commit.
    pub fn is_carried(&self) -> bool {
        self.url.is_empty()
    }
}

// What is zero is not written, so that parts of tables without a key stay as they were.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Rows that travel with a commit, as a compressed Arrow stream; empty for a part on S3.
///
/// They are no part of its text form: they stand behind it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Carried(Bytes);

impl Carried {
    /// These bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Carried {
        Carried(bytes.into())
    }

    /// The bytes; clones share them.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Carried {
    /// How many bytes they are: what they hold is the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
