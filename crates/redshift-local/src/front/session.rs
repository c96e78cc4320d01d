//! One client's session: reads its messages and answers them, one after the other.

use std::{collections::HashMap, sync::Arc};

use super::{
    backend::Backend,
    extended::{Portal, Prepared},
    failure::{Failure, Step, Stop},
    frame::put,
    history::{Note, Statement},
    login::Parameters,
    registry::Entry,
    reply,
    request::Request,
    server::Server,
    settings::SessionSettings,
    stream::Client,
    transaction::Transaction,
};
use crate::{
    config::{Collation, Edition, Isolation, User},
    dialect::action::Settings,
    transactions::Database,
};

/// Who a session is.
pub(crate) struct Who {
    /// The user who logged in.
    pub(crate) user: User,
    /// The transactions of its database.
    pub(crate) transactions: Arc<Database>,
    /// Its isolation level.
    pub(crate) isolation: Isolation,
    /// The session as others see it.
    pub(crate) entry: Arc<Entry>,
    /// What the startup message said.
    pub(crate) parameters: Parameters,
}

/// One client's session.
pub(crate) struct Session {
    pub(super) server: Arc<Server>,
    pub(super) client: Client,
    pub(super) backend: Backend,
    pub(super) who: Who,
    pub(super) database: String,
    pub(super) settings: SessionSettings,
    pub(super) transaction: Transaction,
    pub(super) statements: HashMap<String, Arc<Prepared>>,
    pub(super) portals: HashMap<String, Portal>,
    /// After an error, extended messages are skipped up to the next Sync.
    pub(super) skipping: bool,
    /// Query id of the statement that runs.
    pub(super) query: i64,
    /// The statement that runs, until the system views show it.
    pub(super) unannounced: Option<Statement>,
    /// Cancellations of what runs.
    pub(super) cancellations: tokio::sync::watch::Receiver<u64>,
    /// Statements of the backend that nothing uses any more.
    pub(super) closing: Vec<String>,
    /// Portals of the backend that were closed.
    pub(super) closed_portals: Vec<String>,
    /// Names given to statements and portals on the backend so far.
    pub(super) names: u64,
}

impl Session {
    /// A session of a client that has logged in.
    pub(crate) fn new(server: Arc<Server>, client: Client, backend: Backend, who: Who) -> Session {
        let database = who.entry.info().database.clone();
        let cancellations = who.entry.cancellations();
        let settings = SessionSettings::new(server.config().case_sensitive_identifiers);
        Session {
            server,
            client,
            backend,
            who,
            database,
            settings,
            transaction: Transaction::default(),
            statements: HashMap::new(),
            portals: HashMap::new(),
            skipping: false,
            query: 0,
            unannounced: None,
            cancellations,
            closing: Vec::new(),
            closed_portals: Vec::new(),
            names: 0,
        }
    }

    /// Serves the client until one side ends the session.
    pub(crate) async fn run(mut self) {
        let pid = self.backend.pid;
        self.server.sessions.add(&self.who.entry);
        self.note_start().await;
        let end = self.serve().await;
        if let Err(Stop::Fatal(failure) | Stop::Failed(failure)) = end {
            put(self.client.out(), b'E', &failure.body());
        }
        // The client last: one that does not read must not keep locks.
        self.server.sessions.remove(pid);
        self.forget_transaction();
        self.backend.close().await;
        self.server.history.note(&self.database, Note::SessionEnd { pid }).await;
        self.client.close().await;
    }

    async fn note_start(&self) {
        let info = self.who.entry.info().clone();
        let given = |name: &str| self.who.parameters.get(name).cloned().unwrap_or_default();
        let note = Note::Session {
            pid: info.pid,
            user: info.user,
            application: info.application_name,
            driver: given("driver_version"),
            os: given("os_version"),
        };
        self.server.history.note(&self.database, note).await;
    }

    async fn serve(&mut self) -> Step<()> {
        loop {
            // PostgreSQL speaks up by itself only to end the session.
            let frame = tokio::select! {
                frame = self.client.next() => frame?,
                unasked = self.backend.next() => {
                    unasked?;
                    continue;
                }
            };
            let Some(frame) = frame else { return Ok(()) };
            let request = Request::parse(frame).map_err(|e| {
                Failure::new("08P01", format!("protocol violation: {e}")).with_severity("FATAL")
            })?;
            if matches!(request, Request::Terminate) {
                return Ok(());
            }
            self.answer(request).await?;
        }
    }

    async fn answer(&mut self, request: Request) -> Step<()> {
        if self.skipping && !matches!(request, Request::Sync | Request::Query(_)) {
            return Ok(());
        }
        let (result, ready) = match request {
            Request::Query(text) => {
                self.skipping = false;
                (self.simple_query(&text).await, true)
            }
            Request::Sync => {
                self.skipping = false;
                (self.end_statement().await, true)
            }
            other => (self.extended(other).await, false),
        };
        if let Err(stop) = result {
            let Stop::Failed(failure) = stop else { return Err(stop) };
            self.fail().await?;
            self.tell();
            put(self.client.out(), b'E', &failure.body());
            self.skipping = !ready;
        }
        if ready {
            self.tell();
            let status = self.transaction.status();
            reply::ready(self.client.out(), status);
            self.client.flush().await?;
        }
        Ok(())
    }

    /// Passes on what PostgreSQL said beside its answers.
    pub(super) fn tell(&mut self) {
        while let Some(notice) = self.backend.notices.pop_front() {
            put(self.client.out(), b'N', &notice.body());
        }
        while let Some((name, value)) = self.backend.parameters.pop_front() {
            if name == "application_name" {
                self.who.entry.info().application_name.clone_from(&value);
            }
            if matches!(name.as_str(), "TimeZone" | "application_name") {
                reply::parameter_status(self.client.out(), &name, &value);
            }
        }
    }

    /// Sends a notice of the front's own.
    pub(super) fn notice(&mut self, notice: &Failure) {
        put(self.client.out(), b'N', &notice.body());
    }

    /// What the gate needs to know of the session.
    pub(super) fn gate(&self) -> Settings {
        Settings {
            case_sensitive: self.settings.is_on("enable_case_sensitive_identifier"),
            superuser: self.who.user.superuser,
            serverless: self.server.config().edition == Edition::Serverless,
            trailing_blanks_group: self.server.config().trailing_blanks_group,
            case_insensitive: self.server.config().collation == Collation::CaseInsensitive,
        }
    }

    /// A name for a statement or portal on the backend, never used before.
    pub(super) fn fresh_name(&mut self) -> String {
        self.names += 1;
        format!("front{}", self.names)
    }
}
