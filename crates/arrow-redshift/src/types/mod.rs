//! Flink, Arrow, Redshift and Parquet types, and how one becomes another.
//!
//! Knows types only: no statement, no file, no connection.

mod flink;
mod redshift;
mod mapping;

pub use flink::{Column, FlinkType, TableSchema};
pub use mapping::{ColumnPlan, LoadExpression, Rule, TablePlan, plan};
pub use redshift::{RedshiftType, TargetColumn, TargetTable};
