package io.github.flinkredshift.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.conditions.ArchConditions.onlyDependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.apache.flink.annotation.Experimental;
import org.apache.flink.annotation.Public;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.api.connector.sink2.Committer;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.Set;
import java.util.stream.Collectors;

/** What the connector may know, and what it must not do. */
class ArchitectureTest {

    private static final String ROOT = "io.github.flinkredshift";

    /**
     * Classes that Flink calls internal and that there is no way around. All of them are in both
     * lines; a test of its own resolves what is used of them in the oldest one.
     */
    private static final Set<String> INTERNAL_AND_NEEDED =
            Set.of(
                    // Rows are handed over as the bytes they are.
                    "org.apache.flink.table.data.binary.BinaryRowData",
                    "org.apache.flink.table.data.binary.BinaryStringData",
                    "org.apache.flink.table.data.binary.BinarySection",
                    "org.apache.flink.core.memory.MemorySegment",
                    "org.apache.flink.table.types.logical.utils.LogicalTypeChecks",
                    // One committer for all writers needs an operator between them.
                    "org.apache.flink.streaming.api.operators.StreamingRuntimeContext",
                    "org.apache.flink.streaming.runtime.streamrecord.StreamRecord",
                    "org.apache.flink.streaming.runtime.tasks.ProcessingTimeService",
                    "org.apache.flink.runtime.jobgraph.OperatorID",
                    "org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer",
                    // An operator of one's own is not in its input's chain in Flink 1.20 otherwise.
                    "org.apache.flink.streaming.api.transformations.PhysicalTransformation",
                    // Whether a job streams, where Flink itself is to find out.
                    "org.apache.flink.api.dag.Transformation",
                    "org.apache.flink.streaming.api.transformations.WithBoundedness");

    private static JavaClasses connector;

    @BeforeAll
    static void read() {
        connector =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages(ROOT);
    }

    @Test
    void onlyWhatFlinkOffersIsUsed() {
        classes()
                .that(resideInAPackage(ROOT + ".."))
                .should(
                        onlyDependOnClassesThat(
                                DescribedPredicate.<JavaClass>describe(
                                        "are of the JDK, SLF4J or Flink's public API",
                                        ArchitectureTest::isOffered)))
                .check(connector);
    }

    @Test
    void everyExceptionIsNeeded() {
        Set<String> used =
                connector.stream()
                        .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                        .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                        .map(JavaClass::getName)
                        .collect(Collectors.toSet());
        assertThat(INTERNAL_AND_NEEDED)
                .filteredOn(
                        name ->
                                !used.contains(name)
                                        || isPublicApi(
                                                new ClassFileImporter().importClass(type(name))))
                .as("exceptions that nothing needs")
                .isEmpty();
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName(name, false, ArchitectureTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isOffered(JavaClass used) {
        JavaClass type = used.isArray() ? used.getBaseComponentType() : used;
        String name = type.getName();
        if (type.isPrimitive()
                || name.startsWith("java.")
                || name.startsWith("org.slf4j.")
                || name.startsWith(ROOT + ".")) {
            return true;
        }
        return INTERNAL_AND_NEEDED.contains(name) || isPublicApi(type);
    }

    /** An annotation counts for the classes inside the annotated one too. */
    private static boolean isPublicApi(JavaClass type) {
        return type.isAnnotatedWith(Public.class)
                || type.isAnnotatedWith(PublicEvolving.class)
                || type.isAnnotatedWith(Experimental.class)
                || type.getName().startsWith("org.apache.flink.annotation.")
                || type.getEnclosingClass().map(ArchitectureTest::isPublicApi).orElse(false);
    }

    @Test
    void noCommittableIsEverGivenUp() {
        noClasses()
                .should()
                .callMethod(
                        Committer.CommitRequest.class,
                        "signalFailedWithKnownReason",
                        Throwable.class)
                .orShould()
                .callMethod(
                        Committer.CommitRequest.class,
                        "signalFailedWithUnknownReason",
                        Throwable.class)
                .orShould()
                .callMethod(Committer.CommitRequest.class, "retryLater")
                .orShould()
                .callMethod(Committer.CommitRequest.class, "updateAndRetryLater", Object.class)
                .because("a commit is applied or the job fails and comes back with it")
                .check(connector);
    }

    @Test
    void whatIsBelowKnowsNothingOfWhatIsAbove() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("table")
                .definedBy(ROOT + ".table")
                .layer("sink")
                .definedBy(ROOT + ".sink")
                .layer("rows")
                .definedBy(ROOT + ".rows")
                .layer("jni")
                .definedBy(ROOT + ".jni")
                .whereLayer("table")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("sink")
                .mayOnlyBeAccessedByLayers("table")
                .whereLayer("rows")
                .mayOnlyBeAccessedByLayers("sink")
                .whereLayer("jni")
                .mayOnlyBeAccessedByLayers("sink", "table")
                .check(connector);
    }

    @Test
    void theNativeLibraryHasOneDoor() {
        methods()
                .that()
                .haveModifier(JavaModifier.NATIVE)
                .should()
                .beDeclaredIn(ROOT + ".jni.Native")
                .check(connector);
        classes()
                .that(nameMatching(ROOT.replace(".", "\\.") + "\\.jni\\.Native"))
                .should()
                .onlyBeAccessed()
                .byClassesThat()
                .resideInAPackage(ROOT + ".jni")
                .check(connector);
    }

    @Test
    void javaSpeaksToNoServer() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.net..", "java.net.http..", "javax.sql..", "javax.net..")
                .because("Redshift and S3 are the core's")
                .check(connector);
        noClasses()
                .should()
                .dependOnClassesThat(nameMatching("java\\.sql\\.(Connection|Driver.*|.*Statement)"))
                .check(connector);
    }
}
