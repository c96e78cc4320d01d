package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Breaker;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;

import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Jobs that stop with a savepoint, and what is started from one. Each feed has four splits. */
class SavepointsIT {

    private static final int SPLITS = 4;

    @RegisterExtension static final Services services = new Services();

    @TempDir Path savepoints;

    private final String table = services.tables().create(Numbered.TARGET);

    @ParameterizedTest
    @ValueSource(strings = {"0 s", "1 h"})
    void aJobIsRescaledFromTwoToFourToOne(String commitInterval) throws Exception {
        boolean holds = !commitInterval.equals("0 s");
        String savepoint = null;
        long released = 0;
        for (int parallelism : new int[] {2, 4, 1}) {
            Settings settings = Settings.byHand().parallelism(parallelism);
            Feed<Row> feed = feed("rescaled " + parallelism, 200);
            feed.release().rows(released + 25);
            Job job = start(restoring(settings, savepoint), feed, commitInterval);
            given(feed, 25);
            // The first commit after a start does not wait, so that what follows is held.
            job.checkpoint();
            feed.release().rows(released + 50);
            given(feed, 50);
            savepoint = job.stop(savepoints);
            holds(0, holds ? released + 25 : released + 50);
            released += 50;
        }
        Feed<Row> last = feed("rescaled again", 200).released();
        start(restoring(Settings.byHand(), savepoint), last, commitInterval).awaitFinished();
        holds(0, 200);
    }

    @Test
    void whatFollowsAnOlderSavepointIsNewThoughItsCheckpointsCountTheSame() throws Exception {
        Feed<Row> first = feed("first", 100);
        first.release().rows(20);
        Job job = start(Settings.byHand(), first);
        comesToHold(job, 20);
        String older = job.savepoint(savepoints);
        first.release().rows(60);
        comesToHold(job, 60);
        job.stop(savepoints);
        holds(0, 60);

        Feed<Row> again = feed("again", 100).released();
        start(restoring(Settings.byHand(), older), again).awaitFinished();
        // The source went back, so the sink was given these rows a second time, and appends them.
        services.tables().holds(table, Numbered.NAMES, rows(range(0, 100), range(20, 60)));
    }

    @Test
    void anIntermediateSavepointKeepsWhatItHoldsUncommitted() throws Exception {
        String savepoint = uncommitted();
        Feed<Row> restored = feed("restored", 80).released();
        start(restoring(Settings.byHand().parallelism(4), savepoint), restored).awaitFinished();
        holds(0, 80);
        assertThat(services.standIn().staged(table)).as("what is left on S3").isEmpty();
    }

    /** Flink does not go back to a savepoint by itself, and goes on from the checkpoint before it. */
    @Test
    void aSavepointStaysWhatItIsWhereItsJobFailsAfterIt() throws Exception {
        Breaker.breaks("fails").at(Breaker.Event.ROW, 50 * SPLITS + 1);
        Feed<Row> feed = feed("fails", 100);
        feed.release().rows(20);
        Job job = startBreaking(Settings.byHand(), feed);
        given(feed, 20);
        comesToHold(job, 20);
        feed.release().rows(50);
        given(feed, 50);
        String savepoint = job.savepoint(savepoints);
        feed.release().rows(60);
        // The row that breaks, and those since the checkpoint once more.
        Await.until("the job goes on", () -> feed.release().given() > 90 * SPLITS);
        comesToHold(job, 60);
        job.cancel();

        startBreaking(
                        restoring(Settings.byHand().withoutRestarts(), savepoint),
                        feed("restored", 100).released())
                .awaitFinished();
        // The source went back, so the sink was given what followed the checkpoint a second time.
        services.tables().holds(table, Numbered.NAMES, rows(range(0, 60), range(20, 100)));
    }

    private Job startBreaking(Settings settings, Feed<Row> feed) {
        return Sql.on(services.cluster(), settings)
                .view(
                        "feed",
                        Numbered.COLUMNS,
                        feed,
                        rows -> rows.map(Breaker.<Row>of("fails")).returns(rows.getType()))
                .table("sink", Numbered.COLUMNS, services.standIn().options(table))
                .start("INSERT INTO sink SELECT * FROM feed");
    }

