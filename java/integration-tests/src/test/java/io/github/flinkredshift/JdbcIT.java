package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Breaker;
import io.github.flinkredshift.harness.Breaker.Breaks;
import io.github.flinkredshift.harness.Changes;
import io.github.flinkredshift.harness.Fault;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;

import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.types.Row;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Map;
import java.util.function.UnaryOperator;

/** Rows written with statements: in flushes, or out of the checkpoint. */
class JdbcIT {

    private static final long[] ENDS = {300, 10, 200};
    private static final long SEED = 20;

    @RegisterExtension static final Services services = new Services();

    private String table;

    @BeforeEach
    void createTarget() {
        table = services.tables().create(Numbered.TARGET);
    }

    @ParameterizedTest
    @CsvSource({
        "streaming, at-least-once",
        "streaming, exactly-once",
        "batch, at-least-once",
        "batch, exactly-once"
    })
    void rowsAreAppended(String mode, String guarantee) throws Exception {
        boolean batch = mode.equals("batch");
        Settings settings = batch ? Settings.batch() : Settings.streaming("150 ms");
        Feed<Row> feed = Numbered.feed("rows", ENDS);
        insert(settings.parallelism(3), batch ? feed.released() : feed.paced(60), guarantee)
                .awaitFinished();
        holdsAll();
    }

    /** FLIP-307's own defaults: no write mode named, and nothing but the connection. */
    @Test
    void itIsTheModeThatIsMeantWhenNoneIsNamed() throws Exception {
        Map<String, String> options = options("at-least-once");
        options.remove("sink.write.mode");
        options.remove("sink.delivery-guarantee");
        insert(Settings.batch(), Numbered.feed("plain", ENDS).released(), options).awaitFinished();
        holdsAll();
    }

    @Test
    void eachRowIsThereOnceWhenItRidesInTheCheckpoint() throws Exception {
        Breaks breaks = breaks();
        Sql.on(services.cluster(), Settings.streaming("100 ms").parallelism(3).unaligned())
                .view("feed", Numbered.COLUMNS, Numbered.feed("breaking", ENDS).paced(40), breaking())
                .table("sink", Numbered.COLUMNS, options("exactly-once"))
                .start("INSERT INTO sink SELECT * FROM feed")
                .awaitFinished();
        holdsAll();
        assertThat(breaks.happened()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"at-least-once", "exactly-once"})
    void aKeyedTableIsRightAfterFailuresWhateverIsPromised(String guarantee) throws Exception {
        table = services.tables().create(Changes.TARGET);
        Changes changes = new Changes(SEED, 20);
        Breaks breaks = breaks();
        Sql.on(services.cluster(), Settings.streaming("100 ms").parallelism(3))
                .changes(
                        "changes",
                        Changes.COLUMNS,
                        Changes.KEY,
                        changes.feed("breaking", ENDS).paced(40),
                        breaking())
                .table("sink", Changes.COLUMNS, Changes.KEY, options(guarantee))
                .start("INSERT INTO sink SELECT * FROM changes")
                .awaitFinished();
        services.tables().holds(table, Changes.NAMES, changes.replayed(ENDS));
        assertThat(breaks.happened()).isEqualTo(6);
    }

    @Test
    void withoutCheckpointsTheClockFlushes() throws Exception {
        Feed<Row> feed = Numbered.feed("clock", 50, 50);
        Map<String, String> options = options("at-least-once");
        options.put("sink.flush-interval", "300 ms");
        Job job = insert(Settings.withoutCheckpoints(), feed, options);
        feed.release().rows(7);
        Await.until("some rows are there", () -> services.tables().count(table) == 14);
        feed.release().rows(50);
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(50, 50)));
    }

    /** No row follows and no checkpoint either: the clock is all there is to tell. */
    @Test
    void aFlushThatFailsForGoodEndsTheJobWithoutAnotherRow() throws Exception {
        services.standIn()
                .add(Fault.at("write").inSessionsOf(table).fail("42501", "permission denied"));
        Feed<Row> feed = Numbered.feed("refused", 50, 50);
        Map<String, String> options = options("at-least-once");
        options.put("sink.flush-interval", "300 ms");
        Job job = insert(Settings.withoutCheckpoints().withoutRestarts(), feed, options);
        feed.release().rows(7);
        assertThat(job.awaitFailure()).contains("permission denied").contains(table);
        assertThat(services.tables().count(table)).isZero();
    }

    /** Redshift lets one transaction at a time write to a table: writers take turns. */
    @Test
    void manyWritersTakeTurns() throws Exception {
        Map<String, String> options = options("at-least-once");
        options.put("sink.parallelism", "4");
        options.put("sink.batch-size", "10");
        options.put("sink.max-retries", "0");
        Settings settings = Settings.streaming("150 ms").parallelism(3);
        insert(settings, Numbered.feed("turns", ENDS).paced(60), options).awaitFinished();
        holdsAll();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLostCommitOfWhatACheckpointHeldIsSettled(boolean applied) throws Exception {
        Fault commit = Fault.at("commit").inCommitsTo(table);
        services.standIn().add(applied ? commit.loseAfter() : commit.loseBefore());
        Feed<Row> feed = Numbered.feed("settled", ENDS).paced(60);
        insert(Settings.streaming("150 ms").parallelism(3), feed, "exactly-once").awaitFinished();
        holdsAll();
        assertThat(services.standIn().taken().server()).as("faults that struck").isEqualTo(1);
    }

    @Test
    void moreThanACheckpointMayHoldNamesTheModeThatHasNoLimit() throws Exception {
        Map<String, String> options = options("exactly-once");
        options.put("sink.checkpoint-size-limit", "1 mb");
        Feed<Row> feed = Numbered.feed("too much", 400_000, 400_000).released();
        Settings settings = Settings.byHand().withoutRestarts();
        assertThat(insert(settings, feed, options).awaitFailure())
                .contains("sink.checkpoint-size-limit")
                .contains("copy");
        assertThat(services.tables().count(table)).isZero();
    }

    private static Breaks breaks() {
        return Breaker.atRows("breaking", SEED, 6, 500);
    }

    private static UnaryOperator<DataStream<Row>> breaking() {
        return stream ->
                stream.map(Breaker.<Row>of("breaking")).returns(stream.getType()).name("breaker");
    }

    private Job insert(Settings settings, Feed<Row> feed, String guarantee) {
        return insert(settings, feed, options(guarantee));
    }

    private Job insert(Settings settings, Feed<Row> feed, Map<String, String> options) {
        return Sql.on(services.cluster(), settings)
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, options)
                .start("INSERT INTO sink SELECT * FROM feed");
    }

    private Map<String, String> options(String guarantee) {
        return services.standIn().jdbcOptions(table, guarantee);
    }

    private void holdsAll() {
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ENDS)));
    }
}
