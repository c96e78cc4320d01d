package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;

/** Where in a job a writer stands: whose parts its own are, and which earlier ones it may sweep. */
@Internal
public final class WriterPlace {

    final String operatorId;
    final String job;
    final int subtask;
    final int parallelism;
    final long restoredCheckpoint;
    final boolean savepoints;

    /**
     * Describes a writer's place.
     *
     * @param operatorId the writing operator's id
     * @param job the job's name
     * @param subtask the writer's index, from 0
     * @param parallelism how many writers there are
     * @param restoredCheckpoint the checkpoint that the job was restored from, or -1
     * @param savepoints whether a savepoint may name what was staged after that checkpoint
     */
    public WriterPlace(
            String operatorId,
            String job,
            int subtask,
            int parallelism,
            long restoredCheckpoint,
            boolean savepoints) {
        this.operatorId = operatorId;
        this.job = job;
        this.subtask = subtask;
        this.parallelism = parallelism;
        this.restoredCheckpoint = restoredCheckpoint;
        this.savepoints = savepoints;
    }
}
