package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Breaker;
import io.github.flinkredshift.harness.Breaker.Breaks;
import io.github.flinkredshift.harness.Breaker.Event;
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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Jobs that fail and come back, and commits that fail, hang or take their time. */
class CheckpointsIT {

    private static final long SEED = 307;
    private static final int PARALLELISM = 2;
    private static final long[] ENDS = {900, 600, 30, 900};
    private static final int ROWS = 2430;

    @RegisterExtension static final Services services = new Services();

    @ParameterizedTest
    @CsvSource({"false, 0 s", "true, 0 s", "false, 300 ms"})
    void aJobThatFailsManyTimesLoadsEachRowOnce(boolean unaligned, String commitInterval)
            throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        Settings settings = Settings.streaming("100 ms").parallelism(PARALLELISM);
        Breaks breaks = breaks();
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.commit.interval", commitInterval);
        Job job =
                Sql.on(services.cluster(), unaligned ? settings.unaligned() : settings)
                        .view(
                                "feed",
                                Numbered.COLUMNS,
                                Numbered.feed("breaking", ENDS).paced(60),
                                breaking())
                        .table("sink", Numbered.COLUMNS, options)
                        .start("INSERT INTO sink SELECT * FROM feed");
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(ENDS)));
        assertThat(breaks.happened()).isEqualTo(11);
    }

    @Test
    void aKeyedTableIsRightAfterManyFailures() throws Exception {
        String table = services.tables().create(Changes.TARGET);
        Changes changes = new Changes(SEED, 20);
        Breaks breaks = breaks();
        Job job =
                Sql.on(
                                services.cluster(),
                                Settings.streaming("100 ms").parallelism(PARALLELISM).unaligned())
                        .changes(
                                "changes",
                                Changes.COLUMNS,
                                Changes.KEY,
                                changes.feed("breaking", ENDS).paced(60),
                                breaking())
                        .table("sink", Changes.COLUMNS, Changes.KEY, options(table))
                        .start("INSERT INTO sink SELECT * FROM changes");
        job.awaitFinished();
        services.tables().holds(table, Changes.NAMES, changes.replayed(ENDS));
        assertThat(breaks.happened()).isEqualTo(11);
    }

    /** Eight rows, one checkpoint that is taken, two that are told to be complete. */
    private static Breaks breaks() {
        return Breaker.atRows("breaking", SEED, 8, ROWS)
                .at(Event.SNAPSHOT, 9)
                .at(Event.COMPLETION, 4)
                .at(Event.COMPLETION, 15);
    }

    private static UnaryOperator<DataStream<Row>> breaking() {
        return stream ->
                stream.map(Breaker.<Row>of("breaking")).returns(stream.getType()).name("breaker");
    }

    @Test
    void aCommitThatFailsBeforeCommitIsMadeAgainWithoutARestart() throws Exception {
        settlesWithoutRestart(table -> Fault.at("commit").inCommitsTo(table).loseBefore());
    }

    @Test
    void aCommitWhoseAnswerIsLostIsSettledWithoutARestart() throws Exception {
        settlesWithoutRestart(table -> Fault.at("commit").inCommitsTo(table).loseAfter());
    }

    @Test
    void aCommitThatGoesOnWithoutItsClientIsSettledWithoutARestart() throws Exception {
        settlesWithoutRestart(
                table ->
                        Fault.at("commit")
                                .inCommitsTo(table)
                                .liveOnAndCommit(Duration.ofMillis(700)));
    }

    @Test
    void s3ThatAsksForPatienceGetsIt() throws Exception {
        settlesWithoutRestart(
                table ->
                        Fault.atS3("PutObject")
                                .atFilesOf(services.standIn(), table)
                                .times(3)
                                .slowDown());
    }

    private void settlesWithoutRestart(Function<String, Fault> fault)
            throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        long before = struck();
        services.standIn().add(fault.apply(table));
        Feed<Row> feed = Numbered.feed("settles", 300, 300).paced(100);
        insert(Settings.streaming("200 ms"), feed, options(table)).awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(300, 300)));
        assertThat(struck() - before).as("faults that struck").isPositive();
        assertThat(feed.release().readersStarted()).as("readers started").isEqualTo(PARALLELISM);
    }

    private static long struck() {
        return services.standIn().taken().server() + services.standIn().taken().s3();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCommitThatGaveUpIsMadeAfterARestart(boolean applied) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        Map<String, String> options = options(table);
        options.put("sink.max-retries", "0");
        Fault commit = Fault.at("commit").inCommitsTo(table);
        services.standIn().add(applied ? commit.loseAfter() : commit.loseBefore());
        // The ledger is asked under its lock how it ended, after the lock of the commit itself.
        services.standIn().add(Fault.at("lock").inSessionsOf(table).skip(1).loseBefore());
        Feed<Row> feed = Numbered.feed("gives up", 300, 300).paced(100);
        insert(Settings.streaming("200 ms"), feed, options).awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(300, 300)));
        assertThat(services.standIn().taken().server()).as("faults that struck").isEqualTo(2);
        long loadedAgain = services.standIn().copies(table) - services.tables().ledgerRows(table);
        assertThat(loadedAgain).as("commits that were loaded again").isEqualTo(applied ? 0 : 1);
        assertThat(feed.release().readersStarted()).as("readers started").isGreaterThan(PARALLELISM);
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy", "commit"})
    void aStallLongerThanTwoIntervalsHoldsCheckpointsAndLosesNothing(String statement)
            throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        Duration stall = Duration.ofMillis(1500);
        services.standIn().add(Fault.at(statement).inCommitsTo(table).stall(stall));
        Feed<Row> feed = Numbered.feed("stalled", 400, 400).paced(100);
        Job job = insert(Settings.streaming("200 ms"), feed, options(table));
        Await.until("the stall begins", () -> services.standIn().taken().server() == 1);
        long checkpoint = feed.release().lastCheckpoint();
        AtomicLong reached = new AtomicLong();
        Await.until("the commit is over", () -> isLoaded(table, feed, reached));
        // Its own checkpoint may be told meanwhile; the next one waits behind the commit.
        assertThat(reached.get()).isLessThanOrEqualTo(checkpoint + 1);
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(400, 400)));
        assertThat(feed.release().readersStarted()).as("readers started").isEqualTo(PARALLELISM);
    }

    /** Whether rows are loaded; if not, notes the last checkpoint that was complete before. */
    private static boolean isLoaded(String table, Feed<Row> feed, AtomicLong reached) {
        long checkpoint = feed.release().lastCheckpoint();
        if (services.tables().count(table) > 0) {
            return true;
        }
        reached.set(checkpoint);
        return false;
    }

    @Test
    void commitsThatAreAlwaysSlowerThanTheIntervalKeepUp() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        services.standIn().slowness(0, 300, 200);
        Feed<Row> feed = Numbered.feed("slow", 400, 400).paced(100);
        insert(Settings.streaming("100 ms"), feed, options(table)).awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(400, 400)));
        assertThat(feed.release().readersStarted()).as("readers started").isEqualTo(PARALLELISM);
    }

    @Test
    void aCommitEndsBeforeTheCheckpointThatWaitsForIt() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        Duration forEver = Duration.ofMinutes(10);
        services.standIn().add(Fault.at("copy").inCommitsTo(table).stall(forEver));
        // Flink itself would wait for as long as it takes: only the commit's own end helps.
        Settings settings =
                Settings.streaming("200 ms")
                        .with("execution.checkpointing.timeout", "2 s")
                        .with("execution.checkpointing.tolerable-failed-checkpoints", "1000000");
        Feed<Row> feed = Numbered.feed("too slow", 200, 200).paced(100);
        insert(settings, feed, options(table)).awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(200, 200)));
        assertThat(feed.release().readersStarted()).as("readers started").isGreaterThan(PARALLELISM);
    }

    private Job insert(Settings settings, Feed<Row> feed, Map<String, String> options) {
        return Sql.on(services.cluster(), settings.parallelism(PARALLELISM))
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, options)
                .start("INSERT INTO sink SELECT * FROM feed");
    }

    private static Map<String, String> options(String table) {
        return services.standIn().options(table);
    }
}
