//! The local stand-in: what a script needs of it, how it is started, and how a script is pointed
//! at it.

pub mod connection;
pub mod serve;
pub mod stand_in;
