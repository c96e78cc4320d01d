package io.github.flinkredshift;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Changes;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;
import io.github.flinkredshift.sink.RedshiftSink;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Sinks that programs build for the DataStream API. */
class DataStreamIT {

    private static final DataType NUMBERED =
            DataTypes.ROW(
                    DataTypes.FIELD("id", DataTypes.BIGINT().notNull()),
                    DataTypes.FIELD("name", DataTypes.STRING()),
                    DataTypes.FIELD("amount", DataTypes.DECIMAL(10, 2)),
                    DataTypes.FIELD("seen", DataTypes.TIMESTAMP(3)));

    private static final DataType CHANGED =
            DataTypes.ROW(
                    DataTypes.FIELD("region", DataTypes.STRING().notNull()),
                    DataTypes.FIELD("id", DataTypes.INT().notNull()),
                    DataTypes.FIELD("note", DataTypes.STRING()));

    @RegisterExtension static final Services services = new Services();

    @ParameterizedTest
    @ValueSource(strings = {"streaming", "batch"})
    void rowsAreAppended(String mode) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        long[] ends = {300, 10, 200};
        Feed<Row> feed = Numbered.feed("rows", ends);
        Settings settings =
                mode.equals("batch") ? Settings.batch() : Settings.streaming("150 ms");
        Feed<Row> let = mode.equals("batch") ? feed.released() : feed.paced(80);
        run(settings.parallelism(3), let, append(table));
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ends)));
    }

    @Test
    void rowsWithFieldNamesAreTakenByName() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        Feed<Row> feed =
                Feed.of(
                        "named",
                        TypeInformation.of(Row.class),
                        (split, at) -> named(at),
                        5);
        run(Settings.batch().parallelism(1), feed.released(), append(table));
        List<StandIn.Row> expected = new ArrayList<>();
        for (StandIn.Row row : Numbered.shown(LongStream.range(0, 5))) {
            expected.add(Tables.row(row.values().get(0), row.values().get(1), null, null));
        }
        services.tables().holds(table, Numbered.NAMES, expected);
    }

    private static Row named(long number) {
        Row row = Row.withNames();
        Row all = Numbered.row(number);
        row.setField("name", all.getField(1));
        row.setField("id", all.getField(0));
        return row;
    }

    /** Changes of a key reach the sink at different subtasks, unless it keys them itself. */
    @Test
    void aKeyedSinkBringsTheChangesOfAKeyTogether() throws Exception {
        String table = services.tables().create(Changes.TARGET);
        long[] ends = {400, 400, 400, 400};
        Changes changes = new Changes(7, 12);
        RedshiftSink<Row> sink =
                RedshiftSink.builder()
                        .setOptions(services.standIn().options(table))
                        .setRowType(CHANGED)
                        .setPrimaryKey("region", "id")
                        .buildForRow();
        StreamExecutionEnvironment environment =
                services.cluster().environment(Settings.streaming("150 ms").parallelism(4).map());
        Feed<Row> feed = changes.feed("keyed", ends).paced(100);
        environment
                .fromSource(feed, WatermarkStrategy.noWatermarks(), "feed", feed.getProducedType())
                .sinkTo(sink)
                .setParallelism(3);
        Job.start(services.cluster(), environment, "keyed").awaitFinished();
        services.tables().holds(table, Changes.NAMES, changes.replayed(ends));
    }

    @Test
    void internalRowsAreAppliedByKey() throws Exception {
        String table = services.tables().create(Changes.TARGET);
        long[] ends = {300, 300};
        Changes changes = new Changes(8, 10);
        Feed<RowData> feed =
                Feed.of(
                        "internal",
                        InternalTypeInfo.of(CHANGED.getLogicalType()),
                        (split, at) -> internal(changes.at(ends.length, split, at)),
                        ends);
        RedshiftSink<RowData> sink =
                RedshiftSink.builder()
                        .setOptions(services.standIn().options(table))
                        .setRowType(CHANGED)
                        .setPrimaryKey("region", "id")
                        .buildForRowData();
        run(Settings.streaming("150 ms"), feed.paced(100), sink);
        services.tables().holds(table, Changes.NAMES, changes.replayed(ends));
    }

    private static RowData internal(Row row) {
        RowKind kind = row.getKind();
        StringData note = StringData.fromString((String) row.getField(2));
        StringData region = StringData.fromString((String) row.getField(0));
        return GenericRowData.ofKind(kind, region, row.getField(1), note);
    }

    @Test
    void aSinkWithAUidIsRescaledFromASavepoint(@TempDir Path savepoints) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        String savepoint = null;
        for (int run = 1; run <= 3; run++) {
            Settings settings = Settings.byHand().parallelism(run);
            if (savepoint != null) {
                settings.restoring(savepoint);
            }
            Feed<Row> feed = Numbered.feed("uid " + run, 90, 90);
            feed.release().rows(run * 30L);
            StreamExecutionEnvironment environment =
                    services.cluster().environment(settings.map());
            environment
                    .fromSource(
                            feed, WatermarkStrategy.noWatermarks(), "feed", feed.getProducedType())
                    .uid("feed")
                    .sinkTo(append(table))
                    .uid("load");
            Job job = Job.start(services.cluster(), environment, "uid " + run);
            long given = 60;
            Await.until(
                    "the rows are read", () -> feed.release().given() == given);
            if (run < 3) {
                savepoint = job.stop(savepoints);
            } else {
                job.awaitFinished();
            }
        }
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(90, 90)));
    }

    /** One sink object in two jobs: the second one is a launch of its own, and loads its rows. */
    @Test
    void aSinkThatIsExecutedTwiceLoadsTwice() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        RedshiftSink<Row> sink = append(table);
        for (int run = 0; run < 2; run++) {
            int first = 50 * run;
            Feed<Row> feed =
                    Feed.of(
                            "run " + run,
                            Numbered.TYPE,
                            (split, at) -> Numbered.row(first + at),
                            50);
            run(Settings.streaming("150 ms"), feed.released(), sink);
        }
        services.tables()
                .holds(table, Numbered.NAMES, Numbered.shown(LongStream.range(0, 100)));
    }

    private static RedshiftSink<Row> append(String table) {
        return RedshiftSink.builder()
                .setOptions(services.standIn().options(table))
                .setRowType(NUMBERED)
                .buildForRow();
    }

    private static <T> void run(Settings settings, Feed<T> feed, Sink<T> sink) throws Exception {
        StreamExecutionEnvironment environment = services.cluster().environment(settings.map());
        environment
                .fromSource(feed, WatermarkStrategy.noWatermarks(), "feed", feed.getProducedType())
                .sinkTo(sink);
        Job.start(services.cluster(), environment, "job").awaitFinished();
    }
}
