package io.github.flinkredshift.sink;

import io.github.flinkredshift.jni.CommitterHandle;
import io.github.flinkredshift.jni.Plan;
import io.github.flinkredshift.jni.WriterHandle;
import io.github.flinkredshift.jni.WriterPlace;
import io.github.flinkredshift.rows.RowBuffer;

import org.apache.flink.annotation.Internal;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessageTypeInfo;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreCommitTopology;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.transformations.PhysicalTransformation;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;

import java.util.Collection;

/**
 * Loads rows into a Redshift table: with COPY, or in jdbc mode with statements.
 *
 * <p>In copy mode writers turn rows into files on S3. At a checkpoint the files are closed, one operator gathers
 * what all writers staged into one committable, and when the checkpoint is complete one committer
 * applies it in one transaction, together with the ledger row that keeps it from being applied
 * twice. In jdbc mode the rows themselves take that way, or, at least once, writers flush them.
 *
 * <pre>{@code
 * RedshiftSink<RowData> sink =
 *         RedshiftSink.builder()
 *                 .setOption("hostname", "example.abc123.us-west-2.redshift.amazonaws.com")
 *                 .setOption("table-name", "users")
 *                 // … the options of the SQL connector
 *                 .setRowType(DataTypes.ROW(
 *                         DataTypes.FIELD("user_id", DataTypes.BIGINT().notNull()),
 *                         DataTypes.FIELD("name", DataTypes.STRING())))
 *                 .setPrimaryKey("user_id")
 *                 .buildForRowData();
 * stream.sinkTo(sink);
 * }</pre>
 *
 * @param <T> the class of the rows
 */
@PublicEvolving
public class RedshiftSink<T>
        implements Sink<T>,
                SupportsWriterState<T, NoState>,
                SupportsCommitter<RedshiftCommittable>,
                SupportsPreCommitTopology<StagedParts, RedshiftCommittable> {

    private static final long serialVersionUID = 1L;

    private static final String GATHERER = "Redshift: gather parts";
    private static final String GATHERER_UID = "gather parts";
    private static final long NOTHING_RESTORED = -1;

    private final RowType columns;
    private final RowConverter<T> converter;

    /*
     * Both are set where Flink builds a job, before it serialises this sink into the job graph:
     * each job is a launch of its own. A program may build one sink into several graphs before it
     * starts any of them, and all of them carry what was set last: what has to differ between jobs
     * is told apart by the job's id besides, and jobs that commit in different ways are refused.
     */
    private Plan plan;
    private JobFacts job = JobFacts.unknown();

    RedshiftSink(Plan plan, RowType columns, RowConverter<T> converter) {
        this.plan = plan;
        this.columns = columns;
        this.converter = converter;
    }

    /** Begins to describe a sink for the DataStream API. */
    public static RedshiftSinkBuilder builder() {
        return new RedshiftSinkBuilder();
    }

    /** The sink of a table, whose rows the planner has distributed. */
    @Internal
    public static RedshiftSink<RowData> forTable(Plan plan, RowType columns) {
        return new RedshiftSink<>(plan, columns, RowConverter.identity());
    }

    Plan plan() {
        return plan;
    }

    RowConverter<T> converter() {
        return converter;
    }

    JobFacts job() {
        return job;
    }

    @Override
    public RedshiftSinkWriter<T> createWriter(WriterInitContext context) {
        WriterHandle handle = WriterHandle.open(plan, place(context), job.commitsByTime());
        try {
            RowBuffer rows = new RowBuffer(columns);
            WriterMetrics metrics = new WriterMetrics(context.metricGroup(), handle);
            long restored = context.getRestoredCheckpointId().orElse(0);
            RedshiftSinkWriter<T> writer =
                    new RedshiftSinkWriter<>(handle, rows, converter, metrics, restored);
            if (plan.flushes() || job.commitsByTime()) {
                writer.pushEvery(plan.flushInterval(), context.getProcessingTimeService());
            }
            return writer;
        } catch (RuntimeException | Error e) {
            handle.close();
            throw e;
        }
    }

    private WriterPlace place(WriterInitContext context) {
        return new WriterPlace(
                nameOf(context),
                context.getJobInfo().getJobName(),
                context.getTaskInfo().getIndexOfThisSubtask(),
                context.getTaskInfo().getNumberOfParallelSubtasks(),
                context.getRestoredCheckpointId().orElse(NOTHING_RESTORED),
                job.commitsAtCheckpoints());
    }

    /**
     * A writer's name among all jobs' of this launch, by which it sweeps what it left and ends
     * sessions that it lost. Another job's writer may have its operator id. A run that the user
     * named is one run in whichever job it comes.
     */
    private String nameOf(WriterInitContext context) {
        String operator = operatorId(context.metricGroup());
        return plan.namedRun() ? operator : operator + "@" + context.getJobInfo().getJobId();
    }

    private static String operatorId(MetricGroup group) {
        return group.getAllVariables().get("<operator_id>");
    }

    @Override
    public RedshiftSinkWriter<T> restoreWriter(
            WriterInitContext context, Collection<NoState> nothing) {
        return createWriter(context);
    }

    @Override
    public SimpleVersionedSerializer<NoState> getWriterStateSerializer() {
        return NoState.serializer();
    }

    @Override
    public DataStream<CommittableMessage<RedshiftCommittable>> addPreCommitTopology(
            DataStream<CommittableMessage<StagedParts>> staged) {
        job = job.joinedBy(JobFacts.of(staged.getExecutionEnvironment(), plan));
        plan = plan.relaunched();
        SingleOutputStreamOperator<CommittableMessage<RedshiftCommittable>> gathered =
                staged.global()
                        .transform(
                                GATHERER,
                                CommittableMessageTypeInfo.of(BytesSerializer::ofCommittables),
                                new CommitAggregator(plan, job.commitsAtCheckpoints()))
                        .setParallelism(1)
                        .setMaxParallelism(1);
        if (isNamed(staged.getTransformation())) {
            // Flink puts the sink's own uid before this one.
            gathered.uid(GATHERER_UID);
        }
        return gathered.global();
    }

    /**
     * Whether the sink has a uid, which Flink has given to its writer by now. Without one the
     * gatherer must have none either: one job may hold several sinks.
     */
    private static boolean isNamed(Transformation<?> writer) {
        return writer.getTransitivePredecessors().stream()
                .filter(PhysicalTransformation.class::isInstance)
                .findFirst()
                .map(Transformation::getUid)
                .isPresent();
    }

    @Override
    public Committer<RedshiftCommittable> createCommitter(CommitterInitContext context) {
        CommitterHandle handle =
                CommitterHandle.open(
                        plan,
                        operatorId(context.metricGroup()),
                        context.getJobInfo().getJobName(),
                        job.commitTimeout());
        try {
            return new RedshiftCommitter(handle, new CommitterMetrics(context.metricGroup()));
        } catch (RuntimeException | Error e) {
            handle.close();
            throw e;
        }
    }

    @Override
    public SimpleVersionedSerializer<StagedParts> getWriteResultSerializer() {
        return BytesSerializer.ofStaged();
    }

    @Override
    public SimpleVersionedSerializer<RedshiftCommittable> getCommittableSerializer() {
        return BytesSerializer.ofCommittables();
    }
}
