package io.github.flinkredshift;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.harness.Services;
import io.github.flinkredshift.harness.Settings;
import io.github.flinkredshift.harness.Sql;

import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Flink's own {@code datagen} against what the command's test of the same script expects: sequences
 * row by row, and of random values how many there are, their ranges, lengths and NULLs.
 */
class MadeUpRowsIT {

    private static final Path SCRIPT = Path.of("crates/flink-redshift/tests/sql/datagen.sql");
    private static final Path EXPECTED = Path.of("crates/flink-redshift/tests/sql/datagen.out");
    private static final Pattern INSERT = Pattern.compile("(?s)INSERT INTO (\\w+) (SELECT .*)");

    @RegisterExtension static final Services services = new Services();

    @Test
    void theyAreThoseOfTheCommand() throws Exception {
        Sql sql = Sql.on(services.cluster(), Settings.batch().parallelism(1));
        List<String> printed = new ArrayList<>();
        for (String part : Files.readString(SCRIPT).replaceAll("(?m)^--.*$", "").split(";")) {
            String statement = part.replaceFirst("EXECUTE STATEMENT SET\\s+BEGIN", "").trim();
            Matcher insert = INSERT.matcher(statement);
            if (insert.matches()) {
                printed.addAll(rows(sql, insert.group(1), insert.group(2)));
            } else if (statement.startsWith("CREATE")) {
                sql.run(statement);
            }
        }
        assertThat(printed).isEqualTo(Files.readAllLines(EXPECTED));
    }

    /** The rows of a query, as a print sink of that name would write them. */
    private static List<String> rows(Sql sql, String sink, String query) throws Exception {
        TableResult result = sql.tables().executeSql(query);
        List<String> lines = new ArrayList<>();
        try (CloseableIterator<Row> rows = result.collect()) {
            rows.forEachRemaining(row -> lines.add(sink + "> " + row));
        }
        return lines;
    }
}
