package io.github.flinkredshift.harness;

import io.github.flinkredshift.RedshiftException;

import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.util.ExceptionUtils;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A job that was submitted. */
public final class Job {

    private static final Duration A_WHILE = Duration.ofSeconds(2);

    private final Cluster cluster;
    private final JobClient client;

    private Job(Cluster cluster, JobClient client) {
        this.cluster = cluster;
        this.client = client;
    }

    /** Submits what an environment holds. */
    public static Job start(Cluster cluster, StreamExecutionEnvironment environment, String name)
            throws Exception {
        return new Job(cluster, environment.executeAsync(name));
    }

    /** A job that was submitted already. */
    public static Job of(Cluster cluster, JobClient client) {
        return new Job(cluster, client);
    }

    /** The job that an INSERT started. */
    public static Job of(Cluster cluster, TableResult result) {
        return new Job(cluster, result.getJobClient().orElseThrow());
    }

    /**
     * Waits for its end, which has to be a good one. A job whose input ends takes a last checkpoint;
     * one that comes too early is declined, and Flink takes the next one an interval later, which
     * is too long for a test that takes its checkpoints by hand.
     */
    public void awaitFinished() throws Exception {
        CompletableFuture<?> result = client.getJobExecutionResult();
        try {
            for (int waited = 0; !isDone(result); waited++) {
                if (waited > Await.PATIENCE.dividedBy(A_WHILE)) {
                    throw new AssertionError("the job does not end; it is " + status());
                }
                cluster.flink().triggerCheckpoint(client.getJobID());
            }
            result.get();
        } catch (ExecutionException e) {
            throw new AssertionError("the job failed", e.getCause());
        }
    }

    private static boolean isDone(CompletableFuture<?> future) throws InterruptedException {
        try {
            future.get(A_WHILE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
        return true;
    }

    /** Waits until it fails, and returns why: the messages of all causes, one a line. */
    public String awaitFailure() throws Exception {
        return messages(awaitError());
    }

    /** Waits until it fails, and returns the connector's own error. */
    public RedshiftException awaitOwnError() throws Exception {
        ClassLoader loader = RedshiftException.class.getClassLoader();
        Throwable error = awaitError();
        return ExceptionUtils.findSerializedThrowable(error, RedshiftException.class, loader)
                .orElseThrow(() -> new AssertionError("not the connector's error", error));
    }

    private Throwable awaitError() throws Exception {
        try {
            await(client.getJobExecutionResult());
        } catch (ExecutionException e) {
            return e;
        }
        throw new AssertionError("the job did not fail");
    }

    /** The messages of an error and of all its causes, one a line. */
    public static String messages(Throwable error) {
        StringBuilder all = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            all.append(cause).append('\n');
        }
        return all.toString();
    }

    /** Flink's name for it. */
    public JobID id() {
        return client.getJobID();
    }

    /** What state it is in. */
    public JobStatus status() throws Exception {
        return client.getJobStatus().get();
    }

    /** Takes a checkpoint now, as soon as all tasks run, and returns when it is complete. */
    public void checkpoint() throws Exception {
        awaitRunning();
        await(cluster.flink().triggerCheckpoint(client.getJobID()));
    }

    /** Takes a savepoint and goes on; returns its path. */
    public String savepoint(Path directory) throws Exception {
        awaitRunning();
        return await(
                client.triggerSavepoint(
                        directory.toUri().toString(), SavepointFormatType.CANONICAL));
    }

    /** Waits until every task runs, or has ended well; no checkpoint can be taken before. */
    public void awaitRunning() throws Exception {
        Await.until("all tasks run", this::runs);
    }

    private boolean runs() throws Exception {
        if (status() != JobStatus.RUNNING) {
            return false;
        }
        for (AccessExecutionVertex task : await(graph()).getAllExecutionVertices()) {
            ExecutionState state = task.getExecutionState();
            if (state != ExecutionState.RUNNING && state != ExecutionState.FINISHED) {
                return false;
            }
        }
        return true;
    }

    private CompletableFuture<? extends AccessExecutionGraph> graph() {
        return cluster.flink().getExecutionGraph(client.getJobID());
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Stops with a savepoint; returns its path. */
    public String stop(Path directory) throws Exception {
        return stop(directory, false);
    }

    /** Ends the input for good, as if all had been read, with a savepoint. */
    public String drain(Path directory) throws Exception {
        return stop(directory, true);
    }

    private String stop(Path directory, boolean drain) throws Exception {
        awaitRunning();
        String where = directory.toUri().toString();
        String savepoint =
                await(client.stopWithSavepoint(drain, where, SavepointFormatType.CANONICAL));
        awaitFinished();
        return savepoint;
    }

    /** Cancels it and waits until it is gone. */
    public void cancel() throws Exception {
        cancelWithin(Await.PATIENCE);
    }

    /** Cancels it, which has to be over in time. */
    public void cancelWithin(Duration time) throws Exception {
        client.cancel().get();
        Await.within(time, "the job is cancelled", () -> status().isGloballyTerminalState());
    }
}
