package io.github.flinkredshift.jni;

/**
 * Waits for the native library so that a task can be cancelled meanwhile.
 *
 * <p>The library waits for at most a slice of time in each call. Between two calls the thread looks
 * whether it was interrupted, as Flink does with the threads of a task that is cancelled.
 */
final class Waits {

    /** How long one call may wait; this is what a cancellation is late at most. */
    private static final int SLICE_MILLIS = 100;

    /** One call that waits for at most the given milliseconds. */
    @FunctionalInterface
    interface Call<T> {
        /** The answer, or null while there is none. */
        T within(int millis);
    }

    private Waits() {}

    /**
     * Calls until there is an answer.
     *
     * @throws InterruptedException when this thread was interrupted; what the handle does is
     *     interrupted then too
     */
    static <T> T untilAnswered(long handle, Call<T> call) throws InterruptedException {
        while (true) {
            if (Thread.interrupted()) {
                Native.interrupt(handle);
                throw new InterruptedException("interrupted while waiting for the native library");
            }
            T answer = call.within(SLICE_MILLIS);
            if (answer != null) {
                return answer;
            }
        }
    }
}
