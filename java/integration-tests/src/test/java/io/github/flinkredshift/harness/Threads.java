package io.github.flinkredshift.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The threads of this process, those that Java does not know too. Linux only. */
public final class Threads {

    private static final Path TASKS = Path.of("/proc/self/task");
    private static final String PREFIX = "flink-redshift";

    private Threads() {}

    /** Names of the threads that the connector started, in Rust and in Java. */
    public static List<String> ofTheConnector() {
        try (Stream<Path> tasks = Files.list(TASKS)) {
            return tasks.map(Threads::name).filter(name -> name.startsWith(PREFIX)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
