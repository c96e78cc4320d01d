package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.Applied;
import io.github.flinkredshift.jni.Committables;
import io.github.flinkredshift.jni.CommitterHandle;

import org.apache.flink.annotation.Internal;
import org.apache.flink.api.connector.sink2.Committer;

import java.util.Collection;

/**
 * Applies committables, one after the other.
 *
 * <p>A commit is applied or the job fails and comes back with the same committable: tries and waits
 * are the core's, and none of Flink's ways to give up a committable is used, since they drop rows.
 */
@Internal
public final class RedshiftCommitter implements Committer<RedshiftCommittable> {

    private final CommitterHandle handle;
    private final CommitterMetrics metrics;

    RedshiftCommitter(CommitterHandle handle, CommitterMetrics metrics) {
        this.handle = handle;
        this.metrics = metrics;
    }

    @Override
    public void commit(Collection<CommitRequest<RedshiftCommittable>> requests)
            throws InterruptedException {
        for (CommitRequest<RedshiftCommittable> request : requests) {
            Applied applied = apply(request.getCommittable().bytes());
            if (applied.before()) {
                request.signalAlreadyCommitted();
            }
        }
    }

    private Applied apply(byte[] committable) throws InterruptedException {
        metrics.begins(Committables.facts(committable));
        try {
            Applied applied = handle.commit(committable);
            metrics.applied(applied);
            return applied;
        } finally {
            metrics.ends();
        }
    }

    @Override
    public void close() {
        handle.close();
    }
}
