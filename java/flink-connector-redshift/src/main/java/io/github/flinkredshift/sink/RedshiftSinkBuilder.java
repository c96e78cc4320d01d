package io.github.flinkredshift.sink;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;
import io.github.flinkredshift.RedshiftOptions;
import io.github.flinkredshift.jni.Comments;
import io.github.flinkredshift.jni.Plan;

import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.catalog.UniqueConstraint;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Describes a {@link RedshiftSink} for the DataStream API: the options of the SQL connector, the
 * columns, and the primary key where changes are applied by key.
 */
@PublicEvolving
public final class RedshiftSinkBuilder {

    private final Map<String, String> options = new LinkedHashMap<>();
    private RowType columns;
    private List<String> primaryKey = List.of();
    private Comments comments = Comments.NONE;

    RedshiftSinkBuilder() {
        options.put("connector", "redshift");
    }

    /** Sets an option of the SQL connector. */
    public RedshiftSinkBuilder setOption(String key, String value) {
        options.put(key, value);
        return this;
    }

    /** Sets options of the SQL connector. */
    public RedshiftSinkBuilder setOptions(Map<String, String> more) {
        options.putAll(more);
        return this;
    }

    /** Sets the columns: a ROW type with a field for each. */
    public RedshiftSinkBuilder setRowType(DataType row) {
        LogicalType type = row.getLogicalType();
        if (!(type instanceof RowType)) {
            throw new RedshiftException(
                    ErrorKind.INVALID_OPTIONS,
                    "the type of the rows is "
                            + type.asSummaryString()
                            + "\n  what to do: give a DataTypes.ROW with a field for each column");
        }
        columns = (RowType) type;
        return this;
    }

    /**
     * Sets the columns and, if it has one, the primary key of a table's schema. Its comments go onto
     * a table that is created.
     */
    public RedshiftSinkBuilder setSchema(ResolvedSchema schema) {
        setRowType(schema.toPhysicalRowDataType());
        comments = Comments.of(null, schema);
        primaryKey = schema.getPrimaryKey().map(UniqueConstraint::getColumns).orElse(List.of());
        return this;
    }

    /** Sets the key by which inserts, updates and deletes are applied. */
    public RedshiftSinkBuilder setPrimaryKey(String... columnNames) {
        primaryKey = List.of(columnNames);
        return this;
    }

    /**
     * Builds a sink for Flink's internal rows.
     *
     * @throws RedshiftException with everything that is wrong with options, columns and key
     */
    public RedshiftSink<RowData> buildForRowData() {
        return build(RowConverter.identity());
    }

    /**
     * Builds a sink for {@link Row}s, whose fields are found by name, or by position where they
     * have no names.
     *
     * @throws RedshiftException with everything that is wrong with options, columns and key
     */
    public RedshiftSink<Row> buildForRow() {
        return build(RowConverter.ofRows(columns()));
    }

    private <T> RedshiftSink<T> build(RowConverter<T> converter) {
        Plan plan = Plan.of(options, columns(), primaryKey, null, false, comments);
        if (options.containsKey(RedshiftOptions.SINK_PARALLELISM.key())) {
            // A sink cannot set it: only the planner and the program can.
            throw new RedshiftException(
                    ErrorKind.INVALID_OPTIONS,
                    "'sink.parallelism' for a sink of the DataStream API\n  what to do: leave it out"
                            + " and set the parallelism where the sink is added,"
                            + " stream.sinkTo(sink).setParallelism(…)");
        }
        return plan.keyed()
                ? new KeyedRedshiftSink<>(plan, columns, primaryKey, converter)
                : new RedshiftSink<>(plan, columns, converter);
    }

    private RowType columns() {
        if (columns == null) {
            throw new RedshiftException(
                    ErrorKind.INVALID_OPTIONS,
                    "the sink's columns are not set\n  what to do: call setRowType or setSchema");
        }
        return columns;
    }
}
