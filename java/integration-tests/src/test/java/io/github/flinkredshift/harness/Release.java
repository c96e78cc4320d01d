package io.github.flinkredshift.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** How many rows of each split of a feed may be read; the test raises it. */
public final class Release {

    private long rows;
    private long step;
    private long lastCheckpoint;
    private int readersStarted;
    private long given;
    private final List<CompletableFuture<Void>> waiting = new ArrayList<>();

    /** Releases each split's rows up to this number. */
    public void rows(long released) {
        List<CompletableFuture<Void>> told;
        synchronized (this) {
            rows = Math.max(rows, released);
            told = List.copyOf(waiting);
            waiting.clear();
        }
        told.forEach(future -> future.complete(null));
    }

    /** How many readers have started, those of restarted jobs too. */
    public synchronized int readersStarted() {
        return readersStarted;
    }

    /** How many rows were given, those that were given again too. */
    public synchronized long given() {
        return given;
    }

    /** The number of the last checkpoint of which the readers were told that it is complete. */
    public synchronized long lastCheckpoint() {
        return lastCheckpoint;
    }

    synchronized long rows() {
        return rows;
    }

    void pace(long rowsOfEachCheckpoint) {
        synchronized (this) {
            step = rowsOfEachCheckpoint;
        }
        rows(rowsOfEachCheckpoint);
    }

    synchronized void readerStarted() {
        readersStarted++;
    }

    synchronized void rowGiven() {
        given++;
    }

    /** Releases the next rows, once for all readers. */
    void checkpointCompleted(long checkpoint) {
        long next;
        synchronized (this) {
            if (checkpoint <= lastCheckpoint) {
                return;
            }
            lastCheckpoint = checkpoint;
            next = rows > Long.MAX_VALUE - step ? rows : rows + step;
        }
        rows(next);
    }

    /** Is done when more than {@code seen} rows are released. */
    synchronized CompletableFuture<Void> after(long seen) {
        CompletableFuture<Void> future = new CompletableFuture<>();
        if (rows > seen) {
            future.complete(null);
        } else {
            waiting.add(future);
        }
        return future;
    }
}
