package io.github.flinkredshift.harness;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** A column of each type that is carried, values at its limits, and how a table shows them. */
public final class AllTypes {

    /** A column: its type in Flink and in Redshift, its values, and how a table shows each. */
    public record Column(
            String name,
            DataType type,
            String target,
            List<Object> values,
            List<String> shown) {}

    private final List<Column> columns = new ArrayList<>();

    public AllTypes() {
        add("yes", DataTypes.BOOLEAN(), "BOOLEAN", true, "t", false, "f");
        add("tiny", DataTypes.TINYINT(), "SMALLINT", (byte) -128, "-128", (byte) 127, "127");
        add(
                "small",
                DataTypes.SMALLINT(),
                "SMALLINT",
                Short.MIN_VALUE,
                "-32768",
                Short.MAX_VALUE,
                "32767");
        add(
                "whole",
                DataTypes.INT(),
                "INTEGER",
                Integer.MIN_VALUE,
                "-2147483648",
                Integer.MAX_VALUE,
                "2147483647");
        add(
                "big",
                DataTypes.BIGINT(),
                "BIGINT",
                Long.MIN_VALUE,
                "-9223372036854775808",
                Long.MAX_VALUE,
                "9223372036854775807");
        add("single", DataTypes.FLOAT(), "REAL", -1.5f, "-1.5", 0.0f, "0", 1e10f, "1e+10");
        add(
                "dbl",
                DataTypes.DOUBLE(),
                "DOUBLE PRECISION",
                -2.25,
                "-2.25",
                1e300,
                "1e+300",
                0.1,
                "0.1");
        decimals();
        texts();
        binaries();
        times();
        clocks();
        intervals();
        arrays();
        maps();
        nestedRows();
    }

    private void decimals() {
        addDecimals("dec_9", 9, 2, "-9999999.99", "0.00", "0.01");
        addDecimals("dec_18", 18, 4, "-99999999999999.9999", "99999999999999.9999");
        addDecimals("dec_19", 19, 0, "-9223372036854775807", "9223372036854775807");
        addDecimals(
                "dec_38",
                38,
                10,
                "-9999999999999999999999999999.9999999999",
                "9999999999999999999999999999.9999999999",
                "0.0000000001");
    }

    private void addDecimals(String name, int precision, int scale, String... values) {
        Object[] pairs = new Object[values.length * 2];
        for (int at = 0; at < values.length; at++) {
            pairs[2 * at] = new BigDecimal(values[at]);
            pairs[2 * at + 1] = values[at];
        }
        String target = "DECIMAL(" + precision + ", " + scale + ")";
        add(name, DataTypes.DECIMAL(precision, scale), target, pairs);
    }

    private void texts() {
        // Up to 7 bytes lie in the row's fixed part; "grüße!!" has 7 characters and 9 bytes.
        addTexts("fixed", DataTypes.CHAR(5), 20, "abcde", "ab c ", "äöüßé");
        addTexts("short_text", DataTypes.VARCHAR(12), 48, "", "a", "1234567", "12345678", "grüße!!");
        addTexts(
                "text",
                DataTypes.STRING(),
                4000,
                "it's \"quoted\", back\\slash, tab\t, line\nbreak",
                "ελληνικά, 中文, עברית, हिन्दी",
                "🦀 👩‍👩‍👧‍👦 \uD834\uDD1E",
                "e\u0301 \uFEFF \uFFFD \u0001",
                "x".repeat(4000));
    }

    private void addTexts(String name, DataType type, int width, String... values) {
        Object[] pairs = new Object[values.length * 2];
        for (int at = 0; at < values.length; at++) {
            pairs[2 * at] = values[at];
            pairs[2 * at + 1] = values[at];
        }
        add(name, type, "VARCHAR(" + width + ")", pairs);
    }

    private void times() {
        add(
                "on_day",
                DataTypes.DATE(),
                "DATE",
                LocalDate.of(1, 1, 1),
                "0001-01-01",
                LocalDate.of(1969, 12, 31),
                "1969-12-31",
                LocalDate.of(9999, 12, 31),
                "9999-12-31");
        String[] parts = {"", ".1", ".12", ".123", ".1234", ".12345", ".123456"};
        for (int precision = 0; precision <= 9; precision++) {
            // Redshift has microseconds; what is finer is cut.
            int digits = Math.min(precision, parts.length - 1);
            String fraction = parts[digits];
            LocalDateTime late = LocalDateTime.parse("2026-11-22T23:59:59" + fraction);
            LocalDateTime early = LocalDateTime.parse("1901-02-03T04:05:06" + fraction);
            if (precision > 6) {
                late = late.plusNanos(700);
                early = early.plusNanos(700);
            }
            String latest = "2026-11-22 23:59:59" + fraction;
            String earliest = "1901-02-03 04:05:06" + fraction;
            add(
                    "at_" + precision,
                    DataTypes.TIMESTAMP(precision),
                    "TIMESTAMP",
                    late,
                    latest,
                    early,
                    earliest);
            add(
                    "instant_" + precision,
                    DataTypes.TIMESTAMP_LTZ(precision),
                    "TIMESTAMPTZ",
                    instant(late),
                    latest + "+00",
                    instant(early),
                    earliest + "+00");
        }
    }

