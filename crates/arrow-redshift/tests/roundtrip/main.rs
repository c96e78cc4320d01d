//! Every carried type, end to end: what was declared, staged in either format, loaded by COPY and
//! applied comes out of the table as it went in. What cannot is refused before anything is staged.

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

/// The formats of parts.
const FORMATS: [&str; 2] = ["parquet", "csv"];

/// How many tables are loaded at once.
const AT_ONCE: usize = 4;
