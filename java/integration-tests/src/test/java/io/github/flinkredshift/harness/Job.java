package io.github.flinkredshift.harness;

import org.apache.flink.api.common.JobStatus;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.TableResult;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A job that was submitted. */
public final class Job {

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

    /** The job that an INSERT started. */
    public static Job of(Cluster cluster, TableResult result) {
        return new Job(cluster, result.getJobClient().orElseThrow());
    }

    /** Waits for its end, which has to be a good one. */
    public void awaitFinished() throws Exception {
        try {
            client.getJobExecutionResult()
                    .get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("the job failed", e.getCause());
        }
    }

    /** Waits until it fails, and returns why: the messages of all causes, one a line. */
    public String awaitFailure() throws Exception {
        try {
            client.getJobExecutionResult()
                    .get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            return messages(e);
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

    /** What state it is in. */
    public JobStatus status() throws Exception {
        return client.getJobStatus().get();
    }

    /** Takes a checkpoint now, as soon as all tasks run, and returns when it is complete. */
    public void checkpoint() throws Exception {
        Await.until("a checkpoint is complete", this::tryCheckpoint);
    }

    private boolean tryCheckpoint() throws Exception {
        try {
            cluster.flink()
                    .triggerCheckpoint(client.getJobID())
                    .get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException e) {
            if (status().isTerminalState()) {
                throw new AssertionError("the job ended before its checkpoint", e.getCause());
            }
            return false;
        }
    }

    /** Takes a savepoint and goes on; returns its path. */
    public String savepoint(Path directory) throws Exception {
        return client.triggerSavepoint(directory.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
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
        String savepoint =
                client.stopWithSavepoint(
                                drain,
                                directory.toUri().toString(),
                                SavepointFormatType.CANONICAL)
                        .get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
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
