package io.github.flinkredshift.rows;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;

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

    /** Decimals of up to 18 digits are their unscaled value in eight bytes. */
    private static final int COMPACT_DECIMAL = 18;

    /** Timestamps of up to 3 digits of a second are milliseconds in eight bytes. */
    private static final int COMPACT_TIMESTAMP = 3;

    private static final int WIDE_DECIMAL_BYTES = 16;

    private enum Layout {
        BOOLEAN,
        TINYINT,
        SMALLINT,
        INT,
        BIGINT,
        FLOAT,
        DOUBLE,
        DECIMAL,
        WIDE_DECIMAL,
        TIMESTAMP,
        WIDE_TIMESTAMP,
        STRING,
        /** A type that the core does not carry; such a column is not written and has to be null. */
        NONE
    }

    private final Layout[] layouts;
    private final int[] precisions;
    private final int[] scales;
    private final String[] names;
    private final int nullBytes;
    private final int fixedBytes;

    TypedRowWriter(RowType columns) {
        int arity = columns.getFieldCount();
        layouts = new Layout[arity];
        precisions = new int[arity];
        scales = new int[arity];
        names = columns.getFieldNames().toArray(new String[0]);
        nullBytes = (arity + 63 + HEADER_BITS) / 64 * WORD;
        fixedBytes = nullBytes + arity * WORD;
        for (int i = 0; i < arity; i++) {
            describe(i, columns.getTypeAt(i));
        }
    }

    private void describe(int field, LogicalType type) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                layouts[field] = Layout.BOOLEAN;
                break;
            case TINYINT:
                layouts[field] = Layout.TINYINT;
                break;
            case SMALLINT:
                layouts[field] = Layout.SMALLINT;
                break;
            case INTEGER:
            case DATE:
            case TIME_WITHOUT_TIME_ZONE:
            case INTERVAL_YEAR_MONTH:
                layouts[field] = Layout.INT;
                break;
            case BIGINT:
            case INTERVAL_DAY_TIME:
                layouts[field] = Layout.BIGINT;
                break;
            case FLOAT:
                layouts[field] = Layout.FLOAT;
                break;
            case DOUBLE:
                layouts[field] = Layout.DOUBLE;
                break;
            case DECIMAL:
                precisions[field] = ((DecimalType) type).getPrecision();
                scales[field] = ((DecimalType) type).getScale();
                layouts[field] =
                        precisions[field] <= COMPACT_DECIMAL ? Layout.DECIMAL : Layout.WIDE_DECIMAL;
                break;
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                precisions[field] = LogicalTypeChecks.getPrecision(type);
                layouts[field] =
                        precisions[field] <= COMPACT_TIMESTAMP
                                ? Layout.TIMESTAMP
                                : Layout.WIDE_TIMESTAMP;
                break;
            case CHAR:
            case VARCHAR:
                layouts[field] = Layout.STRING;
                break;
            default:
                layouts[field] = Layout.NONE;
        }
    }

    /** Appends the row, its length before it. */
    void write(RowData row, RowBuffer out) {
        int at = out.begin(fixedBytes);
        for (int i = 0; i < nullBytes; i += WORD) {
            out.putLong(at + i, 0);
        }
        out.putByte(at, row.getRowKind().toByteValue());
        int end = at + fixedBytes;
        int slot = at + nullBytes;
        for (int field = 0; field < layouts.length; field++, slot += WORD) {
            if (row.isNullAt(field)) {
                out.setBit(at, field + HEADER_BITS);
                out.putLong(slot, 0);
            } else {
                end = writeField(row, field, out, at, slot, end);
            }
        }
        out.finish(at, end);
    }

    /** Writes one value and says where the row ends now. */
    private int writeField(RowData row, int field, RowBuffer out, int at, int slot, int end) {
        switch (layouts[field]) {
            case BOOLEAN:
                out.putLong(slot, row.getBoolean(field) ? 1 : 0);
                return end;
            case TINYINT:
                out.putLong(slot, row.getByte(field) & 0xFF);
                return end;
            case SMALLINT:
                out.putLong(slot, row.getShort(field) & 0xFFFF);
                return end;
            case INT:
                out.putLong(slot, row.getInt(field) & 0xFFFF_FFFFL);
                return end;
            case BIGINT:
                out.putLong(slot, row.getLong(field));
                return end;
            case FLOAT:
                out.putLong(slot, Float.floatToRawIntBits(row.getFloat(field)) & 0xFFFF_FFFFL);
                return end;
            case DOUBLE:
                out.putLong(slot, Double.doubleToRawLongBits(row.getDouble(field)));
                return end;
            case DECIMAL:
                out.putLong(slot, decimal(row, field).toUnscaledLong());
                return end;
            case WIDE_DECIMAL:
                return writeWideDecimal(decimal(row, field), out, at, slot, end);
            case TIMESTAMP:
                TimestampData millis = row.getTimestamp(field, precisions[field]);
                out.putLong(slot, millis.getMillisecond());
                return end;
            case WIDE_TIMESTAMP:
                TimestampData timestamp = row.getTimestamp(field, precisions[field]);
                return writeWideTimestamp(timestamp, out, at, slot, end);
            case STRING:
                return writeString(row.getString(field), out, at, slot, end);
            default:
                throw new RedshiftException(
                        ErrorKind.INTERNAL,
                        "column " + names[field] + " has a value of a type that is not carried");
        }
    }

    private DecimalData decimal(RowData row, int field) {
        DecimalData value = row.getDecimal(field, precisions[field], scales[field]);
        if (value.scale() != scales[field]) {
            // A row that a program made may hold any decimal; its unscaled value would be misread.
            throw new RedshiftException(
                    ErrorKind.VALUE_REFUSED,
                    String.format(
                            "column %s is a DECIMAL(%d, %d) and a row holds a decimal of scale %d%n"
                                    + "  what to do: make the decimal with the column's scale",
                            names[field], precisions[field], scales[field], value.scale()));
        }
        return value;
    }

    private static int writeWideDecimal(
            DecimalData value, RowBuffer out, int at, int slot, int end) {
        byte[] unscaled = value.toUnscaledBytes();
        out.ensure(at, end + WIDE_DECIMAL_BYTES);
        out.putLong(end, 0);
        out.putLong(end + WORD, 0);
        out.putBytes(end, unscaled);
        out.putLong(slot, place(end - at, unscaled.length));
        return end + WIDE_DECIMAL_BYTES;
    }

    private static int writeWideTimestamp(
            TimestampData value, RowBuffer out, int at, int slot, int end) {
        out.ensure(at, end + WORD);
        out.putLong(end, value.getMillisecond());
        out.putLong(slot, place(end - at, value.getNanoOfMillisecond()));
        return end + WORD;
    }

    /**
     * Text of up to seven bytes lies in its slot; longer text lies behind the fixed part. Its bytes
     * are written there first, since nobody knows how many they are.
     */
    private static int writeString(StringData value, RowBuffer out, int at, int slot, int end) {
        int length = Text.write(value, out, at, end);
        if (length < WORD) {
            out.putLong(slot, out.firstBytes(end, length) | (length | 0x80L) << 56);
            return end;
        }
        int padded = (length + WORD - 1) & -WORD;
        out.zero(end + length, end + padded);
        out.putLong(slot, place(end - at, length));
        return end + padded;
    }

    private static long place(int offset, int length) {
        return ((long) offset << 32) | length;
    }
}
