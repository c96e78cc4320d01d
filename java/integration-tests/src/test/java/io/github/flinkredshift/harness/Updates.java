package io.github.flinkredshift.harness;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.Collector;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Changes in which updates come as two rows, an old one and a new one, for a table that has more
 * columns than are written: what each position of a split gives, what the table holds before, and
 * what it holds after all of them. A key belongs to one split, within which the order counts.
 *
 * <p>A feed deals out one row of each split in turn, so it gives {@link #position positions}; both
 * rows of an update come from one of them ({@link #spread}), as they do from Flink's operators.
 */
public final class Updates implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The columns in Redshift; the last two are not written. */
    public static final String TARGET =
            "id INT NOT NULL, note VARCHAR(100), kept VARCHAR(20) DEFAULT 'fresh', seen INT";

    /** What to select. */
    public static final String NAMES = "id, note, kept, seen";

    /** The type of the rows. */
    public static final TypeInformation<Row> TYPE =
            Types.ROW_NAMED(new String[] {"id", "note"}, Types.INT, Types.STRING);

    private final long seed;
    private final int keysOfASplit;
    private final int splits;

    /** Changes of so many keys in each of so many splits. */
    public Updates(long seed, int keysOfASplit, int splits) {
        this.seed = seed;
        this.keysOfASplit = keysOfASplit;
        this.splits = splits;
    }

    /** A feed of positions, which {@link #spread} makes rows of. */
    public Feed<Long> feed(String name, long... ends) {
        return Feed.of(name, Types.LONG, this::position, ends);
    }

    private long position(int split, long at) {
        return at * splits + split;
    }

    /** Gives the rows of a position. */
    public void spread(long position, Collector<Row> out) {
        at(position).forEach(out::collect);
    }

    private List<Row> at(long position) {
        SplittableRandom random = new SplittableRandom(seed + position);
        int split = (int) (position % splits);
        int first = random.nextInt(keysOfASplit);
        // Another one, of the same split.
        int second = (first + 1 + random.nextInt(keysOfASplit - 1)) % keysOfASplit;
        int id = first * splits + split;
        String note = "changed at " + position;
        switch (random.nextInt(8)) {
            case 0:
                return List.of(Row.ofKind(RowKind.DELETE, id, null));
            case 1:
                return List.of(Row.ofKind(RowKind.INSERT, id, note));
            case 2:
                // As a filter leaves it that takes away the new row: the row is gone.
                return List.of(Row.ofKind(RowKind.UPDATE_BEFORE, id, "old"));
            case 3:
                return update(id, second * splits + split, note);
            default:
                return update(id, id, note);
        }
    }

    private static List<Row> update(int from, int to, String note) {
        return List.of(
                Row.ofKind(RowKind.UPDATE_BEFORE, from, "old"),
                Row.ofKind(RowKind.UPDATE_AFTER, to, note));
    }

    /** The rows that are there before, of every other key, as VALUES has them. */
    public String before() {
        List<String> rows = new ArrayList<>();
        for (int id = 0; id < keysOfASplit * splits; id += 2) {
            rows.add("(%d, 'before', 'kept %d', %d)".formatted(id, id, id));
        }
        return String.join(", ", rows);
    }

    /** What the table holds after all changes, one by one. */
    public Collection<StandIn.Row> replayed(long... ends) {
        TreeMap<Integer, StandIn.Row> table = new TreeMap<>();
        for (int id = 0; id < keysOfASplit * splits; id += 2) {
            table.put(id, Tables.row(id, "before", "kept " + id, id));
        }
        for (int split = 0; split < ends.length; split++) {
            for (long at = 0; at < ends[split]; at++) {
                replay(table, at(position(split, at)));
            }
        }
        return table.values();
    }

    private static void replay(TreeMap<Integer, StandIn.Row> table, List<Row> change) {
        Integer id = (Integer) change.get(0).getField(0);
        Row last = change.get(change.size() - 1);
        Integer to = (Integer) last.getField(0);
        boolean goes = !last.getKind().equals(RowKind.INSERT) && change.size() == 1;
        if (goes || !to.equals(id)) {
            table.remove(id);
        }
        if (!goes) {
            StandIn.Row there = table.get(to);
            String kept = there == null ? "fresh" : there.values().get(2);
            String seen = there == null ? null : there.values().get(3);
            table.put(to, Tables.row(to, last.getField(1), kept, seen));
        }
    }
}
