package io.github.flinkredshift.sink;

import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.transformations.PhysicalTransformation;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.RowKind;

/**
 * Takes the old row of an update out where the new one of the same key is the very next row, and
 * makes any other old row a delete.
 *
 * <p>Writers do the same with what reaches them. But they read several inputs, and rows of another
 * one may come between the two rows of an update. So it is done here, before rows are spread over
 * writers, where they come as the operator that made them has given them.
 *
 * <p>An old row is held back until the next row comes, a barrier does, or the input ends; where rows
 * are loaded by time, until a second or two have passed, too. Nothing is held beyond a checkpoint, so
 * there is no state.
 */
@Internal
final class UpdatesAsOne<T> extends AbstractStreamOperator<T>
        implements OneInputStreamOperator<T, T>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    private static final String NAME = "Redshift: bring updates together";
    private static final long PERIOD_MILLIS = 1000;

    private final RowConverter<T> converter;
    private final KeyHash<T> keys;
    private final TypeSerializer<T> serializer;

    /**
     * Whether rows are loaded without waiting for a checkpoint. Elsewhere no clock may part what
     * belongs together, however long the rows are held up.
     */
    private final boolean byTime;

    /** The old row that the rows so far end in, a copy; null for none. */
    private transient StreamRecord<T> held;

    /** Whether it was there when the clock was last looked at. */
    private transient boolean old;

    private transient boolean over;

    UpdatesAsOne(
            RowConverter<T> converter,
            KeyHash<T> keys,
            TypeSerializer<T> serializer,
            boolean byTime) {
        this.converter = converter;
        this.keys = keys;
        this.serializer = serializer;
        this.byTime = byTime;
    }

    /** A stream's rows without old rows that have nothing to say, in their order. */
    static <T> DataStream<T> of(
            DataStream<T> rows, RowConverter<T> converter, KeyHash<T> keys, boolean byTime) {
        TypeSerializer<T> serializer =
                rows.getType().createSerializer(rows.getExecutionConfig().getSerializerConfig());
        SingleOutputStreamOperator<T> updates =
                rows.transform(
                        NAME,
                        rows.getType(),
                        new UpdatesAsOne<>(converter, keys, serializer, byTime));
        // As many as there are inputs, and in their chain: then no row comes in between.
        if (rows.getParallelism() > 0) {
            updates.setParallelism(rows.getParallelism());
        }
        ((PhysicalTransformation<T>) updates.getTransformation())
                .setChainingStrategy(ChainingStrategy.ALWAYS);
        return updates;
    }

    @Override
    public void open() throws Exception {
        super.open();
        if (byTime) {
            lookLater();
        }
    }

    @Override
    public void processElement(StreamRecord<T> element) {
        T row = element.getValue();
        RowKind kind = converter.kindOf(row);
        if (held != null) {
            boolean pair = kind == RowKind.UPDATE_AFTER && keys.areEqual(held.getValue(), row);
            if (!pair) {
                converter.setKind(held.getValue(), RowKind.DELETE);
                output.collect(held);
            }
            held = null;
        }
        if (kind == RowKind.UPDATE_BEFORE) {
            held = element.copy(serializer.copy(row));
            old = false;
        } else {
            output.collect(element);
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        super.prepareSnapshotPreBarrier(checkpoint);
        letGo();
    }

    @Override
    public void endInput() {
        over = true;
        letGo();
    }

    @Override
    public void close() throws Exception {
        over = true;
        super.close();
    }

    /** Gives what is held as it is: the writer may still see the row behind it. */
    private void letGo() {
        if (held != null) {
            output.collect(held);
            held = null;
        }
    }

    private void lookLater() {
        long now = getProcessingTimeService().getCurrentProcessingTime();
        getProcessingTimeService()
                .registerTimer(
                        now + PERIOD_MILLIS,
                        time -> {
                            if (over) {
                                return;
                            }
                            if (old) {
                                letGo();
                            }
                            old = true;
                            lookLater();
                        });
    }
}
