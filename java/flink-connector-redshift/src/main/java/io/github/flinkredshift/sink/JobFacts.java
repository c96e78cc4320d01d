package io.github.flinkredshift.sink;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;
import io.github.flinkredshift.jni.Plan;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.transformations.WithBoundedness;

import java.io.Serializable;
import java.time.Duration;

/** What the sink has to know of the job that it is built into. */
final class JobFacts implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A commit ends before the checkpoint that waits for it; the rest is for all other tasks. */
    private static final int PERCENT_OF_CHECKPOINT_TIMEOUT = 80;

    private final boolean streaming;
    private final boolean checkpoints;
    private final Duration commitTimeout;

    private JobFacts(boolean streaming, boolean checkpoints, Duration commitTimeout) {
        this.streaming = streaming;
        this.checkpoints = checkpoints;
        this.commitTimeout = commitTimeout;
    }

    /** Reads them where Flink builds the job, and refuses a job that cannot keep its promise. */
    static JobFacts of(StreamExecutionEnvironment environment, Plan plan) {
        boolean streaming = isStreaming(environment);
        boolean checkpoints = environment.getCheckpointConfig().isCheckpointingEnabled();
        Duration timeout =
                Duration.ofMillis(environment.getCheckpointConfig().getCheckpointTimeout());
        // Divided first: a timeout may be as long as a number of milliseconds can say.
        JobFacts facts =
                new JobFacts(
                        streaming,
                        checkpoints,
                        timeout.dividedBy(100).multipliedBy(PERCENT_OF_CHECKPOINT_TIMEOUT));
        facts.check(plan);
        if (facts.commitsAtCheckpoints()) {
            checkCheckpoints(environment, plan);
            checkCommitTimeout(plan, timeout);
        }
        return facts;
    }

    /**
     * A job whose input ends and which knows no checkpoints, until Flink has built the real one.
     */
    static JobFacts unknown() {
        return new JobFacts(false, false, Duration.ZERO);
    }

    /**
     * What a sink knows that has become part of one more job, which has to commit as the others do:
     * the sink carries the facts of one job into all of them.
     */
    JobFacts joinedBy(JobFacts another) {
        boolean alike =
                streaming == another.streaming
                        && checkpoints == another.checkpoints
                        && commitTimeout().equals(another.commitTimeout());
        if (alike || isUnknown()) {
            return another;
        }
        throw refused(
                "one sink object in two jobs that commit in different ways: "
                        + this
                        + ", and "
                        + another,
                "build a sink for each job");
    }

    /** Flink's checkpoint timeout is more than nothing, also where there are no checkpoints. */
    private boolean isUnknown() {
        return commitTimeout.isZero();
    }

    @Override
    public String toString() {
        if (!streaming) {
            return "a batch job";
        }
        return checkpoints
                ? "a streaming job whose commits may take " + commitTimeout.toMillis() + " ms"
                : "a streaming job without checkpoints";
    }

    private void check(Plan plan) {
        if (streaming && plan.overwrite()) {
            throw refused(
                    "INSERT OVERWRITE in a streaming job: it replaces the table when its input"
                            + " ends",
                    "run it in batch mode, SET 'execution.runtime-mode' = 'batch'");
        }
        if (streaming && plan.namedRun()) {
            throw refused(
                    "'sink.run-id' in a streaming job: it names one batch run, whose rows are"
                            + " loaded once",
                    "leave it out, or run in batch mode");
        }
        if (streaming && !checkpoints && plan.exactlyOnce()) {
            throw refused(
                    "a streaming job without checkpoints cannot load exactly once: rows are"
                            + " loaded when a checkpoint is complete",
                    "set 'execution.checkpointing.interval', for example to '1 min', or"
                            + " 'sink.delivery-guarantee' = 'at-least-once' to load by time"
                            + " ('sink.flush-interval'), or run in batch mode");
        }
    }

    /** Checkpoints that do not hold what the sink rests on are refused. */
    private static void checkCheckpoints(StreamExecutionEnvironment environment, Plan plan) {
        CheckpointingMode mode =
                environment.getCheckpointConfig().getCheckpointingConsistencyMode();
        if (plan.exactlyOnce() && mode != CheckpointingMode.EXACTLY_ONCE) {
            // Rows from behind a barrier could be committed with what lies before it, and would
            // come again after a restart.
            throw refused(
                    "checkpoints of the mode " + mode + " and a sink that loads exactly once",
                    "leave 'execution.checkpointing.mode' at EXACTLY_ONCE, or set"
                            + " 'sink.delivery-guarantee' = 'at-least-once'");
        }
        boolean last =
                environment
                        .getConfiguration()
                        .get(CheckpointingOptions.ENABLE_CHECKPOINTS_AFTER_TASKS_FINISH);
        if (!last && (plan.exactlyOnce() || !plan.flushes())) {
            // What comes after the last checkpoint before the end would be handed on to nobody.
            throw refused(
                    "a job without checkpoints after tasks have finished: nothing would load the"
                            + " rows between its last checkpoint and its end",
                    "leave 'execution.checkpointing.checkpoints-after-tasks-finish' at true");
        }
    }

    /** A checkpoint waits for the commit before it, and would be given up first. */
    private static void checkCommitTimeout(Plan plan, Duration checkpointTimeout) {
        if (!plan.flushes() && plan.commitTimeout().compareTo(checkpointTimeout) >= 0) {
            throw refused(
                    "'sink.commit.timeout' is "
                            + plan.commitTimeout().toMillis()
                            + " ms, and checkpoints, which wait for commits, are given up after "
                            + checkpointTimeout.toMillis()
                            + " ms",
                    "leave it out (it is 80 % of 'execution.checkpointing.timeout' then), or raise"
                            + " that timeout");
        }
    }

    private static RedshiftException refused(String what, String advice) {
        return new RedshiftException(ErrorKind.INVALID_OPTIONS, what + "\n  what to do: " + advice);
    }

    /** As Flink itself decides: what is configured, or else whether every source ends. */
    private static boolean isStreaming(StreamExecutionEnvironment environment) {
        RuntimeExecutionMode mode =
                environment.getConfiguration().get(ExecutionOptions.RUNTIME_MODE);
        if (mode == RuntimeExecutionMode.AUTOMATIC) {
            return environment.getTransformations().stream()
                    .flatMap(all -> all.getTransitivePredecessors().stream())
                    .anyMatch(JobFacts::isUnbounded);
        }
        return mode == RuntimeExecutionMode.STREAMING;
    }

    private static boolean isUnbounded(Transformation<?> transformation) {
        return transformation instanceof WithBoundedness
                && ((WithBoundedness) transformation).getBoundedness() != Boundedness.BOUNDED;
    }

    /** Whether commits follow checkpoints; they follow the end of input or the clock otherwise. */
    boolean commitsAtCheckpoints() {
        return streaming && checkpoints;
    }

    /** Whether each writer commits by time, since nothing else says when. */
    boolean commitsByTime() {
        return streaming && !checkpoints;
    }

    /** The longest that one commit may take; zero for as long as it takes. */
    Duration commitTimeout() {
        return commitsAtCheckpoints() ? commitTimeout : Duration.ZERO;
    }
}
