package io.github.flinkredshift;

import static org.apache.flink.table.api.Expressions.$;

import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;

import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.util.Map;
import java.util.stream.LongStream;

/** Programs that describe the table in Java. */
class TableApiIT {

    private static final Schema COLUMNS =
            Schema.newBuilder()
                    .column("id", DataTypes.BIGINT().notNull())
                    .column("name", DataTypes.STRING())
                    .column("amount", DataTypes.DECIMAL(10, 2))
                    .column("seen", DataTypes.TIMESTAMP(3))
                    .primaryKey("id")
                    .build();

    @RegisterExtension static final Services services = new Services();

    private final String table = services.tables().create(Numbered.TARGET);

    @Test
    void aDescribedTableTakesTheRowsOfAQuery() throws Exception {
        Feed<Row> feed = Numbered.feed("described", 150, 150).paced(50);
        StreamTableEnvironment tables = tables(Settings.streaming("150 ms"), feed);
        Job job =
                Job.of(
                        services.cluster(),
                        tables.from("feed")
                                .filter($("id").isLess(250))
                                .insertInto(descriptor(table))
                                .execute());
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(LongStream.range(0, 250)));
    }

    @Test
    void aStatementSetLoadsTwoTables() throws Exception {
        String other = services.tables().create("id BIGINT, amount DECIMAL(10, 2)");
        StreamTableEnvironment tables =
                tables(Settings.batch(), Numbered.feed("both", 40).released());
        tables.createTemporaryTable("whole", descriptor(table));
        tables.createTemporaryTable(
                "amounts",
                options(other)
                        .schema(
                                Schema.newBuilder()
                                        .column("id", DataTypes.BIGINT())
                                        .column("amount", DataTypes.DECIMAL(10, 2))
                                        .build())
                        .build());
        StatementSet both = tables.createStatementSet();
        both.addInsert("whole", tables.from("feed"));
        both.addInsert("amounts", tables.from("feed").select($("id"), $("amount")));
        Job.of(services.cluster(), both.execute()).awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(LongStream.range(0, 40)));
        services.tables()
                .holds(
                        other,
                        "id, amount",
                        Numbered.shown(LongStream.range(0, 40)).stream()
                                .map(StandIn.Row::values)
                                .map(values -> Tables.row(values.get(0), values.get(2)))
                                .toList());
    }

    private static StreamTableEnvironment tables(Settings settings, Feed<Row> feed) {
        return Sql.on(services.cluster(), settings).view("feed", Numbered.COLUMNS, feed).tables();
    }

    private static TableDescriptor descriptor(String table) {
        return options(table).schema(COLUMNS).build();
    }

    private static TableDescriptor.Builder options(String table) {
        Map<String, String> options = services.standIn().options(table);
        options.remove("connector");
        TableDescriptor.Builder descriptor = TableDescriptor.forConnector("redshift");
        options.forEach(descriptor::option);
        return descriptor;
    }
}
