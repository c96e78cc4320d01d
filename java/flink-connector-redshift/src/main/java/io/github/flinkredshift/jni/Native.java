package io.github.flinkredshift.jni;

import java.nio.ByteBuffer;

/**
 * The native library's functions, as they are exported.
 *
 * <p>A handle is a number that the library gives out and takes back; an unknown or closed one is an
 * error, never a crash. Every function may throw a {@link
 * io.github.flinkredshift.RedshiftException}. Functions that wait do so for at most the given
 * milliseconds and say {@link #PENDING} then. The classes beside this one wrap each group of
 * functions; nobody else calls them.
 */
final class Native {

    /** The answer of a waiting function that has nothing yet. */
    static final int PENDING = 0;

    /** The answer of a waiting function that is done. */
    static final int READY = 1;

    private Native() {}

    /** The library's version, which has to be the jar's. */
    static native String version();

    /** Up to {@code max} log events, each as level, target and message, one after the other. */
    static native String[] takeLogs(int max);

    /** The least level to keep: error, warn, info, debug, trace or off. */
    static native void setLogLevel(String level);

    /**
     * Checks a table as it is declared and makes the plan bytes that writers and committers open.
     * No connection is made.
     *
     * @param options keys and values, alternating
     * @param names names of all physical columns
     * @param types the columns' types as SQL text, with NOT NULL
     * @param primaryKey the key columns' names; empty without a key
     * @param written indices of the columns that the INSERT names, in order; null for all
     * @param overwrite whether the table's rows are replaced
     * @param comment the comment on the table; empty without one
     * @param columnComments names of columns and the comments on them, alternating
     */
    static native byte[] plan(
            String[] options,
            String[] names,
            String[] types,
            String[] primaryKey,
            int[] written,
            boolean overwrite,
            String comment,
            String[] columnComments);

    /**
     * What Java has to know of a plan: keyed 0/1, parallelism or 0, commit interval in ms, exactly
     * once 1/0, named run 0/1, flush interval in ms, overwrite 0/1, flushes 0/1, ignores deletes
     * 0/1.
     */
    static native long[] facts(byte[] plan);

    /** Sentences to log when the plan is made. */
    static native String[] warnings(byte[] plan);

    /**
     * Opens a writer and returns at once; the target is prepared in the background.
     *
     * @param restoredCheckpoint the checkpoint that was restored, or -1
     * @param timed whether the writer commits by time on its own
     * @param savepoints whether a savepoint may name what was staged after the restored checkpoint
     */
    static native long openWriter(
            byte[] plan,
            String operatorId,
            String job,
            int subtask,
            int parallelism,
            long restoredCheckpoint,
            boolean timed,
            boolean savepoints);

    /**
     * Takes {@code rows} rows that fill the first {@code length} bytes of the buffer, or answers
     * {@link #PENDING} and takes nothing.
     */
    static native int push(
            long writer, ByteBuffer directBuffer, int length, int rows, long sinceMillis);

    /** Waits until a push would be taken. */
    static native int await(long writer, int millis);

    /**
     * Begins to close what was pushed since the last close, for a checkpoint or the end of input.
     */
    static native void beginClose(long writer, long checkpoint, boolean endOfInput);

    /** The staged bytes of the close that was begun; null while pending, empty for nothing. */
    static native byte[] takeStaged(long writer, int millis);

    /** Says which checkpoint the last close was for. */
    static native void reached(long writer, long checkpoint);

    /** Fills in the writer's figures; {@link WriterFigures} names them. */
    static native void writerMetrics(long writer, long[] into);

    /** Cancels what runs, removes the open upload (within seconds) and frees the writer. */
    static native void closeWriter(long writer);

    /** The committable bytes of what all writers staged; null when there is nothing to commit. */
    static native byte[] gather(
            byte[] plan, String operatorId, String job, long checkpoint, byte[][] staged);

    /** Both committables as one. */
    static native byte[] absorb(byte[] earlier, byte[] later);

    /** Rows, bytes, parts, and when the oldest row came (ms since the epoch, 0 if unknown). */
    static native long[] committableFacts(byte[] committable);

    /** Opens a committer; it connects at its first commit. */
    static native long openCommitter(
            byte[] plan, String operatorId, String job, long timeoutMillis);

    /** Begins to apply a committable. */
    static native void beginCommit(long committer, byte[] committable);

    /** The figures of the commit that was begun, as {@link Applied} reads them; null if pending. */
    static native long[] awaitCommit(long committer, int millis);

    /** Ends what a writer or committer waits for; its next call throws. */
    static native void interrupt(long handle);

    /** Frees a committer. */
    static native void closeCommitter(long committer);

    /** How many writers and committers are open. */
    static native long openHandles();
}
