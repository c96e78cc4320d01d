package io.github.flinkredshift.jni;

import java.util.Locale;

/** Names this machine's platform as the directories of native libraries are named. */
final class Platform {

    private Platform() {}

    /** The directory of this machine's library, such as {@code linux-x86_64}. */
    static String current() {
        return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    /** The directory for an operating system and an architecture as Java names them. */
    static String of(String os, String arch) {
        return system(os.toLowerCase(Locale.ROOT)) + "-" + machine(arch.toLowerCase(Locale.ROOT));
    }

    private static String system(String os) {
        if (os.startsWith("linux")) {
            return "linux";
        }
        if (os.startsWith("mac") || os.startsWith("darwin")) {
            return "macos";
        }
        return os.replaceAll("[^a-z0-9]+", "_");
    }

    private static String machine(String arch) {
        switch (arch) {
            case "amd64":
            case "x86_64":
                return "x86_64";
            case "aarch64":
            case "arm64":
                return "aarch64";
            default:
                return arch.replaceAll("[^a-z0-9_]+", "_");
        }
    }

    /** The library's file name on this machine. */
    static String libraryFile() {
        return System.mapLibraryName("flink_redshift_jni");
    }
}
