package io.github.flinkredshift.tools.users;

import java.nio.charset.StandardCharsets;
import java.util.function.LongFunction;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.writer.BinaryRowWriter;

/**
 * The two forms in which rows reach a sink. Columns: {@code user_id BIGINT, user_type INT, language
 * STRING, country STRING, gender STRING, score DOUBLE}.
 */
enum Rows {

    /** As a format makes them: objects, whose texts are Java strings decoded from bytes. */
    OBJECTS {
        @Override
        LongFunction<RowData> maker() {
            byte[][] languages = bytes(LANGUAGES);
            byte[][] countries = bytes(COUNTRIES);
            byte[][] genders = bytes(GENDERS);
            return id ->
                    GenericRowData.of(
                            id,
                            (int) (id % 7),
                            decoded(pick(languages, id)),
                            decoded(pick(countries, id / 3)),
                            decoded(pick(genders, id / 5)),
                            score(id));
        }
    },

    /** As a shuffle makes them: bytes. One row is used again and again, as Flink's own inputs do. */
    BINARY {
        @Override
        LongFunction<RowData> maker() {
            BinaryRowData row = new BinaryRowData(6);
            BinaryRowWriter writer = new BinaryRowWriter(row);
            StringData[] languages = texts(LANGUAGES);
            StringData[] countries = texts(COUNTRIES);
            StringData[] genders = texts(GENDERS);
            return id -> {
                writer.reset();
                writer.writeLong(0, id);
                writer.writeInt(1, (int) (id % 7));
                writer.writeString(2, pick(languages, id));
                writer.writeString(3, pick(countries, id / 3));
                writer.writeString(4, pick(genders, id / 5));
                writer.writeDouble(5, score(id));
                writer.complete();
                return row;
            };
        }
    };

    private static final String[] LANGUAGES = {"en", "de", "fr", "es", "pt", "ja", "zh", "hi"};
    private static final String[] COUNTRIES = {
        "US", "DE", "FR", "ES", "BR", "JP", "CN", "IN", "GB", "CA", "MX", "AR"
    };
    private static final String[] GENDERS = {"female", "male", "other"};

    /** What turns an id into its row; of one thread. */
    abstract LongFunction<RowData> maker();

    private static byte[][] bytes(String[] values) {
        byte[][] bytes = new byte[values.length][];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = values[i].getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    private static StringData decoded(byte[] text) {
        return StringData.fromString(new String(text, StandardCharsets.UTF_8));
    }

    private static StringData[] texts(String[] values) {
        StringData[] texts = new StringData[values.length];
        for (int i = 0; i < values.length; i++) {
            // Its bytes are made now, so that they are only copied later.
            texts[i] = StringData.fromBytes(StringData.fromString(values[i]).toBytes());
        }
        return texts;
    }

    private static <T> T pick(T[] values, long number) {
        return values[(int) (number % values.length)];
    }

    /** Two decimals between 0 and 1000, scattered as measured values are. */
    private static double score(long id) {
        return (id * 2654435761L & 0xFFFF) % 100_000 / 100.0;
    }
}
