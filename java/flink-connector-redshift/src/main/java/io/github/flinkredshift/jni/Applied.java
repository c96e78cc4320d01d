package io.github.flinkredshift.jni;

import io.github.flinkredshift.ErrorKind;

import org.apache.flink.annotation.Internal;

/** What applying a committable came to. */
@Internal
public final class Applied {

    private static final int CAUSES = 11;

    /** What a committer that has applied nothing has to say. */
    public static final Applied NOTHING = new Applied(new long[CAUSES]);

    private final long[] values;

    Applied(long[] values) {
        this.values = values;
    }

    /** Whether the ledger said that it had been applied before. */
    public boolean before() {
        return values[0] != 0;
    }

    /** Rows that the writers took in and that were loaded; of a keyed table, changes. */
    public long rows() {
        return values[1];
    }

    /** Files loaded. */
    public long parts() {
        return values[2];
    }

    /** How often it was tried again. */
    public long retries() {
        return values[3];
    }

    /** How long it took, tries and waits together, in milliseconds. */
    public long tookMillis() {
        return values[4];
    }

    /** How long COPY took, in milliseconds. */
    public long copyMillis() {
        return values[5];
    }

    /** How long it waited for locks, in milliseconds. */
    public long lockWaitMillis() {
        return values[6];
    }

    /** How long COMMIT took, in milliseconds. */
    public long commitMillis() {
        return values[7];
    }

    /** How long it waited until one more session was allowed, in milliseconds. */
    public long connectionWaitMillis() {
        return values[8];
    }

    /** Rows that did not fit and were set aside with it. */
    public long deadLetters() {
        return values[9];
    }

    /** Keys that had more than one row in the target when they were changed. */
    public long duplicateKeys() {
        return values[10];
    }

    /** How often it was tried again after an error of that kind. */
    public long retriesAfter(ErrorKind kind) {
        int index = CAUSES + kind.ordinal();
        return index < values.length ? values[index] : 0;
    }
}
