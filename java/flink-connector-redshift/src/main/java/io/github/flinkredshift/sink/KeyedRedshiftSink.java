package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.Plan;

import org.apache.flink.annotation.Internal;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreWriteTopology;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.types.logical.RowType;

import java.util.List;

/**
 * A sink that brings all changes of a key to one writer by itself. The planner does so for tables;
 * a program that builds a stream should not have to remember.
 *
 * <p>It partitions and does not key the stream: a keyed stream would be sorted in batch mode, and
 * would need a state backend, for nothing.
 */
@Internal
final class KeyedRedshiftSink<T> extends RedshiftSink<T> implements SupportsPreWriteTopology<T> {

    private static final long serialVersionUID = 1L;

    private final KeyHash<T> hash;

    KeyedRedshiftSink(Plan plan, RowType columns, List<String> key, RowConverter<T> converter) {
        super(plan, columns, converter);
        this.hash = new KeyHash<>(converter, columns, key);
    }

    @Override
    public DataStream<T> addPreWriteTopology(DataStream<T> rows) {
        boolean byTime =
                plan().flushes()
                        || JobFacts.of(rows.getExecutionEnvironment(), plan()).commitsByTime();
        return UpdatesAsOne.of(rows, converter(), hash, byTime)
                .partitionCustom(new KeyHash.Spread(), hash);
    }
}
