package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;
import io.github.flinkredshift.jni.Natives;
import io.github.flinkredshift.jni.Plan;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.types.Row;
import org.apache.flink.util.InstantiationUtil;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Map;

/** What becomes of a sink when Flink builds a job with it. */
class JobsTest {

    @BeforeEach
    void needsTheLibrary() {
        Natives.assumeThere();
    }

    @Test
    void everyJobThatIsBuiltIsALaunchOfItsOwn() throws Exception {
        RedshiftSink<Row> sink = sink(Map.of());
        StreamExecutionEnvironment environment = environment(RuntimeExecutionMode.BATCH);
        environment.fromData(Row.of(1L)).sinkTo(sink);
        environment.getStreamGraph(false);
        byte[] first = InstantiationUtil.serializeObject(sink.plan());
        environment.getStreamGraph(false);
        assertThat(InstantiationUtil.serializeObject(sink.plan())).isNotEqualTo(first);
        Plan arrived = InstantiationUtil.clone(sink).plan();
        assertThat(arrived.relaunched()).as("the launch where the job runs").isSameAs(arrived);
    }

    @Test
    void writersFeedOneGathererAndOneCommitter() {
        StreamExecutionEnvironment environment = environment(RuntimeExecutionMode.BATCH);
        environment.setParallelism(4);
        environment.fromData(Row.of(1L)).sinkTo(sink(Map.of()));
        StreamGraph graph = environment.getStreamGraph();
        StreamNode gatherer = node(graph, "Redshift: gather parts");
        assertThat(gatherer.getParallelism()).isEqualTo(1);
        assertThat(gatherer.getMaxParallelism()).isEqualTo(1);
        assertThat(node(graph, "Writer").getParallelism()).isEqualTo(4);
        assertThat(node(graph, "Committer").getInEdges().get(0).getPartitioner())
                .hasToString("GLOBAL");
        assertThat(gatherer.getInEdges().get(0).getPartitioner()).hasToString("GLOBAL");
    }

    /** Where rows of other inputs cannot come between the two rows of an update. */
    @Test
    void updatesAreBroughtTogetherInTheChainOfTheirInput() {
        for (RuntimeExecutionMode mode :
                new RuntimeExecutionMode[] {
                    RuntimeExecutionMode.BATCH, RuntimeExecutionMode.STREAMING
                }) {
            StreamExecutionEnvironment environment = environment(mode);
            environment.setParallelism(4);
            environment.enableCheckpointing(1_000);
            RedshiftSink<Row> keyed =
                    RedshiftSink.builder()
                            .setOptions(Natives.options(1))
                            .setRowType(
                                    DataTypes.ROW(
                                            DataTypes.FIELD("id", DataTypes.BIGINT().notNull())))
                            .setPrimaryKey("id")
                            .buildForRow();
            environment
                    .fromSequence(1, 9)
                    .map(Row::of)
                    .returns(Row.class)
                    .sinkTo(keyed)
                    .setParallelism(3);
            StreamGraph graph = environment.getStreamGraph();
            StreamNode updates = node(graph, "Redshift: bring updates together");
            assertThat(updates.getParallelism()).isEqualTo(4);
            assertThat(updates.getInEdges().get(0).getPartitioner()).hasToString("FORWARD");
            assertThat(updates.getOperatorFactory().getChainingStrategy())
                    .isEqualTo(ChainingStrategy.ALWAYS);
            assertThat(node(graph, "Writer").getParallelism()).isEqualTo(3);
        }
    }

