//! Parts on S3: writing, listing, sweeping. The only user of `object_store` and `parquet`.
//!
//! Knows object paths, file formats and manifests; no SQL and no sessions.
//!
//! A [`StageWriter`] turns batches into [`Part`]s in a [`Staging`] area; a [`Manifest`] names the
//! parts that one COPY loads; what no load needs any more is swept.

mod changes;
mod check;
mod chunk;
mod clean;
mod convert;
mod credentials;
mod csv;
mod dead_letter;
mod encode;
mod endpoint;
mod failure;
mod fold;
mod iam;
mod intake;
mod ipc;
mod json;
mod json_text;
mod manifest;
mod misfit;
mod pairs;
mod parquet;
mod part;
mod path;
mod place;
mod policy;
mod recheck;
mod reread;
mod review;
mod row;
mod semi_structured;
mod shape;
mod store;
mod sweep;
mod upload;
mod uploads;
mod window;
mod write;

pub use clean::{Cleaning, Leftover};
pub use csv::CSV_PARAMETERS;
pub(crate) use csv::{CSV_TRIAL_PARAMETERS, TRIAL_ERRORS};
pub(crate) use fold::Fold;
pub use iam::{NeededPolicy, policies};
pub(crate) use intake::{Intake, batch_bytes};
pub(crate) use ipc::{CarriedRows, CarriedStream};
pub use manifest::Manifest;
pub use part::{Carried, Part, PartKind};
pub(crate) use path::{is_restaged, restaged_letters, restaged_name};
pub use policy::Policies;
pub(crate) use recheck::{Recheck, Refusal, Restaged};
pub use review::Touched;
pub use shape::{RowKind, StagedShape};
pub use store::Staging;
pub use sweep::Swept;
pub(crate) use window::Window;
pub use write::StageWriter;
