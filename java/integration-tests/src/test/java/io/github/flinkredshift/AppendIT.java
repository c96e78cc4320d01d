package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;

import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Rows that are only inserted, in streaming jobs. */
class AppendIT {

    @RegisterExtension static final Services services = new Services();

    private final String table = services.tables().create(Numbered.TARGET);

    @ParameterizedTest
    @CsvSource({"1, false", "4, false", "4, true"})
    void rowsArriveOnceThoughSplitsEndUnevenly(int parallelism, boolean unaligned)
            throws Exception {
        long[] ends = {0, 150, 700, 2000};
        Settings settings = Settings.streaming("150 ms").parallelism(parallelism);
        Feed<Row> feed = Numbered.feed("uneven", ends).paced(300);
        Job job = insert(unaligned ? settings.unaligned() : settings, feed, Map.of());
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ends)));
        assertThat(services.standIn().staged(table)).as("what is left on S3").isEmpty();
    }

    @Test
    void oneCopyLoadsWhatAllWritersStagedForACheckpoint() throws Exception {
        long[] ends = Feed.equalSplits(4, 60);
        Feed<Row> feed = Numbered.feed("one copy", ends);
        Job job = insert(Settings.byHand().parallelism(4), feed, Map.of());
        services.standIn().clearStatements();
        for (int checkpoint = 1; checkpoint <= 2; checkpoint++) {
            feed.release().rows(checkpoint * 20L);
            long rows = checkpoint * 80L;
            Await.until("the rows are read", () -> feed.release().given() == rows);
            job.checkpoint();
            Await.until("the rows are loaded", () -> services.tables().count(table) == rows);
        }
        assertThat(copies()).isEqualTo(2);
        assertThat(ledgerRows()).isEqualTo(2);
        feed.release().rows(60);
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ends)));
        assertThat(copies()).as("one COPY a commit").isEqualTo(ledgerRows());
    }

    @Test
    void aCheckpointWithoutRowsCommitsNothing() throws Exception {
        Feed<Row> feed = Numbered.feed("nothing", 10, 10);
        Job job = insert(Settings.byHand(), feed, Map.of());
        for (int checkpoint = 1; checkpoint <= 3; checkpoint++) {
            job.checkpoint();
        }
        assertThat(services.standIn().commitsBegun(table)).as("commits without rows").isEmpty();
        feed.release().rows(10);
        job.awaitFinished();
        services.tables()
                .holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(10, 10)));
        assertThat(services.standIn().commitsBegun(table)).as("commits with rows").isNotEmpty();
    }

    @Test
    void aCommitIntervalGathersCheckpointsIntoOneCommit() throws Exception {
        long[] ends = Feed.equalSplits(2, 50);
        Feed<Row> feed = Numbered.feed("interval", ends);
        Job job = insert(Settings.byHand(), feed, Map.of("sink.commit.interval", "1 h"));
        feed.release().rows(10);
        Await.until("the rows are read", () -> feed.release().given() == 20);
        job.checkpoint();
        // What comes first does not wait; what follows does.
        Await.until("the first rows are loaded", () -> services.tables().count(table) == 20);
        Await.until("S3 is clean", () -> services.standIn().staged(table).isEmpty());
        services.standIn().clearStatements();
        for (int checkpoint = 2; checkpoint <= 4; checkpoint++) {
            feed.release().rows(checkpoint * 10L);
            long rows = checkpoint * 20L;
            Await.until("the rows are read", () -> feed.release().given() == rows);
            job.checkpoint();
            assertThat(services.standIn().staged(table)).hasSize(2 * (checkpoint - 1));
        }
        assertThat(ledgerRows()).as("commits before the interval is over").isEqualTo(1);
        feed.release().rows(50);
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ends)));
        assertThat(copies()).as("COPYs of what was gathered").isEqualTo(1);
        assertThat(ledgerRows()).as("checkpoints in the ledger").isGreaterThanOrEqualTo(4);
    }

    @Test
    void twoInsertsOfAStatementSetLoadOneTable() throws Exception {
        long[] ends = Feed.equalSplits(2, 400);
        Feed<Row> low = Numbered.feed("low", ends).paced(100);
        Feed<Row> high = Numbered.feed("high", ends).paced(100);
        Sql sql = Sql.on(services.cluster(), Settings.streaming("150 ms"));
        sql.view("low", Numbered.COLUMNS, low);
        sql.view("high", Numbered.COLUMNS, high);
        sql.table("sink", Numbered.COLUMNS, services.standIn().options(table));
        Job job =
                sql.start(
                        """
                        EXECUTE STATEMENT SET BEGIN
                          INSERT INTO sink SELECT * FROM low;
                          INSERT INTO sink SELECT * FROM high;
                        END""");
        job.awaitFinished();
        List<StandIn.Row> twice =
                new ArrayList<>(Numbered.shown(Numbered.numbers(ends)));
        twice.addAll(Numbered.shown(Numbered.numbers(ends)));
        services.tables().holds(table, Numbered.NAMES, twice);
    }

    /** Flink refuses such a query without the option. */
    @Test
    void whereDeletesAreDroppedAnAggregateGivesARowForEachOfItsResults() throws Exception {
        String counts = services.tables().create("bucket BIGINT, total BIGINT");
        Map<String, String> options = services.standIn().options(counts);
        options.put("sink.ignore-delete", "true");
        Feed<Row> feed = Numbered.feed("counted", 30).paced(7);
        Sql.on(services.cluster(), Settings.streaming("150 ms"))
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", "bucket BIGINT, total BIGINT", options)
                .start("INSERT INTO sink SELECT id % 3, COUNT(*) FROM feed GROUP BY id % 3")
                .awaitFinished();
        List<StandIn.Row> expected = new ArrayList<>();
        for (long number = 0; number < 30; number++) {
            expected.add(Tables.row(number % 3, number / 3 + 1));
        }
        services.tables().holds(counts, "bucket, total", expected);
    }

    @Test
    void commentsOfTheDeclarationGoOntoATableThatIsCreated() throws Exception {
        String made = services.tables().freshName();
        Map<String, String> options = services.standIn().options(made);
        options.put("sink.create-table", "if-not-exists");
        Sql.on(services.cluster(), Settings.batch())
                .run(
                        "CREATE TABLE sink (id BIGINT COMMENT 'it''s the number', name STRING)"
                                + " COMMENT 'people' WITH ("
                                + Sql.with(options)
                                + ")")
                .start("INSERT INTO sink VALUES (1, 'one')")
                .awaitFinished();
        services.tables().holds(made, "id, name", List.of(Tables.row(1, "one")));
        List<StandIn.Row> columns =
                services.standIn()
                        .query(
                                "SELECT column_name, remarks FROM svv_all_columns WHERE table_name"
                                        + " = '"
                                        + made
                                        + "' ORDER BY ordinal_position");
        assertThat(columns)
                .containsExactly(Tables.row("id", "it's the number"), Tables.row("name", null));
        assertThat(services.standIn().query("SHOW TABLES FROM SCHEMA public"))
                .filteredOn(row -> made.equals(row.values().get(2)))
                .extracting(row -> row.values().get(5))
                .containsExactly("people");
    }

    private Job insert(Settings settings, Feed<Row> feed, Map<String, String> more) {
        Map<String, String> options = services.standIn().options(table);
        options.putAll(more);
        return Sql.on(services.cluster(), settings)
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, options)
                .start("INSERT INTO sink SELECT * FROM feed");
    }

    private long copies() {
        return services.standIn().copies(table);
    }

    private long ledgerRows() {
        return services.tables().ledgerRows(table);
    }
}
