package io.github.flinkredshift.harness;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.types.Row;

import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** A job in SQL: feeds as views, and tables of the connector. */
public final class Sql {

    private final Cluster cluster;
    private final StreamExecutionEnvironment environment;
    private final StreamTableEnvironment tables;

    private Sql(Cluster cluster, StreamExecutionEnvironment environment) {
        this.cluster = cluster;
        this.environment = environment;
        this.tables = Cluster.tables(environment);
    }

    /** SQL on a cluster. */
    public static Sql on(Cluster cluster, Settings settings) {
        return new Sql(cluster, cluster.environment(settings.map()));
    }

    /** SQL on a cluster, where jobs get what they need from an environment that a test made. */
    public static Sql on(Cluster cluster, StreamExecutionEnvironment environment) {
        return new Sql(cluster, environment);
    }

    /** The table environment. */
    public StreamTableEnvironment tables() {
        return tables;
    }

    /** Names a feed of insertions. */
    public Sql view(String name, String columns, Feed<Row> feed) {
        return view(name, columns, feed, stream -> stream);
    }

    /** Names a feed of insertions, after something that is done to them. */
    public Sql view(
            String name,
            String columns,
            Feed<Row> feed,
            UnaryOperator<DataStream<Row>> before) {
        DataStream<Row> stream = before.apply(stream(name, feed));
        tables.createTemporaryView(name, tables.fromDataStream(stream, schema(columns, null)));
        return this;
    }

    /** Names a feed of changes by key: insertions, new images of updates, and deletions. */
    public Sql changes(
            String name,
            String columns,
            String key,
            Feed<Row> feed,
            UnaryOperator<DataStream<Row>> before) {
        DataStream<Row> stream = before.apply(stream(name, feed));
        tables.createTemporaryView(
                name,
                tables.fromChangelogStream(stream, schema(columns, key), ChangelogMode.upsert()));
        return this;
    }

    private DataStream<Row> stream(String name, Feed<Row> feed) {
        return environment.fromSource(
                feed, WatermarkStrategy.noWatermarks(), name, feed.getProducedType());
    }

    /** Each column is {@code name TYPE}, and commas stand between columns and within types. */
    private static Schema schema(String columns, String key) {
        Schema.Builder schema = Schema.newBuilder();
        for (String column : columns.split(",\\s*(?=[a-z])")) {
            String[] parts = column.trim().split("\\s+", 2);
            schema.column(parts[0], parts[1]);
        }
        if (key != null) {
            schema.primaryKey(key.split(",\\s*"));
        }
        return schema.build();
    }

    /** Makes a table of the connector known. */
    public Sql table(String name, String columns, Map<String, String> options) {
        return run("CREATE TABLE " + name + " (" + columns + ") WITH (" + with(options) + ")");
    }

    /** The same without SQL, which has no columns of intervals. */
    public Sql describedTable(String name, String columns, Map<String, String> options) {
        TableDescriptor.Builder table = TableDescriptor.forConnector(options.get("connector"));
        options.forEach(table::option);
        tables.createTemporaryTable(name, table.schema(schema(columns, null)).build());
        return this;
    }

    /** Makes a table of the connector known that has a key. */
    public Sql table(String name, String columns, String key, Map<String, String> options) {
        String keyed = columns + ", PRIMARY KEY (" + key + ") NOT ENFORCED";
        return table(name, keyed, options);
    }

    /** The text of a WITH clause, without its parentheses. */
    public static String with(Map<String, String> options) {
        return options.entrySet().stream()
                .map(option -> "'%s' = '%s'".formatted(option.getKey(), option.getValue()))
                .collect(Collectors.joining(", "));
    }

    /** Runs a statement that starts no job. */
    public Sql run(String statement) {
        tables.executeSql(statement);
        return this;
    }

    /** Starts the job of an INSERT or of a statement set. */
    public Job start(String statement) {
        return Job.of(cluster, tables.executeSql(statement));
    }
}
