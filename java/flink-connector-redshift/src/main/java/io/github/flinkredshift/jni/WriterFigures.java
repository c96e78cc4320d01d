package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;

/** What a writer has done so far. */
@Internal
public final class WriterFigures {

    static final int COUNT = 17;

    /** The figures of a writer that has done nothing. */
    public static final WriterFigures NONE = new WriterFigures(new long[COUNT]);

    private final long[] values;

    WriterFigures(long[] values) {
        this.values = values;
    }

    /** Rows taken. */
    public long rows() {
        return values[0];
    }

    /** Bytes of the rows taken. */
    public long bytesIn() {
        return values[1];
    }

    /** Files that lie on S3. */
    public long stagedFiles() {
        return values[2];
    }

    /** Bytes of these files. */
    public long stagedBytes() {
        return values[3];
    }

    /** How long the last file took to be sent, in milliseconds. */
    public long lastSendMillis() {
        return values[4];
    }

    /** Bytes staged since the last close. */
    public long uncommittedBytes() {
        return values[5];
    }

    /** When the oldest row that is not handed on came, in ms since the epoch; 0 without one. */
    public long oldestRowMillis() {
        return values[6];
    }

    /** How often a request was tried again. */
    public long retries() {
        return values[7];
    }

    /** Rows that a writer which commits by time has loaded. */
    public long rowsLoaded() {
        return values[8];
    }

    /** How long such a writer's last COPY took, in milliseconds. */
    public long copyMillis() {
        return values[9];
    }

    /** How long such a writer's last commit waited for locks, in milliseconds. */
    public long lockWaitMillis() {
        return values[10];
    }

    /** How long such a writer's last commit took, in milliseconds. */
    public long commitMillis() {
        return values[11];
    }

    /** Rows that did not fit and were set aside. */
    public long deadLetters() {
        return values[12];
    }

    /** Texts that were cut and values that became NULL, because they did not fit. */
    public long changedValues() {
        return values[13];
    }

    /** How long such a writer's last commit waited for a session, in milliseconds. */
    public long connectionWaitMillis() {
        return values[14];
    }

    /** Transactions that a writer which flushes on its own has committed. */
    public long flushes() {
        return values[15];
    }

    /** Keys that had more than one row in the target when such a writer changed them. */
    public long duplicateKeys() {
        return values[16];
    }
}
