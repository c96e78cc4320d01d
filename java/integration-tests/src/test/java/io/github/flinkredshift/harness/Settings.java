package io.github.flinkredshift.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The settings of a job, by Flink's keys. */
public final class Settings {

    private static final String NEVER = "1 h";

    private static final Path CHECKPOINTS = temporary();

    private final Map<String, String> settings = new LinkedHashMap<>();

    private Settings() {
        with("parallelism.default", "2");
        // Sessions name job and table; PostgreSQL cuts their names after 63 bytes.
        with("pipeline.name", "job");
        with("restart-strategy.type", "fixed-delay");
        with("restart-strategy.fixed-delay.attempts", "1000");
        with("restart-strategy.fixed-delay.delay", "0 s");
        with("execution.checkpointing.dir", CHECKPOINTS.toUri().toString());
    }

    /** A streaming job with a checkpoint every so often. */
    public static Settings streaming(String checkpointInterval) {
        return new Settings()
                .with("execution.runtime-mode", "streaming")
                .with("execution.checkpointing.interval", checkpointInterval)
                .with("execution.checkpointing.timeout", "1 min");
    }

    /** A streaming job whose checkpoints the test takes: Flink would take one at the start too. */
    public static Settings byHand() {
        return streaming(NEVER).with("execution.checkpointing.min-pause", NEVER);
    }

    /** A streaming job without checkpoints. */
    public static Settings withoutCheckpoints() {
        return new Settings().with("execution.runtime-mode", "streaming");
    }

    /** A batch job. */
    public static Settings batch() {
        return new Settings().with("execution.runtime-mode", "batch");
    }

    public Settings parallelism(int parallelism) {
        return with("parallelism.default", Integer.toString(parallelism));
    }

    /** Checkpoints overtake rows. */
    public Settings unaligned() {
        return with("execution.checkpointing.unaligned.enabled", "true");
    }

    /** Failures end the job. */
    public Settings withoutRestarts() {
        return with("restart-strategy.type", "none");
    }

    public Settings restoring(String savepoint) {
        return with("execution.state-recovery.path", savepoint);
    }

    public Settings with(String key, String value) {
        settings.put(key, value);
        return this;
    }

    public Map<String, String> map() {
        return settings;
    }

    private static Path temporary() {
        try {
            Path directory = Files.createTempDirectory("flink-redshift-checkpoints-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(directory)));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            // Temporary files of a machine that is being left; nobody is there to be told.
        }
    }
}
