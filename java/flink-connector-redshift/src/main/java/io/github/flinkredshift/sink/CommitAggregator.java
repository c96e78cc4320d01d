package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.Committables;
import io.github.flinkredshift.jni.Plan;

import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableSummary;
import org.apache.flink.streaming.api.connector.sink2.CommittableWithLineage;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Gathers what all writers staged for a checkpoint into one committable, so that one commit applies
 * it whatever the parallelism. It runs alone, between the writers and the committer.
 *
 * <p>A committable's id is stamped here and never again. With a commit interval, committables wait
 * here, joined into one, and are kept in the operator's state. One that is restored goes on by itself
 * before what comes after it: the table's columns may have changed in between.
 *
 * <p>It does not wait for every writer: those that have finished say nothing any more. What it has
 * when the barrier has come from all of them is all there is.
 */
@Internal
final class CommitAggregator extends AbstractStreamOperator<CommittableMessage<RedshiftCommittable>>
        implements OneInputStreamOperator<
                        CommittableMessage<StagedParts>, CommittableMessage<RedshiftCommittable>>,
                BoundedOneInput {

    private static final long serialVersionUID = 1L;

    private static final ListStateDescriptor<byte[]> HELD =
            new ListStateDescriptor<>("held-committable", BytePrimitiveArraySerializer.INSTANCE);

    private final Plan plan;
    private final boolean atCheckpoints;

    private transient Committables committables;
    private transient AggregatorMetrics metrics;
    private transient ListState<byte[]> heldState;
    private transient List<byte[]> staged;

    /** What had waited for the commit interval when the state was taken; it goes on first. */
    private transient List<byte[]> restored;

    /** What waits for the commit interval; null for nothing. */
    private transient byte[] held;

    /** When the last committable went on; null before the first one. */
    private transient Long lastSent;

    private transient long lastBarrier;
    private transient long lastReceived;

    /**
     * A gatherer.
     *
     * @param atCheckpoints whether commits follow checkpoints; if not, one commit follows the end
     *     of the input
     */
    CommitAggregator(Plan plan, boolean atCheckpoints) {
        this.plan = plan;
        this.atCheckpoints = atCheckpoints;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        staged = new ArrayList<>();
        metrics = new AggregatorMetrics(getMetricGroup());
        String job = getRuntimeContext().getJobInfo().getJobName();
        committables = new Committables(plan, nameOfThisStart(), job);
        lastBarrier = context.getRestoredCheckpointId().orElse(0);
        heldState = context.getOperatorStateStore().getListState(HELD);
        restored = new ArrayList<>();
        heldState.get().forEach(restored::add);
        tell();
    }

    /**
     * The sink's name in the ids of this start's commits. Checkpoints count from one again where a job
     * graph is run a second time (by a platform that keeps it, or without high availability), and
     * its commits must not pass for those of the first run. State carries the ids of what is on its
     * way; a batch job, which has no state, is known by the launch alone.
     */
    private String nameOfThisStart() {
        String operator = getOperatorID().toString();
        return atCheckpoints ? operator + "@" + UUID.randomUUID() : operator;
    }

    @Override
    @SuppressWarnings({"deprecation", "removal"}) // The id's new name is missing in Flink 1.20.
    public void processElement(StreamRecord<CommittableMessage<StagedParts>> element) {
        CommittableMessage<StagedParts> message = element.getValue();
        lastReceived = Math.max(lastReceived, message.getCheckpointIdOrEOI());
        if (message instanceof CommittableWithLineage) {
            staged.add(((CommittableWithLineage<StagedParts>) message).getCommittable().bytes());
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        super.prepareSnapshotPreBarrier(checkpoint);
        lastBarrier = checkpoint;
        gather(checkpoint);
        if (isDue()) {
            send(checkpoint);
        }
    }

    /**
     * Nothing goes on after this, since the committer has then seen its end too. A streaming job
     * commits what is left with the checkpoint that follows, and under its number: a job that is
     * drained and fails all the same may go on and end a second time, with other rows.
     */
    @Override
    public void endInput() {
        long next = lastBarrier + 1;
        gather(atCheckpoints ? next : Committables.END);
        send(atCheckpoints ? next : lastReceived);
    }

    private void gather(long checkpoint) {
        if (staged.isEmpty()) {
            return;
        }
        byte[] gathered = committables.gather(checkpoint, staged.toArray(new byte[0][]));
        staged.clear();
        if (gathered != null) {
            hold(gathered);
        }
    }

    private void hold(byte[] committable) {
        held = held == null ? committable : Committables.absorb(held, committable);
        tell();
    }

    private void tell() {
        metrics.holds(waiting().stream().map(Committables::facts).collect(Collectors.toList()));
    }

    /** All that has not gone on, in its order. */
    private List<byte[]> waiting() {
        List<byte[]> waiting = new ArrayList<>(restored);
        if (held != null) {
            waiting.add(held);
        }
        return waiting;
    }

    /**
     * The first commit after a start is due at once: what was restored has waited already. So is
     * one after the clock was set back, since nobody knows how long it has waited.
     */
    private boolean isDue() {
        if (lastSent == null) {
            return true;
        }
        long waited = now() - lastSent;
        return waited < 0 || waited >= plan.commitInterval().toMillis();
    }

    private long now() {
        return getProcessingTimeService().getCurrentProcessingTime();
    }

    @SuppressWarnings("deprecation") // The constructor without failures is missing in Flink 1.20.
    private void send(long checkpoint) {
        List<byte[]> waiting = waiting();
        if (waiting.isEmpty()) {
            return;
        }
        int count = waiting.size();
        output.collect(
                new StreamRecord<>(new CommittableSummary<>(0, 1, checkpoint, count, count, 0)));
        for (byte[] committable : waiting) {
            output.collect(
                    new StreamRecord<>(
                            new CommittableWithLineage<>(
                                    new RedshiftCommittable(committable), checkpoint, 0)));
        }
        metrics.sent(checkpoint);
        restored.clear();
        held = null;
        lastSent = now();
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        heldState.update(waiting());
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) throws Exception {
        super.notifyCheckpointComplete(checkpoint);
        metrics.covered(checkpoint);
    }
}
