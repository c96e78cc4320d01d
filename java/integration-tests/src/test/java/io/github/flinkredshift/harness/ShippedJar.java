package io.github.flinkredshift.harness;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.flinkredshift.sink.RedshiftSink;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Enumeration;
import java.util.List;
import java.util.Properties;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.Deflater;

/**
 * The connector as one jar that a job brings, of any version: the classes that were built, with
 * another version beside them, and the native library, with another version in its bytes.
 */
public final class ShippedJar {

    private static final String NAMED = "io/github/flinkredshift/version.properties";
    private static final String LIBRARIES = "io/github/flinkredshift/native";

    private ShippedJar() {}

    /**
     * Writes one.
     *
     * @param version what its classes take for their version
     * @param libraryVersion what its library says, as long as the version that was built
     */
    public static URL write(Path jar, String version, String libraryVersion) throws Exception {
        URL built = RedshiftSink.class.getProtectionDomain().getCodeSource().getLocation();
        try (JarFile classes = new JarFile(Paths.get(built.toURI()).toFile());
                JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.setLevel(Deflater.BEST_SPEED);
            copyClasses(classes, version, out);
            copyLibraries(libraryVersion, out);
        }
        return jar.toUri().toURL();
    }

    /** The version that was built. */
    public static String builtVersion() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = ShippedJar.class.getResourceAsStream("/" + NAMED)) {
            properties.load(in);
        }
        return properties.getProperty("version");
    }

    private static void copyClasses(JarFile classes, String version, JarOutputStream out)
            throws IOException {
        for (Enumeration<JarEntry> entries = classes.entries(); entries.hasMoreElements(); ) {
            JarEntry entry = entries.nextElement();
            if (entry.isDirectory()) {
                continue;
            }
            try (InputStream in = classes.getInputStream(entry)) {
                boolean named = entry.getName().equals(NAMED);
                byte[] content = in.readAllBytes();
                add(entry.getName(), named ? renamed(content, version) : content, out);
            }
        }
    }

    private static void copyLibraries(String version, JarOutputStream out) throws Exception {
        Path all = Paths.get(ShippedJar.class.getResource("/" + LIBRARIES).toURI());
        List<Path> files;
        try (Stream<Path> walked = Files.walk(all)) {
            files = walked.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            String name = LIBRARIES + "/" + all.relativize(file).toString().replace('\\', '/');
            add(name, renamed(Files.readAllBytes(file), version), out);
        }
    }

    /** A library is sound after this only because both versions are of one length. */
    private static byte[] renamed(byte[] content, String version) throws IOException {
        String built = builtVersion();
        if (version.length() != built.length()) {
            throw new IllegalArgumentException(version + " is not as long as " + built);
        }
        return new String(content, ISO_8859_1).replace(built, version).getBytes(ISO_8859_1);
    }

    private static void add(String name, byte[] content, JarOutputStream out) throws IOException {
        out.putNextEntry(new JarEntry(name));
        out.write(content);
        out.closeEntry();
    }
}
