package io.github.flinkredshift.harness;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;

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
        times();
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
