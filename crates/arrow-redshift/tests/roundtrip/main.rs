//! Every carried type, end to end: what was declared, staged in either format and loaded by COPY, or
//! sent as parameters, and applied comes out of the table as it went in. What cannot is refused before
//! anything is staged or sent.

mod cases;
mod edges;
mod keys;
mod matrix;
mod misfits;
mod nested;
mod random;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod values;
mod zones;

/// The ways of rows into a table: the formats of copy mode's parts, and the guarantees of jdbc mode.
const WAYS: [&str; 4] = ["parquet", "csv", "jdbc", "jdbc_exactly_once"];

/// How many tables are loaded at once.
const AT_ONCE: usize = 4;
