package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedSchema;

import java.util.LinkedHashMap;
import java.util.Map;

/** What a declaration says of a table and its columns to readers. */
@Internal
public final class Comments {

    /** Nothing is said. */
    public static final Comments NONE = new Comments("", Map.of());

    private final String table;
    private final Map<String, String> columns;

    private Comments(String table, Map<String, String> columns) {
        this.table = table;
        this.columns = columns;
    }

    /**
     * The comments of a declared table.
     *
     * @param table the comment on the table itself; null or empty without one
     */
    public static Comments of(String table, ResolvedSchema schema) {
        Map<String, String> columns = new LinkedHashMap<>();
        for (Column column : schema.getColumns()) {
            if (column.isPhysical()) {
                column.getComment().ifPresent(comment -> columns.put(column.getName(), comment));
            }
        }
        return new Comments(table == null ? "" : table, columns);
    }

    /** The comment on the table; empty without one. */
    String ofTable() {
        return table;
    }

    /** The comments on columns, by name. */
    Map<String, String> ofColumns() {
        return columns;
    }
}
