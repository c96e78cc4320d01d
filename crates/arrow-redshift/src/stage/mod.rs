//! Parts on S3: writing, listing, sweeping. The only user of `object_store` and `parquet`.
//!
//! Knows object paths, file formats and manifests; no SQL and no sessions.

mod check;
mod csv;
mod parquet;
mod manifest;
mod part;
mod store;
mod sweep;
mod write;

pub use manifest::Manifest;
pub use part::Part;
pub use store::Staging;
pub use write::{RowKind, StageWriter, StagedShape};
