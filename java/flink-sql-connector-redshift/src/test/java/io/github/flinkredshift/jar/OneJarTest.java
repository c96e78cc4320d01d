package io.github.flinkredshift.jar;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/** What is in the jar that users drop into Flink, and what is not. */
class OneJarTest {

    private static final String CLASSES = "io/github/flinkredshift/";
    private static final String NATIVE = CLASSES + "native/";
    private static final String FACTORIES =
            "META-INF/services/org.apache.flink.table.factories.Factory";
    private static final int JAVA_11 = 55;
    private static final int ELF = 0x7F454C46;
    private static final int MACH_O_64 = 0xCFFAEDFE;

    private static JarFile jar;
    private static List<String> names;

    @BeforeAll
    static void open() throws IOException {
        jar = new JarFile(System.getProperty("one.jar"));
        names =
                jar.stream()
                        .filter(entry -> !entry.isDirectory())
                        .map(JarEntry::getName)
                        .collect(Collectors.toList());
    }

    @AfterAll
    static void close() throws IOException {
        jar.close();
    }

    @Test
    void nothingOfOthersLeaksOntoFlinksClassPath() {
        assertThat(names).doesNotHaveDuplicates();
        assertThat(names)
                .allMatch(
                        name ->
                                name.startsWith(CLASSES)
                                        || name.startsWith(
                                                "META-INF/maven/io.github.flinkredshift/")
                                        || List.of(
                                                        "META-INF/MANIFEST.MF",
                                                        "META-INF/LICENSE",
                                                        "META-INF/NOTICE",
                                                        "META-INF/THIRD-PARTY",
                                                        FACTORIES)
                                                .contains(name));
        assertThat(names).filteredOn(name -> name.endsWith("Test.class")).isEmpty();
    }

    @Test
    void licencesAreInIt() throws IOException {
        assertThat(text("META-INF/LICENSE")).contains("Apache License");
        assertThat(text("META-INF/NOTICE")).contains("flink-connector-redshift");
        assertThat(text("META-INF/NOTICE")).contains("META-INF/THIRD-PARTY");
    }

    @Test
    void everyCrateOfTheLibraryHasItsLicenceInIt() throws IOException {
        String notice = text("META-INF/THIRD-PARTY");
        List<String> lines =
                notice.lines()
                        .takeWhile(line -> !line.startsWith("---"))
                        .collect(Collectors.toList());
        List<String> crates =
                lines.stream()
                        .filter(line -> line.matches("[^ ]+ [0-9][^ ]*: .+"))
                        .collect(Collectors.toList());
        assertThat(crates)
                .anyMatch(line -> line.startsWith("arrow "))
                .anyMatch(line -> line.startsWith("tokio "))
                .anyMatch(line -> line.startsWith("std "));
        assertThat(lines).filteredOn(line -> line.startsWith("    texts ")).hasSameSizeAs(crates);
        assertThat(notice).as("Arrow's own notice").contains("Apache Arrow\nCopyright");
    }

    @Test
    void theFactoryIsNamedAndThere() throws IOException {
        String factory = text(FACTORIES).trim();
        assertThat(names).contains(factory.replace('.', '/') + ".class");
    }

    @Test
    void classesRunOnTheOldestJavaOfTheOldestFlink() throws IOException {
        for (String name : names) {
            if (name.endsWith(".class")) {
                try (DataInputStream in = new DataInputStream(open(name))) {
                    in.readInt();
                    in.readUnsignedShort();
                    assertThat(in.readUnsignedShort()).as(name).isEqualTo(JAVA_11);
                }
            }
        }
        assertThat(names).contains(CLASSES + "sink/RedshiftSink.class");
    }

    @Test
    void librariesAreWhatTheirDirectoriesSay() throws IOException {
        List<String> libraries =
                names.stream().filter(n -> n.startsWith(NATIVE)).collect(Collectors.toList());
        assertThat(libraries).isNotEmpty();
        for (String name : libraries) {
            assertThat(name)
                    .matches(
                            NATIVE
                                    + "(linux|macos)-(x86_64|aarch64)"
                                    + "/libflink_redshift_jni\\.(so|dylib)");
            try (DataInputStream in = new DataInputStream(open(name))) {
                assertThat(in.readInt())
                        .as(name)
                        .isEqualTo(name.contains("/linux-") ? ELF : MACH_O_64);
            }
        }
    }

    private static InputStream open(String name) throws IOException {
        return jar.getInputStream(jar.getEntry(name));
    }

    private static String text(String name) throws IOException {
        assertThat(names).contains(name);
        try (InputStream in = open(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
