package io.github.flinkredshift.sink;

/** What one writer staged for one checkpoint; the core's bytes, which pass through untouched. */
public final class StagedParts {

    private final byte[] bytes;

    StagedParts(byte[] bytes) {
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes;
    }
}
