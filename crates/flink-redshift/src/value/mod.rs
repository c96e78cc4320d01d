//! Single values and their text, with the rules of the JVM that Flink inherits.

pub mod decimal;
pub mod number;
pub mod pattern;
pub mod time;
