package io.github.flinkredshift.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedirectTest {

    private static final String TABLE =
            "CREATE TABLE t (a INT) WITH ('connector' = 'redshift', 'hostname' = 'prod')";

    @TempDir Path directory;

    private Redirect redirect() throws Exception {
        Path file = directory.resolve("options.properties");
        Files.writeString(file, "hostname=127.0.0.1\ns3.endpoint=http://127.0.0.1:1\nurl=\n");
        return Redirect.read(file);
    }

    @Test
    void optionsAreReplacedAddedAndTakenAway() throws Exception {
        Map<String, String> replaced =
                redirect().replace(Map.of("hostname", "prod", "url", "jdbc:…", "kept", "yes"));
        assertThat(replaced)
                .containsOnly(
                        Map.entry("hostname", "127.0.0.1"),
                        Map.entry("s3.endpoint", "http://127.0.0.1:1"),
                        Map.entry("kept", "yes"));
    }

    @Test
    void whatCannotBeRedirectedIsRefused() throws Exception {
        Redirect redirect = redirect();
        assertThatCode(() -> redirect.check(TABLE)).doesNotThrowAnyException();
        assertThatCode(() -> redirect.check("INSERT INTO t SELECT 1")).doesNotThrowAnyException();
        for (String refused :
                new String[] {
                    TABLE.replace("TABLE", "TEMPORARY TABLE"),
                    TABLE + " AS SELECT 1",
                    "CREATE TEMPORARY TABLE x WITH ('hostname' = 'prod') LIKE t",
                }) {
            assertThatThrownBy(() -> redirect.check(refused)).hasMessageContaining("redirect");
            assertThatCode(() -> Redirect.none().check(refused)).doesNotThrowAnyException();
        }
    }

    @Test
    void itIsToldWhichOptionsAreNotTried() throws Exception {
        Map<String, String> declared = Map.of("hostname", "prod", "url", "jdbc:…", "kept", "yes");
        assertThat(redirect().replacing("t", declared)).contains("t is").endsWith(": hostname, url");
    }

    @Test
    void hintsThatWouldUndoTheRedirectAreRefused() throws Exception {
        Redirect redirect = redirect();
        String hinted = "INSERT INTO t /*+ OPTIONS('%s' = 'x') */ SELECT 1";
        assertThatThrownBy(() -> redirect.check(String.format(hinted, "hostname")))
                .hasMessageContaining("'hostname'");
        assertThatCode(() -> redirect.check(String.format(hinted, "sink.parallelism")))
                .doesNotThrowAnyException();
        assertThatCode(() -> Redirect.none().check(String.format(hinted, "hostname")))
                .doesNotThrowAnyException();
    }
}
