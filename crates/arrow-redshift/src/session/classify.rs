//! What a server's error means: SQLSTATE first, text only where Redshift leaves nothing else.

use std::{error::Error as _, io};

use tokio_postgres::error::DbError;

use super::unquoted;
use crate::{
    error::{Error, ErrorKind},
    sql::Statement,
};

/// An error of a statement.
pub(super) fn statement(error: tokio_postgres::Error, statement: &Statement) -> Error {
    from_driver(error).with("statement", statement.verb())
}

/// An error while connecting or cancelling.
pub(super) fn connection(error: tokio_postgres::Error) -> Error {
    from_driver(error)
}

fn from_driver(error: tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(server) => from_server(server),
        None => from_wire(error),
    }
}

/// No answer of the server's: the connection is of no more use, or was of none from the start.
fn from_wire(error: tokio_postgres::Error) -> Error {
    let io = error.source().is_some_and(|cause| cause.is::<io::Error>());
    if error.is_closed() || io {
        return Error::new(ErrorKind::ConnectionLost, "the connection to the server broke")
            .source(error);
    }
    if error.to_string().starts_with("authentication error") {
        return Error::new(ErrorKind::AuthenticationFailed, "the login could not be done")
            .source(error)
            .hint("log in as a database user with a password");
    }
    Error::new(ErrorKind::Internal, "a message to or from the server could not be read")
        .source(error)
}

/// SQLSTATE of a login to a database that is not there.
const UNKNOWN_DATABASE: &str = "3D000";
/// SQLSTATEs of a statement that the server does not take for its size.
const TOO_LARGE: &str = "54000";
const TOO_COMPLEX: &str = "54001";

fn from_server(server: &DbError) -> Error {
    let (code, message) = (server.code().code(), server.message());
    let detail = server.detail().unwrap_or_default();
    let kind = kind(code, message, detail);
    let mut error = Error::new(kind, unquoted::message(code, message)).sqlstate(code);
    // Elsewhere a detail quotes the failing row.
    if code == "XX000" && !detail.trim().is_empty() {
        error = error.detail(unquoted::detail(detail));
    }
    let of_code = match code {
        UNKNOWN_DATABASE => Some("check 'database-name'"),
        TOO_LARGE | TOO_COMPLEX => Some(
            "lower 'sink.batch-size', so that a statement has fewer rows; or use \
             'sink.write.mode' = 'copy', which sends none",
        ),
        _ => None,
    };
    match of_code.or(advice(kind)).or(server.hint()) {
        Some(advice) => error.hint(advice),
        None => error,
    }
}

/// The kind of a server's error.
fn kind(code: &str, message: &str, detail: &str) -> ErrorKind {
    match code {
        "XX000" => internal(message, detail),
        "40001" | "40P01" | "26000" => ErrorKind::TransactionConflict,
        "55P03" => ErrorKind::LockTimeout,
        "57014" if message.contains("system requested abort") => ErrorKind::ServerUnavailable,
        "57014" if message.contains("WLM") => ErrorKind::WorkloadRule,
        "57014" => ErrorKind::StatementCancelled,
        "57P01" | "57P02" | "57P03" | "25006" | "53200" => ErrorKind::ServerUnavailable,
        "53300" => ErrorKind::TooManyConnections,
        "53100" => ErrorKind::ServerResources,
        "42501" => ErrorKind::PermissionDenied,
        "3D000" => ErrorKind::InvalidOptions,
        "0A000" => ErrorKind::Unsupported,
        "08P01" | "25P02" | "25001" => ErrorKind::Internal,
        _ => match &code[..code.len().min(2)] {
            "08" => ErrorKind::ConnectionLost,
            "28" => ErrorKind::AuthenticationFailed,
            "22" | "23" => ErrorKind::LoadRefused,
            _ => ErrorKind::ServerError,
        },
    }
}

/// `XX000` stands for very many conditions; only their text tells them apart.
fn internal(message: &str, detail: &str) -> ErrorKind {
    const TABLE: &[(&str, ErrorKind)] = &[
        ("Serializable isolation violation", ErrorKind::TransactionConflict),
        ("Relation does not exist", ErrorKind::TransactionConflict),
        ("could not open relation with OID", ErrorKind::TransactionConflict),
        ("Error Code 34510", ErrorKind::TransactionConflict),
        ("system requested abort", ErrorKind::ServerUnavailable),
        ("SlowDown", ErrorKind::StorageUnavailable),
        ("reduce your request rate", ErrorKind::StorageUnavailable),
        ("Status 503", ErrorKind::StorageUnavailable),
        ("Status 500", ErrorKind::StorageUnavailable),
        ("Internal Error 500", ErrorKind::StorageUnavailable),
        ("RequestTimeout", ErrorKind::StorageUnavailable),
        ("Retries exceeded", ErrorKind::StorageUnavailable),
        ("Access throttled", ErrorKind::StorageUnavailable),
        ("Resource limit exceeded", ErrorKind::StorageUnavailable),
        ("ExpiredToken", ErrorKind::CredentialsExpired),
        ("Access Denied", ErrorKind::PermissionDenied),
        ("Status 403", ErrorKind::PermissionDenied),
        ("Not authorized to get credentials", ErrorKind::PermissionDenied),
        ("is not authorized to assume", ErrorKind::PermissionDenied),
        ("Access Key Id you provided", ErrorKind::PermissionDenied),
        ("SignatureDoesNotMatch", ErrorKind::PermissionDenied),
        ("S3ServiceException", ErrorKind::StorageFailed),
        ("Disk Full", ErrorKind::ServerResources),
        ("Insufficient memory to run query", ErrorKind::ServerUnavailable),
        ("by WLM abort action", ErrorKind::WorkloadRule),
        ("by WLM timeout", ErrorKind::WorkloadRule),
        ("Load into table", ErrorKind::LoadRefused),
        ("Spectrum Scan Error", ErrorKind::LoadRefused),
        ("multiple matches", ErrorKind::LoadRefused),
    ];
    if matches!(message.trim(), "1023" | "1018") {
        return ErrorKind::TransactionConflict;
    }
    let known = |fragment: &str| message.contains(fragment) || detail.contains(fragment);
    if let Some((_, kind)) = TABLE.iter().find(|(fragment, _)| known(fragment)) {
        return *kind;
    }
    let asserted = message.trim_start().starts_with("Assert") || detail_code(detail) == Some(1000);
    if asserted { ErrorKind::ServerFault } else { ErrorKind::ServerError }
}

/// The number that a compute node's error has in its block.
fn detail_code(detail: &str) -> Option<u32> {
    let code = detail.lines().find_map(|line| line.trim_start().strip_prefix("code:"));
    code.and_then(|code| code.trim().parse().ok())
}

fn advice(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::AuthenticationFailed => {
            "check user and password; it is not tried again, since failed logins lock the user"
        }
        ErrorKind::TooManyConnections => "close idle sessions, or raise the user's limit",
        ErrorKind::StatementCancelled => {
            "raise 'connection.statement-timeout' or the user's statement_timeout, or ask who \
             cancelled it"
        }
        ErrorKind::WorkloadRule => {
            "raise the limit of the rule or the queue's timeout, or give the user another queue"
        }
        ErrorKind::CredentialsExpired => {
            "a role's are renewed by themselves; where the options hold temporary keys, renew those"
        }
        ErrorKind::ServerResources => "free space or resize the warehouse",
        _ => return None,
    })
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
