package io.github.flinkredshift.jni;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.RowType;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real panic in a JVM of its own. The native library's threads there are to have stacks that no
 * machine has room for, and its runtime panics when the first one cannot be started.
 */
class PanicTest {

    private static final String STACK_OF_RUSTS_THREADS = "RUST_MIN_STACK";
    private static final long MORE_THAN_THERE_IS = 1L << 46;
    private static final long SECONDS = 120;

    @BeforeEach
    void needsTheLibrary() {
        Natives.assumeThere();
    }

    @Test
    void aPanicIsAnExceptionAndTheJvmGoesOn(@TempDir Path directory) throws Exception {
        Path output = directory.resolve("output");
        ProcessBuilder jvm =
                new ProcessBuilder(
                        Paths.get(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Panicking.class.getName());
        jvm.environment().put(STACK_OF_RUSTS_THREADS, Long.toString(MORE_THAN_THERE_IS));
        Process process =
                jvm.redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
        } finally {
            process.destroyForcibly();
        }
        String said = new String(Files.readAllBytes(output));
        assertThat(process.exitValue()).as(said).isZero();
        assertThat(said)
                .containsSubsequence(
                        "1: internal a broken promise inside the native library",
                        "2: internal a broken promise inside the native library",
                        "0 handles");
    }

    /** The JVM's program: what panics, twice, and then something else. */
    static final class Panicking {

        private Panicking() {}

        public static void main(String[] arguments) {
            Plan plan =
                    Plan.of(Natives.options(1), RowType.of(new BigIntType()), List.of(), null, false);
            WriterPlace place = new WriterPlace("0a1b", "a job", 0, 1, -1, false);
            for (int time = 1; time <= 2; time++) {
                try {
                    WriterHandle.open(plan, place, false).close();
                    System.out.println(time + ": no panic");
                } catch (RedshiftException e) {
                    System.out.println(time + ": " + e.kind() + " " + e.getMessage());
                }
            }
            System.out.println(Native.openHandles() + " handles");
        }
    }
}
