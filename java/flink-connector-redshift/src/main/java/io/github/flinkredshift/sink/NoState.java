package io.github.flinkredshift.sink;

import org.apache.flink.annotation.Internal;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;

/**
 * The state of a writer, of which there is none: what it staged is with the committer when the
 * checkpoint is taken. A writer has to be a stateful one to learn a checkpoint's number.
 */
@Internal
public final class NoState {

    private NoState() {}

    static SimpleVersionedSerializer<NoState> serializer() {
        return new Serializer();
    }

    private static final class Serializer implements SimpleVersionedSerializer<NoState> {

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(NoState state) {
            return new byte[0];
        }

        @Override
        public NoState deserialize(int version, byte[] serialized) throws IOException {
            return new NoState();
        }
    }
}
