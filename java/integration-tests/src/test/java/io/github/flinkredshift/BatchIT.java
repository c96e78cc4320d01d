package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Cluster;
import io.github.flinkredshift.harness.Fault;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Batch jobs: one commit at the end, overwriting, partial inserts. */
class BatchIT {

    private static final long[] ENDS = {500, 0, 20, 800};

    @RegisterExtension static final Services services = new Services();

    private final String table = services.tables().create(Numbered.TARGET);

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aBatchJobCommitsOnceAtItsEnd(int parallelism) throws Exception {
        sql(Settings.batch().parallelism(parallelism), ENDS)
                .start("INSERT INTO sink SELECT * FROM feed")
                .awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ENDS)));
        assertThat(services.tables().only("SELECT id FROM " + table + "__flink_commits"))
                .endsWith("/END");
        assertThat(services.standIn().staged(table)).as("what is left on S3").isEmpty();
    }

    @Test
    void aTaskManagerThatDiesAfterCommitDoublesNothing() throws Exception {
        Cluster own = Cluster.start(1);
        try {
            // The commit is done and cleans up when its TaskManager goes.
            Duration forEver = Duration.ofMinutes(10);
            long before = services.standIn().taken().s3();
            services.standIn().add(Fault.atS3("DeleteObjects").times(1).stall(forEver));
            Job job =
                    sql(own, Settings.batch(), services.standIn().options(table), ENDS)
                            .start("INSERT INTO sink SELECT * FROM feed");
            Await.until("it cleans up", () -> services.standIn().taken().s3() > before);
            assertThat(services.tables().count(table)).as("rows that are committed").isPositive();
            own.flink().terminateTaskManager(0).get();
            own.flink().startTaskManager();
            job.awaitFinished();
        } finally {
            own.stop();
        }
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ENDS)));
        assertThat(services.tables().ledgerRows(table)).isEqualTo(1);
    }

    @Test
    void aRunOfTheSameNameLoadsOnce() throws Exception {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.run-id", "orders-2026-11-22");
        for (int run = 1; run <= 2; run++) {
            sql(services.cluster(), Settings.batch(), options, ENDS)
                    .start("INSERT INTO sink SELECT * FROM feed")
                    .awaitFinished();
        }
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ENDS)));
    }

    @Test
    void overwriteReplacesAllRowsAtOnce() throws Exception {
        services.standIn().query("INSERT INTO " + table + " (id) VALUES (-1), (-2)");
        sql(Settings.batch(), ENDS)
                .start("INSERT OVERWRITE sink SELECT * FROM feed WHERE id < 100")
                .awaitFinished();
        services.tables()
                .holds(
                        table,
                        Numbered.NAMES,
                        Numbered.shown(Numbered.numbers(ENDS).filter(id -> id < 100)));
    }

    @Test
    void overwriteByNothingEmptiesTheTable() throws Exception {
        services.standIn().query("INSERT INTO " + table + " (id) VALUES (-1), (-2)");
        sql(Settings.batch(), ENDS)
                .start("INSERT OVERWRITE sink SELECT * FROM feed WHERE id < 0")
                .awaitFinished();
        services.tables().holds(table, Numbered.NAMES, List.of());
    }

    @Test
    void overwriteOfAStreamingJobIsRefused() {
        Sql sql = sql(Settings.streaming("1 s"), ENDS);
        assertThatThrownBy(() -> sql.start("INSERT OVERWRITE sink SELECT * FROM feed"))
                .hasMessageContaining("OVERWRITE");
    }

    @Test
    void aStatementSetMayHoldTwoInsertsIntoOneTable() throws Exception {
        sql(Settings.batch(), ENDS)
                .start(
                        """
                        EXECUTE STATEMENT SET BEGIN
                          INSERT INTO sink SELECT * FROM feed WHERE id < 300;
                          INSERT INTO sink SELECT * FROM feed WHERE id >= 200;
                        END""")
                .awaitFinished();
        List<StandIn.Row> expected =
                new ArrayList<>(Numbered.shown(Numbered.numbers(ENDS).filter(id -> id < 300)));
        expected.addAll(Numbered.shown(Numbered.numbers(ENDS).filter(id -> id >= 200)));
        services.tables().holds(table, Numbered.NAMES, expected);
    }

    @Test
    void columnsThatAnInsertDoesNotNameAreNull() throws Exception {
        sql(Settings.batch(), 10)
                .start("INSERT INTO sink (amount, id) SELECT amount, id FROM feed")
                .awaitFinished();
        List<StandIn.Row> expected = new ArrayList<>();
        for (StandIn.Row row : Numbered.shown(LongStream.range(0, 10))) {
            expected.add(Tables.row(row.values().get(0), null, row.values().get(2), null));
        }
        services.tables().holds(table, Numbered.NAMES, expected);
    }

    @Test
    void columnsThatAnInsertDoesNotNameKeepTheirValuesByKey() throws Exception {
        services.standIn()
                .query("INSERT INTO " + table + " (id, name, amount) VALUES (2, 'kept', 0)");
        Map<String, String> options = services.standIn().options(table);
        Sql.on(services.cluster(), Settings.batch())
                .view("feed", Numbered.COLUMNS, Numbered.feed("partial", 4).released())
                .table("sink", Numbered.COLUMNS, "id", options)
                .start("INSERT INTO sink (id, amount) SELECT id, amount FROM feed")
                .awaitFinished();
        List<StandIn.Row> expected = new ArrayList<>();
        for (StandIn.Row row : Numbered.shown(LongStream.range(0, 4))) {
            String id = row.values().get(0);
            String name = id.equals("2") ? "kept" : null;
            expected.add(Tables.row(id, name, row.values().get(2), null));
        }
        services.tables().holds(table, Numbered.NAMES, expected);
    }

    @Test
    void aTableIsCreatedWholeByAnInsertOfAPart() throws Exception {
        String created = services.tables().freshName();
        Map<String, String> options = services.standIn().options(created);
        options.put("sink.create-table", "if-not-exists");
        options.put("sink.create-table.sort-key", "seen");
        options.put("sink.value-policy.columns", "name:truncate");
        sql(services.cluster(), Settings.batch(), options, 2)
                .start("INSERT INTO sink (amount, id) SELECT amount, id FROM feed")
                .awaitFinished();
        sql(services.cluster(), Settings.batch(), options, 2)
                .start("INSERT INTO sink SELECT * FROM feed")
                .awaitFinished();
        List<StandIn.Row> expected = new ArrayList<>(Numbered.shown(LongStream.range(0, 2)));
        for (StandIn.Row row : Numbered.shown(LongStream.range(0, 2))) {
            expected.add(Tables.row(row.values().get(0), null, row.values().get(2), null));
        }
        services.tables().holds(created, Numbered.NAMES, expected);
    }

    private Sql sql(Settings settings, long... ends) {
        return sql(services.cluster(), settings, services.standIn().options(table), ends);
    }

    private static Sql sql(
            Cluster cluster, Settings settings, Map<String, String> options, long... ends) {
        Feed<org.apache.flink.types.Row> feed = Numbered.feed("batch", ends).released();
        return Sql.on(cluster, settings)
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, options);
    }
}
