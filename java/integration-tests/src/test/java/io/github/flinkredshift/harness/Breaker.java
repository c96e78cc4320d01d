package io.github.flinkredshift.harness;

import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A map that changes nothing and makes its job fail, as often and where it was told: at a row, when
 * a checkpoint is taken, or when one is told to be complete, while the committer is at work.
 */
public final class Breaker<T> implements MapFunction<T, T>, CheckpointedFunction, CheckpointListener {

    private static final long serialVersionUID = 1L;
    private static final ConcurrentMap<String, Breaks> BREAKS = new ConcurrentHashMap<>();

    /** What is counted. */
    public enum Event {
        ROW,
        SNAPSHOT,
        COMPLETION
    }

    /** The places at which one job fails, counted over all of its subtasks and attempts. */
    public static final class Breaks {

        private final Map<Event, List<Long>> places = new EnumMap<>(Event.class);
        private final Map<Event, Long> seen = new EnumMap<>(Event.class);
        private int happened;

        /** Fails at the event of this number, or at the first one after it. */
        public Breaks at(Event event, long number) {
            places.computeIfAbsent(event, e -> new ArrayList<>()).add(number);
            places.get(event).sort(null);
            return this;
        }

        /** How often the job was made to fail. */
        public synchronized int happened() {
            return happened;
        }

        private synchronized void count(Event event) {
            long number = seen.merge(event, 1L, Long::sum);
            List<Long> left = places.getOrDefault(event, List.of());
            if (!left.isEmpty() && number >= left.get(0)) {
                left.remove(0);
                happened++;
                throw new IllegalStateException("made to fail at " + event + " " + number);
            }
        }
    }

    private final String name;

    private Breaker(String name) {
        this.name = name;
    }

    /** A breaker and the list of its places, which is empty. */
    public static Breaks breaks(String name) {
        Breaks breaks = new Breaks();
        BREAKS.put(name, breaks);
        return breaks;
    }

    /** Breaks at so many rows out of the first {@code rows}, chosen by a seed. */
    public static Breaks atRows(String name, long seed, int times, long rows) {
        SplittableRandom random = new SplittableRandom(seed);
        Breaks breaks = breaks(name);
        for (int time = 0; time < times; time++) {
            breaks.at(Event.ROW, 1 + random.nextLong(rows));
        }
        return breaks;
    }

    /** The map that breaks so. */
    public static <T> Breaker<T> of(String name) {
        return new Breaker<>(name);
    }

    private Breaks breaks() {
        return BREAKS.get(name);
    }

    @Override
    public T map(T row) {
        breaks().count(Event.ROW);
        return row;
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {
        breaks().count(Event.SNAPSHOT);
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        breaks().count(Event.COMPLETION);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {}
}
