package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.WriterFigures;
import io.github.flinkredshift.jni.WriterHandle;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;

import java.util.function.ToLongFunction;
import java.util.stream.LongStream;

/**
 * A writer's metrics: Flink's own for sinks, and the connector's. Sent means taken by the core for
 * records, and staged on S3 for bytes.
 */
final class WriterMetrics {

    private final WriterHandle handle;
    private final Counter recordsSent;
    private final Counter bytesSent;
    private final Counter recordsRefused;
    private long bytesCounted;

    /** When the first row of the buffer came; 0 while it is empty. Metrics have threads of their own. */
    private volatile long fillingSince;

    WriterMetrics(SinkWriterMetricGroup writer, WriterHandle handle) {
        this.handle = handle;
        recordsSent = writer.getNumRecordsSendCounter();
        bytesSent = writer.getNumBytesSendCounter();
        recordsRefused = writer.getNumRecordsSendErrorsCounter();
        writer.setCurrentSendTimeGauge(() -> handle.figures().lastSendMillis());
        MetricGroup own = writer.addGroup(Ages.GROUP);
        gauge(own, "stagedFiles", WriterFigures::stagedFiles);
        gauge(own, "stagedBytes", WriterFigures::stagedBytes);
        gauge(own, "stagedUncommittedBytes", WriterFigures::uncommittedBytes);
        gauge(
                own,
                "oldestUncommittedRowAge",
                figures ->
                        Ages.ofOldest(LongStream.of(figures.oldestRowMillis(), fillingSince)));
        gauge(own, "retries", WriterFigures::retries);
        gauge(own, "rowsLoaded", WriterFigures::rowsLoaded);
        gauge(own, "copyTime", WriterFigures::copyMillis);
        gauge(own, "lockWaitTime", WriterFigures::lockWaitMillis);
        gauge(own, "commitTime", WriterFigures::commitMillis);
        gauge(own, "flushes", WriterFigures::flushes);
        gauge(own, "duplicateKeys", WriterFigures::duplicateKeys);
        gauge(own, "deadLetters", WriterFigures::deadLetters);
        gauge(own, "changedValues", WriterFigures::changedValues);
        gauge(own, "connectionWaitTime", WriterFigures::connectionWaitMillis);
    }

    private void gauge(MetricGroup group, String name, ToLongFunction<WriterFigures> figure) {
        group.gauge(name, (Gauge<Long>) () -> figure.applyAsLong(handle.figures()));
    }

    /** The buffer's first row came. */
    void fills(long millis) {
        fillingSince = millis;
    }

    /** When the buffer's first row came, in milliseconds since 1970. */
    long fillingSince() {
        return fillingSince;
    }

    /** The core took rows. */
    void sent(int rows) {
        fillingSince = 0;
        recordsSent.inc(rows);
        countBytes();
    }

    /** The core failed before it took rows. */
    void refused(int rows) {
        recordsRefused.inc(rows);
    }

    /** Files were closed. */
    void staged() {
        countBytes();
    }

    private void countBytes() {
        long staged = handle.figures().stagedBytes();
        bytesSent.inc(staged - bytesCounted);
        bytesCounted = staged;
    }
}
