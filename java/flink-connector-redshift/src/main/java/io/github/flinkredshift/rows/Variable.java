package io.github.flinkredshift.rows;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinarySection;
import org.apache.flink.table.data.binary.BinaryStringData;

/**
 * Writes values that do not fit into eight bytes behind what is there, and where they stand into
 * their slot.
 *
 * <p>In all methods {@code base} is where the row or array begins that a value belongs to, {@code
 * slot} is where its slot is, and {@code end} is where everything ends so far. They say where it
 * ends now.
 */
final class Variable {

    private static final int WORD = 8;
    private static final int WIDE_DECIMAL_BYTES = 16;
    private static final int LENGTH_BYTES = 4;

    private Variable() {}

    static int write(DecimalData value, RowBuffer out, int base, int slot, int end) {
        byte[] unscaled = value.toUnscaledBytes();
        out.ensure((long) end + WIDE_DECIMAL_BYTES);
        out.putLong(end, 0);
        out.putLong(end + WORD, 0);
        out.putBytes(end, unscaled);
        out.putLong(slot, place(end - base, unscaled.length));
        return end + WIDE_DECIMAL_BYTES;
    }

    static int write(TimestampData value, RowBuffer out, int base, int slot, int end) {
        out.ensure((long) end + WORD);
        out.putLong(end, value.getMillisecond());
        out.putLong(slot, place(end - base, value.getNanoOfMillisecond()));
        return end + WORD;
    }

    /**
     * Text of up to seven bytes lies in its slot; longer text lies behind the fixed part. Its bytes
     * are written there first where nobody knows how many they are.
     *
     * <p>What is UTF-8 already is asked for once: each of a text's own methods would look again
     * whether it is, which took half of the time.
     */
    static int write(StringData value, RowBuffer out, int base, int slot, int end) {
        BinarySection bytes =
                value instanceof BinaryStringData
                        ? ((BinaryStringData) value).getBinarySection()
                        : null;
        if (bytes == null) {
            return shortOrLong(Text.write(value.toString(), out, end), out, base, slot, end);
        }
        if (Text.isShort(bytes)) {
            out.putLong(slot, Text.inSlot(bytes));
            return end;
        }
        return shortOrLong(Text.write(bytes, out, end), out, base, slot, end);
    }

    static int write(byte[] value, RowBuffer out, int base, int slot, int end) {
        out.ensure((long) end + value.length + WORD);
        out.putBytes(end, value);
        return shortOrLong(value.length, out, base, slot, end);
    }

    private static int shortOrLong(int length, RowBuffer out, int base, int slot, int end) {
        if (length < WORD) {
            out.putLong(slot, out.firstBytes(end, length) | (length | 0x80L) << 56);
            return end;
        }
        return placed(out, base, slot, end, end + length);
    }

    static int write(
            ArrayData value, ValueLayout layout, RowBuffer out, int base, int slot, int end) {
        return placed(out, base, slot, end, layout.elements.write(value, out, end));
    }

    /** A map is the length of its keys' array, that array, and the values' array. */
    static int write(
            MapData value, ValueLayout layout, RowBuffer out, int base, int slot, int end) {
        if (value instanceof BinarySection) {
            return placed(out, base, slot, end, copy((BinarySection) value, out, end));
        }
        out.ensure((long) end + LENGTH_BYTES);
        int keys = end + LENGTH_BYTES;
        int values = layout.elements.write(value.keyArray(), out, keys);
        out.putInt(end, values - keys);
        int to = layout.values.write(value.valueArray(), out, values);
        return placed(out, base, slot, end, to);
    }

    static int write(
            RowData value, ValueLayout layout, RowBuffer out, int base, int slot, int end) {
        return placed(out, base, slot, end, layout.fields.write(value, out, end));
    }

    /** Copies what is binary already, and says where it ends. */
    static int copy(BinarySection value, RowBuffer out, int at) {
        int size = value.getSizeInBytes();
        out.ensure((long) at + size);
        out.copy(value.getSegments(), value.getOffset(), size, at);
        return at + size;
    }

    /** Notes where a value stands, and fills its last word. */
    private static int placed(RowBuffer out, int base, int slot, int from, int to) {
        int padded = from + words(to - from);
        out.ensure(padded);
        out.zero(to, padded);
        out.putLong(slot, place(from - base, to - from));
        return padded;
    }

    /** A length in whole words. */
    static int words(int length) {
        return (length + WORD - 1) & -WORD;
    }

    private static long place(int offset, int length) {
        return ((long) offset << 32) | length;
    }
}
