package io.github.flinkredshift.harness;

import java.time.Duration;
import java.util.function.Supplier;

/** Waits for what has to happen, and says what did not. */
public final class Await {

    /** More than anything here takes on a slow machine. */
    public static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final long PAUSE_MILLIS = 20;

    /** Something that is true at some time. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    private Await() {}

    /** Waits until something is true. */
    public static void until(String what, Condition condition) throws Exception {
        until(what, PATIENCE, condition, () -> "");
    }

    /** Waits until something is true within a time. */
    public static void within(Duration time, String what, Condition condition) throws Exception {
        until(what, time, condition, () -> "");
    }

    /** Waits until something is true; {@code present} tells how it is instead. */
    public static void until(
            String what, Duration time, Condition condition, Supplier<String> present)
            throws Exception {
        long end = System.nanoTime() + time.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                throw new AssertionError(
                        "did not happen within " + time + ": " + what + " " + present.get());
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }
}
