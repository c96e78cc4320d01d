//! A staged part: one closed object on S3 that a committable names.

use serde::{Deserialize, Serialize};

/// One closed object on S3, with all that the manifest and the committer need to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `s3://bucket/key`.
    pub url: String,
    /// Size in bytes: `meta.content_length` of the manifest.
    pub bytes: u64,
    /// Rows in the part.
    pub rows: u64,
    /// Checkpoint (or batch number) that the part belongs to.
    pub checkpoint: u64,
    /// The writer's subtask index.
    pub subtask: u32,
}
