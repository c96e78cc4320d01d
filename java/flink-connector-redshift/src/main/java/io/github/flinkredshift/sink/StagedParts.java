package io.github.flinkredshift.sink;

import org.apache.flink.annotation.Internal;

/** What one writer staged for one checkpoint; the core's bytes, which pass through untouched. */
@Internal
public final class StagedParts {

    private final byte[] bytes;

    StagedParts(byte[] bytes) {
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes;
    }
}
