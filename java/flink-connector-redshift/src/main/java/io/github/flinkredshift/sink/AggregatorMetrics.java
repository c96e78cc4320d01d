package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.Committables;

import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Figures of what is staged and on its way to the committer: held for the commit interval, or
 * handed on with a checkpoint that is not complete yet.
 */
final class AggregatorMetrics {

    /** Where what is held stands among what was handed on. */
    private static final long HELD = Long.MAX_VALUE;

    private final Map<Long, Committables.Facts> waiting = new ConcurrentSkipListMap<>();

    AggregatorMetrics(MetricGroup operator) {
        MetricGroup group = operator.addGroup(Ages.GROUP);
        group.gauge("stagedUncommittedBytes", (Gauge<Long>) this::bytes);
        group.gauge("oldestUncommittedRowAge", (Gauge<Long>) this::age);
    }

    /** What is held now. */
    void holds(Committables.Facts held) {
        waiting.put(HELD, held);
    }

    /** What was held went on with a checkpoint. */
    void sent(long checkpoint) {
        Committables.Facts held = waiting.remove(HELD);
        if (held != null) {
            waiting.put(checkpoint, held);
        }
    }

    /** A checkpoint is complete: the committer has what went on with it and those before. */
    void covered(long checkpoint) {
        waiting.keySet().removeIf(sent -> sent <= checkpoint);
    }

    private long bytes() {
        return waiting.values().stream().mapToLong(Committables.Facts::bytes).sum();
    }

    private long age() {
        return Ages.ofOldest(
                waiting.values().stream().mapToLong(Committables.Facts::oldestRowMillis));
    }
}
