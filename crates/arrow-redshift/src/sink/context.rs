//! What is known once a sink is prepared.

use std::sync::Arc;

use uuid::Uuid;

use super::{Shape, identity::Identity};
use crate::{
    error::{Error, ErrorKind, Result},
    options::{ConnectionConfig, SinkConfig},
    session::Connections,
    stage::{Policies, Staging},
    types::{TablePlan, TableSchema},
};

/// A prepared sink's facts.
#[derive(Debug)]
pub(super) struct Context {
    pub config: Arc<SinkConfig>,
    pub identity: Identity,
    pub shape: Shape,
    /// The declared columns.
    pub schema: Arc<TableSchema>,
    pub plan: Arc<TablePlan>,
    pub policies: Policies,
    /// Where parts are staged; nowhere in jdbc mode.
    pub staging: Option<Staging>,
    /// This start of the sink.
    pub attempt: Uuid,
    /// How many writers the sink has.
    pub parallelism: u32,
    /// The sessions that this task may have.
    pub connections: Arc<Connections>,
}

impl Context {
    /// Where parts are staged.
    pub fn staging(&self) -> Result<&Staging> {
        let why = "jdbc mode stages nothing on S3";
        self.staging.as_ref().ok_or_else(|| Error::new(ErrorKind::Internal, why))
    }

    /// A name that the target has, and no other table anywhere.
    pub fn place(&self) -> String {
        let ConnectionConfig { hostname, port, database, .. } = &self.config.connection;
        let host = hostname.to_ascii_lowercase();
        format!("{host}:{port}\0{database}\0{}", self.shape.target)
    }
}