    private void binaries() {
        byte[] every = new byte[256];
        for (int at = 0; at < every.length; at++) {
            every[at] = (byte) at;
        }
        addBytes("fixed_bytes", DataTypes.BINARY(3), 3, "abc", "\0\0\0", "\u00FF\u00FF\u00FF");
        // Up to 7 bytes lie in the row's fixed part.
        addBytes("short_bytes", DataTypes.VARBINARY(12), 12, "\0", "1234567", "12345678", "\u0080");
        String all = new String(every, StandardCharsets.ISO_8859_1);
        addBytes("some_bytes", DataTypes.BYTES(), 4000, all, all.repeat(15), "@NULL@");
    }

    /** Bytes, written as the characters that they are in Latin-1. */
    private void addBytes(String name, DataType type, int width, String... values) {
        Object[] pairs = new Object[values.length * 2];
        for (int at = 0; at < values.length; at++) {
            byte[] bytes = values[at].getBytes(StandardCharsets.ISO_8859_1);
            pairs[2 * at] = bytes;
            pairs[2 * at + 1] = HexFormat.of().formatHex(bytes);
        }
        add(name, type, "VARBYTE(" + width + ")", pairs);
    }

    private void clocks() {
        LocalTime last = LocalTime.of(23, 59, 59);
        add("clock", DataTypes.TIME(), "TIME", last, "23:59:59", LocalTime.MIDNIGHT, "00:00:00");
        add(
                "clock_3",
                DataTypes.TIME(3),
                "TIME",
                last.plusNanos(999_000_000),
                "23:59:59.999",
                LocalTime.ofNanoOfDay(1_000_000),
                "00:00:00.001");
        add(
                "clock_at",
                DataTypes.TIME(3),
                "TIMESTAMP",
                last.plusNanos(500_000_000),
                "1970-01-01 23:59:59.5");
    }

    private void intervals() {
        add(
                "months",
                DataTypes.INTERVAL(DataTypes.YEAR(4), DataTypes.MONTH()),
                "INTEGER",
                Period.of(-1, -2, 0),
                "-14",
                Period.of(9999, 11, 0),
                "119999");
        add(
                "span",
                DataTypes.INTERVAL(DataTypes.DAY(6), DataTypes.SECOND(3)),
                "BIGINT",
                Duration.ofMillis(-1),
                "-1",
                Duration.ofDays(100_000).plusMillis(7),
                "8640000000007");
    }

    private void arrays() {
        addSuper(
                "texts",
                DataTypes.ARRAY(DataTypes.STRING()),
                new String[] {"a", null, "\"quoted\" and long", "é🦀"},
                "['a',null,'\\'quoted\\' and long','é🦀']",
                new String[] {},
                "[]");
        addSuper(
                "lists",
                DataTypes.ARRAY(DataTypes.ARRAY(DataTypes.INT())),
                new Integer[][] {{Integer.MIN_VALUE, null}, {}, null, {Integer.MAX_VALUE}},
                "[[-2147483648,null],[],null,[2147483647]]");
        addSuper(
                "instants",
                DataTypes.ARRAY(DataTypes.TIMESTAMP_LTZ(9)),
                new Instant[] {Instant.parse("1969-12-31T23:59:59.999999Z"), null},
                "['1969-12-31T23:59:59.999999Z',null]");
    }

    private void maps() {
        addSuper(
                "amounts",
                DataTypes.MAP(DataTypes.STRING(), DataTypes.DECIMAL(38, 10)),
                Map.of("a key", new BigDecimal("-1234567890123456789012345678.0123456789")),
                "{'a key':-1234567890123456789012345678.0123456789}",
                Map.of(),
                "{}");
        addSuper(
                "by_day",
                DataTypes.MAP(DataTypes.DATE(), DataTypes.BYTES()),
                Map.of(LocalDate.of(2026, 1, 31), new byte[] {1, 2, (byte) 0xFF}),
                "{'2026-01-31':'AQL/'}");
        addSuper(
                "bag",
                DataTypes.MULTISET(DataTypes.STRING()),
                Map.of("it", 3),
                "{'it':3}");
    }

