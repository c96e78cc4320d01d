package io.github.flinkredshift.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.stream.Stream;

class NativeLibraryTest {

    /** Of the test's own resources: text that no loader takes for a library. */
    private static final String BROKEN_PLATFORM = "test-broken";

    private static final String FILE = "libflink_redshift_jni.so";

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, linux-x86_64",
        "Linux, aarch64, linux-aarch64",
        "Mac OS X, aarch64, macos-aarch64",
        "Mac OS X, x86_64, macos-x86_64",
        "Windows 11, amd64, windows_11-x86_64",
        "Linux, riscv64, linux-riscv64",
    })
    void platformsAreNamedAsTheirDirectories(String os, String arch, String directory) {
        assertThat(Platform.of(os, arch)).isEqualTo(directory);
    }

    @Test
    void anUnknownPlatformIsNamedAndSaysWhatToDo(@TempDir Path directory) {
        assertThatThrownBy(() -> NativeLibrary.unpackAndLoad(directory, "plan9-mips", FILE))
                .isInstanceOfSatisfying(
                        RedshiftException.class,
                        e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
                .hasMessageContaining("no native library for plan9-mips")
                .hasMessageContaining("os.arch: " + System.getProperty("os.arch"))
                .hasMessageContaining("what to do");
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsNamedWithTheOption(@TempDir Path directory)
            throws IOException {
        Path file = Files.createFile(directory.resolve("in-the-way"));
        assertThatThrownBy(() -> NativeLibrary.unpackAndLoad(file, BROKEN_PLATFORM, FILE))
                .hasMessageContaining("cannot be unpacked into " + file)
                .hasMessageContaining("'native.directory'")
                .hasMessageContaining("'flink.redshift.native.directory'")
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void aLibraryThatCannotBeLoadedIsToldAndItsCopyRemoved(@TempDir Path directory)
            throws IOException {
        assertThatThrownBy(() -> NativeLibrary.unpackAndLoad(directory, BROKEN_PLATFORM, FILE))
                .hasMessageContaining("cannot be loaded from " + directory)
                .hasMessageContaining("noexec")
                .hasCauseInstanceOf(UnsatisfiedLinkError.class);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    /** As on a full disk, which each restart of a job would fill anew. */
    @Test
    void aCopyThatDoesNotBecomeAWholeOneIsRemoved(@TempDir Path directory) throws IOException {
        InputStream breaksOff =
                new FilterInputStream(new ByteArrayInputStream(new byte[100_000])) {
                    @Override
                    public int read(byte[] into, int from, int length) throws IOException {
                        int read = super.read(into, from, length);
                        if (read < 0) {
                            throw new IOException("No space left on device");
                        }
                        return read;
                    }
                };
        assertThatThrownBy(() -> NativeLibrary.unpack(breaksOff, directory, FILE))
                .hasMessage("No space left on device");
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void theOptionBeatsTheSystemPropertyAndThatTheJvmsOwnDirectory() {
        assertThat(NativeLibrary.directoryOr("/opt/a")).isEqualTo(Paths.get("/opt/a"));
        assertThat(NativeLibrary.directoryOr(null))
                .isEqualTo(Paths.get(System.getProperty("java.io.tmpdir")));
        System.setProperty(NativeLibrary.DIRECTORY_PROPERTY, "/opt/b");
        try {
            assertThat(NativeLibrary.directoryOr(null)).isEqualTo(Paths.get("/opt/b"));
            assertThat(NativeLibrary.directoryOr("/opt/a")).isEqualTo(Paths.get("/opt/a"));
        } finally {
            System.clearProperty(NativeLibrary.DIRECTORY_PROPERTY);
        }
    }

    @Test
    void aLibraryOfAnotherVersionIsRefused() {
        assertThat(NativeLibrary.mismatch("1.0", "1.0")).isNull();
        assertThat(NativeLibrary.mismatch("1.0", "1.1"))
                .hasMessageContaining("library is of version 1.1 and the jar of version 1.0");
    }

    @Test
    void theJarKnowsItsVersion() {
        assertThat(NativeLibrary.version()).matches("\\d+\\.\\d+\\.\\d+.*");
    }
}
