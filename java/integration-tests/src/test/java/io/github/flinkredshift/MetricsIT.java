package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Changes;
import io.github.flinkredshift.harness.Fault;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.LogEvents;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;

import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What an operator sees of a job that runs: metrics and logs. */
class MetricsIT {

    private static final String WRITER = "Writer";
    private static final String COMMITTER = "Committer";
    private static final int ROWS = 200;
    private static final Duration LOCK = Duration.ofMillis(60);

    @RegisterExtension static final Services services = new Services();

    private final String table = services.tables().create(Numbered.TARGET);
    private Job job;

    @Test
    void writersAndCommitterTellWhatTheyDo() throws Exception {
        services.standIn().slowness(0, 30, 30);
        services.standIn().add(Fault.at("copy").inCommitsTo(table).stall(Duration.ofHours(1)));
        services.standIn().add(Fault.at("lock").inCommitsTo(table).times(2).stall(LOCK));
        Feed<Row> feed = Numbered.feed("measured", 10 * ROWS, 10 * ROWS);
        feed.release().rows(ROWS / 2);
        start(feed);
        Await.until("the rows are read", () -> feed.release().given() == ROWS);
        Await.until("rows wait", () -> sum(WRITER, "redshift.oldestUncommittedRowAge") > 0);
        job.checkpoint();
        Await.until("the copy hangs", () -> services.standIn().taken().server() == 2);
        assertThat(sum(WRITER, "numRecordsSend")).isEqualTo(ROWS);
        assertThat(sum(WRITER, "redshift.stagedFiles")).isEqualTo(2);
        assertThat(sum(WRITER, "numBytesSend"))
                .isPositive()
                .isEqualTo(sum(WRITER, "redshift.stagedBytes"))
                .isEqualTo(sum(COMMITTER, "redshift.stagedUncommittedBytes"));
        assertThat(sum(COMMITTER, "redshift.oldestUncommittedRowAge")).isPositive();
        assertThat(sum(COMMITTER, "redshift.rowsLoaded")).isZero();

        // What hangs is ended, and tried again.
        services.standIn().endSessions();
        Await.until("the rows are counted", () -> sum(COMMITTER, "redshift.rowsLoaded") > 0);
        assertThat(sum(COMMITTER, "redshift.rowsLoaded")).isEqualTo(ROWS);
        assertThat(sum(COMMITTER, "redshift.copyTime")).isGreaterThanOrEqualTo(30);
        assertThat(sum(COMMITTER, "redshift.commitTime")).isGreaterThanOrEqualTo(30);
        assertThat(sum(COMMITTER, "redshift.lockWaitTime"))
                .isGreaterThanOrEqualTo(LOCK.toMillis());
        assertThat(sum(COMMITTER, "redshift.connectionWaitTime")).isNotNegative();
        Map<ErrorKind, Long> retries =
                Arrays.stream(ErrorKind.values())
                        .filter(kind -> retries(kind) > 0)
                        .collect(Collectors.toMap(kind -> kind, this::retries));
        assertThat(retries).isEqualTo(Map.of(ErrorKind.SERVER_UNAVAILABLE, 1L));
        Await.until("nothing is left", () -> sum("", "redshift.stagedUncommittedBytes") == 0);
        assertThat(sum("", "redshift.oldestUncommittedRowAge")).isZero();
        assertThat(sum(WRITER, "numRecordsSendErrors")).isZero();
        assertThat(count(WRITER, "currentSendTime")).isEqualTo(2);
        job.cancel();
    }

    @Test
    void rowsThatAreSetAsideAreCountedAgainWhenTheyAreInPlace() throws Exception {
        String narrow = services.tables().create(Numbered.TARGET.replace("(100)", "(6)"));
        Map<String, String> options = services.standIn().options(narrow);
        options.put("sink.value-policy", "dead-letter");
        options.put(
                "sink.dead-letter.s3-uri", options.get("sink.write.temp.s3-uri") + "/set-aside");
        Feed<Row> feed = Numbered.feed("narrow", 20);
        feed.release().rows(12);
        start(feed, options);
        Await.until("the rows are read", () -> feed.release().given() == 12);
        job.checkpoint();
        // Of the first twelve, "name 10" and "name 11" are too long.
        Await.until("the rows are loaded", () -> services.tables().count(narrow) == 10);
        Await.until("they are counted", () -> sum(COMMITTER, "redshift.deadLetters") == 2);
        assertThat(sum(WRITER, "redshift.deadLetters")).isEqualTo(2);
        job.cancel();
    }

