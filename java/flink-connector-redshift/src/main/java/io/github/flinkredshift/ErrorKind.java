// Generated from the table in crates/arrow-redshift/src/error.rs by `cargo xtask codegen`.
package io.github.flinkredshift;

import org.apache.flink.annotation.PublicEvolving;

/**
 * What kind of error a {@link RedshiftException} is. The names are stable, and the same on the
 * command line.
 */
@PublicEvolving
public enum ErrorKind {
    /**
     * An option is missing, unknown, malformed or contradicts another one.
     */
    INVALID_OPTIONS("invalid-options"),

    /**
     * A feature, type or statement that this version does not offer.
     */
    UNSUPPORTED("unsupported"),

    /**
     * The target table's columns do not fit the declared ones.
     */
    SCHEMA_MISMATCH("schema-mismatch"),

    /**
     * A value does not fit its target column.
     */
    VALUE_REFUSED("value-refused"),

    /**
     * The server refused the data of a load (COPY's own errors, conversions, NOT NULL).
     */
    LOAD_REFUSED("load-refused"),

    /**
     * Login failed; it is never tried again in a loop, since accounts lock.
     */
    AUTHENTICATION_FAILED("authentication-failed"),

    /**
     * The server or S3 denied an action to this user or role.
     */
    PERMISSION_DENIED("permission-denied"),

    /**
     * The server certificate or TLS handshake was refused.
     */
    TLS_FAILED("tls-failed"),

    /**
     * No connection could be made, or it broke outside of COMMIT.
     */
    CONNECTION_LOST("connection-lost"),

    /**
     * The server accepts no more connections at the moment.
     */
    TOO_MANY_CONNECTIONS("too-many-connections"),

    /**
     * The server is starting, stopping, short of memory, or aborted the session.
     */
    SERVER_UNAVAILABLE("server-unavailable"),

    /**
     * A concurrent transaction got in the way (1023, 1018, deadlock, stale plan).
     */
    TRANSACTION_CONFLICT("transaction-conflict"),

    /**
     * COMMIT was sent and no answer came: the ledger must be asked.
     */
    COMMIT_UNKNOWN("commit-unknown"),

    /**
     * A commit was not done within its timeout, and nothing of it was applied.
     */
    COMMIT_TIMEOUT("commit-timeout"),

    /**
     * A lock did not come within the lock timeout.
     */
    LOCK_TIMEOUT("lock-timeout"),

    /**
     * A statement was cancelled: by {@code statement_timeout}, or by somebody.
     */
    STATEMENT_CANCELLED("statement-cancelled"),

    /**
     * A rule or timeout of workload management ended a statement.
     */
    WORKLOAD_RULE("workload-rule"),

    /**
     * A check inside the server failed.
     */
    SERVER_FAULT("server-fault"),

    /**
     * Disk or another resource of the server ran out, other than memory for the moment.
     */
    SERVER_RESOURCES("server-resources"),

    /**
     * Another attempt of the job has taken a writer's work over.
     */
    WRITER_SUPERSEDED("writer-superseded"),

    /**
     * S3 asked to slow down, or failed transiently.
     */
    STORAGE_UNAVAILABLE("storage-unavailable"),

    /**
     * The temporary credentials with which the server reads S3 have expired.
     */
    CREDENTIALS_EXPIRED("credentials-expired"),

    /**
     * S3 refused a request for good.
     */
    STORAGE_FAILED("storage-failed"),

    /**
     * A staged part that a committable names is gone or has changed.
     */
    STAGING_MISSING("staging-missing"),

    /**
     * A commit is applied, and rows that it set aside are still staged: it has to be given again.
     */
    DEAD_LETTERS_PENDING("dead-letters-pending"),

    /**
     * The input of a load failed.
     */
    SOURCE_FAILED("source-failed"),

    /**
     * The ledger table is not one of ours, or of a later version.
     */
    LEDGER_INVALID("ledger-invalid"),

    /**
     * The server answered an error of no known class.
     */
    SERVER_ERROR("server-error"),

    /**
     * The caller asked to stop.
     */
    INTERRUPTED("interrupted"),

    /**
     * A broken promise inside this crate.
     */
    INTERNAL("internal");

    private final String name;

    ErrorKind(String name) {
        this.name = name;
    }

    /** The stable name. */
    public String getName() {
        return name;
    }

    /** The kind of that name; {@link #INTERNAL} where there is none. */
    public static ErrorKind fromName(String name) {
        for (ErrorKind kind : values()) {
            if (kind.name.equals(name)) {
                return kind;
            }
        }
        return INTERNAL;
    }

    @Override
    public String toString() {
        return name;
    }
}
