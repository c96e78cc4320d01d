package io.github.flinkredshift.table;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;
import io.github.flinkredshift.jni.Comments;
import io.github.flinkredshift.jni.Plan;
import io.github.flinkredshift.sink.RedshiftSink;

import org.apache.flink.annotation.Internal;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkV2Provider;
import org.apache.flink.table.connector.sink.abilities.SupportsOverwrite;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.RowKind;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A table's sink, as the planner asks for it. */
@Internal
public final class RedshiftDynamicTableSink implements DynamicTableSink, SupportsOverwrite {

    private final Map<String, String> options;
    private final RowType columns;
    private final List<String> primaryKey;
    private final Comments comments;
    private boolean overwrite;

    RedshiftDynamicTableSink(
            Map<String, String> options,
            RowType columns,
            List<String> primaryKey,
            Comments comments) {
        this.options = options;
        this.columns = columns;
        this.primaryKey = primaryKey;
        this.comments = comments;
    }

    /**
     * Inserts only without a key, changes by key with one. When the query only inserts, the sink
     * says that it wants no more, and applies by key all the same: Flink would refuse the INSERT
     * otherwise, or put a materializer before it. Without a key, but where deletes are dropped, a
     * query may update: each new image is then one more row.
     */
    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
        if (requested.containsOnly(RowKind.INSERT)) {
            return ChangelogMode.insertOnly();
        }
        if (primaryKey.isEmpty()) {
            return plan(null).ignoresDeletes() ? ChangelogMode.all() : ChangelogMode.insertOnly();
        }
        return UpsertMode.withKeyOnlyDeletes();
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
        if (overwrite && !context.isBounded()) {
            throw new RedshiftException(
                    ErrorKind.UNSUPPORTED,
                    "INSERT OVERWRITE in a streaming job: it replaces the table when its input"
                            + " ends\n  what to do: run it in batch mode,"
                            + " SET 'execution.runtime-mode' = 'batch'");
        }
        Plan plan = plan(written(context));
        return plan.parallelism().isPresent()
                ? SinkV2Provider.of(
                        RedshiftSink.forTable(plan, columns), plan.parallelism().getAsInt())
                : SinkV2Provider.of(RedshiftSink.forTable(plan, columns));
    }

    private Plan plan(int[] written) {
        return Plan.of(options, columns, primaryKey, written, overwrite, comments);
    }

    /** The columns that the INSERT names, as indices; null when it names none. */
    @SuppressWarnings("deprecation") // Its successor is missing in Flink 1.20.
    private int[] written(Context context) {
        Optional<int[][]> named = context.getTargetColumns();
        if (!named.isPresent() || named.get().length == 0) {
            return null;
        }
        int[] written = new int[named.get().length];
        for (int i = 0; i < written.length; i++) {
            int[] path = named.get()[i];
            if (path.length != 1) {
                throw new RedshiftException(
                        ErrorKind.UNSUPPORTED,
                        "an INSERT into fields of column "
                                + columns.getFieldNames().get(path[0])
                                + "\n  what to do: insert into whole columns");
            }
            written[i] = path[0];
        }
        return written;
    }

    @Override
    public void applyOverwrite(boolean overwrite) {
        this.overwrite = overwrite;
    }

    @Override
    public DynamicTableSink copy() {
        RedshiftDynamicTableSink copy =
                new RedshiftDynamicTableSink(options, columns, primaryKey, comments);
        copy.overwrite = overwrite;
        return copy;
    }

    @Override
    public String asSummaryString() {
        return "Redshift";
    }
}
