//! Flink, Arrow, Redshift and Parquet types, and how one becomes another.
//!
//! Knows types only: no statement, no file, no connection.

mod bounds;
mod docs;
mod edges;
mod flink;
mod flink_text;
mod flink_tokens;
mod mapping;
mod names;
mod plan;
mod redshift;
mod replan;
mod schema;

pub use docs::{markdown, parquet_layout};
pub use edges::{EDGES, Edge, Outcome};
pub use flink::{Element, FlinkType, UTC};
pub(crate) use mapping::BOUND_BYTES;
pub use mapping::{Carrier, ColumnPlan, LoadExpression, Rule, TablePlan, default_target};
pub use names::{NameCase, fold};
pub use plan::plan;
pub use redshift::{RedshiftType, TargetColumn, TargetTable};
pub use replan::{StagedColumn, replan};
pub use schema::{Column, Comments, TableSchema};
