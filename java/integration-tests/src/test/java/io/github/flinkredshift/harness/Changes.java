package io.github.flinkredshift.harness;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import java.io.Serializable;
import java.util.Collection;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Changes by key that follow from a seed, split and position: insertions, new images and deletions
 * of few keys, so that each changes often, and what a table holds after all of them. A key belongs to
 * one split, within which the order counts.
 */
public final class Changes implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The columns in Flink, without the key. */
    public static final String COLUMNS = "region STRING NOT NULL, id INT NOT NULL, note STRING";

    /** The key. */
    public static final String KEY = "region, id";

    /** The columns in Redshift. */
    public static final String TARGET =
            "region VARCHAR(20) NOT NULL, id INT NOT NULL, note VARCHAR(100)";

    /** What to select. */
    public static final String NAMES = "region, id, note";

    /** The type of the rows. */
    public static final TypeInformation<Row> TYPE =
            Types.ROW_NAMED(
                    new String[] {"region", "id", "note"}, Types.STRING, Types.INT, Types.STRING);

    private static final String[] REGIONS = {"north", "süd", ""};

    private final long seed;
    private final int keysOfASplit;

    /** Changes of so many keys in each split. */
    public Changes(long seed, int keysOfASplit) {
        this.seed = seed;
        this.keysOfASplit = keysOfASplit;
    }

    /** The change at a position of one of so many splits. */
    public Row at(int splits, int split, long position) {
        SplittableRandom random = new SplittableRandom(seed + position * splits + split);
        int id = random.nextInt(keysOfASplit) * splits + split;
        String region = REGIONS[id % REGIONS.length];
        switch (random.nextInt(5)) {
            case 0:
                // The planner may leave away all but the key.
                return Row.ofKind(RowKind.DELETE, region, id, null);
            case 1:
                return Row.ofKind(RowKind.INSERT, region, id, "new at " + position);
            case 2:
                return Row.ofKind(RowKind.UPDATE_AFTER, region, id, null);
            default:
                return Row.ofKind(RowKind.UPDATE_AFTER, region, id, "changed at " + position);
        }
    }

    /** A feed of them. */
    public Feed<Row> feed(String name, long... ends) {
        int splits = ends.length;
        return Feed.of(name, TYPE, (split, position) -> at(splits, split, position), ends);
    }

    /** What a table holds that was empty before them. */
    public Collection<StandIn.Row> replayed(long... ends) {
        TreeMap<String, StandIn.Row> table = new TreeMap<>();
        for (int split = 0; split < ends.length; split++) {
            for (long at = 0; at < ends[split]; at++) {
                Row row = at(ends.length, split, at);
                String key = row.getField(0) + "/" + row.getField(1);
                if (row.getKind() == RowKind.DELETE) {
                    table.remove(key);
                } else {
                    table.put(key, Tables.row(row.getField(0), row.getField(1), row.getField(2)));
                }
            }
        }
        return table.values();
    }
}
