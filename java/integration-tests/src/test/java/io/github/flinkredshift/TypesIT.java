package io.github.flinkredshift;

import io.github.flinkredshift.harness.AllTypes;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.sink.RedshiftSink;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.conversion.RowRowConverter;
import org.apache.flink.table.runtime.typeutils.ExternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Every type that is carried, in each form in which Flink hands rows to a sink. */
class TypesIT {

    @RegisterExtension static final Services services = new Services();

    private final AllTypes types = new AllTypes();
    private final RowType rowType = (RowType) types.type().getLogicalType();
    private final String table = services.tables().create(types.target());

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "csv"})
    void throughSql(String format) throws Exception {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.copy.format", format);
        String columns =
                rowType.getFields().stream()
                        .map(field -> field.getName() + " " + field.getType().asSerializableString())
                        .collect(Collectors.joining(", "));
        Feed<Row> feed = Feed.listed("sql", ExternalTypeInfo.of(types.type()), types.rows());
        // A shuffle between them turns the rows into binary ones; without it they are objects.
        options.put("sink.parallelism", format.equals("csv") ? "1" : "2");
        Sql sql = Sql.on(services.cluster(), Settings.batch().parallelism(2));
        sql.tables().getConfig().set("table.local-time-zone", "Asia/Tokyo");
        sql.view("feed", columns, feed)
                .table("sink", columns, options)
                .start("INSERT INTO sink SELECT * FROM feed")
                .awaitFinished();
        holdsAll();
    }

    @Test
    void asRows() throws Exception {
        RedshiftSink<Row> sink =
                RedshiftSink.builder()
                        .setOptions(services.standIn().options(table))
                        .setRowType(types.type())
                        .buildForRow();
        load(Feed.listed("rows", ExternalTypeInfo.of(types.type()), types.rows()), sink);
        holdsAll();
    }

    @Test
    void asObjects() throws Exception {
        load(Feed.listed("objects", InternalTypeInfo.of(rowType), internal()), sinkOfInternalRows());
        holdsAll();
    }

    @Test
    void asBinaryRows() throws Exception {
        RowDataSerializer serializer = new RowDataSerializer(rowType);
        List<RowData> binary = new ArrayList<>();
        internal().forEach(row -> binary.add(serializer.toBinaryRow(row).copy()));
        load(Feed.listed("binary", InternalTypeInfo.of(rowType), binary), sinkOfInternalRows());
        holdsAll();
    }

    private List<RowData> internal() {
        RowRowConverter converter = RowRowConverter.create(types.type());
        converter.open(getClass().getClassLoader());
        return types.rows().stream().map(converter::toInternal).toList();
    }

    private RedshiftSink<RowData> sinkOfInternalRows() {
        return RedshiftSink.builder()
                .setOptions(services.standIn().options(table))
                .setRowType(types.type())
                .buildForRowData();
    }

    private static <T> void load(Feed<T> feed, Sink<T> sink) throws Exception {
        StreamExecutionEnvironment environment =
                services.cluster().environment(Settings.batch().parallelism(1).map());
        environment
                .fromSource(feed, WatermarkStrategy.noWatermarks(), "feed", feed.getProducedType())
                .sinkTo(sink);
        Job.start(services.cluster(), environment, "types").awaitFinished();
    }

    private void holdsAll() {
        services.tables().holds(table, types.names(), types.shown());
    }
}
