package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.WriterHandle;
import io.github.flinkredshift.rows.RowBuffer;

import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/**
 * Fills a buffer with rows, hands it to the core when it is full, and at a checkpoint hands on what
 * the core has staged.
 *
 * <p>Flink calls it on the task's thread alone, timers too.
 */
@Internal
public final class RedshiftSinkWriter<T>
        implements CommittingSinkWriter<T, StagedParts>, StatefulSinkWriter<T, NoState> {

    private static final Duration LONGEST_IN_BUFFER = Duration.ofSeconds(1);
    private static final int PUSHES_AN_INTERVAL = 10;

    private final WriterHandle handle;
    private final RowBuffer rows;
    private final RowConverter<T> converter;
    private final WriterMetrics metrics;

    /** The last checkpoint whose number is known; each close belongs to a later one. */
    private long lastCheckpoint;

    private boolean endOfInput;
    private boolean closed;

    RedshiftSinkWriter(
            WriterHandle handle,
            RowBuffer rows,
            RowConverter<T> converter,
            WriterMetrics metrics,
            long restoredCheckpoint) {
        this.handle = handle;
        this.rows = rows;
        this.converter = converter;
        this.metrics = metrics;
        this.lastCheckpoint = restoredCheckpoint;
    }

    @Override
    public void write(T element, Context context) throws InterruptedException {
        if (rows.isEmpty()) {
            metrics.fills(System.currentTimeMillis());
        }
        rows.append(converter.toRowData(element));
        if (rows.isFull()) {
            push();
        }
    }

    @Override
    public void flush(boolean endOfInput) throws InterruptedException {
        this.endOfInput = endOfInput;
        push();
    }

    private void push() throws InterruptedException {
        if (rows.isEmpty()) {
            return;
        }
        try {
            handle.push(rows.bytes(), rows.length(), rows.rows(), metrics.fillingSince());
        } catch (RuntimeException e) {
            metrics.refused(rows.rows());
            throw e;
        }
        metrics.sent(rows.rows());
        rows.clear();
    }

    /**
     * Flink does not say here which checkpoint this is. It is a later one than the last whose
     * number is known, and that suffices: the number only names files, so that after a restart one
     * can tell those that no checkpoint holds.
     */
    @Override
    public Collection<StagedParts> prepareCommit() throws InterruptedException {
        byte[] staged = handle.stage(lastCheckpoint + 1, endOfInput);
        metrics.staged();
        return staged.length == 0
                ? Collections.emptyList()
                : Collections.singletonList(new StagedParts(staged));
    }

    @Override
    public List<NoState> snapshotState(long checkpointId) {
        lastCheckpoint = checkpointId;
        handle.reached(checkpointId);
        return Collections.emptyList();
    }

    /**
     * Where no checkpoint makes the buffer move on, the clock does: a row spends but a small part
     * of the flush interval here, and the core counts the rest.
     */
    void pushEvery(Duration flushInterval, ProcessingTimeService clock) {
        Duration share = flushInterval.dividedBy(PUSHES_AN_INTERVAL);
        long period = Math.max(1, min(share, LONGEST_IN_BUFFER).toMillis());
        clock.registerTimer(
                clock.getCurrentProcessingTime() + period,
                now -> {
                    if (!closed && !endOfInput) {
                        beat();
                        pushEvery(flushInterval, clock);
                    }
                });
    }

    private void beat() throws InterruptedException {
        if (rows.isEmpty()) {
            // Nobody else would ask what became of the rows before.
            handle.push(rows.bytes(), 0, 0, 0);
        } else {
            push();
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    @Override
    public void close() {
        closed = true;
        handle.close();
    }
}
