package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.jni.Committables;
import io.github.flinkredshift.jni.Natives;
import io.github.flinkredshift.jni.Plan;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessageTypeInfo;
import org.apache.flink.streaming.api.connector.sink2.CommittableSummary;
import org.apache.flink.streaming.api.connector.sink2.CommittableWithLineage;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.logical.RowType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What goes on from the writers to the committer, and when. */
class CommitAggregatorTest {

    private static final RowType COLUMNS =
            (RowType)
                    DataTypes.ROW(DataTypes.FIELD("id", DataTypes.BIGINT().notNull()))
                            .getLogicalType();

    private final List<Harness> opened = new ArrayList<>();

    @BeforeEach
    void needsTheLibrary() {
        Natives.assumeThere();
    }

    @AfterEach
    void close() throws Exception {
        for (Harness harness : opened) {
            harness.close();
        }
    }

    @Test
    void allThatWritersStagedForACheckpointIsOneCommittable() throws Exception {
        Harness harness = open(plan(Map.of()), true, null);
        harness.stages(1, 0, 2);
        harness.stages(1, 3, 1);
        assertThat(harness.sent()).as("before the barrier").isEmpty();
        harness.prepareSnapshotPreBarrier(1);
        assertThat(harness.sent()).containsExactly(sent(1, 3));
    }

    /** Checkpoints count from one again, and the ledger knows the ids of the first run. */
    @Test
    void aJobGraphThatIsRunAgainMakesOtherCommits() throws Exception {
        Plan plan = plan(Map.of());
        for (boolean atCheckpoints : new boolean[] {true, false}) {
            List<byte[]> commits = new ArrayList<>();
            for (int run = 0; run < 2; run++) {
                Harness harness = open(plan, atCheckpoints, null);
                harness.stages(1, 0, 1);
                harness.endInput();
                commits.add(harness.committable());
            }
            assertThat(Arrays.equals(commits.get(0), commits.get(1)))
                    .as("a batch job is one load however often it is run")
                    .isEqualTo(!atCheckpoints);
        }
    }

    @Test
    void aCheckpointWithoutPartsSendsNothing() throws Exception {
        Harness harness = open(plan(Map.of()), true, null);
        harness.prepareSnapshotPreBarrier(1);
        harness.processElement(summary(2));
        harness.prepareSnapshotPreBarrier(2);
        harness.endInput();
        assertThat(harness.sent()).isEmpty();
    }

    /** Subtasks that have finished send no summaries: nobody waits for them. */
    @Test
    void itWaitsForNobody() throws Exception {
        Harness harness = open(plan(Map.of()), true, null);
        harness.processElement(summary(1));
        harness.processElement(lineage(1, 2, staged(2, 1)));
        harness.prepareSnapshotPreBarrier(1);
        assertThat(harness.sent()).containsExactly(sent(1, 1));
    }

    @Test
    void whatTheIntervalHoldsGoesOnAsOne() throws Exception {
        Harness harness = open(plan(Map.of("sink.commit.interval", "1 h")), true, null);
        harness.stages(1, 0, 1);
        harness.prepareSnapshotPreBarrier(1);
        assertThat(harness.sent()).as("the first one does not wait").containsExactly(sent(1, 1));
        harness.stages(2, 0, 1);
        harness.prepareSnapshotPreBarrier(2);
        harness.stages(3, 0, 2);
        harness.setProcessingTime(harness.getProcessingTime() + 3_599_999);
        harness.prepareSnapshotPreBarrier(3);
        assertThat(harness.sent()).as("before the hour is over").isEmpty();
        harness.setProcessingTime(harness.getProcessingTime() + 1);
        harness.prepareSnapshotPreBarrier(4);
        assertThat(harness.sent()).containsExactly(sent(4, 3));
    }

    @Test
    void aClockThatIsSetBackHoldsNothingUp() throws Exception {
        Harness harness = open(plan(Map.of("sink.commit.interval", "1 h")), true, null);
        harness.setProcessingTime(Duration.ofDays(2).toMillis());
        harness.stages(1, 0, 1);
        harness.prepareSnapshotPreBarrier(1);
        assertThat(harness.sent()).containsExactly(sent(1, 1));
        harness.setProcessingTime(Duration.ofDays(1).toMillis());
        harness.stages(2, 0, 2);
        harness.prepareSnapshotPreBarrier(2);
        assertThat(harness.sent()).containsExactly(sent(2, 2));
    }

