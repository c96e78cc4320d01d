package io.github.flinkredshift.harness;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A local stand-in for Redshift and S3 in a process of its own, which obeys lines of JSON. It ends
 * when this JVM ends, however that ends.
 */
public final class StandIn {

    private static final String PROGRAM = "redshift.local.program";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long SECONDS_TO_STOP = 20;

    /** A row of a query as text; null is NULL. */
    public record Row(List<String> values) {
        @Override
        public String toString() {
            return String.join(" | ", values.stream().map(v -> v == null ? "NULL" : v).toList());
        }
    }

    /** A statement that the connector sent. */
    public record Statement(String application, String queryGroup, String text) {}

    /** How many events met a fault. */
    public record Taken(long server, long s3) {}

    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final JsonNode connection;

    private StandIn(Process process) throws IOException {
        this.process = process;
        this.commands = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
        this.answers =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.connection = answer();
    }

    /** Starts one and waits until it is ready. */
    public static StandIn start() {
        String program = System.getProperty(PROGRAM, "");
        if (program.isEmpty()) {
            throw new IllegalStateException(
                    "these tests need a stand-in for Redshift: build it with `cargo build -p"
                            + " redshift-local --example controlled` and name it with -D"
                            + PROGRAM
                            + "=<target>/debug/examples/controlled");
        }
        try {
            Process process =
                    new ProcessBuilder(program)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            return new StandIn(process);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + program, e);
        }
    }

    /** The options that a table needs in order to be loaded by COPY here. */
    public Map<String, String> options(String table) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("connector", "redshift");
        options.put("hostname", text("host"));
        options.put("port", connection.get("port").asText());
        options.put("database-name", text("database"));
        options.put("username", text("user"));
        options.put("password", text("password"));
        options.put("ssl.root-cert", text("ca_file"));
        options.put("table-name", table);
        options.put("sink.write.mode", "copy");
        options.put("sink.write.temp.s3-uri", "s3://" + text("bucket") + "/temp/" + table);
        options.put("sink.lock-timeout", "10 s");
        options.put("aws.iam-role", text("role"));
        options.put("aws.region", text("region"));
        options.put("s3.endpoint", text("s3_endpoint"));
        options.put("s3.path-style-access", "true");
        options.put("aws.credentials.provider.basic.accesskeyid", text("access_key_id"));
        options.put("aws.credentials.provider.basic.secretkey", text("secret_access_key"));
        return options;
    }

    /** The options of a sink in jdbc mode, which needs no S3, with a delivery guarantee. */
    public Map<String, String> jdbcOptions(String table, String guarantee) {
        Map<String, String> options = options(table);
        options.keySet().removeIf(key -> key.matches("(aws|s3|sink\\.write\\.temp)\\..*"));
        options.put("sink.write.mode", "jdbc");
        options.put("sink.delivery-guarantee", guarantee);
        return options;
    }

    /** Something of how it is reached, by the connection's field. */
    public String text(String field) {
        return connection.get(field).asText();
    }

    /** Rows of the last statement of a text. */
    public List<Row> query(String sql) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode row : send(JSON.createObjectNode().put("sql", sql)).get("rows")) {
            List<String> values = new ArrayList<>();
            row.forEach(value -> values.add(value.isNull() ? null : value.asText()));
            rows.add(new Row(values));
        }
        return rows;
    }

    /** Adds a fault. */
    public void add(Fault fault) {
        send(fault.command());
    }

    /** Takes all faults away. What is stalled already stays so. */
    public void clearFaults() {
        send(JSON.createObjectNode().put("clear_faults", true));
    }

    /** How many events the faults have met: of the server since they were cleared, of S3 ever. */
    public Taken taken() {
        JsonNode taken = send(JSON.createObjectNode().put("taken", true));
        return new Taken(taken.get("server").asLong(), taken.get("s3").asLong());
    }

    /** The statements that the connector sent since they were forgotten. */
    public List<Statement> statements() {
        List<Statement> statements = new ArrayList<>();
        JsonNode answer = send(JSON.createObjectNode().put("statements", true));
        for (JsonNode statement : answer.get("statements")) {
            statements.add(
                    new Statement(
                            statement.get("application_name").asText(),
                            statement.get("query_group").asText(),
                            statement.get("text").asText()));
        }
        return statements;
    }

    /** How often a COPY into a table was sent. */
    public long copies(String table) {
        String label = "/" + table + "#";
        return statements().stream()
                .filter(statement -> statement.queryGroup().contains(label))
                .filter(statement -> statement.text().startsWith("COPY "))
                .count();
    }

    /** Labels of the commits to a table that sent a statement. */
    public Set<String> commitsBegun(String table) {
        return statements().stream()
                .map(Statement::queryGroup)
                .filter(label -> label.contains("/" + table + "#"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Forgets the statements. */
    public void clearStatements() {
        send(JSON.createObjectNode().put("clear_statements", true));
    }

    /** Process ids of the connector's sessions. */
    public List<Integer> sessions() {
        List<Integer> pids = new ArrayList<>();
        JsonNode answer = send(JSON.createObjectNode().put("sessions", true));
        answer.get("sessions").forEach(session -> pids.add(session.get("pid").asInt()));
        return pids;
    }

    /** Ends the connector's sessions: a server that hangs does not see that its client has gone. */
    public void endSessions() {
        sessions().forEach(pid -> query("SELECT pg_terminate_backend(" + pid + ")"));
    }

    /** Keys of the objects that a table's jobs have staged and not removed. */
    public List<String> staged(String table) {
        List<String> keys = new ArrayList<>();
        String prefix = "temp/" + table + "/";
        JsonNode answer = send(JSON.createObjectNode().put("objects", prefix));
        answer.get("objects").forEach(object -> keys.add(object.get(0).asText()));
        return keys;
    }

    /** Sets how slow the server is, in milliseconds. */
    public void slowness(long statement, long commit, long copy) {
        ObjectNode command = JSON.createObjectNode();
        command.putObject("latency")
                .put("statement", statement)
                .put("commit", commit)
                .put("copy", copy);
        send(command);
    }

    private synchronized JsonNode send(ObjectNode command) {
        try {
            commands.write(JSON.writeValueAsString(command));
            commands.write('\n');
            commands.flush();
            JsonNode answer = answer();
            if (answer.has("error")) {
                String error = answer.get("error").asText();
                throw new IllegalStateException("the stand-in refused " + command + ": " + error);
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException("the stand-in does not answer " + command, e);
        }
    }

    private JsonNode answer() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("the stand-in has ended; its last words are above");
        }
        return JSON.readTree(line);
    }

    /** Stops it. */
    public void stop() throws IOException, InterruptedException {
        commands.close();
        if (!process.waitFor(SECONDS_TO_STOP, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("the stand-in did not stop and was killed");
        }
    }
}
