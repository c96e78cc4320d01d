//! COPY of the stand-in: the grammar, the rules on files and manifests, Parquet and CSV.

mod access;
mod csv;
mod files;
mod grammar;
mod parquet;
mod postgres;
mod property;
mod row;
mod s3;
mod support;
