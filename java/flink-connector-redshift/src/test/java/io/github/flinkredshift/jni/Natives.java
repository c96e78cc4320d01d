package io.github.flinkredshift.jni;

import org.junit.jupiter.api.Assumptions;

import java.util.LinkedHashMap;
import java.util.Map;

/** What tests with the native library share. */
public final class Natives {

    private Natives() {}

    /** Skips the test, and says so, where there is no library for this machine. */
    public static void assumeThere() {
        String library =
                "/io/github/flinkredshift/native/"
                        + Platform.current()
                        + "/"
                        + Platform.libraryFile();
        Assumptions.assumeTrue(
                Natives.class.getResource(library) != null,
                "skipped: needs the native library, -Dnative.dir");
    }

    /** The options of a table at that port of this machine, as few as there can be. */
    public static Map<String, String> options(int port) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("connector", "redshift");
        options.put("hostname", "127.0.0.1");
        options.put("port", Integer.toString(port));
        options.put("username", "awsuser");
        options.put("password", "Geheim-1");
        options.put("table-name", "users");
        options.put("ssl.mode", "disable");
        options.put("sink.write.mode", "copy");
        options.put("sink.write.temp.s3-uri", "s3://bucket/prefix");
        options.put("aws.region", "us-west-2");
        options.put("aws.iam-role", "arn:aws:iam::123456789012:role/ExampleRedshiftCopy");
        options.put("aws.credentials.basic.accesskeyid", "AKIAEXAMPLE");
        options.put("aws.credentials.basic.secretkey", "Geheim-2");
        options.put("sink.max-retries", "0");
        return options;
    }
}
