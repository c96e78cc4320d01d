package io.github.flinkredshift.tools.users;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.table.data.RowData;

/**
 * Makes rows as fast as they are taken, and says on standard output once a second how many there were:
 * {@code users <subtask> <rows so far> <milliseconds since 1970>}.
 */
final class UserReader implements SourceReader<RowData, UserSplit> {

    /** Rows between two looks at the clock and at the mailbox. */
    private static final int AT_ONCE = 256;

    private final int subtask;
    private final LongFunction<RowData> maker;
    private long next;
    private long told;

    UserReader(int subtask, Rows rows) {
        this.subtask = subtask;
        this.maker = rows.maker();
    }

    @Override
    public void start() {}

    @Override
    public InputStatus pollNext(ReaderOutput<RowData> output) {
        for (int i = 0; i < AT_ONCE; i++) {
            output.collect(maker.apply(next++));
        }
        long now = System.currentTimeMillis();
        if (now - told >= 1000) {
            told = now;
            System.out.println("users " + subtask + " " + next + " " + now);
        }
        return InputStatus.MORE_AVAILABLE;
    }

    @Override
    public List<UserSplit> snapshotState(long checkpoint) {
        return List.of(new UserSplit(subtask));
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void addSplits(List<UserSplit> splits) {}

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
}
