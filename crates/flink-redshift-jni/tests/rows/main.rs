//! Flink's binary rows, decoded: every type, random tables, and buffers that are damaged.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod damaged;
mod encoder;
mod expected;
mod nested;
mod random;
mod types;
