package io.github.flinkredshift.harness;

import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A part of a feed, and the position of its next row. */
record FeedSplit(int number, long position) implements SourceSplit {

    private static final int BYTES = Integer.BYTES + Long.BYTES;

    @Override
    public String splitId() {
        return Integer.toString(number);
    }

    private void put(ByteBuffer into) {
        into.putInt(number).putLong(position);
    }

    private static FeedSplit get(ByteBuffer from) {
        return new FeedSplit(from.getInt(), from.getLong());
    }

    static final class Serializer implements SimpleVersionedSerializer<FeedSplit> {

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(FeedSplit split) {
            ByteBuffer bytes = ByteBuffer.allocate(BYTES);
            split.put(bytes);
            return bytes.array();
        }

        @Override
        public FeedSplit deserialize(int version, byte[] serialized) {
            return get(ByteBuffer.wrap(serialized));
        }
    }

    static final class ListSerializer implements SimpleVersionedSerializer<List<FeedSplit>> {

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(List<FeedSplit> splits) {
            ByteBuffer bytes = ByteBuffer.allocate(splits.size() * BYTES);
            splits.forEach(split -> split.put(bytes));
            return bytes.array();
        }

        @Override
        public List<FeedSplit> deserialize(int version, byte[] serialized) {
            ByteBuffer bytes = ByteBuffer.wrap(serialized);
            List<FeedSplit> splits = new ArrayList<>();
            while (bytes.hasRemaining()) {
                splits.add(get(bytes));
            }
            return splits;
        }
    }
}