    @Test
    void twoJobsFromOneSavepointApplyWhatItHoldsOnce() throws Exception {
        String savepoint = uncommitted();
        Feed<Row> left = feed("left", 100);
        Feed<Row> right = feed("right", 90);
        left.release().rows(50);
        right.release().rows(50);
        Job one = start(restoring(Settings.byHand(), savepoint), left);
        Job two = start(restoring(Settings.byHand(), savepoint), right);
        // Both are alive: what the savepoint holds once, and what each of them was given since.
        List<StandIn.Row> both = rows(range(0, 30), range(30, 50), range(30, 50));
        Await.until("both have loaded", () -> checkpointed(one, two, both.size()));
        services.tables().holds(table, Numbered.NAMES, both);
        left.release().rows(100);
        right.release().rows(90);
        one.awaitFinished();
        two.awaitFinished();
        services.tables()
                .holds(
                        table,
                        Numbered.NAMES,
                        rows(range(0, 30), range(30, 100), range(30, 90)));
    }

    private boolean checkpointed(Job one, Job two, long rows) throws Exception {
        one.checkpoint();
        two.checkpoint();
        return services.tables().count(table) >= rows;
    }

    @Test
    void aDrainedJobHasLoadedAllAndCanGoOn() throws Exception {
        Feed<Row> drained = feed("drained", 100);
        drained.release().rows(40);
        Job job = start(Settings.byHand(), drained, "1 h");
        given(drained, 40);
        String savepoint = job.drain(savepoints);
        holds(0, 40);
        assertThat(services.standIn().staged(table)).as("what is left on S3").isEmpty();

        Feed<Row> after = feed("after", 100).released();
        start(restoring(Settings.byHand(), savepoint), after, "1 h").awaitFinished();
        holds(0, 100);
    }

    /** A savepoint of a job that has 30 rows of each split on S3 and none in the table. */
    private String uncommitted() throws Exception {
        Feed<Row> feed = feed("uncommitted", 100);
        feed.release().rows(30);
        Job job = start(Settings.byHand(), feed);
        given(feed, 30);
        String savepoint = job.savepoint(savepoints);
        job.cancel();
        assertThat(services.tables().count(table)).as("rows loaded by a savepoint").isZero();
        assertThat(services.standIn().staged(table)).as("what the savepoint names").isNotEmpty();
        return savepoint;
    }

    /** Waits until so many rows of each split are read. */
    private static void given(Feed<Row> feed, long rowsOfEach) throws Exception {
        Await.until("the rows are read", () -> feed.release().given() == rowsOfEach * SPLITS);
    }

    private void comesToHold(Job job, long released) throws Exception {
        job.checkpoint();
        Await.until(
                "the rows are loaded",
                () -> {
                    job.checkpoint();
                    return services.tables().count(table) == released * SPLITS;
                });
    }

    private void holds(long from, long to) {
        services.tables().holds(table, Numbered.NAMES, rows(range(from, to)));
    }

    private static Feed<Row> feed(String name, long end) {
        return Numbered.feed(name, Feed.equalSplits(SPLITS, end));
    }

    /** The numbers of the rows between two positions of each split. */
    private static LongStream range(long from, long to) {
        return LongStream.range(from * SPLITS, to * SPLITS);
    }

    private static List<StandIn.Row> rows(LongStream... ranges) {
        List<StandIn.Row> rows = new ArrayList<>();
        for (LongStream range : ranges) {
            rows.addAll(Numbered.shown(range));
        }
        return rows;
    }

    private static Settings restoring(Settings settings, String savepoint) {
        return savepoint == null ? settings : settings.restoring(savepoint);
    }

    private Job start(Settings settings, Feed<Row> feed) {
        return start(settings, feed, "0 s");
    }

    private Job start(
            Settings settings, Feed<Row> feed, String commitInterval) {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.commit.interval", commitInterval);
        return Sql.on(services.cluster(), settings)
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, options)
                .start("INSERT INTO sink SELECT * FROM feed");
    }
}
