package io.github.flinkredshift;

import io.github.flinkredshift.harness.Changes;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;

import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Rows that change and go, by the table's primary key. */
class KeyedIT {

    private static final long SEED = 20261122;

    @RegisterExtension static final Services services = new Services();

    @ParameterizedTest
    @CsvSource({"1, false", "4, false", "4, true"})
    void aTableEndsAsAReplayOfItsChanges(int parallelism, boolean unaligned) throws Exception {
        long[] ends = {40, 900, 300, 1500};
        Changes changes = new Changes(SEED, 25);
        String table = services.tables().create(Changes.TARGET);
        Settings settings = Settings.streaming("150 ms").parallelism(parallelism);
        Job job =
                changed(
                        unaligned ? settings.unaligned() : settings,
                        changes.feed("changes", ends).paced(250),
                        table,
                        Map.of());
        job.awaitFinished();
        services.tables().holds(table, Changes.NAMES, changes.replayed(ends));
    }

    @Test
    void theSinkMayHaveAnotherParallelismThanItsInput() throws Exception {
        long[] ends = {300, 300, 300};
        Changes changes = new Changes(SEED + 1, 10);
        String table = services.tables().create(Changes.TARGET);
        Job job =
                changed(
                        Settings.streaming("150 ms").parallelism(3),
                        changes.feed("changes", ends).paced(100),
                        table,
                        Map.of("sink.parallelism", "2"));
        job.awaitFinished();
        services.tables().holds(table, Changes.NAMES, changes.replayed(ends));
    }

    @Test
    void withinOneCommitTheLastChangeOfAKeyWins() throws Exception {
        String table = services.tables().create(Changes.TARGET);
        services.standIn().query("INSERT INTO " + table + " VALUES ('a', 1, 'x'), ('a', 2, 'x')");
        List<Row> rows =
                List.of(
                        Row.ofKind(RowKind.DELETE, "a", 1, null),
                        Row.ofKind(RowKind.INSERT, "a", 1, "deleted, then inserted"),
                        Row.ofKind(RowKind.UPDATE_AFTER, "a", 2, "y"),
                        Row.ofKind(RowKind.DELETE, "a", 2, null),
                        Row.ofKind(RowKind.INSERT, "a", 3, "inserted, then deleted"),
                        Row.ofKind(RowKind.DELETE, "a", 3, null),
                        Row.ofKind(RowKind.INSERT, "a", 4, "first"),
                        Row.ofKind(RowKind.UPDATE_AFTER, "a", 4, "second"),
                        Row.ofKind(RowKind.DELETE, "never there", 5, null));
        Feed<Row> feed =
                Feed.of("order", Changes.TYPE, (s, at) -> rows.get((int) at), rows.size());
        Job job =
                changed(
                        Settings.byHand().parallelism(1),
                        feed.released(),
                        table,
                        Map.of());
        job.awaitFinished();
        List<StandIn.Row> expected =
                List.of(
                        Tables.row("a", 1, "deleted, then inserted"), Tables.row("a", 4, "second"));
        services.tables().holds(table, Changes.NAMES, expected);
    }

    @Test
    void anAggregationUpdatesAndRetracts() throws Exception {
        long[] ends = {200, 200};
        String table = services.tables().create("bucket BIGINT NOT NULL, total BIGINT");
        // A bucket whose count has passed 25 is filtered away again: Flink retracts its row.
        Job job =
                Sql.on(services.cluster(), Settings.streaming("150 ms"))
                        .view("feed", Numbered.COLUMNS, Numbered.feed("sums", ends).paced(40))
                        .table(
                                "sink",
                                "bucket BIGINT, total BIGINT",
                                "bucket",
                                services.standIn().options(table))
                        .start(
                                """
                                INSERT INTO sink
                                SELECT bucket, total FROM (
                                  SELECT CASE WHEN id < 100 THEN 0 ELSE MOD(id, 20) END AS bucket,
                                         COUNT(*) AS total
                                  FROM feed
                                  GROUP BY CASE WHEN id < 100 THEN 0 ELSE MOD(id, 20) END)
                                WHERE total < 25""");
        job.awaitFinished();
        List<StandIn.Row> expected =
                LongStream.range(1, 20).mapToObj(bucket -> Tables.row(bucket, 15)).toList();
        services.tables().holds(table, "bucket, total", expected);
    }

    @Test
    void aQueryThatOnlyInsertsIsAppliedByKeyToo() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        services.standIn()
                .query("INSERT INTO " + table + " (id, name) VALUES (3, 'old'), (1000, 'kept')");
        Job job =
                Sql.on(services.cluster(), Settings.streaming("150 ms"))
                        .view("feed", Numbered.COLUMNS, Numbered.feed("inserts", 50, 50).released())
                        .table("sink", Numbered.COLUMNS, "id", services.standIn().options(table))
                        .start("INSERT INTO sink SELECT * FROM feed");
        job.awaitFinished();
        List<StandIn.Row> expected =
                new ArrayList<>(Numbered.shown(LongStream.range(0, 100)));
        expected.add(Tables.row(1000, "kept", null, null));
        services.tables().holds(table, Numbered.NAMES, expected);
    }

    private Job changed(
            Settings settings, Feed<Row> feed, String table, Map<String, String> more) {
        Map<String, String> options = services.standIn().options(table);
        options.putAll(more);
        return Sql.on(services.cluster(), settings)
                .changes("changes", Changes.COLUMNS, Changes.KEY, feed, stream -> stream)
                .table("sink", Changes.COLUMNS, Changes.KEY, options)
                .start("INSERT INTO sink SELECT * FROM changes");
    }
}
