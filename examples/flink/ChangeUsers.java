import io.github.flinkredshift.sink.RedshiftSink;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

/**
 * Applies a stream of changes to a table of Redshift, by key, with Flink's DataStream API.
 *
 * <pre>flink run -c ChangeUsers examples.jar redshift.properties users_by_stream</pre>
 *
 * <p>Arguments: the file with the connector's options, and the name of the table.
 */
public final class ChangeUsers {

    private static final String[] NAMES = {"user_id", "language", "score"};

    /** The rows as Flink carries them. */
    private static final TypeInformation<Row> ROWS =
            Types.ROW_NAMED(NAMES, Types.LONG, Types.STRING, Types.DOUBLE);

    /** The table's columns. */
    private static final DataType COLUMNS =
            DataTypes.ROW(
                    DataTypes.FIELD(NAMES[0], DataTypes.BIGINT().notNull()),
                    DataTypes.FIELD(NAMES[1], DataTypes.STRING()),
                    DataTypes.FIELD(NAMES[2], DataTypes.DOUBLE()));

    private ChangeUsers() {}

    /** Runs the job to its end. */
    public static void main(String[] arguments) throws Exception {
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        // Rows are loaded when a checkpoint is complete: once, whatever fails.
        environment.enableCheckpointing(1_000);

        // A row's kind says what becomes of its key.
        DataStream<Row> changes =
                environment.fromData(
                        ROWS,
                        Row.ofKind(RowKind.INSERT, 1L, "en", 0.5),
                        Row.ofKind(RowKind.INSERT, 2L, "fr", 1.0),
                        Row.ofKind(RowKind.INSERT, 3L, "es", 2.0),
                        Row.ofKind(RowKind.UPDATE_BEFORE, 1L, "en", 0.5),
                        Row.ofKind(RowKind.UPDATE_AFTER, 1L, "en", 0.75),
                        Row.ofKind(RowKind.UPDATE_AFTER, 2L, "de", 1.25),
                        Row.ofKind(RowKind.DELETE, 3L, "es", 2.0));

        RedshiftSink<Row> users =
                RedshiftSink.builder()
                        .setOptions(options(arguments[0]))
                        .setOption("table-name", arguments[1])
                        .setOption("sink.write.mode", "copy")
                        .setRowType(COLUMNS)
                        .setPrimaryKey("user_id")
                        .buildForRow();
        // With a uid the sink's state is found again when the rest of the program has changed.
        changes.sinkTo(users).name("users").uid("users");
        environment.execute("users by stream");
    }

    private static Map<String, String> options(String file) throws Exception {
        Properties options = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(file))) {
            options.load(reader);
        }
        return options.stringPropertyNames().stream()
                .collect(Collectors.toMap(key -> key, options::getProperty));
    }
}
