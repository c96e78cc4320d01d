package io.github.flinkredshift.harness;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.client.JobStatusMessage;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.test.util.MiniClusterPipelineExecutorServiceLoader;

import java.net.URL;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Flink in this JVM: a JobManager and TaskManagers with Flink's default memory settings. */
public final class Cluster {

    private static final int SLOTS_OF_EACH = 8;
    private static final long SECONDS_TO_STOP = 60;

    private final MiniCluster cluster;
    private final Metrics metrics;

    private Cluster(MiniCluster cluster, Metrics metrics) {
        this.cluster = cluster;
        this.metrics = metrics;
    }

    /** Starts one. */
    public static Cluster start(int taskManagers) throws Exception {
        Configuration configuration = new Configuration();
        // Restarts and cancellations are waited for, so nothing here takes its time.
        configuration.setString("heartbeat.interval", "1000");
        configuration.setString("heartbeat.timeout", "30000");
        configuration.setString("resourcemanager.previous-worker.recovery.timeout", "0 s");
        configuration.setString("jobmanager.scheduler", "default");
        Metrics metrics = new Metrics();
        metrics.addTo(configuration);
        MiniClusterConfiguration all =
                new MiniClusterConfiguration.Builder()
                        .setConfiguration(configuration)
                        .setNumTaskManagers(taskManagers)
                        .setNumSlotsPerTaskManager(SLOTS_OF_EACH)
                        .withRandomPorts()
                        .build();
        MiniCluster cluster = new MiniCluster(all);
        cluster.start();
        return new Cluster(cluster, metrics);
    }

    /** The cluster itself, for what jobs' own interfaces lack. */
    public MiniCluster flink() {
        return cluster;
    }

    /** The metrics of its jobs. */
    public Metrics metrics() {
        return metrics;
    }

    /** An environment whose jobs run here; the settings are Flink's, by their keys. */
    public StreamExecutionEnvironment environment(Map<String, String> settings) {
        return environment(settings, List.of());
    }

    /** An environment whose jobs bring these jars. */
    public StreamExecutionEnvironment environment(
            Map<String, String> settings, Collection<URL> jars) {
        Configuration configuration =
                MiniClusterPipelineExecutorServiceLoader.updateConfigurationForMiniCluster(
                        Configuration.fromMap(settings), List.of(), jars);
        return new StreamExecutionEnvironment(
                new MiniClusterPipelineExecutorServiceLoader(cluster), configuration, null);
    }

    /** A table environment over {@link #environment}, in the runtime mode of its settings. */
    public static StreamTableEnvironment tables(StreamExecutionEnvironment environment) {
        boolean batch =
                "batch".equalsIgnoreCase(
                        environment.getConfiguration().toMap().get("execution.runtime-mode"));
        EnvironmentSettings.Builder settings = EnvironmentSettings.newInstance();
        return StreamTableEnvironment.create(
                environment,
                (batch ? settings.inBatchMode() : settings.inStreamingMode()).build());
    }

    /** Cancels every job that still runs, and returns their names. */
    public List<String> cancelAll() throws Exception {
        List<String> names = new ArrayList<>();
        for (JobStatusMessage job : cluster.listJobs().get()) {
            if (!job.getJobState().isGloballyTerminalState()) {
                names.add(job.getJobName());
                cluster.cancelJob(job.getJobId()).get();
                cluster.requestJobResult(job.getJobId()).get(SECONDS_TO_STOP, TimeUnit.SECONDS);
            }
        }
        return names;
    }

    /** Stops it. */
    public void stop() throws Exception {
        cluster.closeAsync().get(SECONDS_TO_STOP, TimeUnit.SECONDS);
    }
}
