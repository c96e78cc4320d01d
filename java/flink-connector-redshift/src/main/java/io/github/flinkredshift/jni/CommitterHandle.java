package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;

import java.time.Duration;

/** An open committer of the native library. It connects at its first commit. */
@Internal
public final class CommitterHandle implements AutoCloseable {

    private final long handle;
    private boolean open = true;

    private CommitterHandle(long handle) {
        this.handle = handle;
    }

    /**
     * Opens a committer.
     *
     * @param plan what is written, and where to
     * @param operatorId the committing operator's id
     * @param job the job's name
     * @param timeout the longest that one commit may take where the options name none; zero for as
     *     long as it takes
     */
    public static CommitterHandle open(Plan plan, String operatorId, String job, Duration timeout) {
        plan.loadLibrary();
        return new CommitterHandle(
                LogPump.opening(
                        () ->
                                Native.openCommitter(
                                        plan.bytes(), operatorId, job, timeout.toMillis())));
    }

    /** Applies a committable and waits until it is applied. */
    public Applied commit(byte[] committable) throws InterruptedException {
        Native.beginCommit(handle, committable);
        return new Applied(
                Waits.untilAnswered(handle, millis -> Native.awaitCommit(handle, millis)));
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        try {
            Native.closeCommitter(handle);
        } finally {
            LogPump.closed();
        }
    }
}
