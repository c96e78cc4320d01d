package io.github.flinkredshift.jni;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;
import io.github.flinkredshift.RedshiftOptions;

import org.apache.flink.annotation.Internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Loads the native library, once for each class loader that the connector comes from.
 *
 * <p>A JVM loads one file for one class loader only, and Flink gives every job a class loader of
 * its own. So each takes a copy with a name of its own, which is deleted as soon as it is loaded:
 * any number of jobs, restarts and versions of the connector live in one TaskManager.
 */
@Internal
public final class NativeLibrary {

    /** The table option that names the directory in which the library is unpacked. */
    public static final String DIRECTORY_OPTION = RedshiftOptions.NATIVE_DIRECTORY.key();

    /** The system property that names it where the option does not. */
    public static final String DIRECTORY_PROPERTY = "flink.redshift.native.directory";

    private static final String RESOURCES = "/io/github/flinkredshift/native/";
    private static final String VERSION_RESOURCE = "/io/github/flinkredshift/version.properties";
    private static final List<String> KNOWN_PLATFORMS =
            List.of("linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-aarch64");

    private static boolean loaded;
    private static RedshiftException mismatch;

    private NativeLibrary() {}

    /**
     * Loads the library, unless it is loaded. What fails is tried again when asked again, so that
     * the whole error comes each time and another directory gets its chance; a library that does
     * not fit the jar stays what it is.
     *
     * @param directory where to unpack it, or null for the system property or the JVM's own
     *     directory for temporary files
     */
    public static synchronized void load(String directory) {
        if (!loaded) {
            unpackAndLoad(directoryOr(directory), Platform.current(), Platform.libraryFile());
            loaded = true;
            mismatch = mismatch(version(), Native.version());
        }
        if (mismatch != null) {
            throw new RedshiftException(mismatch.kind(), mismatch.getMessage(), mismatch);
        }
    }

    static Path directoryOr(String option) {
        if (option != null) {
            return Paths.get(option);
        }
        String property = System.getProperty(DIRECTORY_PROPERTY);
        return Paths.get(property != null ? property : System.getProperty("java.io.tmpdir"));
    }

    static void unpackAndLoad(Path directory, String platform, String file) {
        Path copy = unpack(directory, platform, file);
        try {
            System.load(copy.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
            throw failed(
                    "the native library cannot be loaded from "
                            + copy
                            + ": "
                            + e.getMessage()
                            + "\n  what to do: if the directory's file system forbids to execute"
                            + " files (noexec), "
                            + howToSetDirectory(),
                    e);
        } finally {
            // The mapping lives on without the file's name.
            copy.toFile().delete();
        }
    }

    private static Path unpack(Path directory, String platform, String file) {
        try (InputStream library =
                NativeLibrary.class.getResourceAsStream(RESOURCES + platform + "/" + file)) {
            if (library == null) {
                throw new RedshiftException(ErrorKind.UNSUPPORTED, missing(platform));
            }
            return unpack(library, directory, file);
        } catch (IOException e) {
            throw failed(
                    "the native library cannot be unpacked into "
                            + directory
                            + ": "
                            + e
                            + "\n  what to do: "
                            + howToSetDirectory(),
                    e);
        }
    }

    /** A copy in a file of its own; none is left where it does not become a whole one. */
    static Path unpack(InputStream library, Path directory, String file) throws IOException {
        Files.createDirectories(directory);
        Path copy = Files.createTempFile(directory, "flink-redshift-", "-" + file);
        try {
            Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException | Error e) {
            copy.toFile().delete();
            throw e;
        }
        return copy;
    }

    private static String missing(String platform) {
        String there =
                KNOWN_PLATFORMS.stream()
                        .filter(known -> !resourcesOf(known).isEmpty())
                        .collect(Collectors.joining(", "));
        return "this jar has no native library for "
                + platform
                + " (os.name: "
                + System.getProperty("os.name")
                + ", os.arch: "
                + System.getProperty("os.arch")
                + "); it has "
                + (there.isEmpty() ? "none at all" : "those for " + there)
                + "\n  what to do: "
                + (there.isEmpty()
                        ? "use flink-sql-connector-redshift, the jar that has them"
                        : "run on one of these platforms, or build the jar for this one");
    }

    private static List<String> resourcesOf(String platform) {
        return Stream.of("libflink_redshift_jni.so", "libflink_redshift_jni.dylib")
                .map(file -> RESOURCES + platform + "/" + file)
                .filter(path -> NativeLibrary.class.getResource(path) != null)
                .collect(Collectors.toList());
    }

    private static String howToSetDirectory() {
        return "name another directory with the table option '"
                + DIRECTORY_OPTION
                + "' or the system property '"
                + DIRECTORY_PROPERTY
                + "' (env.java.opts.all)";
    }

    /** What is wrong when the jar and its library differ in version; null when they do not. */
    static RedshiftException mismatch(String jar, String library) {
        if (jar.equals(library)) {
            return null;
        }
        return new RedshiftException(
                ErrorKind.INTERNAL,
                "the native library is of version "
                        + library
                        + " and the jar of version "
                        + jar
                        + "\n  what to do: build the jar and its library together, and keep one"
                        + " version of it on the class path");
    }

    /** The version of the jar that this class comes from. */
    static String version() {
        Properties properties = new Properties();
        try (InputStream in = NativeLibrary.class.getResourceAsStream(VERSION_RESOURCE)) {
            if (in == null) {
                throw failed("the jar lacks " + VERSION_RESOURCE, null);
            }
            properties.load(in);
        } catch (IOException e) {
            throw failed("the jar's " + VERSION_RESOURCE + " cannot be read: " + e, e);
        }
        return properties.getProperty("version", "unknown");
    }

    private static RedshiftException failed(String message, Throwable cause) {
        return new RedshiftException(ErrorKind.INTERNAL, message, cause);
    }
}
