//! One error for the whole crate: a kind that decides what happens next, a message that says what
//! was attempted and why it failed, context, SQLSTATE, and what to do about it.
//!
//! Rows of user data and secrets are never put into any of these fields.

use std::{error::Error as StdError, fmt};

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What may be done after an error (reference: Redshift's own retry guidance).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryClass {
    /// Trying again gives the same answer: report it.
    Never,
    /// Run the whole transaction again on a new session, but once: the same again is the answer.
    Once,
    /// Run the whole transaction again, on the same session where it still lives.
    Transaction,
    /// Open a new session and run the whole unit of work again.
    Reconnect,
    /// The COMMIT was sent and its answer lost: settle it through the ledger before anything else.
    AskLedger,
}

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $name:literal, $retry:ident, $advice:literal; )+) => {
        /// The kind of an [`Error`]: the one table that decides about retries and exit codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $( $(#[doc = $doc])+ $variant, )+ }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [ErrorKind] = &[$( ErrorKind::$variant, )+];

            /// The stable name, as printed and as crossed over language borders.
            pub const fn name(self) -> &'static str {
                match self { $( ErrorKind::$variant => $name, )+ }
            }

            /// What may be done after an error of this kind.
            pub const fn retry(self) -> RetryClass {
                match self { $( ErrorKind::$variant => RetryClass::$retry, )+ }
            }

            /// One sentence for the generated documentation.
            pub const fn doc(self) -> &'static str {
                match self { $( ErrorKind::$variant => concat!($($doc),+), )+ }
            }

            /// What a user does about it, where the error itself does not say more.
            pub const fn advice(self) -> &'static str {
                match self { $( ErrorKind::$variant => $advice, )+ }
            }
        }
    };
}

kinds! {
    /// An option is missing, unknown, malformed or contradicts another one.
    InvalidOptions = "invalid-options", Never,
        "Correct what the message names; all mistakes are listed at once.";
    /// A feature, type or statement that this version does not offer.
    Unsupported = "unsupported", Never,
        "Use what the message offers in its place.";
    /// The target table's columns do not fit the declared ones.
    SchemaMismatch = "schema-mismatch", Never,
        "Change the declaration or the table, or let `sink.schema-evolution` change the table.";
    /// A value does not fit its target column.
    ValueRefused = "value-refused", Never,
        "Correct the row where it comes from, widen the column, or choose a `sink.value-policy`.";
    /// The server refused the data of a load (COPY's own errors, conversions, NOT NULL).
    LoadRefused = "load-refused", Never,
        "Read the reason; `sink.value-policy.refused-loads` finds the rows.";
    /// Login failed; it is never tried again in a loop, since accounts lock.
    AuthenticationFailed = "authentication-failed", Never,
        "Correct user or password; then start the job again.";
    /// The server or S3 denied an action to this user or role.
    PermissionDenied = "permission-denied", Never,
        "Grant what the message names; `flink-redshift check --print-policy` prints the policies.";
    /// The server certificate or TLS handshake was refused.
    TlsFailed = "tls-failed", Never,
        "Give the right authority with `ssl.root-cert`, and the name that the certificate has.";
    /// No connection could be made, or it broke outside of COMMIT.
    ConnectionLost = "connection-lost", Reconnect,
        "If it stays: address, port, security group, VPC; `flink-redshift check` tries them.";
    /// The server accepts no more connections at the moment.
    TooManyConnections = "too-many-connections", Reconnect,
        "Lower `connection.max` or close other sessions.";
    /// The server is starting, stopping, short of memory, or aborted the session.
    ServerUnavailable = "server-unavailable", Reconnect,
        "Wait for the cluster (a resize, a patch, a pause), then start the job again.";
    /// A concurrent transaction got in the way (1023, 1018, deadlock, stale plan).
    TransactionConflict = "transaction-conflict", Transaction,
        "If it stays, find out who else writes to the table; lengthen the commit interval.";
    /// COMMIT was sent and no answer came: the ledger must be asked.
    CommitUnknown = "commit-unknown", AskLedger,
        "Nothing by hand: start the job again from its last checkpoint, or the run under its `sink.run-id`. Do not load the rows again in another way.";
    /// A commit was not done within its timeout, and nothing of it was applied.
    CommitTimeout = "commit-timeout", Never,
        "Look for what holds the table's lock or delays COPY; then lengthen `sink.commit.timeout` and the checkpoint timeout.";
    /// A lock did not come within the lock timeout.
    LockTimeout = "lock-timeout", Transaction,
        "Find the session that holds the lock (`SVV_TRANSACTIONS`), or lengthen `sink.lock-timeout`.";
    /// A statement was cancelled: by `statement_timeout`, or by somebody.
    StatementCancelled = "statement-cancelled", Once,
        "Raise the user's `statement_timeout`, or ask who cancelled it.";
    /// A rule or timeout of workload management ended a statement.
    WorkloadRule = "workload-rule", Never,
        "Exempt the user from the rule or queue timeout, or load smaller commits.";
    /// A check inside the server failed.
    ServerFault = "server-fault", Once,
        "If it stays, give AWS the message with its query id.";
    /// Disk or another resource of the server ran out, other than memory for the moment.
    ServerResources = "server-resources", Never,
        "Free disk or memory of the cluster, or load smaller commits.";
    /// Another attempt of the job has taken a writer's work over.
    WriterSuperseded = "writer-superseded", Never,
        "Nothing where the job was restarted; stop one of two jobs with one `sink.run-id`.";
    /// S3 asked to slow down, or failed transiently.
    StorageUnavailable = "storage-unavailable", Transaction,
        "If it stays, look at S3's request rates and the network to it.";
    /// The temporary credentials with which the server reads S3 have expired.
    CredentialsExpired = "credentials-expired", Once,
        "Prefer `aws.iam-role` to temporary keys, whose life is shorter than the job's.";
    /// S3 refused a request for good.
    StorageFailed = "storage-failed", Never,
        "Correct what the message names: bucket, region, key, policy.";
    /// A staged part that a committable names is gone or has changed.
    StagingMissing = "staging-missing", Never,
        "Keep staged files longer (`sink.staging.retention`, lifecycle rules), and start from a later savepoint.";
    /// A commit is applied, and rows that it set aside are still staged: it has to be given again.
    DeadLettersPending = "dead-letters-pending", Never,
        "Let it be given again: a restart does so.";
    /// The input of a load failed.
    SourceFailed = "source-failed", Never,
        "See the cause in the message; the rows so far are not loaded.";
    /// The ledger table is not one of ours, or of a later version.
    LedgerInvalid = "ledger-invalid", Never,
        "Move the table of that name away, or use the version that wrote it.";
    /// The server answered an error of no known class.
    ServerError = "server-error", Never,
        "Read the server's message; it is tried again when the job is.";
    /// The caller asked to stop.
    Interrupted = "interrupted", Never,
        "Nothing.";
    /// A broken promise inside this crate.
    Internal = "internal", Never,
        "Report it with the message and the log before it.";
}

