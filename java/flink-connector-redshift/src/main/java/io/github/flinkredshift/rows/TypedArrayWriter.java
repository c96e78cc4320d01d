package io.github.flinkredshift.rows;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.binary.BinarySection;
import org.apache.flink.table.types.logical.LogicalType;

/**
 * Writes arrays of any class as BinaryArrayData straight into a {@link RowBuffer}.
 *
 * <p>The layout: the number of elements in four bytes, a null bit for each in whole groups of four
 * bytes, as many bytes for each as its type has, and behind them what does not fit into these, each
 * value beginning on a multiple of eight.
 */
final class TypedArrayWriter {

    private static final int COUNT_BYTES = 4;
    private static final int GROUP_BITS = 32;
    private static final int GROUP_BYTES = 4;

    private final ValueLayout element;

    TypedArrayWriter(LogicalType element, String path) {
        this.element = new ValueLayout(element, path);
    }

    /** Writes an array that begins at {@code base} and says where it ends. */
    int write(ArrayData array, RowBuffer out, int base) {
        if (array instanceof BinarySection) {
            return Variable.copy((BinarySection) array, out, base);
        }
        int count = array.size();
        int width = element.kind.width;
        long bits = ((long) count + GROUP_BITS - 1) / GROUP_BITS * GROUP_BYTES;
        long fixed = COUNT_BYTES + bits + (long) count * width;
        out.ensure(base + fixed + Long.BYTES);
        int slot = base + COUNT_BYTES + (int) bits;
        int end = base + Variable.words((int) fixed);
        out.zero(base, end);
        out.putInt(base, count);
        for (int i = 0; i < count; i++, slot += width) {
            if (array.isNullAt(i)) {
                out.setBit(base + COUNT_BYTES, i);
            } else {
                end = writeElement(array, i, out, base, slot, end);
            }
        }
        return end;
    }

    /** Writes one element and says where the array ends now. */
    private int writeElement(ArrayData array, int i, RowBuffer out, int base, int slot, int end) {
        switch (element.kind) {
            case BOOLEAN:
                out.putByte(slot, (byte) (array.getBoolean(i) ? 1 : 0));
                return end;
            case TINYINT:
                out.putByte(slot, array.getByte(i));
                return end;
            case SMALLINT:
                out.putShort(slot, array.getShort(i));
                return end;
            case INT:
                out.putInt(slot, array.getInt(i));
                return end;
            case BIGINT:
                out.putLong(slot, array.getLong(i));
                return end;
            case FLOAT:
                out.putInt(slot, Float.floatToIntBits(array.getFloat(i)));
                return end;
            case DOUBLE:
                out.putLong(slot, Double.doubleToLongBits(array.getDouble(i)));
                return end;
            case DECIMAL:
            case WIDE_DECIMAL:
            case TIMESTAMP:
            case WIDE_TIMESTAMP:
                return writeNumber(array, i, out, base, slot, end);
            case STRING:
                return Variable.write(array.getString(i), out, base, slot, end);
            case BINARY:
                return Variable.write(array.getBinary(i), out, base, slot, end);
            case ARRAY:
                return Variable.write(array.getArray(i), element, out, base, slot, end);
            case MAP:
                return Variable.write(array.getMap(i), element, out, base, slot, end);
            case ROW:
                int fields = element.fields.arity();
                return Variable.write(array.getRow(i, fields), element, out, base, slot, end);
            default:
                throw element.notCarried();
        }
    }

    /** Writes a decimal or a timestamp. */
    private int writeNumber(ArrayData array, int i, RowBuffer out, int base, int slot, int end) {
        int precision = element.precision;
        switch (element.kind) {
            case DECIMAL:
                long digits =
                        element.checked(array.getDecimal(i, precision, element.scale()))
                                .toUnscaledLong();
                out.putLong(slot, digits);
                return end;
            case WIDE_DECIMAL:
                return Variable.write(
                        element.checked(array.getDecimal(i, precision, element.scale())),
                        out,
                        base,
                        slot,
                        end);
            case TIMESTAMP:
                out.putLong(slot, array.getTimestamp(i, precision).getMillisecond());
                return end;
            default:
                return Variable.write(array.getTimestamp(i, precision), out, base, slot, end);
        }
    }
}
