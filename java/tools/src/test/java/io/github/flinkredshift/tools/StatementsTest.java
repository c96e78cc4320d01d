package io.github.flinkredshift.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class StatementsTest {

    @Test
    void semicolonsInsideOfSomethingEndNothing() {
        String script =
                "-- a; comment\nSET 'a;b' = 'it''s;';\n/* ; */\n"
                        + "SELECT `x;y` /*+ OPTIONS('k'='v;') */ -- more;\nFROM t;;\n  -- the end; ";
        assertThat(Statements.of(script))
                .containsExactly(
                        "SET 'a;b' = 'it''s;'",
                        "SELECT `x;y` /*+ OPTIONS('k'='v;') */ -- more;\nFROM t");
    }

    @Test
    void aStatementSetIsOneStatement() {
        String set =
                "EXECUTE STATEMENT SET\nBEGIN\nINSERT INTO a SELECT 'END' FROM t;\n"
                        + "INSERT INTO b SELECT `end` FROM t WHERE x = CASE WHEN y THEN 1 END;\nEND";
        assertThat(Statements.of(set + ";\nSELECT 1")).containsExactly(set, "SELECT 1");
    }

    @Test
    void theQuickstartHasItsStatements() throws Exception {
        String script = Files.readString(Path.of("../../examples/quickstart.sql"));
        assertThat(Statements.of(script)).hasSize(16).last().asString().startsWith("INSERT INTO");
    }

    @Test
    void whatIsShownEndsBeforeAnyValue() {
        assertThat(Statements.head("CREATE TABLE t (a INT) WITH ('password' = 'x')"))
                .isEqualTo("CREATE TABLE t");
        assertThat(Statements.head("SET 'a' = 'b'")).isEqualTo("SET");
    }
}
