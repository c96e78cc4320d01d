package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.conversion.RowRowConverter;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;

class ExternalRowsTest {

    private static final DataType TYPE =
            DataTypes.ROW(
                    DataTypes.FIELD("a", DataTypes.BOOLEAN()),
                    DataTypes.FIELD("b", DataTypes.TINYINT()),
                    DataTypes.FIELD("c", DataTypes.SMALLINT()),
                    DataTypes.FIELD("d", DataTypes.INT()),
                    DataTypes.FIELD("e", DataTypes.BIGINT()),
                    DataTypes.FIELD("f", DataTypes.FLOAT()),
                    DataTypes.FIELD("g", DataTypes.DOUBLE()),
                    DataTypes.FIELD("h", DataTypes.CHAR(3)),
                    DataTypes.FIELD("i", DataTypes.STRING()),
                    DataTypes.FIELD("j", DataTypes.DECIMAL(10, 2)),
                    DataTypes.FIELD("k", DataTypes.DECIMAL(38, 10)),
                    DataTypes.FIELD("l", DataTypes.DATE()),
                    DataTypes.FIELD("m", DataTypes.TIMESTAMP(9)),
                    DataTypes.FIELD("n", DataTypes.TIMESTAMP_LTZ(6)));

    private static final LocalDate DAY = LocalDate.of(1969, 7, 20);
    private static final LocalDateTime TIME = LocalDateTime.of(2031, 2, 3, 4, 5, 6, 123_456_789);
    private static final Instant INSTANT = Instant.parse("1960-01-01T00:00:00.123456Z");

    private final ExternalRows converter = new ExternalRows((RowType) TYPE.getLogicalType());

    @Test
    void valuesAreConvertedAsFlinkConvertsThem() {
        Row row = values();
        row.setKind(RowKind.UPDATE_AFTER);
        assertThat(converter.toRowData(row)).isEqualTo(flink(row));
    }

    @Test
    void nullsStayNull() {
        Row nothing = new Row(14);
        assertThat(converter.toRowData(nothing)).isEqualTo(flink(nothing));
    }

    @Test
    void namedFieldsAreFoundByName() {
        Row named = Row.withNames(RowKind.DELETE);
        named.setField("d", 4);
        named.setField("a", true);
        RowData row = converter.toRowData(named);
        assertThat(row.getRowKind()).isEqualTo(RowKind.DELETE);
        assertThat(row.getBoolean(0)).isTrue();
        assertThat(row.getInt(3)).isEqualTo(4);
        assertThat(row.isNullAt(4)).isTrue();
    }

    @Test
    void theOlderClassesForTimesAreTakenToo() {
        Row row = values();
        row.setField(11, Date.valueOf(DAY));
        row.setField(12, Timestamp.valueOf(TIME));
        row.setField(13, Timestamp.from(INSTANT));
        assertThat(converter.toRowData(row)).isEqualTo(flink(values()));
    }

    @Test
    void whatDoesNotFitIsRefusedByItsColumn() {
        Row row = values();
        row.setField(3, 4L);
        assertThatThrownBy(() -> converter.toRowData(row))
                .hasMessage("column d is a INT and a row holds a java.lang.Long");
        Row wide = values();
        wide.setField(9, new BigDecimal("123456789.01"));
        assertThatThrownBy(() -> converter.toRowData(wide))
                .hasMessageContaining("column j")
                .hasMessageContaining("DECIMAL(10, 2)");
        assertThatThrownBy(() -> converter.toRowData(Row.of(1)))
                .hasMessageContaining("a row has 1 fields and the table 14 columns: [a, b,");
    }

    private static Row values() {
        return Row.of(
                true,
                (byte) -1,
                (short) -2,
                -3,
                -4L,
                1.5f,
                -2.5,
                "abc",
                "käse",
                new BigDecimal("-12345.67"),
                new BigDecimal("1234567890123456789012345678.0123456789"),
                DAY,
                TIME,
                INSTANT);
    }

    private static GenericRowData flink(Row row) {
        RowRowConverter flink = RowRowConverter.create(TYPE);
        flink.open(ExternalRowsTest.class.getClassLoader());
        return (GenericRowData) flink.toInternal(row);
    }
}
