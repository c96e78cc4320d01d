package io.github.flinkredshift.sink;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;

import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;

/** Converts {@link Row}s with the Java classes that Flink's Table API documents for each type. */
final class ExternalRows implements RowConverter<Row> {

    private static final long serialVersionUID = 1L;

    private final RowType columns;
    private final String[] names;
    private final LogicalType[] types;

    ExternalRows(RowType columns) {
        this.columns = columns;
        this.names = columns.getFieldNames().toArray(new String[0]);
        this.types = columns.getChildren().toArray(new LogicalType[0]);
    }

    @Override
    public RowData toRowData(Row row) {
        boolean named = row.getFieldNames(true) != null;
        if (!named && row.getArity() != types.length) {
            throw new RedshiftException(
                    ErrorKind.SCHEMA_MISMATCH,
                    String.format(
                            "a row has %d fields and the table %d columns: %s",
                            row.getArity(), types.length, columns.getFieldNames()));
        }
        GenericRowData converted = new GenericRowData(row.getKind(), types.length);
        for (int i = 0; i < types.length; i++) {
            Object value = named ? row.getField(names[i]) : row.getField(i);
            converted.setField(i, value == null ? null : convert(i, value));
        }
        return converted;
    }

    private Object convert(int field, Object value) {
        Object converted;
        try {
            converted = convert(types[field], value);
        } catch (ClassCastException e) {
            throw new RedshiftException(
                    ErrorKind.SCHEMA_MISMATCH,
                    String.format(
                            "column %s is a %s and a row holds a %s",
                            names[field],
                            types[field].asSummaryString(),
                            value.getClass().getName()));
        }
        if (converted == null) {
            // Flink's own conversion makes a NULL of a decimal that does not fit.
            throw new RedshiftException(
                    ErrorKind.VALUE_REFUSED,
                    String.format(
                            "column %s is a %s and a row holds a decimal with more digits",
                            names[field], types[field].asSummaryString()));
        }
        return converted;
    }

    private static Object convert(LogicalType type, Object value) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return (Boolean) value;
            case TINYINT:
                return (Byte) value;
            case SMALLINT:
                return (Short) value;
            case INTEGER:
                return (Integer) value;
            case BIGINT:
                return (Long) value;
            case FLOAT:
                return (Float) value;
            case DOUBLE:
                return (Double) value;
            case CHAR:
            case VARCHAR:
                return StringData.fromString((String) value);
            case DECIMAL:
                DecimalType decimal = (DecimalType) type;
                return DecimalData.fromBigDecimal(
                        (BigDecimal) value, decimal.getPrecision(), decimal.getScale());
            case DATE:
                return (int) day(value).toEpochDay();
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return value instanceof Timestamp
                        ? TimestampData.fromTimestamp((Timestamp) value)
                        : TimestampData.fromLocalDateTime((LocalDateTime) value);
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return TimestampData.fromInstant(
                        value instanceof Timestamp
                                ? ((Timestamp) value).toInstant()
                                : (Instant) value);
            default:
                throw new ClassCastException("a type that is not carried");
        }
    }

    private static LocalDate day(Object value) {
        return value instanceof Date ? ((Date) value).toLocalDate() : (LocalDate) value;
    }
}
