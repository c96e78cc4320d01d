package io.github.flinkredshift.sink;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.jni.Applied;
import io.github.flinkredshift.jni.Committables;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

import java.util.EnumMap;
import java.util.Map;

/** A committer's own metrics; Flink itself counts committables. */
final class CommitterMetrics {

    private final Counter rowsLoaded;
    private final Counter deadLetters;
    private final Counter duplicateKeys;
    private final Map<ErrorKind, Counter> retries = new EnumMap<>(ErrorKind.class);
    private volatile Applied last = Applied.NOTHING;
    private volatile Committables.Facts current;

    CommitterMetrics(MetricGroup committer) {
        MetricGroup own = committer.addGroup(Ages.GROUP);
        rowsLoaded = own.counter("rowsLoaded");
        deadLetters = own.counter("deadLetters");
        duplicateKeys = own.counter("duplicateKeys");
        own.gauge("copyTime", (Gauge<Long>) () -> last.copyMillis());
        own.gauge("lockWaitTime", (Gauge<Long>) () -> last.lockWaitMillis());
        own.gauge("commitTime", (Gauge<Long>) () -> last.commitMillis());
        own.gauge("connectionWaitTime", (Gauge<Long>) () -> last.connectionWaitMillis());
        own.gauge("stagedUncommittedBytes", (Gauge<Long>) this::bytes);
        own.gauge("oldestUncommittedRowAge", (Gauge<Long>) this::age);
        for (ErrorKind kind : ErrorKind.values()) {
            retries.put(kind, own.counter("retries." + kind.getName()));
        }
    }

    /** A commit begins. */
    void begins(Committables.Facts committable) {
        current = committable;
    }

    /** It was applied, now or before. */
    void applied(Applied applied) {
        last = applied;
        if (!applied.before()) {
            rowsLoaded.inc(applied.rows());
            deadLetters.inc(applied.deadLetters());
            duplicateKeys.inc(applied.duplicateKeys());
        }
        retries.forEach((kind, counter) -> counter.inc(applied.retriesAfter(kind)));
    }

    /** It ended, well or not. */
    void ends() {
        current = null;
    }

    private long bytes() {
        Committables.Facts committing = current;
        return committing == null ? 0 : committing.bytes();
    }

    private long age() {
        Committables.Facts committing = current;
        return committing == null ? 0 : Ages.of(committing.oldestRowMillis());
    }
}
