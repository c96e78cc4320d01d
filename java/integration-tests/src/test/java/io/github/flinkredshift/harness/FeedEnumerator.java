package io.github.flinkredshift.harness;

import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;

import java.util.ArrayList;
import java.util.List;

/** Gives each reader its share of a feed's splits when it registers, and no more after that. */
final class FeedEnumerator implements SplitEnumerator<FeedSplit, List<FeedSplit>> {

    private final SplitEnumeratorContext<FeedSplit> context;
    private final List<FeedSplit> unassigned;

    FeedEnumerator(SplitEnumeratorContext<FeedSplit> context, List<FeedSplit> unassigned) {
        this.context = context;
        this.unassigned = unassigned;
    }

    @Override
    public void start() {}

    @Override
    public void addReader(int subtask) {
        int readers = context.currentParallelism();
        for (FeedSplit split : List.copyOf(unassigned)) {
            if (split.number() % readers == subtask) {
                unassigned.remove(split);
                context.assignSplit(split, subtask);
            }
        }
        context.signalNoMoreSplits(subtask);
    }

    @Override
    public void addSplitsBack(List<FeedSplit> splits, int subtask) {
        // The reader registers anew after it, and gets them then.
        unassigned.addAll(splits);
    }

    @Override
    public List<FeedSplit> snapshotState(long checkpoint) {
        return new ArrayList<>(unassigned);
    }

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public void close() {}
}
