package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Breaker;
import io.github.flinkredshift.harness.Breaker.Breaks;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;
import io.github.flinkredshift.harness.Updates;
import io.github.flinkredshift.sink.RedshiftSink;
import io.github.flinkredshift.sink.RedshiftSinkBuilder;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Updates that come as two rows, into tables that have more columns than are written, in jobs that
 * fail: what is not written keeps its value for as long as its row is there.
 */
class UpdatesIT {

    private static final long SEED = 23;
    private static final long[] ENDS = {300, 20, 200, 300};
    private static final int KEYS_OF_A_SPLIT = 8;
    private static final int FAILURES = 5;

    private static final DataType NOTED =
            DataTypes.ROW(
                    DataTypes.FIELD("id", DataTypes.INT().notNull()),
                    DataTypes.FIELD("note", DataTypes.STRING()));

    private static final DataType COUNTED =
            DataTypes.ROW(
                    DataTypes.FIELD("bucket", DataTypes.BIGINT().notNull()),
                    DataTypes.FIELD("total", DataTypes.BIGINT()));

    @RegisterExtension static final Services services = new Services();

    /** The sink has fewer writers than there are inputs, so that rows are spread by key. */
    @ParameterizedTest
    @MethodSource("ways")
    void whatIsNotWrittenIsKept(String mode, String guarantee, boolean unaligned)
            throws Exception {
        Updates updates = new Updates(SEED, KEYS_OF_A_SPLIT, ENDS.length);
        String table = services.tables().create(Updates.TARGET);
        services.standIn().query("INSERT INTO " + table + " VALUES " + updates.before());
        Breaks breaks = Breaker.atRows("breaking", SEED, FAILURES, 700);
        Settings settings = Settings.streaming("100 ms").parallelism(4);
        if (unaligned) {
            // Flink wants to be told twice: after a rescale its rows in flight may go astray.
            settings.unaligned().with("execution.checkpointing.unaligned.forced", "true");
        }
        StreamExecutionEnvironment environment =
                services.cluster().environment(settings.map());
        Feed<Long> feed = updates.feed("updates", ENDS).paced(40);
        environment
                .fromSource(feed, WatermarkStrategy.noWatermarks(), "feed", Types.LONG)
                .flatMap((Long at, Collector<Row> out) -> updates.spread(at, out))
                .returns(Updates.TYPE)
                .map(Breaker.<Row>of("breaking"))
                .returns(Updates.TYPE)
                .sinkTo(sink(NOTED, "id", options(table, mode, guarantee)))
                .setParallelism(3);
        Job.start(services.cluster(), environment, "updates").awaitFinished();
        services.tables().holds(table, Updates.NAMES, updates.replayed(ENDS));
        assertThat(breaks.happened()).isEqualTo(FAILURES);
    }

    /** Mode, guarantee, and whether checkpoints are unaligned. */
    static Stream<Arguments> ways() {
        return Stream.of(
                Arguments.of("copy", "exactly-once", false),
                Arguments.of("copy", "exactly-once", true),
                Arguments.of("jdbc", "exactly-once", false),
                Arguments.of("jdbc", "at-least-once", false),
                Arguments.of("jdbc", "at-least-once", true));
    }

    /** Flink's own conversion of a table to a stream gives old rows, too. */
    @ParameterizedTest
    @CsvSource({"copy, exactly-once", "jdbc, exactly-once", "jdbc, at-least-once"})
    void aQueryThatBecomesAStreamIsApplied(String mode, String guarantee) throws Exception {
        String table =
                services.tables()
                        .create("bucket BIGINT NOT NULL, total BIGINT, kept BIGINT DEFAULT -1");
        services.standIn()
                .query("INSERT INTO " + table + " VALUES (0, 0, 0), (1, 0, 100), (7, 0, 700)");
        Breaks breaks = Breaker.atRows("breaking", SEED, FAILURES, 400);
        StreamExecutionEnvironment environment =
                services.cluster().environment(Settings.streaming("100 ms").parallelism(3).map());
        Sql sql =
                Sql.on(services.cluster(), environment)
                        .view(
                                "feed",
                                Numbered.COLUMNS,
                                Numbered.feed("counted", 200, 200).paced(30));
        // A bucket whose count has passed 25 is filtered away: the last row of it is an old one.
        DataStream<Row> counted =
                sql.tables()
                        .toChangelogStream(
                                sql.tables()
                                        .sqlQuery(
                                                """
                                                SELECT bucket, total FROM (
                                                  SELECT bucket, COUNT(*) AS total FROM (
                                                    SELECT CASE WHEN id < 100 THEN 0
                                                           ELSE CAST(MOD(id, 20) AS BIGINT)
                                                           END AS bucket
                                                    FROM feed)
                                                  GROUP BY bucket)
                                                WHERE total < 25"""));
        counted.map(Breaker.<Row>of("breaking"))
                .returns(counted.getType())
                .sinkTo(sink(COUNTED, "bucket", options(table, mode, guarantee)));
        Job.start(services.cluster(), environment, "counted").awaitFinished();
        List<StandIn.Row> expected =
                LongStream.range(1, 20).mapToObj(UpdatesIT::counted).toList();
        services.tables().holds(table, "bucket, total, kept", expected);
        assertThat(breaks.happened()).isEqualTo(FAILURES);
    }

    private static StandIn.Row counted(long bucket) {
        boolean there = bucket == 1 || bucket == 7;
        return Tables.row(bucket, 15, there ? bucket * 100 : -1);
    }

    private static RedshiftSink<Row> sink(
            DataType type, String key, Map<String, String> options) {
        RedshiftSinkBuilder builder = RedshiftSink.builder();
        return builder.setOptions(options).setRowType(type).setPrimaryKey(key).buildForRow();
    }

    private static Map<String, String> options(String table, String mode, String guarantee) {
        if (mode.equals("copy")) {
            return services.standIn().options(table);
        }
        Map<String, String> options = services.standIn().jdbcOptions(table, guarantee);
        if (guarantee.equals("at-least-once")) {
            // So that flushes end between the two rows of updates, too.
            options.put("sink.batch-size", "7");
        }
        return options;
    }
}
