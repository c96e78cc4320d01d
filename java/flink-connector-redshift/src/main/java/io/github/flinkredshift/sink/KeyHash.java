package io.github.flinkredshift.sink;

import org.apache.flink.api.common.functions.Partitioner;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Sends all changes of a key to one writer, so that they keep their order.
 *
 * <p>Two keys that the table takes for one have to meet: trailing blanks do not count there, nor do
 * nanoseconds. Keys that only share a hash meet too, which does no harm.
 */
final class KeyHash<T> implements KeySelector<T, Integer> {

    private static final long serialVersionUID = 1L;
    private static final int NANOS_A_MICRO = 1000;

    private final RowConverter<T> converter;
    private final RowData.FieldGetter[] getters;
    private final boolean[] text;

    KeyHash(RowConverter<T> converter, RowType columns, List<String> key) {
        this.converter = converter;
        this.getters =
                key.stream()
                        .mapToInt(columns::getFieldIndex)
                        .mapToObj(i -> RowData.createFieldGetter(columns.getTypeAt(i), i))
                        .toArray(RowData.FieldGetter[]::new);
        this.text = textColumns(columns, key);
    }

    private static boolean[] textColumns(RowType columns, List<String> key) {
        boolean[] text = new boolean[key.size()];
        for (int i = 0; i < text.length; i++) {
            LogicalTypeRoot root =
                    columns.getTypeAt(columns.getFieldIndex(key.get(i))).getTypeRoot();
            text[i] = root == LogicalTypeRoot.CHAR || root == LogicalTypeRoot.VARCHAR;
        }
        return text;
    }

    @Override
    public Integer getKey(T element) {
        return Arrays.hashCode(key(element));
    }

    /** Whether the table takes the keys of two rows for one. */
    boolean areEqual(T one, T other) {
        return Arrays.equals(key(one), key(other));
    }

    /** The key's values in the form in which they are compared. */
    private Object[] key(T element) {
        RowData row = converter.toRowData(element);
        Object[] key = new Object[getters.length];
        for (int i = 0; i < key.length; i++) {
            key[i] = compared(getters[i].getFieldOrNull(row), text[i]);
        }
        return key;
    }

    private static Object compared(Object value, boolean text) {
        if (value == null) {
            return null;
        } else if (text) {
            return withoutTrailingBlanks(value.toString());
        } else if (value instanceof TimestampData) {
            TimestampData time = (TimestampData) value;
            int micros = time.getNanoOfMillisecond() / NANOS_A_MICRO;
            return TimestampData.fromEpochMillis(time.getMillisecond(), micros * NANOS_A_MICRO);
        } else if (value instanceof byte[]) {
            return ByteBuffer.wrap((byte[]) value);
        }
        return value;
    }

    private static String withoutTrailingBlanks(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == ' ') {
            end--;
        }
        return text.substring(0, end);
    }

    /** Spreads hashes over writers. */
    static final class Spread implements Partitioner<Integer> {

        private static final long serialVersionUID = 1L;
        private static final int GOLDEN = 0x9E3779B9;

        @Override
        public int partition(Integer hash, int writers) {
            // Neighbouring keys have neighbouring hashes; mixing keeps writers evenly loaded.
            int mixed = hash * GOLDEN;
            return Math.floorMod(mixed ^ mixed >>> 16, writers);
        }
    }
}