    @Test
    void whatTheIntervalHeldIsRestoredAndGoesOnAtOnce() throws Exception {
        Plan plan = plan(Map.of("sink.commit.interval", "1 h"));
        Harness harness = open(plan, true, null);
        harness.stages(1, 0, 1);
        harness.prepareSnapshotPreBarrier(1);
        harness.stages(2, 0, 1);
        harness.prepareSnapshotPreBarrier(2);
        OperatorSubtaskState state = harness.snapshot(2, 0);

        Harness restored = open(plan.relaunched(), true, state);
        restored.stages(3, 0, 4);
        restored.prepareSnapshotPreBarrier(3);
        assertThat(restored.sent()).containsExactly(sent(3, 1), sent(3, 4));
        assertThat(restored.snapshot(3, 0).getManagedOperatorState())
                .as("nothing is held twice")
                .allSatisfy(
                        handle ->
                                handle.getStateNameToPartitionOffsets()
                                        .values()
                                        .forEach(at -> assertThat(at.getOffsets()).isEmpty()));
    }

    /** Somebody widened a column, or the INSERT names others: both commits are right, each alone. */
    @Test
    void whatIsRestoredGoesOnAlsoWhereTheTableHasChanged() throws Exception {
        Plan plan = plan(Map.of("sink.commit.interval", "1 h"));
        Harness harness = open(plan, true, null);
        harness.prepareSnapshotPreBarrier(1);
        harness.stages(2, 0, 1);
        harness.prepareSnapshotPreBarrier(2);
        harness.sent();
        harness.stages(3, 0, 1);
        harness.prepareSnapshotPreBarrier(3);
        OperatorSubtaskState state = harness.snapshot(3, 0);
        for (boolean ends : new boolean[] {false, true}) {
            Harness restored = open(plan.relaunched(), true, state);
            restored.processElement(summary(4));
            restored.processElement(lineage(4, 0, staged(0, 2, "Csv")));
            if (ends) {
                restored.endInput();
            } else {
                restored.prepareSnapshotPreBarrier(4);
            }
            // At its end, it goes under the checkpoint behind the restored one: this harness has none.
            long under = ends ? 1 : 4;
            assertThat(restored.sent()).containsExactly(sent(under, 1), sent(under, 2));
        }
    }

    /** The committer has seen its end when the aggregator has: nothing may come after it. */
    @Test
    void atItsEndEverythingGoesOnUnderTheNextCheckpoint() throws Exception {
        Harness harness = open(plan(Map.of("sink.commit.interval", "1 h")), true, null);
        harness.stages(7, 0, 1);
        harness.prepareSnapshotPreBarrier(7);
        harness.sent();
        harness.stages(8, 0, 1);
        harness.prepareSnapshotPreBarrier(8);
        harness.stages(Long.MAX_VALUE, 1, 2);
        harness.endInput();
        assertThat(harness.sent()).containsExactly(sent(9, 3));
        harness.prepareSnapshotPreBarrier(9);
        assertThat(harness.sent()).as("a second summary of one checkpoint").isEmpty();
    }

    /** Flink's versions number the end of a batch job differently: it goes on as it came. */
    @Test
    void aBatchJobsEndHasTheNumberThatFlinkGaveIt() throws Exception {
        for (long end : new long[] {1, Long.MAX_VALUE}) {
            Harness harness = open(plan(Map.of()), false, null);
            harness.stages(end, 0, 1);
            harness.stages(end, 1, 1);
            harness.endInput();
            assertThat(harness.sent()).containsExactly(sent(end, 2));
        }
    }

    private static Plan plan(Map<String, String> more) {
        Map<String, String> options = Natives.options(1);
        options.putAll(more);
        return Plan.of(options, COLUMNS, List.of(), null, false);
    }

