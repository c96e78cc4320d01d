//! What is known once a sink is prepared.

use std::sync::Arc;

use super::{Shape, identity::Identity};
use crate::{options::SinkConfig, stage::Staging, types::TablePlan};

/// A prepared sink's facts.
#[derive(Debug)]
pub(super) struct Context {
    pub config: Arc<SinkConfig>,
    pub identity: Identity,
    pub shape: Shape,
    pub plan: Arc<TablePlan>,
    pub staging: Staging,
}
