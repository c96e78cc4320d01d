package io.github.flinkredshift;

import org.apache.flink.annotation.PublicEvolving;

/**
 * An error of the connector: what was attempted, on what, why it failed and what to do.
 *
 * <p>Most come from the core, with its kind, the server's SQLSTATE and its causes; the same mistake
 * gives the same error in Flink and on the command line. Neither secrets nor values of rows are in
 * it.
 */
@PublicEvolving
public final class RedshiftException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String kind;
    private final String sqlState;
    private final String retry;

    /**
     * Made by the native library, which looks this constructor up by its signature.
     *
     * @param kind the stable name of the error's kind
     * @param message what was attempted, on what, why it failed and what to do
     * @param sqlState the SQLSTATE that the server gave, or null
     * @param retry the stable name of what may be done after it
     * @param cause the next error in the chain of causes, or null
     */
    public RedshiftException(
            String kind, String message, String sqlState, String retry, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.sqlState = sqlState;
        this.retry = retry;
    }

    /**
     * An error that the Java side finds; trying again gives the same.
     *
     * @param kind what kind of error it is
     * @param message what was attempted, on what, why it failed and what to do
     */
    public RedshiftException(ErrorKind kind, String message) {
        this(kind, message, null);
    }

    /**
     * An error that the Java side finds, with its cause; trying again gives the same.
     *
     * @param kind what kind of error it is
     * @param message what was attempted, on what, why it failed and what to do
     * @param cause why, or null
     */
    public RedshiftException(ErrorKind kind, String message, Throwable cause) {
        this(kind.getName(), message, null, "never", cause);
    }

    /** What kind of error it is. */
    public ErrorKind kind() {
        return ErrorKind.fromName(kind);
    }

    /** The SQLSTATE that the server gave, or null where the error did not come from the server. */
    public String getSqlState() {
        return sqlState;
    }

    /** The stable name of what may be done after this error. */
    public String getRetryClass() {
        return retry;
    }
}
