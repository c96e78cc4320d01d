package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.TimeType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.InstantiationUtil;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.List;

class KeyHashTest {

    private static final RowType COLUMNS =
            RowType.of(
                    new LogicalType[] {
                        new BigIntType(), VarCharType.STRING_TYPE, new TimestampType(9)
                    },
                    new String[] {"other", "name", "at"});

    private final KeyHash<RowData> hash =
            new KeyHash<>(RowConverter.identity(), COLUMNS, List.of("at", "name"));

    @Test
    void onlyTheKeyCounts() {
        assertThat(hash.getKey(row(1, "a", 5))).isEqualTo(hash.getKey(row(2, "a", 5)));
        assertThat(hash.getKey(row(1, "a", 5))).isNotEqualTo(hash.getKey(row(1, "b", 5)));
        assertThat(hash.getKey(row(1, "a", 5))).isNotEqualTo(hash.getKey(row(1, "a", 5000)));
        GenericRowData deleted = row(3, "a", 5);
        deleted.setRowKind(RowKind.DELETE);
        deleted.setField(0, null);
        assertThat(hash.getKey(deleted)).isEqualTo(hash.getKey(row(1, "a", 5)));
    }

    @Test
    void keysThatTheTableTakesForOneMeet() {
        assertThat(hash.getKey(row(1, "a  ", 5))).isEqualTo(hash.getKey(row(1, "a", 5)));
        assertThat(hash.getKey(row(1, "a", 999))).isEqualTo(hash.getKey(row(1, "a", 0)));
        assertThat(hash.getKey(row(1, " a", 5))).isNotEqualTo(hash.getKey(row(1, "a", 5)));
    }

    @Test
    void keysOfBytesMeetByWhatTheyHold() {
        RowType columns = RowType.of(new VarBinaryType(10), new TimeType(3));
        KeyHash<RowData> hash =
                new KeyHash<>(RowConverter.identity(), columns, List.of("f0", "f1"));
        GenericRowData row = GenericRowData.of(new byte[] {1, 2}, 5);
        assertThat(hash.getKey(GenericRowData.of(new byte[] {1, 2}, 5)))
                .isEqualTo(hash.getKey(row))
                .isEqualTo(hash.getKey(new RowDataSerializer(columns).toBinaryRow(row)));
        assertThat(hash.getKey(GenericRowData.of(new byte[] {1, 3}, 5)))
                .isNotEqualTo(hash.getKey(row));
    }

    @Test
    void theRowsClassDoesNotMatter() throws Exception {
        GenericRowData row = row(1, "käse ", 123_456);
        BinaryRowData binary = new RowDataSerializer(COLUMNS).toBinaryRow(row);
        assertThat(hash.getKey(binary)).isEqualTo(hash.getKey(row));
        row.setField(1, StringData.fromBytes("käse".getBytes(StandardCharsets.UTF_8)));
        assertThat(hash.getKey(row)).isEqualTo(hash.getKey(binary));
        KeyHash<Row> ofRows =
                InstantiationUtil.clone(
                        new KeyHash<>(
                                RowConverter.ofRows(COLUMNS), COLUMNS, List.of("at", "name")));
        Row external = Row.of(1L, "käse", LocalDateTime.of(1970, 1, 1, 0, 0, 0, 123_456));
        assertThat(ofRows.getKey(external)).isEqualTo(hash.getKey(binary));
    }

    @Test
    void neighbouringKeysAreSpreadEvenly() {
        KeyHash.Spread spread = new KeyHash.Spread();
        for (int writers : new int[] {1, 2, 3, 4, 7, 16}) {
            int[] count = new int[writers];
            for (int key = 0; key < 10_000; key++) {
                count[spread.partition(Long.hashCode(key), writers)]++;
            }
            for (int share : count) {
                assertThat(share).isBetween(9_000 / writers, 11_000 / writers);
            }
        }
    }

    private static GenericRowData row(long other, String name, int nanos) {
        return GenericRowData.of(
                other, StringData.fromString(name), TimestampData.fromEpochMillis(0, nanos));
    }
}