    private static StreamNode node(StreamGraph graph, String name) {
        return graph.getStreamNodes().stream()
                .filter(node -> node.getOperatorName().contains(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aCommitHasMostOfTheTimeOfACheckpoint() throws Exception {
        RedshiftSink<Row> sink = sink(Map.of());
        StreamExecutionEnvironment environment = environment(RuntimeExecutionMode.STREAMING);
        environment.enableCheckpointing(1_000);
        environment.getCheckpointConfig().setCheckpointTimeout(600_000);
        build(environment, sink);
        JobFacts arrived = InstantiationUtil.clone(sink).job();
        assertThat(arrived.commitTimeout()).isEqualTo(Duration.ofMinutes(8));
        assertThat(arrived.commitsAtCheckpoints()).isTrue();
        assertThat(arrived.commitsByTime()).isFalse();
    }

    @Test
    void aBatchJobCommitsAtItsEndAndTakesItsTime() {
        for (RuntimeExecutionMode mode :
                new RuntimeExecutionMode[] {
                    RuntimeExecutionMode.BATCH, RuntimeExecutionMode.AUTOMATIC
                }) {
            RedshiftSink<Row> sink = sink(Map.of("sink.run-id", "today"));
            build(environment(mode), sink);
            assertThat(sink.job().commitsAtCheckpoints()).isFalse();
            assertThat(sink.job().commitsByTime()).isFalse();
            assertThat(sink.job().commitTimeout()).isZero();
        }
    }

    @Test
    void aStreamingJobWithoutCheckpointsIsRefusedWithTheSettingToAdd() {
        for (RuntimeExecutionMode mode :
                new RuntimeExecutionMode[] {
                    RuntimeExecutionMode.STREAMING, RuntimeExecutionMode.AUTOMATIC
                }) {
            assertThatThrownBy(() -> buildUnbounded(environment(mode), sink(Map.of())))
                    .isInstanceOfSatisfying(
                            RedshiftException.class,
                            e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_OPTIONS))
                    .hasMessageContaining("'execution.checkpointing.interval'")
                    .hasMessageContaining("'sink.delivery-guarantee' = 'at-least-once'");
        }
    }

    @Test
    void itMayLoadByTimeWhenToldSo() {
        RedshiftSink<Row> sink = sink(Map.of("sink.delivery-guarantee", "at-least-once"));
        buildUnbounded(environment(RuntimeExecutionMode.AUTOMATIC), sink);
        assertThat(sink.job().commitsByTime()).isTrue();
        assertThat(sink.job().commitTimeout()).isZero();
    }

    @Test
    void exactlyOnceNeedsBarriersThatAreAligned() {
        for (String guarantee : new String[] {"exactly-once", "at-least-once"}) {
            StreamExecutionEnvironment environment =
                    streaming("execution.checkpointing.mode", "AT_LEAST_ONCE");
            RedshiftSink<Row> sink = sink(Map.of("sink.delivery-guarantee", guarantee));
            if (guarantee.equals("at-least-once")) {
                build(environment, sink);
                continue;
            }
            assertThatThrownBy(() -> build(environment, sink))
                    .isInstanceOfSatisfying(
                            RedshiftException.class,
                            e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_OPTIONS))
                    .hasMessageContaining("checkpoints of the mode AT_LEAST_ONCE")
                    .hasMessageContaining("'execution.checkpointing.mode'");
        }
    }

    @Test
    void rowsBehindTheLastCheckpointNeedOneMore() {
        for (String guarantee : new String[] {"exactly-once", "at-least-once"}) {
            StreamExecutionEnvironment environment =
                    streaming("execution.checkpointing.checkpoints-after-tasks-finish", "false");
            RedshiftSink<Row> sink = sink(Map.of("sink.delivery-guarantee", guarantee));
            assertThatThrownBy(() -> build(environment, sink))
                    .hasMessageContaining("between its last checkpoint and its end");
        }
    }

    private static StreamExecutionEnvironment streaming(String key, String value) {
        StreamExecutionEnvironment environment = environment(RuntimeExecutionMode.STREAMING);
        environment.configure(Configuration.fromMap(Map.of(key, value)));
        environment.getCheckpointConfig().setCheckpointInterval(1_000);
        return environment;
    }

    @Test
    void aNamedRunIsForBatchOnly() {
        StreamExecutionEnvironment environment = environment(RuntimeExecutionMode.STREAMING);
        environment.enableCheckpointing(1_000);
        assertThatThrownBy(() -> build(environment, sink(Map.of("sink.run-id", "today"))))
                .hasMessageContaining("'sink.run-id' in a streaming job");
    }

    private static StreamExecutionEnvironment environment(RuntimeExecutionMode mode) {
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(1);
        environment.setRuntimeMode(mode);
        return environment;
    }

    private static void build(StreamExecutionEnvironment environment, RedshiftSink<Row> sink) {
        environment.fromData(Row.of(1L)).sinkTo(sink);
        environment.getStreamGraph();
    }

    private static void buildUnbounded(
            StreamExecutionEnvironment environment, RedshiftSink<Row> sink) {
        environment.socketTextStream("localhost", 1).map(Row::of).returns(Row.class).sinkTo(sink);
        environment.getStreamGraph();
    }

    private static RedshiftSink<Row> sink(Map<String, String> more) {
        return RedshiftSink.builder()
                .setOptions(Natives.options(1))
                .setOptions(more)
                .setRowType(DataTypes.ROW(DataTypes.FIELD("id", DataTypes.BIGINT())))
                .buildForRow();
    }
}
