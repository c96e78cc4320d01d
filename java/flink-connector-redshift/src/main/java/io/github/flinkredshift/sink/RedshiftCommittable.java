package io.github.flinkredshift.sink;

/**
 * What one commit applies: the parts of all writers, under an id that was stamped once. These are
 * the core's bytes, versioned by it, and they pass through untouched.
 */
public final class RedshiftCommittable {

    private final byte[] bytes;

    RedshiftCommittable(byte[] bytes) {
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes;
    }
}
