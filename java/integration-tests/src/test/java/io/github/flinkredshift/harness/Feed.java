package io.github.flinkredshift.harness;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.IntStream;

/**
 * A source whose rows the test lets go: a number of splits, whose positions are checkpointed, and
 * whose rows follow from split and position. A reader gives a split's rows as far as they are
 * released, either by the test or, paced, some more at each checkpoint that completes.
 *
 * <p>Flink runs in the tests' JVM, so that feed and test meet in {@link Release}, by name.
 */
public final class Feed<T>
        implements Source<T, FeedSplit, List<FeedSplit>>, ResultTypeQueryable<T> {

    private static final long serialVersionUID = 1L;
    private static final ConcurrentMap<String, Release> RELEASES = new ConcurrentHashMap<>();
    private static final ConcurrentMap<String, List<?>> LISTS = new ConcurrentHashMap<>();

    /** What a feed gives. */
    @FunctionalInterface
    public interface Rows<T> extends Serializable {
        /** The row of a split at a position. */
        T at(int split, long position);
    }

    private final String name;
    private final TypeInformation<T> type;
    private final Rows<T> rows;
    private final long[] ends;
    private final Boundedness boundedness;

    private Feed(
            String name,
            TypeInformation<T> type,
            Rows<T> rows,
            long[] ends,
            Boundedness boundedness) {
        this.name = name;
        this.type = type;
        this.rows = rows;
        this.ends = ends;
        this.boundedness = boundedness;
    }

    /**
     * A feed whose splits end after so many rows each; nothing is released yet.
     *
     * @param name how the test finds its {@link Release}; no two feeds of a test may share one
     */
    public static <T> Feed<T> of(
            String name, TypeInformation<T> type, Rows<T> rows, long... ends) {
        RELEASES.put(name, new Release());
        return new Feed<>(name, type, rows, ends, Boundedness.BOUNDED);
    }

    /** A feed of one split that gives these rows, which need not be serialisable, at once. */
    public static <T> Feed<T> listed(String name, TypeInformation<T> type, List<T> rows) {
        LISTS.put(name, rows);
        return of(name, type, (split, position) -> Feed.<T>listed(name, position), rows.size())
                .released();
    }

    @SuppressWarnings("unchecked") // The one that lists them knows what they are.
    private static <T> T listed(String name, long position) {
        return (T) LISTS.get(name).get((int) position);
    }

    /** The ends of so many equal splits. */
    public static long[] equalSplits(int splits, long rowsOfEach) {
        return IntStream.range(0, splits).mapToLong(split -> rowsOfEach).toArray();
    }

    /** The same feed, of which nobody knows that it ends. */
    public Feed<T> unbounded() {
        return new Feed<>(name, type, rows, ends, Boundedness.CONTINUOUS_UNBOUNDED);
    }

    /** All of it at once. */
    public Feed<T> released() {
        release().rows(Long.MAX_VALUE);
        return this;
    }

    /** So many rows of each split at first, and as many more with each completed checkpoint. */
    public Feed<T> paced(long step) {
        release().pace(step);
        return this;
    }

    /** How far its rows are released. */
    public Release release() {
        return release(name);
    }

    static Release release(String name) {
        Release release = RELEASES.get(name);
        if (release == null) {
            throw new IllegalStateException("the test that made the feed " + name + " is over");
        }
        return release;
    }

    static void forgetAll() {
        RELEASES.clear();
        LISTS.clear();
    }

    @Override
    public Boundedness getBoundedness() {
        return boundedness;
    }

    @Override
    public SourceReader<T, FeedSplit> createReader(SourceReaderContext context) {
        return new FeedReader<>(release(name), rows, ends);
    }

    @Override
    public SplitEnumerator<FeedSplit, List<FeedSplit>> createEnumerator(
            SplitEnumeratorContext<FeedSplit> context) {
        List<FeedSplit> splits = new ArrayList<>();
        IntStream.range(0, ends.length).forEach(split -> splits.add(new FeedSplit(split, 0)));
        return new FeedEnumerator(context, splits);
    }

    @Override
    public SplitEnumerator<FeedSplit, List<FeedSplit>> restoreEnumerator(
            SplitEnumeratorContext<FeedSplit> context, List<FeedSplit> unassigned) {
        return new FeedEnumerator(context, new ArrayList<>(unassigned));
    }

    @Override
    public SimpleVersionedSerializer<FeedSplit> getSplitSerializer() {
        return new FeedSplit.Serializer();
    }

    @Override
    public SimpleVersionedSerializer<List<FeedSplit>> getEnumeratorCheckpointSerializer() {
        return new FeedSplit.ListSerializer();
    }

    @Override
    public TypeInformation<T> getProducedType() {
        return type;
    }

    @Override
    public String toString() {
        return "feed " + name + " of " + Arrays.toString(ends) + " rows";
    }
}
