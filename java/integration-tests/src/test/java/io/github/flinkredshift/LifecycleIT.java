package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Fault;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Threads;
import io.github.flinkredshift.sink.RedshiftSink;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Jobs that come and go in one cluster. */
class LifecycleIT {

    private static final Duration FOR_EVER = Duration.ofMinutes(30);
    private static final Duration SOON = Duration.ofSeconds(10);

    @RegisterExtension static final Services services = new Services();

    @ParameterizedTest
    @ValueSource(strings = {"connect", "copy", "lock", "commit"})
    void aJobIsCancelledWithinSecondsWhileTheServerHangs(String statement) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        services.standIn().add(Fault.at(statement).inSessionsOf(table).times(100).stall(FOR_EVER));
        cancelsSoon(table);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PutObject", "ListObjectsV2"})
    void aJobIsCancelledWithinSecondsWhileS3Hangs(String operation) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        services.standIn()
                .add(
                        Fault.atS3(operation)
                                .atFilesOf(services.standIn(), table)
                                .times(100)
                                .stall(FOR_EVER));
        cancelsSoon(table);
    }

    private void cancelsSoon(String table) throws Exception {
        long before = struck();
        Feed<Row> feed = Numbered.feed("hangs", 100_000, 100_000).paced(100);
        Job job = start(table, feed, Settings.streaming("100 ms"));
        Await.until("the fault strikes", () -> struck() > before);
        job.cancelWithin(SOON);
        services.standIn().endSessions();
        // What checkpoints had committed before it hung, each row once, and nothing else.
        List<StandIn.Row> found = services.tables().rows(table, Numbered.NAMES);
        long[] ends = Feed.equalSplits(2, feed.release().given());
        Set<StandIn.Row> given = Set.copyOf(Numbered.shown(Numbered.numbers(ends)));
        assertThat(found).doesNotHaveDuplicates().allMatch(given::contains);
    }

    private static long struck() {
        return services.standIn().taken().server() + services.standIn().taken().s3();
    }

    @Test
    void aCommitThatCannotSucceedSaysWhatTheServerSaid() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        String denied = "permission denied for relation";
        services.standIn()
                .add(Fault.at("copy").inCommitsTo(table).times(100).fail("42501", denied));
        Feed<Row> feed = Numbered.feed("denied", 10, 10).released();
        RedshiftException error =
                start(table, feed, Settings.streaming("100 ms").withoutRestarts()).awaitOwnError();
        assertThat(error.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
        assertThat(error.getSqlState()).isEqualTo("42501");
        assertThat(error).hasMessageContaining(denied).hasMessageContaining("COPY");
        services.tables().holds(table, Numbered.NAMES, List.of());
    }

    @Test
    void twoJobsLoadOneTableAtOnce() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        long[] ends = {300, 300};
        Job one = start(table, Numbered.feed("one", ends).paced(60), Settings.streaming("100 ms"));
        Job two = start(table, Numbered.feed("two", ends).paced(60), Settings.streaming("100 ms"));
        one.awaitFinished();
        two.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, times(2, ends));
    }

    @Test
    void aJobIsSubmittedTenTimesInOneCluster() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        for (int time = 1; time <= 10; time++) {
            Feed<Row> feed = Numbered.feed("again " + time, 20, 20).released();
            start(table, feed, Settings.byHand()).awaitFinished();
            services.tables().holds(table, Numbered.NAMES, times(time, 20, 20));
        }
    }

    /** All rows of a feed, each so many times. */
    private static List<StandIn.Row> times(int times, long... ends) {
        List<StandIn.Row> rows = Numbered.shown(Numbered.numbers(ends));
        return Collections.nCopies(times, rows).stream().flatMap(List::stream).toList();
    }

    /** As when the jar is shipped with each job: a class loader and a library for each. */
    @Test
    void jobsThatBringTheJarEachLoadALibraryOfTheirOwn() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        String others = services.tables().create(Numbered.TARGET);
        Feed<Row> waiting = Numbered.feed("of the cluster's own", 20, 20);
        Job own = start(table, waiting, Settings.byHand());
        own.awaitRunning();
        URL jar = RedshiftSink.class.getProtectionDomain().getCodeSource().getLocation();
        for (int time = 1; time <= 5; time++) {
            Feed<Row> feed = Numbered.feed("brings its jar " + time, 20, 20).released();
            Settings settings = Settings.byHand();
            StreamExecutionEnvironment environment =
                    services.cluster().environment(settings.map(), List.of(jar));
            insert(Sql.on(services.cluster(), environment), others, feed).awaitFinished();
            services.tables().holds(others, Numbered.NAMES, times(time, 20, 20));
        }
        waiting.release().rows(20);
        own.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, times(1, 20, 20));
        Threads.awaitEnd();
    }

    /** Nobody can write to it, not even root. */
    @Test
    void whereTheJvmsTemporaryDirectoryCannotBeWrittenTheOptionNamesAnother(
            @TempDir Path directory) throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        // Here, where jobs are planned, the library is loaded by now.
        Feed<Row> feed = Numbered.feed("before", 20, 20).released();
        start(table, feed, Settings.byHand()).awaitFinished();
        String usual = System.setProperty("java.io.tmpdir", "/proc");
        try {
            String failure = bringing(table, "without it", Map.of()).awaitFailure();
            assertThat(failure)
                    .contains("cannot be unpacked into /proc")
                    .contains("'native.directory'");
            bringing(table, "with it", Map.of("native.directory", directory.toString()))
                    .awaitFinished();
        } finally {
            System.setProperty("java.io.tmpdir", usual);
        }
        services.tables().holds(table, Numbered.NAMES, times(2, 20, 20));
        assertThat(directory).as("what was unpacked").isEmptyDirectory();
    }

    /** A job that brings the jar, so that the library is loaded anew. */
    private Job bringing(String table, String name, Map<String, String> more) {
        URL jar = RedshiftSink.class.getProtectionDomain().getCodeSource().getLocation();
        Map<String, String> settings = Settings.byHand().withoutRestarts().map();
        Map<String, String> options = services.standIn().options(table);
        options.putAll(more);
        return Sql.on(
                        services.cluster(),
                        services.cluster().environment(settings, List.of(jar)))
                .view("feed", Numbered.COLUMNS, Numbered.feed(name, 20, 20).released())
                .table("sink", Numbered.COLUMNS, options)
                .start("INSERT INTO sink SELECT * FROM feed");
    }

    @Test
    void threadsEndWithTheLastJob() throws Exception {
        String table = services.tables().create(Numbered.TARGET);
        Feed<Row> feed = Numbered.feed("threads", 10, 10);
        Job job = start(table, feed, Settings.byHand());
        job.checkpoint();
        assertThat(Threads.ofTheConnector()).isNotEmpty();
        job.cancel();
        Threads.awaitEnd();
    }

    private Job start(String table, Feed<Row> feed, Settings settings) {
        return insert(Sql.on(services.cluster(), settings), table, feed);
    }

    private Job insert(Sql sql, String table, Feed<Row> feed) {
        return sql.view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, services.standIn().options(table))
                .start("INSERT INTO sink SELECT * FROM feed");
    }
}
