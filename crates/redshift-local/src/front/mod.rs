//! The front: speaks Redshift's side of the protocol to clients, keeps transactions and locks as
//! Redshift does, and forwards to PostgreSQL, one backend per session, what the gate let through.

mod accept;
mod backend;
mod control;
mod data;
mod describe;
mod extended;
mod failure;
mod frame;
pub(crate) mod history;
mod load;
mod login;
mod mask;
mod record;
mod registry;
mod reply;
mod request;
mod run;
mod server;
mod session;
mod settings;
mod simple;
mod statements;
mod stream;
mod transaction;

pub use registry::SessionInfo;
pub use statements::{StatementRecord, Statements};

pub(crate) use accept::accept;
pub(crate) use describe::Types;
pub(crate) use server::Server;
