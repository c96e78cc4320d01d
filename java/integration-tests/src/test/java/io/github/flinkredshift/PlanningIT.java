package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.flinkredshift.harness.Await;
import io.github.flinkredshift.harness.Changes;
import io.github.flinkredshift.harness.Changes;
import io.github.flinkredshift.harness.Feed;
import io.github.flinkredshift.harness.Job;
import io.github.flinkredshift.harness.Numbered;
import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;
import io.github.flinkredshift.harness.StandIn;
import io.github.flinkredshift.harness.Tables;

import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.types.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What is refused before a job starts, and what runs as it is. */
class PlanningIT {

    private static final String COMMAND = "flink.redshift.program";

    @RegisterExtension static final Services services = new Services();

    @TempDir Path directory;

    private final String table = services.tables().create(Numbered.TARGET);

    @Test
    void aStreamingJobWithoutCheckpointsIsRefusedWithTheSettingToAdd() {
        String refusal = refusal(Settings.withoutCheckpoints(), Map.of());
        assertThat(refusal)
                .contains("execution.checkpointing.interval")
                .contains("'sink.delivery-guarantee' = 'at-least-once'");
    }

    @Test
    void atLeastOnceLoadsByTimeWithoutCheckpoints() throws Exception {
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.delivery-guarantee", "at-least-once");
        options.put("sink.flush-interval", "300 ms");
        Feed<Row> feed = Numbered.feed("timed", 200, 200);
        feed.release().rows(100);
        Job job =
                Sql.on(services.cluster(), Settings.withoutCheckpoints())
                        .view("feed", Numbered.COLUMNS, feed)
                        .table("sink", Numbered.COLUMNS, options)
                        .start("INSERT INTO sink SELECT * FROM feed");
        // While it runs, since nothing else but time could have loaded them.
        Await.until("the rows are loaded", () -> services.tables().count(table) == 200);
        feed.release().rows(200);
        job.awaitFinished();
        services.tables().holds(table, Numbered.NAMES, Numbered.shown(Numbered.numbers(200, 200)));
    }

    /** Settings of Flink's with which rows would be lost or doubled, whatever the sink did. */
    @ParameterizedTest
    @CsvSource({
        "execution.checkpointing.mode, AT_LEAST_ONCE",
        "execution.checkpointing.checkpoints-after-tasks-finish, false"
    })
    void checkpointsThatBreakThePromiseAreRefusedByTheirKey(String key, String value) {
        String refusal = refusal(Settings.streaming("1 s").with(key, value), Map.of());
        assertThat(refusal).contains("'" + key + "'").contains("what to do");
    }

    /**
     * Upserts go to the sink as they come: nothing keeps rows to bring them into an order, and
     * where Flink lets a sink say that a delete's key is enough, nothing keeps them to complete it.
     */
    @Test
    void thePlanKeepsNoStateForTheSink() {
        String keyed = services.tables().create(Changes.TARGET);
        Sql sql = Sql.on(services.cluster(), Settings.streaming("1 s"));
        Feed<Row> feed = new Changes(1, 10).feed("changes", 10);
        sql.changes("changes", Changes.COLUMNS, Changes.KEY, feed, stream -> stream)
                .table("sink", Changes.COLUMNS, Changes.KEY, services.standIn().options(keyed));
        String plan = sql.tables().explainSql("INSERT INTO sink SELECT * FROM changes");
        assertThat(plan).contains("Sink(table=[").doesNotContain("upsertMaterialize=[true]");
        if (!EnvironmentInformation.getVersion().startsWith("1.")) {
            assertThat(plan).doesNotContain("ChangelogNormalize");
        }
    }

    @Test
    void aNamedRunIsRefusedInAStreamingJob() {
        String refusal = refusal(Settings.streaming("1 s"), Map.of("sink.run-id", "orders-1"));
        assertThat(refusal).contains("sink.run-id");
    }

    @Test
    void allProblemsOfOptionsComeAtOnceWithTheNearestKey() {
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put("sink.batchsize", "100");
        wrong.put("port", "70000");
        wrong.put("sink.commit.interval", "soon");
        assertThat(refusal(Settings.batch(), wrong))
                .contains("'sink.batchsize'")
                .contains("did you mean 'sink.batch.size'?")
                .contains("'port' = '70000'")
                .contains("'sink.commit.interval' = 'soon'");
    }

    @Test
    void noErrorShowsAPassword() {
        String password = services.standIn().options(table).get("password");
        String refusal = refusal(Settings.batch(), Map.of("sink.batchsize", "100"));
        assertThat(refusal).isNotEmpty().doesNotContain(password);
    }

    @Test
    void typesThatAreNotCarriedAreRefusedByNameAndColumn() {
        String raw =
                DataTypes.RAW(Integer.class, IntSerializer.INSTANCE)
                        .getLogicalType()
                        .asSerializableString();
        String list = "ARRAY<" + raw + ">";
        Sql sql = Sql.on(services.cluster(), Settings.batch());
        sql.table(
                "sink",
                "id BIGINT, opaque " + raw + ", list " + list,
                services.standIn().options(table));
        String insert =
                String.format(
                        "INSERT INTO sink SELECT 1, CAST(NULL AS %s), CAST(NULL AS %s)", raw, list);
        String refusal = Job.messages(catchThrowable(() -> sql.start(insert)));
        assertThat(refusal).contains("column opaque").contains("column list").contains("RAW");
    }

