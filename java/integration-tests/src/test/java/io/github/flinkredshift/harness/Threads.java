package io.github.flinkredshift.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The threads of this process, those that Java does not know too. Linux only. */
public final class Threads {

    private static final Path TASKS = Path.of("/proc/self/task");
    private static final String PREFIX = "flink-redshift";
    private static final Duration SOON = Duration.ofSeconds(10);

    private Threads() {}

    /** Names of the threads that the connector started, in Rust and in Java. */
    public static List<String> ofTheConnector() {
        try (Stream<Path> tasks = Files.list(TASKS)) {
            return tasks.map(Threads::name).filter(name -> name.startsWith(PREFIX)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until all of them have ended. */
    public static void awaitEnd() throws Exception {
        Await.until(
                "the connector's threads end",
                SOON,
                () -> ofTheConnector().isEmpty(),
                () -> ofTheConnector().toString());
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).trim();
        } catch (IOException e) {
            // It ended since it was listed.
            return "";
        }
    }
}