    /** Two changes of one key are two rows that were loaded, though one of them is staged. */
    @Test
    void everyChangeIsCountedAndKeysThatTheTableHoldsTwice() throws Exception {
        String doubled = services.tables().create(Changes.TARGET);
        services.standIn()
                .query(
                        "INSERT INTO "
                                + doubled
                                + " VALUES ('a', 1, 'x'), ('a', 1, 'y'), ('a', 2, 'x'),"
                                + " ('a', 2, 'y'), ('b', 9, 'x'), ('b', 9, 'y')");
        List<Row> rows =
                List.of(
                        Row.ofKind(RowKind.UPDATE_AFTER, "a", 1, "first"),
                        Row.ofKind(RowKind.UPDATE_AFTER, "a", 1, "second"),
                        Row.ofKind(RowKind.UPDATE_AFTER, "a", 2, "new"),
                        Row.ofKind(RowKind.INSERT, "a", 3, "new"));
        Feed<Row> feed =
                Feed.of("doubled", Changes.TYPE, (s, at) -> rows.get((int) at % 4), 2 * rows.size());
        feed.release().rows(rows.size());
        job =
                Sql.on(services.cluster(), Settings.byHand().parallelism(1))
                        .changes("feed", Changes.COLUMNS, Changes.KEY, feed, stream -> stream)
                        .table(
                                "sink",
                                Changes.COLUMNS,
                                Changes.KEY,
                                services.standIn().options(doubled))
                        .start("INSERT INTO sink SELECT * FROM feed");
        Await.until("the rows are read", () -> feed.release().given() == rows.size());
        job.checkpoint();
        Await.until("they are counted", () -> sum(COMMITTER, "redshift.rowsLoaded") > 0);
        assertThat(sum(COMMITTER, "redshift.rowsLoaded")).isEqualTo(4);
        assertThat(services.tables().only("SELECT rows_staged FROM " + doubled + "__flink_commits"))
                .isEqualTo("3");
        assertThat(sum(COMMITTER, "redshift.duplicateKeys")).isEqualTo(2);
        job.cancel();
    }

    @Test
    void flushesAreCounted() throws Exception {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.write.mode", "jdbc");
        options.put("sink.batch-size", "5");
        options.put("sink.flush-interval", "100 ms");
        options.put("sink.delivery-guarantee", "at-least-once");
        Feed<Row> feed = Numbered.feed("flushed", 100);
        feed.release().rows(20);
        start(feed, options);
        Await.until("the rows are there", () -> services.tables().count(table) == 20);
        Await.until("they are counted", () -> sum(WRITER, "redshift.rowsLoaded") == 20);
        assertThat(sum(WRITER, "redshift.flushes")).isBetween(1L, 20L);
        job.cancel();
    }

    @Test
    void theLibrarysLogReachesTheTaskManagersAndHoldsNoSecret() throws Exception {
        Map<String, String> options = services.standIn().options(table);
        try (LogEvents events = LogEvents.ofTheConnector()) {
            start(Numbered.feed("logged", 10, 10).released());
            job.awaitFinished();
            Await.until("the commit is logged", () -> events.text().contains("applied"));
            assertThat(events.text())
                    .contains("/" + table + "#")
                    .doesNotContain(options.get("password"))
                    .doesNotContain(options.get("aws.credentials.provider.basic.secretkey"));
        }
    }

    private void start(Feed<Row> feed) {
        start(feed, services.standIn().options(table));
    }

    private void start(Feed<Row> feed, Map<String, String> options) {
        job =
                Sql.on(services.cluster(), Settings.byHand())
                        .view("feed", Numbered.COLUMNS, feed)
                        .table("sink", Numbered.COLUMNS, options)
                        .start("INSERT INTO sink SELECT * FROM feed");
    }

    private long sum(String operator, String metric) {
        return services.cluster().metrics().sum(job.id(), operator, metric);
    }

    private long retries(ErrorKind cause) {
        return sum(COMMITTER, "redshift.retries." + cause.getName());
    }

    private long count(String operator, String metric) {
        return services.cluster().metrics().count(job.id(), operator, metric);
    }
}
