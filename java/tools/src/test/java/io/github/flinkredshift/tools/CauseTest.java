package io.github.flinkredshift.tools;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CauseTest {

    private static final String TOLD = "permission denied\n  what to do: GRANT";

    @Test
    void theConnectorsOwnMessageComesFirst() {
        Exception sent =
                new Exception("io.github.flinkredshift.RedshiftException: " + TOLD, new Exception("os"));
        Exception failure = new RuntimeException("job failed", new Exception("suppressed", sent));
        assertThat(Cause.of(failure)).isEqualTo(TOLD);
    }

    @Test
    void elseTheInnermostDoes() {
        Exception failure = new RuntimeException("job failed", new Exception("no such file"));
        assertThat(Cause.of(failure)).isEqualTo("no such file");
        assertThat(Cause.of(new IllegalStateException())).contains("IllegalStateException");
    }
}
