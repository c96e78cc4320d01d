package io.github.flinkredshift;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import io.github.flinkredshift.harness.Services;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;

/** What holds of tests with a cluster, as Flink has such rules for its own connectors' tests. */
class TestCodeArchitectureTest {

    private static final String ROOT = "io.github.flinkredshift";

    private static final DescribedPredicate<JavaClass> TESTS_OF_JOBS =
            DescribedPredicate.describe(
                    "have tests and are not about code", TestCodeArchitectureTest::hasTestsOfJobs);

    private static JavaClasses tests;

    @BeforeAll
    static void read() {
        tests =
                new ClassFileImporter()
                        .importUrl(
                                TestCodeArchitectureTest.class
                                        .getProtectionDomain()
                                        .getCodeSource()
                                        .getLocation());
    }

    private static boolean hasTestsOfJobs(JavaClass found) {
        return !found.isEquivalentTo(TestCodeArchitectureTest.class)
                && found.getMethods().stream()
                        .anyMatch(
                                method ->
                                        method.isAnnotatedWith(Test.class)
                                                || method.isAnnotatedWith(ParameterizedTest.class));
    }

    /** Maven finds them by this name, and would pass over any other without a word. */
    @Test
    void testsOfJobsAreNamedSo() {
        classes().that(are(TESTS_OF_JOBS)).should().haveSimpleNameEndingWith("IT").check(tests);
        classes()
                .that()
                .haveSimpleNameEndingWith("IT")
                .should(
                        new ArchCondition<JavaClass>("have tests") {
                            @Override
                            public void check(JavaClass found, ConditionEvents events) {
                                events.add(
                                        new SimpleConditionEvent(
                                                found,
                                                hasTestsOfJobs(found),
                                                found.getName() + " has no test"));
                            }
                        })
                .check(tests);
    }

    /** Through it they share one MiniCluster, and what they leave behind is seen after each test. */
    @Test
    void testsOfJobsShareOneCluster() {
        classes()
                .that(are(TESTS_OF_JOBS))
                .should(
                        new ArchCondition<JavaClass>("have the services as a static extension") {
                            @Override
                            public void check(JavaClass found, ConditionEvents events) {
                                boolean there =
                                        found.getFields().stream()
                                                .anyMatch(TestCodeArchitectureTest::isServices);
                                events.add(
                                        new SimpleConditionEvent(
                                                found,
                                                there,
                                                found.getName() + " has no static final Services"));
                            }
                        })
                .check(tests);
    }

    private static boolean isServices(JavaField field) {
        return field.getRawType().isEquivalentTo(Services.class)
                && field.getModifiers().contains(JavaModifier.STATIC)
                && field.getModifiers().contains(JavaModifier.FINAL)
                && field.isAnnotatedWith(RegisterExtension.class);
    }

    /** One cluster of the harness, which the tests do not go around. */
    @Test
    void onlyTheHarnessStartsAMiniCluster() {
        noClasses()
                .that(DescribedPredicate.not(resideInAPackage(ROOT + ".harness")))
                .should()
                .callConstructorWhere(
                        DescribedPredicate.describe(
                                "makes a MiniCluster of Flink's",
                                call -> isMiniCluster(call.getTargetOwner())))
                .check(tests);
    }

    private static boolean isMiniCluster(JavaClass owner) {
        return owner.getPackageName().startsWith("org.apache.flink")
                && owner.getSimpleName().startsWith("MiniCluster");
    }

    @Test
    void testsAreOfJUnitFive() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.junit", "org.junit.rules", "org.junit.runner", "junit.framework..")
                .check(tests);
    }
}
