package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.Collectors;

/** Which rows of a changelog go on to the writers, and as what. */
class UpdatesAsOneTest {

    private static final RowType COLUMNS =
            RowType.of(
                    new LogicalType[] {VarCharType.STRING_TYPE, new BigIntType()},
                    new String[] {"id", "n"});

    private OneInputStreamOperatorTestHarness<RowData, RowData> harness;

    @BeforeEach
    void open() throws Exception {
        open(true);
    }

    private void open(boolean byTime) throws Exception {
        KeyHash<RowData> keys = new KeyHash<>(RowConverter.identity(), COLUMNS, List.of("id"));
        RowDataSerializer serializer = new RowDataSerializer(COLUMNS);
        harness =
                new OneInputStreamOperatorTestHarness<>(
                        new UpdatesAsOne<>(RowConverter.identity(), keys, serializer, byTime),
                        serializer);
        harness.setup(serializer);
        harness.open();
    }

    @AfterEach
    void close() throws Exception {
        harness.close();
    }

    @Test
    void theOldRowOfAnUpdateIsLeftOut() throws Exception {
        takes("-Ua", "+Ua", "-Ub ", "+Ub", "+Ia");
        assertThat(sent()).containsExactly("+Ua", "+Ub", "+Ia");
    }

    @Test
    void anyOtherOldRowIsADelete() throws Exception {
        takes("-Ua", "+Ub", "-Ua", "+Ia", "-Ua", "-Ua", "+Ua", "-Ub", "-Db", "+Ub");
        assertThat(sent())
                .containsExactly("-Da", "+Ub", "-Da", "+Ia", "-Da", "+Ua", "-Db", "-Db", "+Ub");
    }

    /** Operators of Flink's give one object again and again. */
    @Test
    void whatIsHeldIsACopy() throws Exception {
        GenericRowData row = row("-Ua");
        harness.processElement(new StreamRecord<>(row));
        row.setField(0, StringData.fromString("b"));
        row.setRowKind(RowKind.UPDATE_AFTER);
        harness.processElement(new StreamRecord<>(row));
        assertThat(sent()).containsExactly("-Da", "+Ub");
    }

    @Test
    void nothingIsHeldBeyondABarrierOrTheEnd() throws Exception {
        takes("-Ua");
        assertThat(sent()).isEmpty();
        harness.prepareSnapshotPreBarrier(1);
        assertThat(sent()).containsExactly("-Ua");
        takes("+Ua", "-Ub");
        harness.endInput();
        assertThat(sent()).containsExactly("+Ua", "-Ub");
    }

    @Test
    void nothingIsHeldForLongWhereRowsAreLoadedByTime() throws Exception {
        harness.setProcessingTime(900);
        takes("-Ua");
        harness.setProcessingTime(1_000);
        assertThat(sent()).isEmpty();
        harness.setProcessingTime(2_000);
        assertThat(sent()).containsExactly("-Ua");
        takes("-Ub");
        harness.setProcessingTime(3_000);
        takes("+Ub");
        harness.setProcessingTime(9_000);
        assertThat(sent()).containsExactly("+Ub");
    }

    /** However long the row behind it is held up: nothing is loaded before a barrier. */
    @Test
    void noClockPartsAnUpdateThatACheckpointLoads() throws Exception {
        close();
        open(false);
        takes("-Ua");
        harness.setProcessingTime(60_000);
        assertThat(sent()).isEmpty();
        takes("+Ua");
        assertThat(sent()).containsExactly("+Ua");
    }

    private void takes(String... rows) throws Exception {
        for (String row : rows) {
            harness.processElement(new StreamRecord<>(row(row)));
        }
    }

    private static GenericRowData row(String text) {
        GenericRowData row =
                GenericRowData.of(StringData.fromString(text.substring(2)), (long) text.length());
        for (RowKind kind : RowKind.values()) {
            if (text.startsWith(kind.shortString())) {
                row.setRowKind(kind);
            }
        }
        return row;
    }

    /** What was sent since the last call. */
    private List<String> sent() {
        List<String> sent =
                harness.extractOutputValues().stream()
                        .map(row -> row.getRowKind().shortString() + row.getString(0))
                        .collect(Collectors.toList());
        harness.getOutput().clear();
        return sent;
    }
}
