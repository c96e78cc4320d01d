package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.Committables;

import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;

/**
 * Figures of what is staged and on its way to the committer: held for the commit interval, or
 * handed on with a checkpoint that is not complete yet.
 */
final class AggregatorMetrics {

    /** Where what is held stands among what was handed on. */
    private static final long HELD = Long.MAX_VALUE;

    private final Map<Long, List<Committables.Facts>> waiting = new ConcurrentSkipListMap<>();

    AggregatorMetrics(MetricGroup operator) {
        MetricGroup group = operator.addGroup(Ages.GROUP);
        group.gauge("stagedUncommittedBytes", (Gauge<Long>) this::bytes);
        group.gauge("oldestUncommittedRowAge", (Gauge<Long>) this::age);
    }

    /** What is held now. */
    void holds(List<Committables.Facts> held) {
        waiting.put(HELD, held);
    }

    /** What was held went on with a checkpoint. */
    void sent(long checkpoint) {
        List<Committables.Facts> held = waiting.remove(HELD);
        if (held != null) {
            waiting.put(checkpoint, held);
        }
    }

    /** A checkpoint is complete: the committer has what went on with it and those before. */
    void covered(long checkpoint) {
        waiting.keySet().removeIf(sent -> sent <= checkpoint);
    }

    private long bytes() {
        return facts().mapToLong(Committables.Facts::bytes).sum();
    }

    private long age() {
        return Ages.ofOldest(facts().mapToLong(Committables.Facts::oldestRowMillis));
    }

    private Stream<Committables.Facts> facts() {
        return waiting.values().stream().flatMap(List::stream);
    }
}
