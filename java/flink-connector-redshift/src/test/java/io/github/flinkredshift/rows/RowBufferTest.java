package io.github.flinkredshift.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RawType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

class RowBufferTest {

    private static final RowType TEXT = RowType.of(VarCharType.STRING_TYPE, new IntType());

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void rowsOfAnyTypeAreWrittenAsFlinkWritesThem(long seed) {
        AllTypes all = new AllTypes(seed);
        for (int table = 0; table < 25; table++) {
            RowType type = all.rowType();
            RowDataSerializer flink = new RowDataSerializer(type);
            RowBuffer typed = new RowBuffer(type);
            RowBuffer copied = new RowBuffer(type);
            List<byte[]> expected = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                GenericRowData row = all.row(type);
                BinaryRowData binary = flink.toBinaryRow(row).copy();
                expected.add(bytes(binary));
                typed.append(row);
                copied.append(binary);
            }
            String at = "seed " + seed + ", table " + table + ", " + type;
            assertThat(rows(typed))
                    .as(at)
                    .usingElementComparator(Arrays::compare)
                    .isEqualTo(expected);
            assertThat(rows(copied))
                    .as(at)
                    .usingElementComparator(Arrays::compare)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 6, 7, 8, 9, 15, 16, 17, 47, 48, 49, 1000})
    void textOfAnyLengthAndWidthIsUtf8(int points) {
        AllTypes all = new AllTypes(points);
        for (int i = 0; i < 50; i++) {
            String text = all.text(points);
            assertThat(textOf(text)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void halfOfASurrogatePairIsAQuestionMark() {
        for (String text : List.of("\uD83D", "a\uDE00b", "\uD83D\uD83D\uDE00", "é\uDE00")) {
            assertThat(textOf(text)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
            String longer = text + "x".repeat(100);
            assertThat(textOf(longer)).isEqualTo(longer.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void aRowThatLiesInSeveralSegmentsIsCopiedWhole() {
        RowDataSerializer flink = new RowDataSerializer(TEXT);
        BinaryRowData row =
                flink.toBinaryRow(GenericRowData.of(StringData.fromString("y".repeat(300)), 7))
                        .copy();
        byte[] whole = bytes(row);
        for (int offset : new int[] {0, 1, 63, 64, 100}) {
            BinaryRowData spread = spread(whole, offset, 64);
            RowBuffer buffer = new RowBuffer(TEXT);
            buffer.append(spread);
            assertThat(rows(buffer)).usingElementComparator(Arrays::compare).containsExactly(whole);
        }
    }

    @Test
    void itIsFullAfterAMebibyteAndEmptyAfterClear() {
        RowBuffer buffer = new RowBuffer(TEXT);
        GenericRowData row = GenericRowData.of(StringData.fromString("z".repeat(1000)), 1);
        while (!buffer.isFull()) {
            assertThat(buffer.length()).isLessThan(RowBuffer.FULL);
            buffer.append(row);
        }
        assertThat(rows(buffer)).hasSize(buffer.rows());
        assertThat(buffer.length()).isBetween(RowBuffer.FULL, RowBuffer.FULL + 1100);
        ByteBuffer memory = buffer.bytes();
        buffer.clear();
        assertThat(buffer.isEmpty()).isTrue();
        assertThat(buffer.length()).isZero();
        assertThat(buffer.bytes()).isSameAs(memory);
    }

    @Test
    void itGrowsForAWideRowAndShrinksAfterIt() {
        RowBuffer buffer = new RowBuffer(TEXT);
        int usual = buffer.bytes().capacity();
        buffer.append(GenericRowData.of(StringData.fromString("before"), 1));
        String wide = "w".repeat(5 << 20);
        buffer.append(GenericRowData.of(StringData.fromString(wide), 2));
        assertThat(buffer.isFull()).isTrue();
        byte[] second = rows(buffer).get(1);
        assertThat(new String(second, 24, wide.length(), StandardCharsets.UTF_8)).isEqualTo(wide);
        buffer.clear();
        assertThat(buffer.bytes().capacity()).isEqualTo(usual);
    }

    @Test
    void aRowThatIsTooWideIsRefusedAndLeavesTheOthers() {
        RowBuffer buffer = new RowBuffer(TEXT);
        buffer.append(GenericRowData.of(StringData.fromString("before"), 1));
        RowData wide =
                GenericRowData.of(StringData.fromString("w".repeat(RowBuffer.WIDEST_ROW)), 2);
        assertThatThrownBy(() -> buffer.append(wide))
                .isInstanceOfSatisfying(
                        RedshiftException.class,
                        e -> assertThat(e.kind()).isEqualTo(ErrorKind.VALUE_REFUSED))
                .hasMessageContaining("16777216 are the most");
        assertThat(rows(buffer)).hasSize(1);
    }

    @Test
    void rowsOfEveryKindGoAlong() {
        RowBuffer buffer = new RowBuffer(TEXT);
        for (RowKind kind : RowKind.values()) {
            GenericRowData row = GenericRowData.of(StringData.fromString("a"), 1);
            row.setRowKind(kind);
            buffer.append(row);
            buffer.append(new RowDataSerializer(TEXT).toBinaryRow(row));
        }
        assertThat(rows(buffer))
                .extracting(row -> (int) row[0])
                .containsExactly(0, 0, 1, 1, 2, 2, 3, 3);
    }

    @Test
    void rowsThatDoNotFitTheTableAreRefused() {
        RowBuffer buffer = new RowBuffer(TEXT);
        assertThatThrownBy(() -> buffer.append(GenericRowData.of(1)))
                .hasMessage("a row has 1 fields and the table 2 columns");
        RowBuffer decimals = new RowBuffer(RowType.of(new DecimalType(10, 2)));
        assertThatThrownBy(
                        () ->
                                decimals.append(
                                        GenericRowData.of(DecimalData.fromUnscaledLong(1, 10, 3))))
                .hasMessageContaining("column f0 is a DECIMAL(10, 2)")
                .hasMessageContaining("a decimal of scale 3");
    }

    @Test
    void whatDoesNotFitWithinAValueIsRefusedByItsPlace() {
        RowType inner = RowType.of(new LogicalType[] {new DecimalType(10, 2)}, new String[] {"d"});
        RowBuffer rows = new RowBuffer(RowType.of(new ArrayType(inner)));
        GenericRowData scaled = GenericRowData.of(DecimalData.fromUnscaledLong(1, 10, 3));
        assertThatThrownBy(() -> rows.append(GenericRowData.of(array(scaled))))
                .hasMessageContaining("column f0[].d is a DECIMAL(10, 2)");
        assertThatThrownBy(() -> rows.append(GenericRowData.of(array(GenericRowData.of(1, 2)))))
                .hasMessage("a row in column f0[] has 2 fields and its type 1");
        assertThat(rows(rows)).isEmpty();
    }

    @Test
    void anArrayThatIsTooWideIsRefused() {
        RowBuffer rows = new RowBuffer(RowType.of(new ArrayType(new BigIntType())));
        rows.append(GenericRowData.of(new GenericArrayData(new long[1000])));
        GenericArrayData wide = new GenericArrayData(new long[RowBuffer.WIDEST_ROW / 8]);
        assertThatThrownBy(() -> rows.append(GenericRowData.of(wide)))
                .hasMessageContaining("16777216 are the most");
        assertThat(rows(rows)).hasSize(1);
    }

    @Test
    void aColumnThatIsNotCarriedMayOnlyBeNull() {
        LogicalType raw = new RawType<>(Integer.class, IntSerializer.INSTANCE);
        RowBuffer buffer = new RowBuffer(RowType.of(raw, new IntType()));
        buffer.append(GenericRowData.of(null, 1));
        assertThat(rows(buffer)).hasSize(1);
        assertThatThrownBy(() -> buffer.append(GenericRowData.of(new Object(), 1)))
                .hasMessageContaining("column f0");
    }

    private static GenericArrayData array(Object... elements) {
        return new GenericArrayData(elements);
    }

    private static byte[] textOf(String text) {
        RowBuffer buffer = new RowBuffer(TEXT);
        buffer.append(GenericRowData.of(StringData.fromString(text), 0));
        byte[] row = rows(buffer).get(0);
        BinaryRowData read = new BinaryRowData(2);
        read.pointTo(MemorySegmentFactory.wrap(row), 0, row.length);
        return read.getString(0).toBytes();
    }

    /** The buffer's rows, one by one. */
    private static List<byte[]> rows(RowBuffer buffer) {
        ByteBuffer bytes = buffer.bytes().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(0).limit(buffer.length());
        List<byte[]> rows = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] row = new byte[bytes.getInt()];
            bytes.get(row);
            rows.add(row);
        }
        return rows;
    }

    private static byte[] bytes(BinaryRowData row) {
        byte[] bytes = new byte[row.getSizeInBytes()];
        row.getSegments()[0].get(row.getOffset(), bytes);
        return bytes;
    }

    private static BinaryRowData spread(byte[] row, int offset, int segmentSize) {
        int count = (offset + row.length + segmentSize - 1) / segmentSize;
        MemorySegment[] segments = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            segments[i] = MemorySegmentFactory.allocateUnpooledSegment(segmentSize);
        }
        for (int i = 0; i < row.length; i++) {
            int at = offset + i;
            segments[at / segmentSize].put(at % segmentSize, row[i]);
        }
        BinaryRowData spread = new BinaryRowData(TEXT.getFieldCount());
        spread.pointTo(segments, offset, row.length);
        return spread;
    }
}
