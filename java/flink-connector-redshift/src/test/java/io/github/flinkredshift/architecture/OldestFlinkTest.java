package io.github.flinkredshift.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinkredshift.sink.RedshiftSink;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldNode;
import org.objectweb.asm.tree.MethodNode;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The classes are compiled against Flink 2.x and run on 1.20 too. Each class, method and field of
 * Flink that they name is looked up in that line's jars, as the JVM would link it.
 */
class OldestFlinkTest {

    /**
     * Methods that the oldest line wants and that cannot be written against the newest: Flink 1.20
     * itself calls {@code createWriter(WriterInitContext)}.
     */
    private static final Set<String> NOT_CALLED =
            Set.of(
                    "createWriter:(Lorg/apache/flink/api/connector/sink2/Sink$InitContext;)"
                            + "Lorg/apache/flink/api/connector/sink2/SinkWriter;");

    private static final Map<String, ClassNode> READ = new HashMap<>();

    private static ClassLoader oldest;
    private static List<Path> connector;

    @BeforeAll
    static void findJars() throws Exception {
        Path jars = Paths.get(System.getProperty("oldest.flink.jars"));
        try (Stream<Path> list = Files.list(jars)) {
            List<URL> urls = new ArrayList<>();
            for (Path jar : list.collect(Collectors.toList())) {
                urls.add(jar.toUri().toURL());
            }
            assertThat(urls).as("jars in %s", jars).isNotEmpty();
            oldest = new URLClassLoader(urls.toArray(new URL[0]), null);
        }
        URI classes =
                RedshiftSink.class.getProtectionDomain().getCodeSource().getLocation().toURI();
        try (Stream<Path> files = Files.walk(Paths.get(classes))) {
            connector =
                    files.filter(file -> file.toString().endsWith(".class"))
                            .collect(Collectors.toList());
        }
        assertThat(connector).hasSizeGreaterThan(20);
    }

    @Test
    void whateverIsUsedIsThere() throws IOException {
        FlinkMembers used = new FlinkMembers();
        for (Path file : connector) {
            used.read(Files.readAllBytes(file));
        }
        assertThat(used.members).hasSizeGreaterThan(50);
        Set<String> missing = new TreeSet<>();
        for (String name : used.classes) {
            if (read(name) == null) {
                missing.add(name);
            }
        }
        for (String member : used.members) {
            int end = member.indexOf('.');
            if (!has(member.substring(0, end), member.substring(end + 1))) {
                missing.add(member);
            }
        }
        assertThat(missing)
                .as("used, and not in Flink %s", System.getProperty("oldest.flink.version"))
                .isEmpty();
    }

    @Test
    void whateverIsWantedIsWritten() throws IOException {
        Set<String> unwritten = new TreeSet<>();
        for (Path file : connector) {
            ClassNode type = node(Files.readAllBytes(file));
            if ((type.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_INTERFACE)) == 0) {
                Map<String, Boolean> wanted = new HashMap<>();
                collect(type, wanted);
                wanted.forEach(
                        (method, written) -> {
                            if (!written && !NOT_CALLED.contains(method)) {
                                unwritten.add(type.name + "." + method);
                            }
                        });
            }
        }
        assertThat(unwritten).isEmpty();
    }

    /** Finds for every method of a class and its ancestors whether one of them has a body. */
    private static void collect(ClassNode type, Map<String, Boolean> methods) throws IOException {
        if (type == null) {
            return;
        }
        for (MethodNode method : type.methods) {
            boolean written = (method.access & Opcodes.ACC_ABSTRACT) == 0;
            methods.merge(method.name + ":" + method.desc, written, Boolean::logicalOr);
        }
        collect(ancestor(type.superName), methods);
        for (String each : type.interfaces) {
            collect(ancestor(each), methods);
        }
    }

    private static ClassNode ancestor(String name) throws IOException {
        if (name == null || name.startsWith("java/")) {
            return null;
        }
        if (!name.startsWith("org/apache/flink/")) {
            try (InputStream in =
                    RedshiftSink.class.getClassLoader().getResourceAsStream(name + ".class")) {
                return in == null ? null : node(in.readAllBytes());
            }
        }
        return read(name);
    }

    private static boolean has(String owner, String member) throws IOException {
        ClassNode type = read(owner);
        if (type == null) {
            // Its methods come from the JDK then: arrays, records, enums of the JDK itself.
            return false;
        }
        for (MethodNode method : type.methods) {
            if (visible(method.access) && member.equals(method.name + ":" + method.desc)) {
                return true;
            }
        }
        for (FieldNode field : type.fields) {
            if (visible(field.access) && member.equals(field.name + ":" + field.desc)) {
                return true;
            }
        }
        return inherited(type, member);
    }

    private static boolean inherited(ClassNode type, String member) throws IOException {
        List<String> parents = new ArrayList<>(type.interfaces);
        parents.add(type.superName);
        for (String parent : parents) {
            if (parent.startsWith("java/") ? hasOfJdk(parent, member) : has(parent, member)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasOfJdk(String owner, String member) throws IOException {
        try (InputStream in = ClassLoader.getSystemResourceAsStream(owner + ".class")) {
            ClassNode type = node(in.readAllBytes());
            return type.methods.stream().anyMatch(m -> member.equals(m.name + ":" + m.desc))
                    || type.superName != null && hasOfJdk(type.superName, member);
        }
    }

    private static boolean visible(int access) {
        return (access & Opcodes.ACC_PRIVATE) == 0;
    }

    private static ClassNode read(String name) throws IOException {
        if (!READ.containsKey(name)) {
            try (InputStream in = oldest.getResourceAsStream(name + ".class")) {
                READ.put(name, in == null ? null : node(in.readAllBytes()));
            }
        }
        return READ.get(name);
    }

    private static ClassNode node(byte[] classFile) {
        ClassNode node = new ClassNode();
        new ClassReader(classFile).accept(node, ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG);
        return node;
    }
}
