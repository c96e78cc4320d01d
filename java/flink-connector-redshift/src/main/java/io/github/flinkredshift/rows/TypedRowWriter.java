package io.github.flinkredshift.rows;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinarySection;
import org.apache.flink.table.types.logical.RowType;

/**
 * Writes rows of any class as BinaryRowData straight into a {@link RowBuffer}.
 *
 * <p>The layout: the row's kind in the first byte, a null bit for each field from the ninth bit on,
 * eight bytes for each field, and behind them what does not fit into eight bytes, each value
 * beginning on a multiple of eight.
 */
final class TypedRowWriter {

    private static final int HEADER_BITS = 8;
    private static final int WORD = 8;

    private final ValueLayout[] layouts;
    private final int nullBytes;
    private final int fixedBytes;
    private final String path;

    /**
     * A writer for rows of a type.
     *
     * @param path where such rows stand, for messages; empty for those of the table
     */
    TypedRowWriter(RowType type, String path) {
        int arity = type.getFieldCount();
        this.path = path;
        layouts = new ValueLayout[arity];
        nullBytes = (arity + 63 + HEADER_BITS) / 64 * WORD;
        fixedBytes = nullBytes + arity * WORD;
        for (int i = 0; i < arity; i++) {
            String name = type.getFieldNames().get(i);
            layouts[i] =
                    new ValueLayout(type.getTypeAt(i), path.isEmpty() ? name : path + "." + name);
        }
    }

    int arity() {
        return layouts.length;
    }

    /** Writes a row that begins at {@code base} and says where it ends. */
    int write(RowData row, RowBuffer out, int base) {
        if (row.getArity() != layouts.length) {
            throw new RedshiftException(
                    ErrorKind.SCHEMA_MISMATCH,
                    String.format(
                            "a row in column %s has %d fields and its type %d",
                            path, row.getArity(), layouts.length));
        }
        if (row instanceof BinarySection) {
            return Variable.copy((BinarySection) row, out, base);
        }
        out.ensure((long) base + fixedBytes);
        for (int i = 0; i < nullBytes; i += WORD) {
            out.putLong(base + i, 0);
        }
        out.putByte(base, row.getRowKind().toByteValue());
        int end = base + fixedBytes;
        int slot = base + nullBytes;
        for (int field = 0; field < layouts.length; field++, slot += WORD) {
            if (row.isNullAt(field)) {
                out.setBit(base, field + HEADER_BITS);
                out.putLong(slot, 0);
            } else {
                end = writeField(row, field, out, base, slot, end);
            }
        }
        return end;
    }

    /**
     * Writes one value and says where the row ends now. The types that most columns have stand
     * here, and no others, so that the JVM takes the method for small enough to be inlined.
     */
    private int writeField(RowData row, int field, RowBuffer out, int base, int slot, int end) {
        ValueLayout layout = layouts[field];
        switch (layout.kind) {
            case INT:
                out.putLong(slot, row.getInt(field) & 0xFFFF_FFFFL);
                return end;
            case BIGINT:
                out.putLong(slot, row.getLong(field));
                return end;
            case DOUBLE:
                out.putLong(slot, Double.doubleToRawLongBits(row.getDouble(field)));
                return end;
            case TIMESTAMP:
                out.putLong(slot, row.getTimestamp(field, layout.precision).getMillisecond());
                return end;
            case STRING:
                return Variable.write(row.getString(field), out, base, slot, end);
            default:
                return writeRarer(row, field, out, base, slot, end);
        }
    }

    /** Writes a value of the other types. */
    private int writeRarer(RowData row, int field, RowBuffer out, int base, int slot, int end) {
        ValueLayout layout = layouts[field];
        switch (layout.kind) {
            case BOOLEAN:
                out.putLong(slot, row.getBoolean(field) ? 1 : 0);
                return end;
            case TINYINT:
                out.putLong(slot, row.getByte(field) & 0xFF);
                return end;
            case SMALLINT:
                out.putLong(slot, row.getShort(field) & 0xFFFF);
                return end;
            case FLOAT:
                out.putLong(slot, Float.floatToRawIntBits(row.getFloat(field)) & 0xFFFF_FFFFL);
                return end;
            case DECIMAL:
                out.putLong(slot, decimal(row, field, layout).toUnscaledLong());
                return end;
            case WIDE_DECIMAL:
                return Variable.write(decimal(row, field, layout), out, base, slot, end);
            case WIDE_TIMESTAMP:
                return Variable.write(
                        row.getTimestamp(field, layout.precision), out, base, slot, end);
            case BINARY:
                return Variable.write(row.getBinary(field), out, base, slot, end);
            case ARRAY:
                return Variable.write(row.getArray(field), layout, out, base, slot, end);
            case MAP:
                return Variable.write(row.getMap(field), layout, out, base, slot, end);
            case ROW:
                RowData value = row.getRow(field, layout.fields.arity());
                return Variable.write(value, layout, out, base, slot, end);
            default:
                throw layout.notCarried();
        }
    }

    private static DecimalData decimal(RowData row, int field, ValueLayout layout) {
        return layout.checked(row.getDecimal(field, layout.precision, layout.scale()));
    }
}
