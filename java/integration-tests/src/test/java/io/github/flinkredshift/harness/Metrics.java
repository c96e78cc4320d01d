package io.github.flinkredshift.harness;

import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.testutils.InMemoryReporter;

import java.util.Map;
import java.util.stream.LongStream;

/** The metrics of the jobs that run. */
public final class Metrics {

    private final InMemoryReporter reporter = InMemoryReporter.create();

    void addTo(Configuration configuration) {
        reporter.addToConfiguration(configuration);
    }

    /**
     * The sum of a metric over all tasks of a kind.
     *
     * @param operator a part of the operator's name
     * @param metric the metric's name, with its groups below the operator's
     */
    public long sum(JobID job, String operator, String metric) {
        return values(job, operator, metric).sum();
    }

    /** How many tasks of a kind have a metric. */
    public long count(JobID job, String operator, String metric) {
        return values(job, operator, metric).count();
    }

    private LongStream values(JobID job, String operator, String metric) {
        return reporter.getMetricsByGroup().entrySet().stream()
                .filter(group -> isOf(group.getKey().getAllVariables(), job, operator))
                .flatMap(
                        group ->
                                group.getValue().entrySet().stream()
                                        .map(entry -> named(group.getKey(), entry)))
                .filter(named -> named.getKey().endsWith("." + metric))
                .map(Map.Entry::getValue)
                .distinct()
                .mapToLong(Metrics::value);
    }

    private static boolean isOf(Map<String, String> variables, JobID job, String operator) {
        return job.toHexString().equals(variables.get("<job_id>"))
                && variables.getOrDefault("<operator_name>", "").contains(operator);
    }

    /** A metric with its full name, the groups between included. */
    private static Map.Entry<String, Metric> named(
            MetricGroup group, Map.Entry<String, Metric> metric) {
        return Map.entry(group.getMetricIdentifier(metric.getKey()), metric.getValue());
    }

    private static long value(Metric metric) {
        if (metric instanceof Counter) {
            return ((Counter) metric).getCount();
        }
        return ((Number) ((Gauge<?>) metric).getValue()).longValue();
    }
}
