package io.github.flinkredshift.rows;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.MultisetType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;

/** How the values of a type lie in rows and arrays. */
final class ValueLayout {

    /** Decimals of up to 18 digits are their unscaled value in eight bytes. */
    private static final int COMPACT_DECIMAL = 18;

    /** Timestamps of up to 3 digits of a second are milliseconds in eight bytes. */
    private static final int COMPACT_TIMESTAMP = 3;

    enum Kind {
        BOOLEAN(1),
        TINYINT(1),
        SMALLINT(2),
        INT(4),
        FLOAT(4),
        BIGINT(8),
        DOUBLE(8),
        DECIMAL(8),
        WIDE_DECIMAL(8),
        TIMESTAMP(8),
        WIDE_TIMESTAMP(8),
        STRING(8),
        BINARY(8),
        ARRAY(8),
        MAP(8),
        ROW(8),
        /** A type that the core does not carry; such a value is not written and has to be null. */
        NONE(8);

        /** How many bytes an element of an array takes. */
        final int width;

        Kind(int width) {
            this.width = width;
        }
    }

    final Kind kind;
    final int precision;

    /** Where the values stand, for messages: a column, or a place within one. */
    final String path;

    /** The elements of an array, the keys of a map. */
    final TypedArrayWriter elements;

    /** The values of a map. */
    final TypedArrayWriter values;

    /** The fields of a row. */
    final TypedRowWriter fields;

    private final int scale;

    ValueLayout(LogicalType type, String path) {
        this.path = path;
        kind = kind(type);
        precision = precision(type);
        scale = type instanceof DecimalType ? ((DecimalType) type).getScale() : 0;
        elements = elements(type, path);
        values = values(type, path);
        fields = kind == Kind.ROW ? new TypedRowWriter((RowType) type, path) : null;
    }

    private static Kind kind(LogicalType type) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return Kind.BOOLEAN;
            case TINYINT:
                return Kind.TINYINT;
            case SMALLINT:
                return Kind.SMALLINT;
            case INTEGER:
            case DATE:
            case TIME_WITHOUT_TIME_ZONE:
            case INTERVAL_YEAR_MONTH:
                return Kind.INT;
            case BIGINT:
            case INTERVAL_DAY_TIME:
                return Kind.BIGINT;
            case FLOAT:
                return Kind.FLOAT;
            case DOUBLE:
                return Kind.DOUBLE;
            case DECIMAL:
                return precision(type) <= COMPACT_DECIMAL ? Kind.DECIMAL : Kind.WIDE_DECIMAL;
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return precision(type) <= COMPACT_TIMESTAMP ? Kind.TIMESTAMP : Kind.WIDE_TIMESTAMP;
            case CHAR:
            case VARCHAR:
                return Kind.STRING;
            case BINARY:
            case VARBINARY:
                return Kind.BINARY;
            case ARRAY:
                return Kind.ARRAY;
            case MAP:
            case MULTISET:
                return Kind.MAP;
            case ROW:
                return Kind.ROW;
            default:
                return Kind.NONE;
        }
    }

    private static int precision(LogicalType type) {
        switch (type.getTypeRoot()) {
            case DECIMAL:
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return LogicalTypeChecks.getPrecision(type);
            default:
                return 0;
        }
    }

    private static TypedArrayWriter elements(LogicalType type, String path) {
        if (type instanceof ArrayType) {
            return new TypedArrayWriter(((ArrayType) type).getElementType(), path + "[]");
        } else if (type instanceof MapType) {
            return new TypedArrayWriter(((MapType) type).getKeyType(), path + "[key]");
        } else if (type instanceof MultisetType) {
            return new TypedArrayWriter(((MultisetType) type).getElementType(), path + "[]");
        }
        return null;
    }

    private static TypedArrayWriter values(LogicalType type, String path) {
        if (type instanceof MapType) {
            return new TypedArrayWriter(((MapType) type).getValueType(), path + "[value]");
        } else if (type instanceof MultisetType) {
            return new TypedArrayWriter(new IntType(false), path + "[count]");
        }
        return null;
    }

    /** A row that a program made may hold any decimal; its unscaled value would be misread. */
    DecimalData checked(DecimalData value) {
        if (value.scale() != scale) {
            throw new RedshiftException(
                    ErrorKind.VALUE_REFUSED,
                    String.format(
                            "column %s is a DECIMAL(%d, %d) and a row holds a decimal of scale %d%n"
                                    + "  what to do: make the decimal with the column's scale",
                            path, precision, scale, value.scale()));
        }
        return value;
    }

    RedshiftException notCarried() {
        return new RedshiftException(
                ErrorKind.INTERNAL, "column " + path + " has a value of a type that is not carried");
    }

    int scale() {
        return scale;
    }
}
