package io.github.flinkredshift.harness;

import io.github.flinkredshift.harness.StandIn.Row;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** Target tables of the stand-in: made, read whole, compared. */
public final class Tables {

    private static final int SHOWN = 20;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final StandIn standIn;

    public Tables(StandIn standIn) {
        this.standIn = standIn;
    }

    /** Creates a table that no other test uses, and returns its name. */
    public String create(String columns) {
        String table = freshName();
        standIn.query("CREATE TABLE " + table + " (" + columns + ")");
        return table;
    }

    /** A name that no table has. */
    public String freshName() {
        return "t_" + NUMBER.incrementAndGet() + "_it";
    }

    /** The number of rows. */
    public long count(String table) {
        return Long.parseLong(only("SELECT COUNT(*) FROM " + table));
    }

    /** The number of checkpoints whose rows a table holds, by its ledger. */
    public long ledgerRows(String table) {
        return count(table + "__flink_commits");
    }

    /** The one value of a query. */
    public String only(String sql) {
        List<Row> rows = standIn.query(sql);
        if (rows.size() != 1 || rows.get(0).values().size() != 1) {
            throw new AssertionError(sql + " has not one value: " + rows);
        }
        return rows.get(0).values().get(0);
    }

    /** All rows, the named columns of each. */
    public List<Row> rows(String table, String columns) {
        return standIn.query("SELECT " + columns + " FROM " + table);
    }

    /** A row as a table gives it: values as text. */
    public static Row row(Object... values) {
        return new Row(Arrays.stream(values).map(v -> v == null ? null : v.toString()).toList());
    }

    /** Checks that a table holds these rows, each as often as it is given, and no other. */
    public void holds(String table, String columns, Collection<Row> expected) {
        compare(table, expected, rows(table, columns));
    }

    /** Waits until a table holds so many rows, and then checks that it holds exactly these. */
    public void comesToHold(String table, String columns, Collection<Row> expected)
            throws Exception {
        Await.until(
                table + " comes to hold " + expected.size() + " rows",
                Await.PATIENCE,
                () -> count(table) >= expected.size(),
                () -> "it holds " + count(table));
        holds(table, columns, expected);
    }

    private static void compare(String table, Collection<Row> expected, Collection<Row> found) {
        Map<Row, Integer> difference = new LinkedHashMap<>();
        expected.forEach(row -> difference.merge(row, 1, Integer::sum));
        found.forEach(row -> difference.merge(row, -1, Integer::sum));
        difference.values().removeIf(count -> count == 0);
        if (!difference.isEmpty()) {
            throw new AssertionError(told(table, expected.size(), found.size(), difference));
        }
    }

    private static String told(
            String table, int expected, int found, Map<Row, Integer> difference) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "%s holds %d rows where %d are expected; %d rows differ:"
                        .formatted(table, found, expected, difference.size()));
        difference.entrySet().stream().limit(SHOWN).map(Tables::line).forEach(lines::add);
        return lines.stream().collect(Collectors.joining("\n  "));
    }

    private static String line(Map.Entry<Row, Integer> entry) {
        int count = entry.getValue();
        String verdict = count > 0 ? "missing " + count + " times" : "too many by " + -count;
        return verdict + ": " + entry.getKey();
    }
}
