//! The stage: formats and layout over a store in memory, requests and faults over the stand-in's
//! S3.
#![allow(clippy::unwrap_used)]

mod chain;
mod clean;
mod copy;
mod format;
mod given_up;
mod requests;
mod stores;
mod support;
mod sweep;
mod write;
