package io.github.flinkredshift.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.RedshiftOptions;
import io.github.flinkredshift.jni.Comments;
import io.github.flinkredshift.jni.Natives;

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
        Natives.assumeThere();
        RedshiftDynamicTableSink sink = sink(Natives.options(1), List.of());
        for (ChangelogMode asked : List.of(ChangelogMode.insertOnly(), ChangelogMode.all())) {
            assertThat(sink.getChangelogMode(asked)).isEqualTo(ChangelogMode.insertOnly());
        }
    }

    @Test
    void withoutAKeyChangesAreTakenWhereDeletesAreDropped() {
        Natives.assumeThere();
        Map<String, String> options = Natives.options(1);
        options.put("sink.ignore-delete", "true");
        RedshiftDynamicTableSink sink = sink(options, List.of());
        assertThat(sink.getChangelogMode(ChangelogMode.insertOnly()))
                .isEqualTo(ChangelogMode.insertOnly());
        assertThat(sink.getChangelogMode(ChangelogMode.all())).isEqualTo(ChangelogMode.all());
    }

    @Test
    void withAKeyAQueryGetsWhatItNeeds() {
        RedshiftDynamicTableSink sink = sink(Map.of("connector", "redshift"), List.of("f0"));
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

    private static RedshiftDynamicTableSink sink(Map<String, String> options, List<String> key) {
        return new RedshiftDynamicTableSink(options, COLUMNS, key, Comments.NONE);
    }
}
