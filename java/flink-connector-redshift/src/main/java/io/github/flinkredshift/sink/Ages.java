package io.github.flinkredshift.sink;

import java.util.stream.LongStream;

/** Ages of rows, for metrics. */
final class Ages {

    /** The group that the connector's own metrics are in. */
    static final String GROUP = "redshift";

    private Ages() {}

    /**
     * How long ago the oldest row came, in milliseconds.
     *
     * @param times when rows came, in milliseconds since the epoch; 0 for no row
     * @return 0 without a row
     */
    static long ofOldest(LongStream times) {
        long now = System.currentTimeMillis();
        long oldest = times.filter(time -> time != 0).min().orElse(now);
        return Math.max(0, now - oldest);
    }

    /** How long ago one row came; 0 for no row. */
    static long of(long time) {
        return ofOldest(LongStream.of(time));
    }
}
