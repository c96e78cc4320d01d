package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.sink.RedshiftSink;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;
import java.util.stream.LongStream;

/** One sink object in several places: each of them loads its own rows, once. */
class SharedSinkIT {

    private static final int ROWS = 120;

    @RegisterExtension static final Services services = new Services();

    @ParameterizedTest
    @CsvSource({"copy, streaming", "copy, batch", "jdbc, streaming", "jdbc, batch"})
    void twoPlacesOfAJob(String writeMode, String runtimeMode) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        RedshiftSink<Row> sink = sink(table, Map.of("sink.write.mode", writeMode));
        boolean batch = runtimeMode.equals("batch");
        StreamExecutionEnvironment environment =
                environment(batch ? Settings.batch() : Settings.streaming("150 ms"));
        for (int place = 0; place < 2; place++) {
            Feed<Row> feed = rows("place " + place, place);
            load(environment, batch ? feed.released() : feed.paced(30), sink);
        }
        Job.start(services.cluster(), environment, "two places").awaitFinished();
        holdsRowsOfBoth(table);
    }

    /**
     * Both graphs are there before either is serialised, and their operators have the same ids. What
     * the first job staged and did not commit yet is not the second one's to sweep.
     */
    @Test
    void twoJobsThatAreBuiltBeforeEitherStarts() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        RedshiftSink<Row> sink = sink(table, Map.of("sink.commit.interval", "1 h"));
        Feed<Row> first = rows("first", 0);
        Feed<Row> second = rows("second", 1);
        StreamExecutionEnvironment one = environment(Settings.byHand().withoutRestarts());
        StreamExecutionEnvironment two = environment(Settings.byHand().withoutRestarts());
        load(one, first, sink);
        load(two, second, sink);
        var graphOfOne = one.getStreamGraph();
        var graphOfTwo = two.getStreamGraph();

        Job jobOne = Job.of(services.cluster(), one.executeAsync(graphOfOne));
        stage(jobOne, first, 20);
        stage(jobOne, first, 70);
        Job jobTwo = Job.of(services.cluster(), two.executeAsync(graphOfTwo));
        stage(jobTwo, second, 20);
        stage(jobTwo, second, 70);
        first.released();
        second.released();
        jobOne.awaitFinished();
        jobTwo.awaitFinished();
        holdsRowsOfBoth(table);
    }

    /** Lets so many rows of each split through, and stages them with a checkpoint. */
    private static void stage(Job job, Feed<Row> feed, long rows) throws Exception {
        feed.release().rows(rows);
        Await.until("the rows are read", () -> feed.release().given() == rows);
        job.checkpoint();
    }

    @Test
    void aJobThatCommitsInAnotherWayIsRefused() {
        String table = services.tables().create(Numbered.TARGET);
        RedshiftSink<Row> sink = sink(table, Map.of());
        StreamExecutionEnvironment batch = environment(Settings.batch());
        StreamExecutionEnvironment streaming = environment(Settings.streaming("150 ms"));
        load(batch, rows("in batch", 0).released(), sink);
        load(streaming, rows("in a stream", 1).released(), sink);
        batch.getStreamGraph();
        assertThatThrownBy(streaming::getStreamGraph)
                .isInstanceOf(RedshiftException.class)
                .hasMessageContaining("in two jobs")
                .hasMessageContaining("build a sink for each job");
    }

    private static StreamExecutionEnvironment environment(Settings settings) {
        return services.cluster().environment(settings.parallelism(2).map());
    }

    private static Feed<Row> rows(String name, int place) {
        int first = place * ROWS;
        return Feed.of(
                name, Numbered.TYPE, (split, position) -> Numbered.row(first + position), ROWS);
    }

    private static void load(
            StreamExecutionEnvironment environment, Feed<Row> feed, RedshiftSink<Row> sink) {
        environment
                .fromSource(feed, WatermarkStrategy.noWatermarks(), "feed", feed.getProducedType())
                .sinkTo(sink);
    }

    private static RedshiftSink<Row> sink(String table, Map<String, String> more) {
        return RedshiftSink.builder()
                .setOptions(services.standIn().options(table))
                .setOptions(more)
                .setRowType(
                        DataTypes.ROW(
                                DataTypes.FIELD("id", DataTypes.BIGINT().notNull()),
                                DataTypes.FIELD("name", DataTypes.STRING()),
                                DataTypes.FIELD("amount", DataTypes.DECIMAL(10, 2)),
                                DataTypes.FIELD("seen", DataTypes.TIMESTAMP(3))))
                .buildForRow();
    }

    private static void holdsRowsOfBoth(String table) throws Exception {
        services.tables()
                .holds(table, Numbered.NAMES, Numbered.shown(LongStream.range(0, 2L * ROWS)));
    }
}
