//! The gate: a client's SQL text becomes checked actions, and what Redshift lacks is refused.

pub mod action;
pub mod copy;
pub mod copy_grammar;