    private void nestedRows() {
        DataType inner =
                DataTypes.ROW(
                        DataTypes.FIELD("At", DataTypes.TIMESTAMP(6)),
                        DataTypes.FIELD("yes", DataTypes.ARRAY(DataTypes.BOOLEAN())));
        DataType outer =
                DataTypes.ROW(
                        DataTypes.FIELD("n", DataTypes.BIGINT().notNull()),
                        DataTypes.FIELD("a `b`", inner));
        Row leaf =
                Row.of(
                        LocalDateTime.parse("2026-11-22T23:59:59.123456"),
                        new Boolean[] {true, null, false});
        String shown = "{'At':'2026-11-22T23:59:59.123456','yes':[true,null,false]}";
        addSuper(
                "tree",
                outer,
                Row.of(Long.MAX_VALUE, leaf),
                "{'n':9223372036854775807,'a `b`':" + shown + "}",
                Row.of(-1L, Row.of(null, null)),
                "{'n':-1,'a `b`':{'At':null,'yes':null}}",
                Row.of(0L, null),
                "{'n':0,'a `b`':null}");
        addSuper(
                "forest",
                DataTypes.ARRAY(DataTypes.MAP(DataTypes.STRING(), inner)),
                new Map<?, ?>[] {Map.of("k", leaf), null, Map.of()},
                "[{'k':" + shown + "},null,{}]");
    }

    /** Values that become JSON, in which quotes stand single here. */
    private void addSuper(String name, DataType type, Object... valuesAndShown) {
        for (int at = 1; at < valuesAndShown.length; at += 2) {
            valuesAndShown[at] = ((String) valuesAndShown[at]).replace('\'', '"');
        }
        add(name, type, "SUPER", valuesAndShown);
    }

    private static Instant instant(LocalDateTime time) {
        return time.toInstant(java.time.ZoneOffset.UTC);
    }

    private void add(String name, DataType type, String target, Object... valuesAndShown) {
        List<Object> values = new ArrayList<>();
        List<String> shown = new ArrayList<>();
        for (int at = 0; at < valuesAndShown.length; at += 2) {
            values.add(valuesAndShown[at]);
            shown.add((String) valuesAndShown[at + 1]);
        }
        columns.add(new Column(name, type, target, values, shown));
    }

    /** The columns but the number of the row, which comes first. */
    public List<Column> columns() {
        return columns;
    }

    /** The type of the rows. */
    public DataType type() {
        List<DataTypes.Field> fields = new ArrayList<>();
        fields.add(DataTypes.FIELD("n", DataTypes.INT().notNull()));
        columns.forEach(column -> fields.add(DataTypes.FIELD(column.name, column.type)));
        return DataTypes.ROW(fields);
    }

    /** The columns of the target. */
    public String target() {
        StringBuilder target = new StringBuilder("n INT NOT NULL");
        columns.forEach(c -> target.append(", ").append(c.name).append(' ').append(c.target));
        return target.toString();
    }

    /** What to select. */
    public String names() {
        return "n, " + String.join(", ", columns.stream().map(Column::name).toList());
    }

    /**
     * The rows: the first is all NULL; the others go through each column's values, of which one
     * after the other is NULL.
     */
    public List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (int number = 0; number < count(); number++) {
            Row row = new Row(columns.size() + 1);
            row.setField(0, number);
            for (int at = 0; at < columns.size(); at++) {
                int value = place(number, at);
                row.setField(at + 1, value < 0 ? null : columns.get(at).values.get(value));
            }
            rows.add(row);
        }
        return rows;
    }

    /** The rows as a table shows them. */
    public List<StandIn.Row> shown() {
        List<StandIn.Row> rows = new ArrayList<>();
        for (int number = 0; number < count(); number++) {
            List<String> values = new ArrayList<>();
            values.add(Integer.toString(number));
            for (int at = 0; at < columns.size(); at++) {
                int value = place(number, at);
                values.add(value < 0 ? null : columns.get(at).shown.get(value));
            }
            rows.add(new StandIn.Row(values));
        }
        return rows;
    }

    /** The place of a row's value in a column's list, or -1 for NULL. */
    private int place(int number, int column) {
        boolean isNull = number == 0 || number % (columns.size() + 1) == column + 1;
        return isNull ? -1 : number % columns.get(column).values.size();
    }

    private int count() {
        return 2 * (columns.size() + 1);
    }
}
