package io.github.flinkredshift.jni;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** As in a TaskManager: every job, and every restart of one, brings a class loader of its own. */
class ManyLoadersTest {

    private static final int JOBS = 12;

    @BeforeEach
    void needsTheLibrary() {
        Natives.assumeThere();
    }

    @Test
    void eachLoaderHasItsOwnLibraryAndLeavesNoFile(@TempDir Path directory) throws Exception {
        List<URLClassLoader> jobs = new ArrayList<>();
        Set<Class<?>> classes = new HashSet<>();
        for (int i = 0; i < JOBS; i++) {
            URLClassLoader job = new URLClassLoader(connector(), flinkOnly());
            jobs.add(job);
            Class<?> library = job.loadClass(NativeLibrary.class.getName());
            classes.add(library);
            library.getMethod("load", String.class).invoke(null, directory.toString());
            Method version = library.getDeclaredMethod("version");
            version.setAccessible(true);
            assertThat(version.invoke(null)).isEqualTo(NativeLibrary.version());
            Method open = job.loadClass(Native.class.getName()).getDeclaredMethod("openHandles");
            open.setAccessible(true);
            assertThat(open.invoke(null)).isEqualTo(0L);
        }
        assertThat(classes).hasSize(JOBS).doesNotContain(NativeLibrary.class);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
        for (URLClassLoader job : jobs) {
            job.close();
        }
    }

    /** The connector's classes, and the test resources in which the library is. */
    private static URL[] connector() {
        return new URL[] {
            NativeLibrary.class.getProtectionDomain().getCodeSource().getLocation(),
            ManyLoadersTest.class.getProtectionDomain().getCodeSource().getLocation()
        };
    }

    /** All but the connector. */
    private static ClassLoader flinkOnly() {
        return new ClassLoader(ManyLoadersTest.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve)
                    throws ClassNotFoundException {
                if (name.startsWith("io.github.flinkredshift.")) {
                    throw new ClassNotFoundException(name);
                }
                return super.loadClass(name, resolve);
            }
        };
    }
}
