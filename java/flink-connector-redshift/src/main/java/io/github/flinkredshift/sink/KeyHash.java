package io.github.flinkredshift.sink;

import org.apache.flink.api.common.functions.Partitioner;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

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
        RowData row = converter.toRowData(element);
        int hash = 1;
        for (int i = 0; i < getters.length; i++) {
            hash = 31 * hash + hash(getters[i].getFieldOrNull(row), text[i]);
        }
        return hash;
    }

    private static int hash(Object value, boolean text) {
        if (value == null) {
            return 0;
        } else if (text) {
            return withoutTrailingBlanks(value.toString()).hashCode();
        } else if (value instanceof TimestampData) {
            TimestampData time = (TimestampData) value;
            int micros = time.getNanoOfMillisecond() / NANOS_A_MICRO;
            return 31 * Long.hashCode(time.getMillisecond()) + micros;
        } else if (value instanceof byte[]) {
            return Arrays.hashCode((byte[]) value);
        }
        return value.hashCode();
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
