package io.github.flinkredshift.harness;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.types.Row;

import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.LongStream;

/** Rows that follow from a number, with a NULL now and then, and how a table shows them. */
public final class Numbered {

    /** The columns in Flink. */
    public static final String COLUMNS =
            "id BIGINT NOT NULL, name STRING, amount DECIMAL(10, 2), seen TIMESTAMP(3)";

    /** The columns in Redshift. */
    public static final String TARGET =
            "id BIGINT NOT NULL, name VARCHAR(100), amount DECIMAL(10, 2), seen TIMESTAMP";

    /** What to select. */
    public static final String NAMES = "id, name, amount, seen";

    /** The type of the rows. */
    public static final TypeInformation<Row> TYPE =
            Types.ROW_NAMED(
                    new String[] {"id", "name", "amount", "seen"},
                    Types.LONG,
                    Types.STRING,
                    Types.BIG_DEC,
                    Types.LOCAL_DATE_TIME);

    private static final DateTimeFormatter SHOWN =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
    private static final LocalDateTime BEGIN = LocalDateTime.of(2026, 1, 1, 0, 0);
    private static final int NULL_NAMES = 7;

    private Numbered() {}

    /** A feed of rows 0, 1, 2 and so on, dealt out to the splits in turn. */
    public static Feed<Row> feed(String name, long... ends) {
        int splits = ends.length;
        return Feed.of(name, TYPE, (split, position) -> row(position * splits + split), ends);
    }

    /** The numbers that such a feed gives. */
    public static LongStream numbers(long... ends) {
        int splits = ends.length;
        return LongStream.range(0, splits)
                .flatMap(s -> LongStream.range(0, ends[(int) s]).map(p -> p * splits + s));
    }

    /** A row. */
    public static Row row(long number) {
        return Row.of(number, name(number), amount(number), seen(number));
    }

    /** A row as a table shows it. */
    public static StandIn.Row shown(long number) {
        return Tables.row(number, name(number), amount(number), SHOWN.format(seen(number)));
    }

    /** Rows as a table shows them. */
    public static List<StandIn.Row> shown(LongStream numbers) {
        return numbers.mapToObj(Numbered::shown).toList();
    }

    private static String name(long number) {
        return number % NULL_NAMES == NULL_NAMES - 1 ? null : "name " + number;
    }

    private static BigDecimal amount(long number) {
        return BigDecimal.valueOf(number * 31 - 1000, 2);
    }

    private static LocalDateTime seen(long number) {
        return BEGIN.plusSeconds(number);
    }
}
