package io.github.flinkredshift.sink;

import org.apache.flink.annotation.Internal;

/**
 * What one commit applies: the parts of all writers, under an id that was stamped once. These are
 * the core's bytes, versioned by it, and they pass through untouched.
 */
@Internal
public final class RedshiftCommittable {

    private final byte[] bytes;

    RedshiftCommittable(byte[] bytes) {
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes;
    }
}
