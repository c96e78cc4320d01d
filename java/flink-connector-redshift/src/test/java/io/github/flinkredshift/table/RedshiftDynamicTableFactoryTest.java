package io.github.flinkredshift.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.RedshiftOptions;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.RowKind;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

class RedshiftDynamicTableFactoryTest {

    private static final RowType COLUMNS = RowType.of(new BigIntType());

    @Test
    void flinkFindsItByItsIdentifier() {
        DynamicTableSinkFactory factory =
                FactoryUtil.discoverFactory(
                        getClass().getClassLoader(), DynamicTableSinkFactory.class, "redshift");
        assertThat(factory).isInstanceOf(RedshiftDynamicTableFactory.class);
    }

    @Test
    void itsOptionsAreTheGeneratedOnes() {
        RedshiftDynamicTableFactory factory = new RedshiftDynamicTableFactory();
        assertThat(factory.requiredOptions()).isEmpty();
        Set<String> keys =
                factory.optionalOptions().stream()
                        .map(ConfigOption::key)
                        .collect(Collectors.toSet());
        assertThat(keys).contains("hostname", "sink.write.temp.s3-uri", "sink.parallelism");
        assertThat(factory.optionalOptions()).isEqualTo(RedshiftOptions.all());
    }

    @Test
    void withoutAKeyOnlyInsertsAreTaken() {
        RedshiftDynamicTableSink sink = sink(List.of());
        for (ChangelogMode asked : List.of(ChangelogMode.insertOnly(), ChangelogMode.all())) {
            assertThat(sink.getChangelogMode(asked)).isEqualTo(ChangelogMode.insertOnly());
        }
    }

    @Test
    void withAKeyAQueryGetsWhatItNeeds() {
        RedshiftDynamicTableSink sink = sink(List.of("f0"));
        assertThat(sink.getChangelogMode(ChangelogMode.insertOnly()))
                .isEqualTo(ChangelogMode.insertOnly());
        for (ChangelogMode asked : List.of(ChangelogMode.all(), ChangelogMode.upsert())) {
            ChangelogMode given = sink.getChangelogMode(asked);
            assertThat(given.getContainedKinds())
                    .containsExactlyInAnyOrder(
                            RowKind.INSERT, RowKind.UPDATE_AFTER, RowKind.DELETE);
            assertThat(given.keyOnlyDeletes()).isTrue();
        }
    }

    private static RedshiftDynamicTableSink sink(List<String> key) {
        return new RedshiftDynamicTableSink(Map.of("connector", "redshift"), COLUMNS, key);
    }
}
