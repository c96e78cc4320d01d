package io.github.flinkredshift.sink;

import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.IOException;
import java.util.function.Function;

/**
 * Hands the core's bytes on as they are. They carry a version of their own, so this one only says
 * that nothing is wrapped around them.
 */
final class BytesSerializer<T> implements SimpleVersionedSerializer<T> {

    private static final int AS_THEY_ARE = 1;

    private final Function<T, byte[]> toBytes;
    private final Function<byte[], T> fromBytes;

    private BytesSerializer(Function<T, byte[]> toBytes, Function<byte[], T> fromBytes) {
        this.toBytes = toBytes;
        this.fromBytes = fromBytes;
    }

    /** For what a writer staged. */
    static BytesSerializer<StagedParts> ofStaged() {
        return new BytesSerializer<>(StagedParts::bytes, StagedParts::new);
    }

    /** For committables. */
    static BytesSerializer<RedshiftCommittable> ofCommittables() {
        return new BytesSerializer<>(RedshiftCommittable::bytes, RedshiftCommittable::new);
    }

    @Override
    public int getVersion() {
        return AS_THEY_ARE;
    }

    @Override
    public byte[] serialize(T value) {
        return toBytes.apply(value);
    }

    @Override
    public T deserialize(int version, byte[] serialized) throws IOException {
        if (version != AS_THEY_ARE) {
            throw new IOException(
                    "the state is of version "
                            + version
                            + ", which a later version of this connector wrote; this one reads "
                            + AS_THEY_ARE);
        }
        return fromBytes.apply(serialized);
    }
}