/// The page of error kinds (`docs/errors.md`), from the table above.
pub fn markdown() -> String {
    let mut page = String::from(
        "<!-- Generated from the table in crates/arrow-redshift/src/error.rs by `cargo xtask codegen`. -->\n\n\
         # Error kinds\n\n\
         Every error says what was attempted, on what, why it failed and what to do. Its kind is \
         stable and decides what the sink does next.\n\n\
         | kind | means | what the sink does | what you do |\n\
         | --- | --- | --- | --- |\n",
    );
    for kind in ErrorKind::ALL {
        let then = match kind.retry() {
            RetryClass::Never => "reported",
            RetryClass::Once => "a new session does it again, once",
            RetryClass::Transaction => "the transaction runs again",
            RetryClass::Reconnect => "a new session does the whole commit again",
            RetryClass::AskLedger => "the ledger decides, under its lock, before anything else",
        };
        page.push_str(&format!(
            "| `{kind}` | {} | {then} | {} |\n",
            kind.doc().trim(),
            kind.advice()
        ));
    }
    page.push_str(
        "\nTries are counted by `sink.max-retries`, with growing waits and jitter in between. Those of a \
         commit or a flush that found no server (`connection-lost`, `server-unavailable`) and so sent \
         nothing do not count for ten minutes ([0024](adr/0024-a-server-that-is-away.md)).\n",
    );
    page
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error of this crate, one pointer wide.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    sqlstate: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A new error; `message` says what was attempted and why it failed, without a final stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            sqlstate: None,
            detail: None,
            hint: None,
            source: None,
        }))
    }

    /// Adds where it happened (`table`, `file`, `column`, `host`, …).
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// Adds what the user can do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the SQLSTATE that the server gave.
    pub fn sqlstate(mut self, code: impl Into<String>) -> Self {
        self.0.sqlstate = Some(code.into());
        self
    }

    /// Adds the server's detail (COPY's Parquet errors say everything there).
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds the cause; its text is not repeated in this error's message.
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error under another kind, for the one place that knows more than its cause.
    pub fn into_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was attempted and why it failed.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, in the order it was added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }

    /// The server's SQLSTATE, where the error came from the server.
    pub fn code(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// The server's detail block, where it gave one.
    pub fn server_detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// What the user can do about it.
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut open = false;
        for (key, value) in &self.0.context {
            write!(f, "{}{key}: {value}", if open { ", " } else { " (" })?;
            open = true;
        }
        if let Some(code) = &self.0.sqlstate {
            write!(f, "{}SQLSTATE {code}", if open { ", " } else { " (" })?;
            open = true;
        }
        if open {
            f.write_str(")")?;
        }
        if let Some(detail) = &self.0.detail {
            write!(f, "\n  detail: {detail}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "\n  what to do: {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self}", self.0.kind)?;
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
