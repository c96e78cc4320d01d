package io.github.flinkredshift.table;

import io.github.flinkredshift.RedshiftOptions;
import io.github.flinkredshift.jni.Comments;

import org.apache.flink.annotation.Internal;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.types.logical.RowType;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Makes sinks of tables with {@code 'connector' = 'redshift'}.
 *
 * <p>It checks nothing: the core does, so that a mistake gives the same error as on the command
 * line, and the sink asks it when the planner asks for what runs. Not here: Flink adds all options
 * to an error that comes out of a factory, and a URL may hold a password.
 */
@Internal
public final class RedshiftDynamicTableFactory implements DynamicTableSinkFactory {

    /** The connector's name in a table's options. */
    public static final String IDENTIFIER = "redshift";

    @Override
    public String factoryIdentifier() {
        return IDENTIFIER;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return RedshiftOptions.all();
    }

    @Override
    public DynamicTableSink createDynamicTableSink(Context context) {
        RowType columns = (RowType) context.getPhysicalRowDataType().getLogicalType();
        List<String> key =
                IntStream.of(context.getPrimaryKeyIndexes())
                        .mapToObj(columns.getFieldNames()::get)
                        .collect(Collectors.toList());
        ResolvedCatalogTable table = context.getCatalogTable();
        Comments comments = Comments.of(table.getComment(), table.getResolvedSchema());
        return new RedshiftDynamicTableSink(table.getOptions(), columns, key, comments);
    }
}
