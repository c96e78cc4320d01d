package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;

import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.util.Map;
import java.util.stream.LongStream;

/** Rows that only COPY refuses, since their table was made narrower while the job ran. */
class RefusedLoadsIT {

    private static final int ROWS = 20;
    private static final int FIRST = 12;

    @RegisterExtension static final Services services = new Services();

    private final String table = services.tables().create(Numbered.TARGET);
    private final Feed<Row> feed = Numbered.feed("narrowed", ROWS);

    @Test
    void theyAreSetAsideAndTheJobGoesOn() throws Exception {
        Map<String, String> options = options();
        options.put("sink.value-policy", "dead-letter");
        options.put(
                "sink.dead-letter.s3-uri", options.get("sink.write.temp.s3-uri") + "/set-aside");
        Job job = narrowedWhileItRuns(Settings.byHand(), options);
        Await.until("the first rows are loaded", () -> services.tables().count(table) == 10);
        // "name 10" and "name 11" have seven bytes. The writer knew of no reason against them.
        Await.until("they are counted", () -> sum(job, "Committer", "redshift.deadLetters") == 2);
        assertThat(sum(job, "Committer", "redshift.rowsLoaded")).isEqualTo(10);
        assertThat(sum(job, "Writer", "redshift.deadLetters")).isZero();
        feed.release().rows(ROWS);
        job.awaitFinished();
        // The thirteenth has no name.
        LongStream fitting = LongStream.concat(LongStream.range(0, 10), LongStream.of(13));
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(fitting));
        assertThat(services.standIn().staged(table))
                .as("a file for each commit that set rows aside, and nothing that was staged")
                .hasSize(2)
                .allMatch(key -> key.contains("/set-aside/"));
    }

    @Test
    void theFailureNamesColumnRuleAndRow() throws Exception {
        Job job = narrowedWhileItRuns(Settings.byHand().withoutRestarts(), options());
        assertThat(job.awaitFailure())
                .contains("column 'name', which takes at most 6")
                .contains("row: 11")
                .doesNotContain("name 10");
        assertThat(services.tables().count(table)).isZero();
    }

    private Job narrowedWhileItRuns(Settings settings, Map<String, String> options)
            throws Exception {
        feed.release().rows(FIRST);
        Job job =
                Sql.on(services.cluster(), settings.parallelism(1))
                        .view("feed", Numbered.COLUMNS, feed)
                        .table("sink", Numbered.COLUMNS, options)
                        .start("INSERT INTO sink SELECT * FROM feed");
        Await.until("the rows are read", () -> feed.release().given() == FIRST);
        String narrow = Numbered.TARGET.replace("(100)", "(6)");
        services.standIn()
                .query("DROP TABLE " + table + "; CREATE TABLE " + table + " (" + narrow + ")");
        job.checkpoint();
        return job;
    }

    private Map<String, String> options() {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.value-policy.refused-loads", "true");
        return options;
    }

    private static long sum(Job job, String operator, String metric) {
        return services.cluster().metrics().sum(job.id(), operator, metric);
    }
}
