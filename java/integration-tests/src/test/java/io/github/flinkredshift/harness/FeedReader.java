package io.github.flinkredshift.harness;

import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.core.io.InputStatus;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Gives the released rows of its splits, one of each in turn. One that has no split ends when all
 * rows are released: a task that ended before, at a moment of its own, would decline the checkpoint
 * that the test takes just then.
 */
final class FeedReader<T> implements SourceReader<T, FeedSplit> {

    private final Release release;
    private final Feed.Rows<T> rows;
    private final long[] ends;

    /** The split whose turn it is comes first. */
    private final Deque<FeedSplit> splits = new ArrayDeque<>();

    private boolean noMoreSplits;
    private CompletableFuture<Void> available = new CompletableFuture<>();

    FeedReader(Release release, Feed.Rows<T> rows, long[] ends) {
        this.release = release;
        this.rows = rows;
        this.ends = ends;
    }

    @Override
    public void start() {
        release.readerStarted();
    }

    @Override
    public InputStatus pollNext(ReaderOutput<T> output) {
        long released = release.rows();
        for (int tried = 0; tried < splits.size(); tried++) {
            FeedSplit split = splits.removeFirst();
            int number = split.number();
            boolean there = split.position() < Math.min(ends[number], released);
            splits.addLast(there ? new FeedSplit(number, split.position() + 1) : split);
            if (there) {
                output.collect(rows.at(number, split.position()));
                release.rowGiven();
                return InputStatus.MORE_AVAILABLE;
            }
        }
        if (noMoreSplits && splits.stream().allMatch(this::ended) && !idlesBefore(released)) {
            return InputStatus.END_OF_INPUT;
        }
        available = release.after(released);
        return InputStatus.NOTHING_AVAILABLE;
    }

    private boolean ended(FeedSplit split) {
        return split.position() >= ends[split.number()];
    }

    private boolean idlesBefore(long released) {
        return splits.isEmpty() && released < Arrays.stream(ends).max().orElse(0);
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return available;
    }

    @Override
    public void addSplits(List<FeedSplit> added) {
        splits.addAll(added);
        available.complete(null);
    }

    @Override
    public void notifyNoMoreSplits() {
        noMoreSplits = true;
        available.complete(null);
    }

    @Override
    public List<FeedSplit> snapshotState(long checkpoint) {
        return new ArrayList<>(splits);
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        release.checkpointCompleted(checkpoint);
    }

    @Override
    public void close() {}
}
