//! What Java calls, without a JVM, against a stand-in: from pushed buffers to rows in the table.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod commits;
#[path = "../rows/encoder.rs"]
#[allow(dead_code, reason = "the rows' own tests use the rest")]
mod encoder;
mod failures;
mod job;
mod stand;
mod stops;
mod timed;
