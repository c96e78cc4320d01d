package io.github.flinkredshift.tools.users;

import java.nio.ByteBuffer;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A subtask's share of the rows, which never ends: nothing of it has to be remembered. */
final class UserSplit implements SourceSplit {

    /** Writes the subtask. */
    static final SimpleVersionedSerializer<UserSplit> SERIALIZER = new Serializer();

    private final int subtask;

    UserSplit(int subtask) {
        this.subtask = subtask;
    }

    @Override
    public String splitId() {
        return "users-" + subtask;
    }

    private static final class Serializer implements SimpleVersionedSerializer<UserSplit> {

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(UserSplit split) {
            return ByteBuffer.allocate(Integer.BYTES).putInt(split.subtask).array();
        }

        @Override
        public UserSplit deserialize(int version, byte[] bytes) {
            return new UserSplit(ByteBuffer.wrap(bytes).getInt());
        }
    }
}