    private Harness open(Plan plan, boolean atCheckpoints, OperatorSubtaskState state)
            throws Exception {
        Harness harness = new Harness(new CommitAggregator(plan, atCheckpoints));
        opened.add(harness);
        harness.setup(
                CommittableMessageTypeInfo.of(BytesSerializer::ofCommittables)
                        .createSerializer(harness.getExecutionConfig().getSerializerConfig()));
        if (state != null) {
            harness.initializeState(state);
        }
        harness.open();
        return harness;
    }

    private static StreamRecord<CommittableMessage<StagedParts>> summary(long checkpoint) {
        return new StreamRecord<>(new CommittableSummary<>(0, 4, checkpoint, 0, 0, 0));
    }

    private static StreamRecord<CommittableMessage<StagedParts>> lineage(
            long checkpoint, int subtask, StagedParts staged) {
        return new StreamRecord<>(new CommittableWithLineage<>(staged, checkpoint, subtask));
    }

    /** The core's own bytes, in the version that is read for ever. */
    private static StagedParts staged(int subtask, int parts) {
        return staged(subtask, parts, "Parquet");
    }

    private static StagedParts staged(int subtask, int parts, String format) {
        String[] list = new String[parts];
        for (int i = 0; i < parts; i++) {
            list[i] =
                    "{\"url\":\"s3://bucket/prefix/"
                            + i
                            + "\",\"bytes\":10,\"rows\":2,\"checkpoint\":1,\"subtask\":"
                            + subtask
                            + "}";
        }
        String json =
                "{\"shape\":{\"target\":{\"schema\":\"public\",\"table\":\"users\"},"
                        + "\"layout\":{\"columns\":[],\"direct\":true,\"complete\":true},"
                        + "\"format\":\""
                        + format
                        + "\"},\"parts\":["
                        + String.join(",", list)
                        + "]}";
        return new StagedParts(("FRS\u0001" + json).getBytes(StandardCharsets.UTF_8));
    }

    private static String sent(long checkpoint, long parts) {
        return parts + " parts with checkpoint " + checkpoint;
    }

    private static final class Harness
            extends OneInputStreamOperatorTestHarness<
                    CommittableMessage<StagedParts>, CommittableMessage<RedshiftCommittable>> {

        Harness(CommitAggregator aggregator) throws Exception {
            super(aggregator);
            config.setOperatorID(new OperatorID(3, 7));
            config.serializeAllConfigs();
        }

        void stages(long checkpoint, int subtask, int parts) throws Exception {
            processElement(
                    new StreamRecord<>(
                            new CommittableSummary<>(subtask, 4, checkpoint, 1, 1, 0)));
            processElement(lineage(checkpoint, subtask, staged(subtask, parts)));
        }

        /** The only committable that was sent. */
        byte[] committable() {
            CommittableWithLineage<RedshiftCommittable> sent =
                    (CommittableWithLineage<RedshiftCommittable>) extractOutputValues().get(1);
            return sent.getCommittable().bytes();
        }

        /** The committables that were sent since the last call: with a summary before each lot. */
        @SuppressWarnings({"deprecation", "removal"})
        List<String> sent() {
            List<CommittableMessage<RedshiftCommittable>> messages = extractOutputValues();
            getOutput().clear();
            List<String> sent = new ArrayList<>();
            for (int i = 0; i < messages.size(); ) {
                CommittableSummary<?> summary = (CommittableSummary<?>) messages.get(i++);
                assertThat(summary.getNumberOfSubtasks()).isEqualTo(1);
                assertThat(summary.getNumberOfCommittables()).isPositive();
                for (int end = i + summary.getNumberOfCommittables(); i < end; i++) {
                    CommittableWithLineage<RedshiftCommittable> committable =
                            (CommittableWithLineage<RedshiftCommittable>) messages.get(i);
                    assertThat(committable.getCheckpointIdOrEOI())
                            .isEqualTo(summary.getCheckpointIdOrEOI());
                    byte[] bytes = committable.getCommittable().bytes();
                    long parts = Committables.facts(bytes).parts();
                    sent.add(CommitAggregatorTest.sent(summary.getCheckpointIdOrEOI(), parts));
                }
            }
            return sent;
        }
    }
}
