package io.github.flinkredshift.tools;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ResultKind;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * Runs a script of Flink SQL on the cluster that {@code flink run} submits to.
 *
 * <pre>flink run -c io.github.flinkredshift.tools.SqlRunner tools.jar
 *     [--redirect options.properties] [--jar connector.jar] script.sql</pre>
 *
 * <p>It does what Flink's SQL client does with {@code -f}: {@code SET} sets, statements run in order,
 * the INSERTs of a batch script one after the other, those of a streaming script side by side. It ends
 * when all of them have ended.
 */
public final class SqlRunner {

    private static final Pattern SET =
            Pattern.compile(
                    "SET\\s+'((?:[^']|'')*)'\\s*=\\s*'((?:[^']|'')*)'",
                    Pattern.CASE_INSENSITIVE);

    private final TableEnvironment environment;
    private final Redirect redirect;
    private final boolean batch;
    private final List<TableResult> running = new ArrayList<>();

    private SqlRunner(Configuration configuration, Redirect redirect) {
        this.environment =
                TableEnvironment.create(
                        EnvironmentSettings.newInstance().withConfiguration(configuration).build());
        this.redirect = redirect;
        this.batch =
                configuration.get(ExecutionOptions.RUNTIME_MODE) == RuntimeExecutionMode.BATCH;
    }

    /** Runs the script that the arguments name; throws what the first failing statement threw. */
    public static void main(String[] arguments) throws Exception {
        Redirect redirect = Redirect.none();
        List<String> jars = new ArrayList<>();
        int at = 0;
        for (; at + 2 < arguments.length; at += 2) {
            if (arguments[at].equals("--redirect")) {
                redirect = Redirect.read(Path.of(arguments[at + 1]));
            } else if (arguments[at].equals("--jar")) {
                jars.add(arguments[at + 1]);
            } else {
                break;
            }
        }
        if (at + 1 != arguments.length) {
            throw new IllegalArgumentException(
                    "Usage: [--redirect options.properties] [--jar connector.jar] script.sql");
        }
        try {
            run(Files.readString(Path.of(arguments[at])), redirect, jars);
        } catch (Exception e) {
            // Flink prints a hundred lines after this; who started the runner shows it last.
            System.out.println("FAILED: " + Cause.of(e));
            throw e;
        }
    }

    private static void run(String script, Redirect redirect, List<String> jars) throws Exception {
        List<String> statements = Statements.of(script);
        // Whether a script is batch or streaming is settled when the environment is made.
        Configuration configuration = new Configuration();
        int first = 0;
        while (first < statements.size() && set(statements.get(first)) != null) {
            String[] setting = set(statements.get(first));
            configuration.setString(setting[0], setting[1]);
            first++;
        }
        SqlRunner runner = new SqlRunner(configuration, redirect);
        for (String jar : jars) {
            runner.environment.executeSql("ADD JAR '" + jar.replace("'", "''") + "'");
        }
        for (String statement : statements.subList(first, statements.size())) {
            runner.execute(statement);
        }
        for (TableResult result : runner.running) {
            result.await();
        }
    }

    private void execute(String statement) throws Exception {
        System.out.println("> " + Statements.head(statement));
        String[] setting = set(statement);
        if (setting != null) {
            environment.getConfig().set(setting[0], setting[1]);
            return;
        }
        redirect.check(statement);
        TableResult result = environment.executeSql(statement);
        redirect.apply(environment);
        if (result.getResultKind() != ResultKind.SUCCESS_WITH_CONTENT) {
            return;
        }
        boolean writes = statement.matches("(?is)(INSERT|EXECUTE)\\s.*");
        if (!writes) {
            result.print();
        } else if (batch) {
            result.await();
        } else {
            running.add(result);
        }
    }

    /** Key and value of a SET statement; null for any other. */
    private static String[] set(String statement) {
        Matcher matcher = SET.matcher(statement);
        if (!matcher.matches()) {
            return null;
        }
        return new String[] {
            matcher.group(1).replace("''", "'"), matcher.group(2).replace("''", "'")
        };
    }
}
