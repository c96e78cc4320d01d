package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.conversion.RowRowConverter;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.InstantiationUtil;

import org.junit.jupiter.api.Test;

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
import java.util.Arrays;
import java.util.Map;

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

    private static final DataType NESTED =
            DataTypes.ROW(
                    DataTypes.FIELD("a", DataTypes.BYTES()),
                    DataTypes.FIELD("b", DataTypes.TIME(3)),
                    DataTypes.FIELD("c", DataTypes.INTERVAL(DataTypes.YEAR(), DataTypes.MONTH())),
                    DataTypes.FIELD("d", DataTypes.INTERVAL(DataTypes.DAY(), DataTypes.SECOND(6))),
                    DataTypes.FIELD("e", DataTypes.ARRAY(DataTypes.STRING())),
                    DataTypes.FIELD(
                            "f", DataTypes.ARRAY(DataTypes.ARRAY(DataTypes.INT().notNull()))),
                    DataTypes.FIELD(
                            "g",
                            DataTypes.MAP(
                                    DataTypes.STRING(),
                                    DataTypes.ROW(
                                            DataTypes.FIELD("n", DataTypes.INT()),
                                            DataTypes.FIELD("d", DataTypes.DECIMAL(5, 2))))),
                    DataTypes.FIELD("h", DataTypes.MULTISET(DataTypes.DATE())),
                    DataTypes.FIELD(
                            "i",
                            DataTypes.ROW(
                                    DataTypes.FIELD(
                                            "at", DataTypes.ARRAY(DataTypes.TIMESTAMP_LTZ(6))),
                                    DataTypes.FIELD("t", DataTypes.STRING()))));

    private static final LocalDate DAY = LocalDate.of(1969, 7, 20);
    private static final LocalDateTime TIME = LocalDateTime.of(2031, 2, 3, 4, 5, 6, 123_456_789);
    private static final Instant INSTANT = Instant.parse("1960-01-01T00:00:00.123456Z");

    private final ExternalRows converter = new ExternalRows((RowType) TYPE.getLogicalType());
    private final ExternalRows nested = new ExternalRows((RowType) NESTED.getLogicalType());

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
    void whatNestsIsConvertedAsFlinkConvertsIt() throws Exception {
        Row row =
                Row.of(
                        new byte[] {1, 2},
                        LocalTime.of(23, 59, 59, 999_000_000),
                        Period.of(1, 2, 0),
                        Duration.ofMillis(-1500),
                        new String[] {"a", null},
                        new Integer[][] {{1, 2}, {}},
                        Map.of("k", Row.of(1, new BigDecimal("1.50"))),
                        Map.of(DAY, 3),
                        Row.of(new Instant[] {INSTANT}, null));
        assertThat(binary(nested.toRowData(row))).isEqualTo(binary(flinkNested(row)));
        Row nulls = new Row(9);
        assertThat(binary(nested.toRowData(nulls))).isEqualTo(binary(flinkNested(nulls)));
    }

    @Test
    void listsOlderTimesAndNamedFieldsAreTakenTooWithinValues() throws Exception {
        Row inner = Row.withNames();
        inner.setField("n", 1);
        Row row = new Row(9);
        row.setField(1, Time.valueOf("01:02:03"));
        row.setField(4, Arrays.asList("a", null));
        row.setField(5, new int[][] {{1, 2}, {}});
        row.setField(6, Map.of("k", inner));
        Row same = new Row(9);
        same.setField(1, LocalTime.of(1, 2, 3));
        same.setField(4, new String[] {"a", null});
        same.setField(5, new Integer[][] {{1, 2}, {}});
        same.setField(6, Map.of("k", Row.of(1, null)));
        ExternalRows arrived = InstantiationUtil.clone(nested);
        assertThat(binary(arrived.toRowData(row))).isEqualTo(binary(flinkNested(same)));
    }

    @Test
    void whatDoesNotFitWithinAValueIsRefusedByItsPlace() {
        Row row = new Row(9);
        row.setField(4, new Object[] {"a", 5});
        assertThatThrownBy(() -> nested.toRowData(row))
                .hasMessage("column e[] is a STRING and a row holds a java.lang.Integer");
        row.setField(4, "a");
        assertThatThrownBy(() -> nested.toRowData(row))
                .hasMessage("column e is a ARRAY<STRING> and a row holds a java.lang.String");
        row.setField(4, null);
        row.setField(6, Map.of("k", Row.of(1, new BigDecimal("123456789.5"))));
        assertThatThrownBy(() -> nested.toRowData(row))
                .hasMessageContaining("column g[value].d is a DECIMAL(5, 2)");
        row.setField(6, Map.of("k", Row.of(1)));
        assertThatThrownBy(() -> nested.toRowData(row))
                .hasMessage("a row in column g[value] has 1 fields and its type 2: [n, d]");
        row.setField(6, null);
        row.setField(3, Duration.ofSeconds(Long.MAX_VALUE));
        assertThatThrownBy(() -> nested.toRowData(row))
                .hasMessageContaining("column d is a INTERVAL DAY(2) TO SECOND(6)");
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

    private static GenericRowData flinkNested(Row row) {
        RowRowConverter flink = RowRowConverter.create(NESTED);
        flink.open(ExternalRowsTest.class.getClassLoader());
        return (GenericRowData) flink.toInternal(row);
    }

    private static BinaryRowData binary(RowData row) {
        return new RowDataSerializer((RowType) NESTED.getLogicalType()).toBinaryRow(row);
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
