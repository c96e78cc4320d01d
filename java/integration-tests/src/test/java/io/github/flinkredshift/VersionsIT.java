package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.ShippedJar;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.Threads;

import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.net.URL;
import java.nio.file.Path;
import java.util.List;

/**
 * Jobs that bring jars of different versions into one cluster. Jar and library check each other's
 * version, so a job that got the other one's library would fail.
 */
class VersionsIT {

    private static final String OLDER = "0.0.7";
    private static final String NEWER = "9.8.7";

    @RegisterExtension static final Services services = new Services();

    @Test
    void twoVersionsOfTheJarLoadAtOnce(@TempDir Path directory) throws Exception {
        URL olderJar = ShippedJar.write(directory.resolve("older.jar"), OLDER, OLDER);
        URL newerJar = ShippedJar.write(directory.resolve("newer.jar"), NEWER, NEWER);
        String older = services.tables().create(Numbered.TARGET);
        String newer = services.tables().create(Numbered.TARGET);
        Feed<Row> rowsOfOlder = Numbered.feed("of the older", 200, 100);
        Feed<Row> rowsOfNewer = Numbered.feed("of the newer", 50, 400);
        Job one = start(older, rowsOfOlder, olderJar);
        Job two = start(newer, rowsOfNewer, newerJar);
        // Both libraries are loaded and at work, at one time, in the TaskManagers of both.
        one.awaitRunning();
        two.awaitRunning();
        rowsOfOlder.release().rows(60);
        rowsOfNewer.release().rows(60);
        one.checkpoint();
        two.checkpoint();
        rowsOfOlder.released();
        rowsOfNewer.released();
        one.awaitFinished();
        two.awaitFinished();
        services.tables().holds(older, Numbered.NAMES, Numbered.shown(Numbered.numbers(200, 100)));
        services.tables().holds(newer, Numbered.NAMES, Numbered.shown(Numbered.numbers(50, 400)));
        Threads.awaitEnd();
    }

    @Test
    void aJarWithTheLibraryOfAnotherVersionIsRefused(@TempDir Path directory) throws Exception {
        URL jar = ShippedJar.write(directory.resolve("mixed.jar"), NEWER, OLDER);
        String table = services.tables().create(Numbered.TARGET);
        Job job = start(table, Numbered.feed("mixed", 20, 20).released(), jar);
        assertThat(job.awaitFailure())
                .contains("the native library is of version " + OLDER)
                .contains("and the jar of version " + NEWER);
        services.tables().holds(table, Numbered.NAMES, List.of());
    }

    private static Job start(String table, Feed<Row> feed, URL jar) {
        Settings settings = Settings.byHand().withoutRestarts();
        return Sql.on(
                        services.cluster(),
                        services.cluster().environment(settings.map(), List.of(jar)))
                .view("feed", Numbered.COLUMNS, feed)
                .table("sink", Numbered.COLUMNS, services.standIn().options(table))
                .start("INSERT INTO sink SELECT * FROM feed");
    }
}
