package io.github.flinkredshift.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.util.InstantiationUtil;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Map;

class PlanTest {

    private static final RowType COLUMNS =
            columns(
                    DataTypes.FIELD("id", DataTypes.BIGINT().notNull()),
                    DataTypes.FIELD("name", DataTypes.STRING()),
                    DataTypes.FIELD("price", DataTypes.DECIMAL(38, 10)),
                    DataTypes.FIELD("at", DataTypes.TIMESTAMP_LTZ(6)));

    @BeforeEach
    void needsTheLibrary() {
        Natives.assumeThere();
    }

    @Test
    void itSaysWhatJavaHasToKnow() {
        Plan plan = Plan.of(Natives.options(1), COLUMNS, List.of(), null, false);
        assertThat(plan.keyed()).isFalse();
        assertThat(plan.parallelism()).isEmpty();
        assertThat(plan.commitInterval()).isZero();
        assertThat(plan.exactlyOnce()).isTrue();
        assertThat(plan.namedRun()).isFalse();
        assertThat(plan.overwrite()).isFalse();

        Map<String, String> options = Natives.options(1);
        options.put("sink.parallelism", "3");
        options.put("sink.commit.interval", "5 min");
        options.put("sink.delivery-guarantee", "at-least-once");
        options.put("sink.flush-interval", "20 s");
        options.put("sink.run-id", "today");
        plan = Plan.of(options, COLUMNS, List.of("id"), null, false);
        assertThat(plan.keyed()).isTrue();
        assertThat(plan.parallelism()).hasValue(3);
        assertThat(plan.commitInterval()).isEqualTo(Duration.ofMinutes(5));
        assertThat(plan.exactlyOnce()).isFalse();
        assertThat(plan.flushInterval()).isEqualTo(Duration.ofSeconds(20));
        assertThat(plan.namedRun()).isTrue();

        plan = Plan.of(Natives.options(1), COLUMNS, List.of("id"), null, true);
        assertThat(plan.overwrite()).isTrue();
    }

    @Test
    void itTravelsInTheJobGraphAndShowsNoSecret() throws Exception {
        Plan plan = Plan.of(Natives.options(1), COLUMNS, List.of("id"), null, false);
        Plan copy = InstantiationUtil.clone(plan);
        assertThat(copy.bytes()).isEqualTo(plan.bytes());
        assertThat(copy.keyed()).isTrue();
        assertThat(plan.toString()).doesNotContain("Geheim");
    }

    @Test
    void everyLaunchIsAnother() {
        Plan one = Plan.of(Natives.options(1), COLUMNS, List.of(), null, false);
        Plan other = Plan.of(Natives.options(1), COLUMNS, List.of(), null, false);
        assertThat(one.bytes()).isNotEqualTo(other.bytes());
    }

    @Test
    void allProblemsComeInOneErrorWithTheNearestKey() {
        Map<String, String> options = Natives.options(1);
        options.put("sink.paralelism", "2");
        options.put("port", "many");
        options.remove("hostname");
        RedshiftException error =
                catchThrowableOfType(
                        RedshiftException.class,
                        () -> Plan.of(options, COLUMNS, List.of(), null, false));
        assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_OPTIONS);
        assertThat(error)
                .hasMessageContaining("sink.paralelism")
                .hasMessageContaining("sink.parallelism")
                .hasMessageContaining("port")
                .hasMessageContaining("hostname");
        assertThat(error.getMessage()).doesNotContain("Geheim");
    }

    @Test
    void typesThatAreNotCarriedAreRefusedByName() {
        DataType raw = DataTypes.RAW(Integer.class, IntSerializer.INSTANCE);
        DataType person =
                DataTypes.STRUCTURED(Person.class, DataTypes.FIELD("name", DataTypes.STRING()));
        RowType columns =
                columns(
                        DataTypes.FIELD("id", DataTypes.BIGINT()),
                        DataTypes.FIELD("opaque", raw),
                        DataTypes.FIELD("person", person),
                        DataTypes.FIELD("persons", DataTypes.ARRAY(person)),
                        DataTypes.FIELD("zoned", DataTypes.TIMESTAMP_WITH_TIME_ZONE(3)));
        assertThatThrownBy(() -> Plan.of(Natives.options(1), columns, List.of(), null, false))
                .isInstanceOf(RedshiftException.class)
                .hasMessageContaining("column opaque: type RAW is not carried")
                .hasMessageContaining("column person: type STRUCTURED is not carried")
                .hasMessageContaining("column persons: type STRUCTURED is not carried")
                .hasMessageContaining("column zoned: type TIMESTAMP WITH TIME ZONE is not");
    }

    @Test
    void everyOtherTypeIsPlanned() {
        RowType columns =
                columns(
                        DataTypes.FIELD("id", DataTypes.BYTES().notNull()),
                        DataTypes.FIELD("fixed", DataTypes.BINARY(3)),
                        DataTypes.FIELD("clock", DataTypes.TIME(3)),
                        DataTypes.FIELD("months", DataTypes.INTERVAL(DataTypes.MONTH())),
                        DataTypes.FIELD(
                                "span",
                                DataTypes.INTERVAL(DataTypes.DAY(3), DataTypes.SECOND(9))),
                        DataTypes.FIELD("list", DataTypes.ARRAY(DataTypes.STRING().notNull())),
                        DataTypes.FIELD("bag", DataTypes.MULTISET(DataTypes.DATE())),
                        DataTypes.FIELD(
                                "map",
                                DataTypes.MAP(
                                        DataTypes.STRING(),
                                        DataTypes.ROW(
                                                DataTypes.FIELD(
                                                        "a `quoted`, name",
                                                        DataTypes.DECIMAL(38, 10).notNull(),
                                                        "it's > a comment")))));
        assertThat(Plan.of(Natives.options(1), columns, List.of("id"), null, false).keyed())
                .isTrue();
    }

    @Test
    void aPartialInsertHasToNameTheKey() {
        int[] withoutKey = {1, 2};
        assertThatThrownBy(
                        () ->
                                Plan.of(
                                        Natives.options(1),
                                        COLUMNS,
                                        List.of("id"),
                                        withoutKey,
                                        false))
                .isInstanceOf(RedshiftException.class)
                .hasMessageContaining("id");
        int[] withKey = {1, 0};
        assertThat(Plan.of(Natives.options(1), COLUMNS, List.of("id"), withKey, false).keyed())
                .isTrue();
    }

    /** A class that Flink makes a structured type of. */
    public static final class Person {
        public String name;
    }

    private static RowType columns(DataTypes.Field... fields) {
        DataType row = DataTypes.ROW(fields);
        return (RowType) row.getLogicalType();
    }
}
