package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;

import java.nio.ByteBuffer;

/**
 * An open writer of the native library. One thread writes and closes; any thread may ask for its
 * figures.
 */
@Internal
public final class WriterHandle implements AutoCloseable {

    private static final Object TAKEN = new Object();

    private final long handle;
    private boolean open = true;
    private WriterFigures figures = WriterFigures.NONE;

    private WriterHandle(long handle) {
        this.handle = handle;
    }

    /**
     * Opens a writer. The target is prepared in the background; what fails there comes with the
     * first push or close.
     *
     * @param plan what to write, and where to
     * @param place where in the job the writer stands
     * @param timed whether the writer commits by time on its own
     */
    public static WriterHandle open(Plan plan, WriterPlace place, boolean timed) {
        plan.loadLibrary();
        return new WriterHandle(
                LogPump.opening(
                        () ->
                                Native.openWriter(
                                        plan.bytes(),
                                        place.operatorId,
                                        place.job,
                                        place.subtask,
                                        place.parallelism,
                                        place.restoredCheckpoint,
                                        timed,
                                        place.savepoints)));
    }

    /**
     * Hands over rows and waits until they are taken; the buffer may be filled anew then.
     *
     * @param rows a direct buffer with length-prefixed rows from its beginning on
     * @param length how many bytes of it are rows
     * @param count how many rows there are
     * @param sinceMillis when the first of them came, in milliseconds since 1970
     */
    public void push(ByteBuffer rows, int length, int count, long sinceMillis)
            throws InterruptedException {
        while (Native.push(handle, rows, length, count, sinceMillis) != Native.READY) {
            Waits.untilAnswered(
                    handle, millis -> Native.await(handle, millis) == Native.READY ? TAKEN : null);
        }
    }

    /**
     * Closes what was pushed since the last close and waits until it is staged.
     *
     * @param checkpoint a checkpoint that is not later than the one this close belongs to, and
     *     later than any before it
     * @param endOfInput whether nothing follows
     * @return the staged bytes; empty when nothing was staged
     */
    public byte[] stage(long checkpoint, boolean endOfInput) throws InterruptedException {
        Native.beginClose(handle, checkpoint, endOfInput);
        return Waits.untilAnswered(handle, millis -> Native.takeStaged(handle, millis));
    }

    /**
     * Says which checkpoint the last close was for, before any row of a later one: what was known
     * when it was closed is a bound.
     */
    public void reached(long checkpoint) {
        Native.reached(handle, checkpoint);
    }

    /** What the writer has done so far; after its close, what it had done when last asked. */
    public synchronized WriterFigures figures() {
        if (open) {
            long[] values = new long[WriterFigures.COUNT];
            Native.writerMetrics(handle, values);
            figures = new WriterFigures(values);
        }
        return figures;
    }

    /** Ends the writer; what it staged since its last close is removed. */
    @Override
    public void close() {
        if (!leave()) {
            return;
        }
        try {
            Native.closeWriter(handle);
        } finally {
            LogPump.closed();
        }
    }

    private synchronized boolean leave() {
        boolean was = open;
        open = false;
        return was;
    }
}
