import static org.apache.flink.table.api.Expressions.$;

import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Loads a CSV file into a table of Redshift, by key, with Flink's Table API.
 *
 * <pre>flink run -c LoadUsers examples.jar redshift.properties users_by_java</pre>
 *
 * <p>Arguments: the file with the connector's options, and the name of the table to load.
 */
public final class LoadUsers {

    private LoadUsers() {}

    /** Runs the job to its end. */
    public static void main(String[] arguments) throws Exception {
        TableEnvironment environment = TableEnvironment.create(EnvironmentSettings.inBatchMode());
        environment.createTemporaryTable("users_file", usersFile());
        environment.createTemporaryTable("users", users(arguments[0], arguments[1]));

        environment
                .from("users_file")
                .filter($("score").isGreaterOrEqual(0))
                .insertInto("users")
                .execute()
                .await();
    }

    private static TableDescriptor usersFile() {
        return TableDescriptor.forConnector("filesystem")
                .schema(columns().build())
                .option("path", "examples/data/users.csv")
                .format("csv")
                .build();
    }

    private static TableDescriptor users(String optionsFile, String table) throws Exception {
        Properties options = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(optionsFile))) {
            options.load(reader);
        }
        TableDescriptor.Builder users =
                TableDescriptor.forConnector("redshift")
                        .schema(columns().primaryKey("user_id").build())
                        .option("table-name", table)
                        .option("sink.write.mode", "copy");
        options.forEach((key, value) -> users.option((String) key, (String) value));
        return users.build();
    }

    private static Schema.Builder columns() {
        return Schema.newBuilder()
                .column("user_id", DataTypes.BIGINT().notNull())
                .column("user_type", DataTypes.INT())
                .column("language", DataTypes.STRING())
                .column("country", DataTypes.STRING())
                .column("gender", DataTypes.STRING())
                .column("score", DataTypes.DOUBLE());
    }
}
