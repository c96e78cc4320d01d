package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.AllTypes;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;
import io.github.flinkredshift.sink.RedshiftSink;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.conversion.RowRowConverter;
import org.apache.flink.table.runtime.typeutils.ExternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Every type that is carried, in each form in which Flink hands rows to a sink. */
class TypesIT {

    @RegisterExtension static final Services services = new Services();

    private final AllTypes types = new AllTypes();
    private final RowType rowType = (RowType) types.type().getLogicalType();
    private final String table = services.tables().create(types.target());

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "csv"})
    void throughSql(String format) throws Exception {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.copy.format", format);
        // A shuffle between them turns the rows into binary ones; without it they are objects.
        options.put("sink.parallelism", format.equals("csv") ? "1" : "2");
        insertAll(Settings.batch(), options);
    }

    /** In flushes, and out of checkpoints; whole rows, too. */
    @ParameterizedTest
    @CsvSource({
        "batch, at-least-once",
        "batch, exactly-once",
        "streaming, at-least-once",
        "streaming, exactly-once"
    })
    void throughSqlInJdbcMode(String mode, String guarantee) throws Exception {
        Map<String, String> options = services.standIn().options(table);
        options.keySet().removeIf(key -> key.matches("(aws|s3|sink\\.write\\.temp)\\..*"));
        options.put("sink.write.mode", "jdbc");
        options.put("sink.delivery-guarantee", guarantee);
        options.put("sink.batch-size", "30");
        boolean batch = mode.equals("batch");
        insertAll(batch ? Settings.batch() : Settings.streaming("150 ms"), options);
    }

    private void insertAll(Settings settings, Map<String, String> options) throws Exception {
        String columns =
                rowType.getFields().stream()
                        .map(field -> field.getName() + " " + field.getType().asSerializableString())
                        .collect(Collectors.joining(", "));
        Feed<Row> feed = Feed.listed("sql", ExternalTypeInfo.of(types.type()), types.rows());
        Sql sql = Sql.on(services.cluster(), settings.parallelism(2));
        sql.tables().getConfig().set("table.local-time-zone", "Asia/Tokyo");
        sql.view("feed", columns, feed)
                .describedTable("sink", columns, options)
                .start("INSERT INTO sink SELECT * FROM feed")
                .awaitFinished();
        holdsAll();
    }

    @Test
    void asRows() throws Exception {
        RedshiftSink<Row> sink =
                RedshiftSink.builder()
                        .setOptions(services.standIn().options(table))
                        .setRowType(types.type())
                        .buildForRow();
        load(Feed.listed("rows", ExternalTypeInfo.of(types.type()), types.rows()), sink);
        holdsAll();
    }

    @Test
    void asObjects() throws Exception {
        load(Feed.listed("objects", InternalTypeInfo.of(rowType), internal()), sinkOfInternalRows());
        holdsAll();
    }

    @Test
    void asBinaryRows() throws Exception {
        RowDataSerializer serializer = new RowDataSerializer(rowType);
        List<RowData> binary = new ArrayList<>();
        internal().forEach(row -> binary.add(serializer.toBinaryRow(row).copy()));
        load(Feed.listed("binary", InternalTypeInfo.of(rowType), binary), sinkOfInternalRows());
        holdsAll();
    }

    /**
     * Not objects, but what the planner's own code makes of constructors. Its maps have no order,
     * so each has one key here.
     */
    @Test
    void asSqlConstructsThem() throws Exception {
        String made =
                services.tables()
                        .create(
                                "n INT, numbers SUPER, pairs SUPER, zipped SUPER, whole SUPER,"
                                        + " some_bytes VARBYTE(10), clock TIME, bag SUPER");
        Sql.on(services.cluster(), Settings.batch())
                .table(
                        "sink",
                        "n INT, numbers ARRAY<INT>, pairs MAP<STRING, INT>, zipped MAP<STRING,"
                                + " INT>, whole ROW<a INT, b STRING>, some_bytes BYTES, clock TIME,"
                                + " bag MULTISET<STRING>",
                        services.standIn().options(made))
                .start(
                        "INSERT INTO sink SELECT n, ARRAY[n, CAST(NULL AS INT)], MAP['a', n],"
                            + " MAP_FROM_ARRAYS(ARRAY['x', 'x'], ARRAY[1, n]), ROW(n, t), X'00FF',"
                            + " TIME '10:00:01', c FROM (SELECT n, t, COLLECT(t) AS c FROM (VALUES"
                            + " (5, 'five'), (6, 'six'), (5, 'five')) AS v (n, t) GROUP BY n, t)")
                .awaitFinished();
        services.tables()
                .holds(
                        made,
                        "n, numbers, pairs, zipped, whole, some_bytes, clock, bag",
                        List.of(constructed(5, "five", 2), constructed(6, "six", 1)));
    }

    private static StandIn.Row constructed(int n, String t, int times) {
        return Tables.row(
                n,
                "[" + n + ",null]",
                "{\"a\":" + n + "}",
                // Of two entries with one key the last one counts.
                "{\"x\":" + n + "}",
                "{\"a\":" + n + ",\"b\":\"" + t + "\"}",
                "00ff",
                "10:00:01",
                "{\"" + t + "\":" + times + "}");
    }

    @Test
    void bytesAndTimesAreKeys() throws Exception {
        DataType type =
                DataTypes.ROW(
                        DataTypes.FIELD("id", DataTypes.VARBINARY(20).notNull()),
                        DataTypes.FIELD("at", DataTypes.TIME(3).notNull()),
                        DataTypes.FIELD("tags", DataTypes.ARRAY(DataTypes.STRING())));
        String keyed =
                services.tables().create("id VARBYTE(20) NOT NULL, at TIME NOT NULL, tags SUPER");
        List<Row> changes = new ArrayList<>();
        for (int n = 0; n < 400; n++) {
            RowKind kind =
                    n < 20 ? RowKind.INSERT : n % 3 == 0 ? RowKind.DELETE : RowKind.UPDATE_AFTER;
            // As many keys as two bytes and two times of the day make.
            byte[] id = {(byte) (n % 5), (byte) (0xFE + n % 2)};
            LocalTime at = LocalTime.of(23, 59, 59, n % 4 < 2 ? 0 : 1_000_000);
            changes.add(Row.ofKind(kind, id, at, new String[] {"change " + n}));
        }
        RedshiftSink<Row> sink =
                RedshiftSink.builder()
                        .setOptions(services.standIn().options(keyed))
                        .setRowType(type)
                        .setPrimaryKey("id", "at")
                        .buildForRow();
        load(Feed.listed("keyed", ExternalTypeInfo.of(type), changes), sink, 3);
        services.tables().holds(keyed, "id, at, tags", replayed(changes));
    }

    private static Collection<StandIn.Row> replayed(List<Row> changes) {
        Map<String, StandIn.Row> rows = new LinkedHashMap<>();
        for (Row change : changes) {
            String id = HexFormat.of().formatHex((byte[]) change.getField(0));
            String at = DateTimeFormatter.ISO_TIME.format((LocalTime) change.getField(1));
            String tag = ((String[]) change.getField(2))[0];
            if (change.getKind() == RowKind.DELETE) {
                rows.remove(id + at);
            } else {
                rows.put(id + at, Tables.row(id, at, "[\"" + tag + "\"]"));
            }
        }
        return rows.values();
    }

    @Test
    void aNullAmongAMapsKeysEndsTheJob() throws Exception {
        DataType type =
                DataTypes.ROW(
                        DataTypes.FIELD("counts", DataTypes.MAP(DataTypes.STRING(), DataTypes.INT())));
        String target = services.tables().create("counts SUPER");
        Map<String, Integer> counts = new HashMap<>();
        counts.put("a", 1);
        Row fine = Row.of(Map.copyOf(counts));
        counts.put(null, 2);
        RedshiftSink<Row> sink =
                RedshiftSink.builder()
                        .setOptions(services.standIn().options(target))
                        .setRowType(type)
                        .buildForRow();
        Feed<Row> feed =
                Feed.listed("nulls", ExternalTypeInfo.of(type), List.of(fine, Row.of(counts)));
        String failure = job(feed, sink, 1).awaitFailure();
        assertThat(failure)
                .contains("a map with a NULL among its keys")
                .contains("column: counts")
                .contains("row: 2");
        assertThat(services.tables().count(target)).isZero();
    }

    private List<RowData> internal() {
        RowRowConverter converter = RowRowConverter.create(types.type());
        converter.open(getClass().getClassLoader());
        return types.rows().stream().map(converter::toInternal).toList();
    }

    private RedshiftSink<RowData> sinkOfInternalRows() {
        return RedshiftSink.builder()
                .setOptions(services.standIn().options(table))
                .setRowType(types.type())
                .buildForRowData();
    }

    private static <T> void load(Feed<T> feed, Sink<T> sink) throws Exception {
        load(feed, sink, 1);
    }

    private static <T> void load(Feed<T> feed, Sink<T> sink, int parallelism) throws Exception {
        job(feed, sink, parallelism).awaitFinished();
    }

    private static <T> Job job(Feed<T> feed, Sink<T> sink, int parallelism) throws Exception {
        Settings settings = Settings.batch().withoutRestarts().parallelism(parallelism);
        StreamExecutionEnvironment environment = services.cluster().environment(settings.map());
        environment
                .fromSource(feed, WatermarkStrategy.noWatermarks(), "feed", feed.getProducedType())
                .sinkTo(sink);
        return Job.start(services.cluster(), environment, "types");
    }

    private void holdsAll() {
        services.tables().holds(table, types.names(), types.shown());
    }
}
