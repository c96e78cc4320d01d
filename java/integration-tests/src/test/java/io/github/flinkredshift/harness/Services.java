package io.github.flinkredshift.harness;

import io.github.flinkredshift.jni.OpenHandles;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.time.Duration;
import java.util.List;

/**
 * One Flink and one stand-in for all tests of a JVM. After each test the faults are taken away,
 * whatever still runs is cancelled, and nothing of the connector may be left: no native handle and
 * no session.
 */
public final class Services implements BeforeAllCallback, AfterEachCallback {

    private static final int TASK_MANAGERS = 2;
    private static final Duration SOON = Duration.ofSeconds(20);

    private Shared shared;

    @Override
    public void beforeAll(ExtensionContext context) {
        shared =
                context.getRoot()
                        .getStore(ExtensionContext.Namespace.GLOBAL)
                        .getOrComputeIfAbsent(Shared.class, key -> Shared.start(), Shared.class);
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        standIn().clearFaults();
        standIn().slowness(0, 0, 0);
        List<String> cancelled = cluster().cancelAll();
        Feed.forgetAll();
        try {
            Await.until("nothing is left of the jobs", SOON, this::nothingIsLeft, this::whatIsLeft);
        } finally {
            // So that the next test does not find it.
            standIn().endSessions();
        }
        if (!cancelled.isEmpty() && context.getExecutionException().isEmpty()) {
            throw new AssertionError("the test left jobs running: " + cancelled);
        }
    }

    private boolean nothingIsLeft() {
        return OpenHandles.count() == 0 && standIn().sessions().isEmpty();
    }

    private String whatIsLeft() {
        return OpenHandles.count() + " handles, " + standIn().sessions().size() + " sessions";
    }

    public Cluster cluster() {
        return shared.cluster;
    }

    public StandIn standIn() {
        return shared.standIn;
    }

    public Tables tables() {
        return shared.tables;
    }

    private record Shared(Cluster cluster, StandIn standIn, Tables tables)
            implements ExtensionContext.Store.CloseableResource {

        static Shared start() {
            try {
                StandIn standIn = StandIn.start();
                return new Shared(Cluster.start(TASK_MANAGERS), standIn, new Tables(standIn));
            } catch (Exception e) {
                throw new IllegalStateException("the tests' services do not start", e);
            }
        }

        @Override
        public void close() throws Exception {
            try {
                cluster.stop();
            } finally {
                standIn.stop();
            }
        }
    }
}
