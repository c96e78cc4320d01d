//! The gate: what it lets through, what it refuses, and what PostgreSQL makes of the rest.
#![allow(clippy::unwrap_used)]

mod clients;
mod comparisons;
mod definitions;
mod refusals;
mod server;
mod shapes;
mod text;
mod values;
