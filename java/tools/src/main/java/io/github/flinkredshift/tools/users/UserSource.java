package io.github.flinkredshift.tools.users;

import java.util.List;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.table.data.RowData;

/**
 * Rows of users without end, for measuring sinks: each subtask makes its own as fast as they are taken.
 */
final class UserSource implements Source<RowData, UserSplit, Void> {

    private static final long serialVersionUID = 1;

    private final Rows rows;

    UserSource(Rows rows) {
        this.rows = rows;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<RowData, UserSplit> createReader(SourceReaderContext context) {
        return new UserReader(context.getIndexOfSubtask(), rows);
    }

    @Override
    public SplitEnumerator<UserSplit, Void> createEnumerator(
            SplitEnumeratorContext<UserSplit> context) {
        return new NothingToAssign();
    }

    @Override
    public SplitEnumerator<UserSplit, Void> restoreEnumerator(
            SplitEnumeratorContext<UserSplit> context, Void nothing) {
        return new NothingToAssign();
    }

    @Override
    public SimpleVersionedSerializer<UserSplit> getSplitSerializer() {
        return UserSplit.SERIALIZER;
    }

    @Override
    public SimpleVersionedSerializer<Void> getEnumeratorCheckpointSerializer() {
        return new Nothing();
    }

    /** Readers need no splits to begin. */
    private static final class NothingToAssign implements SplitEnumerator<UserSplit, Void> {

        @Override
        public void start() {}

        @Override
        public void handleSplitRequest(int subtask, String host) {}

        @Override
        public void addSplitsBack(List<UserSplit> splits, int subtask) {}

        @Override
        public void addReader(int subtask) {}

        @Override
        public Void snapshotState(long checkpoint) {
            return null;
        }

        @Override
        public void close() {}
    }

    private static final class Nothing implements SimpleVersionedSerializer<Void> {

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(Void nothing) {
            return new byte[0];
        }

        @Override
        public Void deserialize(int version, byte[] bytes) {
            return null;
        }
    }
}
