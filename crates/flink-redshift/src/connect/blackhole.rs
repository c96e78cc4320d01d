//! `'connector' = 'blackhole'`: takes rows and forgets them.

use super::{Connector, options::TableOptions};
use crate::script::Problem;

/// Reads its options, of which there are none.
pub fn open(options: &[(String, String)], line: u64) -> Result<Connector, Vec<Problem>> {
    TableOptions::new("blackhole", options, line).end(Some(Connector::Blackhole))
}