    @Test
    void updatesIntoATableWithoutAKeyAreRefusedByThePlanner() {
        Sql sql = Sql.on(services.cluster(), Settings.streaming("1 s"));
        Feed<Row> feed = new Changes(1, 1).feed("changes", 1);
        sql.changes("changes", Changes.COLUMNS, Changes.KEY, feed, stream -> stream);
        sql.table("sink", Changes.COLUMNS, services.standIn().options(table));
        Throwable refused = catchThrowable(() -> sql.start("INSERT INTO sink SELECT * FROM changes"));
        assertThat(Job.messages(refused)).contains("doesn't support consuming update");
    }

    @Test
    void theCommandAndFlinkSayTheSameOfTheSameMistakes() throws Exception {
        String command = System.getProperty(COMMAND, "");
        assumeFalse(command.isEmpty(), "skipped: -D" + COMMAND + " does not name the command");
        Map<String, String> options = services.standIn().options(table);
        options.put("sink.batchsize", "100");
        options.put("port", "70000");
        options.put("scan.partition.num", "3");
        options.remove("aws.iam-role");
        String create = "CREATE TABLE sink (id BIGINT) WITH (" + Sql.with(options) + ")";
        Sql sql = Sql.on(services.cluster(), Settings.batch()).run(create);
        Throwable refused = catchThrowable(() -> sql.start("INSERT INTO sink SELECT 1"));
        Set<String> flinks = problems(Job.messages(refused));

        Path script = directory.resolve("script.sql");
        Path file = Files.writeString(directory.resolve("rows.csv"), "1\n");
        String source =
                "CREATE TABLE rows (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '"
                        + file
                        + "', 'format' = 'csv')";
        String insert = "INSERT INTO sink SELECT id FROM rows";
        Files.writeString(script, source + ";\n" + create + ";\n" + insert + ";\n");
        Process process =
                new ProcessBuilder(command, "run", script.toString())
                        .redirectErrorStream(true)
                        .start();
        String said =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isNotZero();
        assertThat(flinks).hasSize(4).isEqualTo(problems(said));
    }

    /** The numbered problems of a message, without their numbers: Flink mixes up the options. */
    private static Set<String> problems(String message) {
        return message.lines()
                .map(String::trim)
                .filter(line -> line.matches("\\d+\\. .*"))
                .map(line -> line.replaceFirst("\\d+\\. ", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy", "jdbc"})
    void anExampleOfFlip307RunsAsPrinted(String mode) throws Exception {
        String target =
                services.tables()
                        .create(
                                "user_id BIGINT, user_type INT, language VARCHAR(40), country"
                                    + " VARCHAR(40), gender VARCHAR(40), score DOUBLE PRECISION");
        Sql sql = Sql.on(services.cluster(), Settings.batch());
        String script =
                Files.readString(Path.of("examples/flip-307-" + mode + ".sql"))
                        .replaceAll("(?m)^--.*$", "");
        for (String statement : script.split(";")) {
            if (statement.contains("INSERT")) {
                sql.run("ALTER TABLE t_user SET (" + Sql.with(inPlaceOfTheExamples(target)) + ")");
                sql.start(statement).awaitFinished();
            } else if (!statement.isBlank()) {
                sql.run(statement);
            }
        }
        // The last row of a key is the one that stays.
        Map<String, StandIn.Row> expected = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("examples/data/users.csv"))) {
            // Redshift shows 3.0 as 3.
            Object[] fields = line.replaceAll("\\.0$", "").split(",", -1);
            expected.put(fields[0].toString(), Tables.row(fields));
        }
        services.tables()
                .holds(
                        target,
                        "user_id, user_type, language, country, gender, score",
                        expected.values());
    }

    /** The example's own keys, and what a stand-in on this machine needs besides. */
    private static Map<String, String> inPlaceOfTheExamples(String target) {
        Map<String, String> options = services.standIn().options(target);
        Map<String, String> own = new LinkedHashMap<>();
        own.put("database.name", options.remove("database-name"));
        own.put("table.name", options.remove("table-name"));
        own.put("copy.temp.s3.uri", options.remove("sink.write.temp.s3-uri"));
        own.put("iam-role-arn", options.remove("aws.iam-role"));
        options.remove("sink.write.mode");
        options.remove("connector");
        own.putAll(options);
        return own;
    }

    /** Why an INSERT is refused whose table has these options besides. */
    private String refusal(Settings settings, Map<String, String> more) {
        Map<String, String> options = services.standIn().options(table);
        options.putAll(more);
        Sql sql =
                Sql.on(services.cluster(), settings)
                        .view("feed", Numbered.COLUMNS, Numbered.feed("refused", 1))
                        .table("sink", Numbered.COLUMNS, options);
        Throwable refused = catchThrowable(() -> sql.start("INSERT INTO sink SELECT * FROM feed"));
        assertThat(refused).as("the INSERT was not refused").isNotNull();
        return Job.messages(refused);
    }
}
