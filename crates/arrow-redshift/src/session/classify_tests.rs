use super::*;
use crate::error::RetryClass::{self, Never, Once, Reconnect, Transaction};

const ASSERTED: &str = "\n  -----\n  error:  Assert\n  code:      1000\n  context:   x\n  -----";
const DISK_FULL: &str = "\n  -----\n  error:  Disk Full\n  code:      1016\n  -----";

type Case = (&'static str, &'static str, &'static str, &'static str, RetryClass);

#[track_caller]
fn classified(cases: &[Case]) {
    for (code, message, detail, name, class) in cases {
        let kind = kind(code, message, detail);
        assert_eq!((kind.name(), kind.retry()), (*name, *class), "{code} {message}");
    }
}

#[test]
fn what_goes_by_is_tried_again() {
    let conflict = "transaction-conflict";
    let unavailable = "server-unavailable";
    classified(&[
        ("XX000", "1023", "Serializable isolation violation on table", conflict, Transaction),
        ("XX000", "1023", "", conflict, Transaction),
        ("XX000", "1018", "Relation does not exist", conflict, Transaction),
        ("40001", "could not serialize access", "", conflict, Transaction),
        ("40P01", "deadlock detected", "", conflict, Transaction),
        ("26000", "prepared statement \"s1\" does not exist", "", conflict, Transaction),
        ("XX000", "could not open relation with OID 4711", "", conflict, Transaction),
        ("XX000", "[Data Sharing] Error Code 34510: DDL", "", conflict, Transaction),
        ("55P03", "canceling statement due to lock timeout", "", "lock-timeout", Transaction),
        ("57014", "system requested abort", "", unavailable, Reconnect),
        ("XX000", "system requested abort query", "", unavailable, Reconnect),
        ("57P01", "terminating connection", "", unavailable, Reconnect),
        ("57P02", "crash shutdown", "", unavailable, Reconnect),
        ("57P03", "the database system is starting up", "", unavailable, Reconnect),
        ("25006", "cannot execute INSERT in a read-only transaction", "", unavailable, Reconnect),
        ("53200", "out of memory", "", unavailable, Reconnect),
        ("XX000", "Insufficient memory to run query", "", unavailable, Reconnect),
        ("53300", "too many connections", "", "too-many-connections", Reconnect),
    ]);
    for code in ["08000", "08001", "08003", "08004", "08006"] {
        classified(&[(code, "connection failure", "", "connection-lost", Reconnect)]);
    }
}

#[test]
fn what_may_go_by_is_tried_once_more() {
    let cancelled = "statement-cancelled";
    let expired = "credentials-expired";
    classified(&[
        ("57014", "Query (1) cancelled on user's request", "", cancelled, Once),
        ("57014", "canceling statement: canceled on user's request", "", cancelled, Once),
        ("XX000", "Assert", "", "server-fault", Once),
        ("XX000", "Invalid type: 4000", ASSERTED, "server-fault", Once),
        ("XX000", "S3ServiceException:…,Status 400,Error ExpiredToken", "", expired, Once),
    ]);
}

#[test]
fn storage_that_asks_for_patience_gets_it_and_storage_that_refuses_does_not() {
    let (unavailable, denied) = ("storage-unavailable", "permission-denied");
    for message in [
        "S3ServiceException:…,Status 503,Error SlowDown",
        "S3ServiceException:Please reduce your request rate.",
        "S3ServiceException:We encountered an internal error.,Status 500,Error InternalError",
        "S3ServiceException:Internal Error 500",
        "S3ServiceException:…,Status 400,Error RequestTimeout",
        "Access throttled",
        "Resource limit exceeded",
    ] {
        classified(&[("XX000", message, "", unavailable, Transaction)]);
        // A compute node says it in its block.
        classified(&[("XX000", "Spectrum Scan Error", message, unavailable, Transaction)]);
    }
    let retried = "Retries exceeded";
    classified(&[("XX000", "Spectrum Scan Error", retried, unavailable, Transaction)]);
    for message in [
        "S3ServiceException:Access Denied,Status 403,Error AccessDenied",
        "S3ServiceException:The AWS Access Key Id you provided does not exist in our records.",
        "S3ServiceException:…,Error SignatureDoesNotMatch",
        "Not authorized to get credentials of role arn:aws:iam::1:role/r",
        "User arn:aws:redshift:x is not authorized to assume IAM Role arn:aws:iam::1:role/r",
    ] {
        classified(&[("XX000", message, "", denied, Never)]);
    }
    let elsewhere = "S3ServiceException:The bucket you are attempting to access must be addressed \
                     using the specified endpoint.,Status 301";
    classified(&[("XX000", elsewhere, "", "storage-failed", Never)]);
}

#[test]
fn what_stays_so_is_reported() {
    let (refused, internal) = ("load-refused", "internal");
    let (rule, resources) = ("workload-rule", "server-resources");
    classified(&[
        ("57014", "Query cancelled by WLM abort action of Rule \"r\"", "", rule, Never),
        ("XX000", "cancelled by WLM abort action of Query Monitoring Rule", "", rule, Never),
        ("57014", "Query cancelled by WLM timeout", "", rule, Never),
        ("XX000", "Query cancelled by WLM timeout", "", rule, Never),
        ("53100", "Disk Full", "", resources, Never),
        ("XX000", "Disk Full", "", resources, Never),
        ("XX000", "ERROR", DISK_FULL, resources, Never),
        ("42P05", "prepared statement already exists", "", "server-error", Never),
        ("25P02", "current transaction is aborted", "", internal, Never),
        ("25001", "cannot run inside a transaction block", "", internal, Never),
        ("08P01", "protocol violation", "", internal, Never),
        ("XX000", "The specified S3 prefix 'p' does not exist", "", "server-error", Never),
        ("XX000", "Problem reading manifest file", "", "server-error", Never),
        ("XX000", "Load into table 't' failed.", "", refused, Never),
        ("XX000", "Spectrum Scan Error", "code: 15007", refused, Never),
        ("XX000", "Found multiple matches to update the same tuple.", "", refused, Never),
        ("0A000", "not supported for PARQUET based COPY", "", "unsupported", Never),
        ("42601", "syntax error", "", "server-error", Never),
        ("42P01", "relation \"t\" does not exist", "", "server-error", Never),
        ("42501", "permission denied for relation t", "", "permission-denied", Never),
        ("28000", "password authentication failed", "", "authentication-failed", Never),
        ("28P01", "password authentication failed", "", "authentication-failed", Never),
        ("3D000", "database \"x\" does not exist", "", "invalid-options", Never),
        ("54000", "Statement is too large", "", "server-error", Never),
        ("54001", "statement too complex", "", "server-error", Never),
        ("XX000", "Something else", "  code:      1001\n", "server-error", Never),
        ("", "no code at all", "", "server-error", Never),
    ]);
    for code in ["22001", "22003", "22P02", "22007", "22008", "22021", "23502"] {
        classified(&[(code, "a value", "", refused, Never)]);
    }
}
