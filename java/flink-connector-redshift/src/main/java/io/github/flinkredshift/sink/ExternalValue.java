package io.github.flinkredshift.sink;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.MultisetType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;

import java.io.Serializable;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes Flink's internal value of one of the Java classes that the Table API documents for a type.
 */
final class ExternalValue implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final int NANOS_A_MILLI = 1_000_000;

    private interface Conversion extends Serializable {
        Object convert(Object value);
    }

    private final String path;
    private final LogicalType type;
    private final Conversion conversion;

    /**
     * The conversion of a type.
     *
     * @param path where its values stand, for messages: a column, or a place within one
     */
    ExternalValue(LogicalType type, String path) {
        this.type = type;
        this.path = path;
        this.conversion = conversion();
    }

    /** The internal value; null of null. */
    Object convert(Object value) {
        if (value == null) {
            return null;
        }
        try {
            return conversion.convert(value);
        } catch (ClassCastException e) {
            throw new RedshiftException(
                    ErrorKind.SCHEMA_MISMATCH,
                    String.format(
                            "column %s is a %s and a row holds a %s",
                            path, type.asSummaryString(), value.getClass().getName()));
        } catch (ArithmeticException e) {
            throw refused(path, type, "one that is longer");
        }
    }

    private Conversion conversion() {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return value -> (Boolean) value;
            case TINYINT:
                return value -> (Byte) value;
            case SMALLINT:
                return value -> (Short) value;
            case INTEGER:
                return value -> (Integer) value;
            case BIGINT:
                return value -> (Long) value;
            case FLOAT:
                return value -> (Float) value;
            case DOUBLE:
                return value -> (Double) value;
            case CHAR:
            case VARCHAR:
                return value -> StringData.fromString((String) value);
            case BINARY:
            case VARBINARY:
                return value -> (byte[]) value;
            case DECIMAL:
                return decimal((DecimalType) type, path);
            case ARRAY:
                return array(new ExternalValue(((ArrayType) type).getElementType(), path + "[]"));
            case MAP:
                return map(((MapType) type).getKeyType(), ((MapType) type).getValueType());
            case MULTISET:
                return map(((MultisetType) type).getElementType(), new IntType(false));
            case ROW:
                return row((RowType) type);
            default:
                return time();
        }
    }

    private Conversion time() {
        switch (type.getTypeRoot()) {
            case DATE:
                return value ->
                        (int)
                                (value instanceof Date
                                                ? ((Date) value).toLocalDate()
                                                : (LocalDate) value)
                                        .toEpochDay();
            case TIME_WITHOUT_TIME_ZONE:
                return value ->
                        (int)
                                ((value instanceof Time
                                                        ? ((Time) value).toLocalTime()
                                                        : (LocalTime) value)
                                                .toNanoOfDay()
                                        / NANOS_A_MILLI);
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return value ->
                        value instanceof Timestamp
                                ? TimestampData.fromTimestamp((Timestamp) value)
                                : TimestampData.fromLocalDateTime((LocalDateTime) value);
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return value ->
                        TimestampData.fromInstant(
                                value instanceof Timestamp
                                        ? ((Timestamp) value).toInstant()
                                        : (Instant) value);
            case INTERVAL_YEAR_MONTH:
                return value -> Math.toIntExact(((Period) value).toTotalMonths());
            case INTERVAL_DAY_TIME:
                return value -> ((Duration) value).toMillis();
            default:
                // Planning refuses such a column by name.
                return value -> {
                    throw new ClassCastException("a type that is not carried");
                };
        }
    }

    /** It takes what it needs and not {@code this}: a lambda in a cycle cannot be deserialized. */
    private static Conversion decimal(DecimalType type, String path) {
        return value -> {
            Object converted =
                    DecimalData.fromBigDecimal(
                            (BigDecimal) value, type.getPrecision(), type.getScale());
            if (converted == null) {
                // Flink's own conversion makes a NULL of a decimal that does not fit.
                throw refused(path, type, "a decimal with more digits");
            }
            return converted;
        };
    }

    private static RedshiftException refused(String path, LogicalType type, String value) {
        return new RedshiftException(
                ErrorKind.VALUE_REFUSED,
                String.format(
                        "column %s is a %s and a row holds %s",
                        path, type.asSummaryString(), value));
    }

    /** Arrays of objects and of primitive values, and lists. */
    private static Conversion array(ExternalValue element) {
        return value -> {
            Object array = value instanceof List ? ((List<?>) value).toArray() : value;
            if (!array.getClass().isArray()) {
                throw new ClassCastException();
            }
            Object[] converted = new Object[Array.getLength(array)];
            for (int i = 0; i < converted.length; i++) {
                converted[i] = element.convert(Array.get(array, i));
            }
            return new GenericArrayData(converted);
        };
    }

    private Conversion map(LogicalType keyType, LogicalType valueType) {
        ExternalValue keys = new ExternalValue(keyType, path + "[key]");
        ExternalValue values = new ExternalValue(valueType, path + "[value]");
        return map -> {
            Map<Object, Object> converted = new LinkedHashMap<>();
            ((Map<?, ?>) map).forEach((k, v) -> converted.put(keys.convert(k), values.convert(v)));
            return new GenericMapData(converted);
        };
    }

    private Conversion row(RowType rowType) {
        ExternalFields fields = new ExternalFields(rowType, path);
        return row -> fields.convert((Row) row);
    }
}
