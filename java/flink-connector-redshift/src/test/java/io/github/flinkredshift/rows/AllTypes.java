package io.github.flinkredshift.rows;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.runtime.typeutils.ArrayDataSerializer;
import org.apache.flink.table.runtime.typeutils.MapDataSerializer;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.BinaryType;
import org.apache.flink.table.types.logical.BooleanType;
import org.apache.flink.table.types.logical.CharType;
import org.apache.flink.table.types.logical.DateType;
import org.apache.flink.table.types.logical.DayTimeIntervalType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.DoubleType;
import org.apache.flink.table.types.logical.FloatType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.MultisetType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.SmallIntType;
import org.apache.flink.table.types.logical.TimeType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.TinyIntType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.table.types.logical.YearMonthIntervalType;
import org.apache.flink.types.RowKind;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Random rows of every type that the core carries, nulls among them. */
final class AllTypes {

    private static final int FEW_POINTS = 20;
    private static final int DEEPEST = 3;
    private static final int[] POINTS = {'a', 'Z', '0', ' ', 0x7F, 0x80, 0x7FF, 0x800, 0xFFFD};
    private static final int[] PLANES = {0x10000, 0x1F600, 0x10FFFF};

    private final Random random;

    AllTypes(long seed) {
        random = new Random(seed);
    }

    /** Every type that does not nest, with every layout and precision that it has. */
    static List<LogicalType> types() {
        List<LogicalType> types = new ArrayList<>();
        types.add(new BooleanType());
        types.add(new TinyIntType());
        types.add(new SmallIntType());
        types.add(new IntType());
        types.add(new BigIntType());
        types.add(new FloatType());
        types.add(new DoubleType());
        types.add(new CharType(5));
        types.add(new VarCharType(100));
        types.add(VarCharType.STRING_TYPE);
        types.add(new BinaryType(5));
        types.add(new VarBinaryType(100));
        types.add(new VarBinaryType(VarBinaryType.MAX_LENGTH));
        types.add(new DateType());
        types.add(new TimeType(0));
        types.add(new TimeType(9));
        types.add(
                new YearMonthIntervalType(
                        YearMonthIntervalType.YearMonthResolution.YEAR_TO_MONTH));
        types.add(new DayTimeIntervalType(DayTimeIntervalType.DayTimeResolution.DAY_TO_SECOND));
        for (int precision : new int[] {1, 9, 18, 19, 38}) {
            types.add(new DecimalType(precision, 0));
            types.add(new DecimalType(precision, precision / 2));
            types.add(new DecimalType(precision, precision));
        }
        for (int precision = 0; precision <= 9; precision++) {
            types.add(new TimestampType(precision));
            types.add(new LocalZonedTimestampType(precision));
        }
        return types;
    }

    /** A row type with some of them, in any order. */
    RowType rowType() {
        return rowType(1 + random.nextInt(80), DEEPEST);
    }

    private RowType rowType(int arity, int depth) {
        LogicalType[] some = new LogicalType[arity];
        for (int i = 0; i < some.length; i++) {
            some[i] = type(depth);
        }
        return RowType.of(some);
    }

    /** Any type, which nests so deep at most. */
    private LogicalType type(int depth) {
        if (depth > 0) {
            switch (random.nextInt(12)) {
                case 0:
                    return new ArrayType(type(depth - 1));
                case 1:
                    return new MapType(type(0), type(depth - 1));
                case 2:
                    return new MultisetType(type(0));
                case 3:
                    return rowType(random.nextInt(10), depth - 1);
                default:
                    break;
            }
        }
        List<LogicalType> all = types();
        return all.get(random.nextInt(all.size()));
    }

    /** A row of that type. */
    GenericRowData row(RowType type) {
        GenericRowData row = fields(type);
        row.setRowKind(RowKind.values()[random.nextInt(4)]);
        return row;
    }

    private GenericRowData fields(RowType type) {
        GenericRowData row = new GenericRowData(type.getFieldCount());
        for (int i = 0; i < type.getFieldCount(); i++) {
            row.setField(i, valueOrNull(type.getTypeAt(i)));
        }
        return row;
    }

    private Object valueOrNull(LogicalType type) {
        return random.nextInt(5) == 0 ? null : value(type);
    }

    private Object value(LogicalType type) {
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return random.nextBoolean();
            case TINYINT:
                return (byte) random.nextInt();
            case SMALLINT:
                return (short) random.nextInt();
            case INTEGER:
            case DATE:
            case TIME_WITHOUT_TIME_ZONE:
            case INTERVAL_YEAR_MONTH:
                return random.nextInt();
            case BIGINT:
            case INTERVAL_DAY_TIME:
                return random.nextLong();
            case FLOAT:
                return Float.intBitsToFloat(random.nextInt());
            case DOUBLE:
                return Double.longBitsToDouble(random.nextLong());
            case CHAR:
            case VARCHAR:
                return string();
            case DECIMAL:
                return decimal((DecimalType) type);
            case BINARY:
            case VARBINARY:
                byte[] bytes = new byte[random.nextInt(FEW_POINTS)];
                random.nextBytes(bytes);
                return bytes;
            case ARRAY:
                return array(((ArrayType) type).getElementType());
            case MAP:
                return map(((MapType) type).getKeyType(), ((MapType) type).getValueType());
            case MULTISET:
                return map(((MultisetType) type).getElementType(), new IntType(false));
            case ROW:
                GenericRowData row = fields((RowType) type);
                return random.nextBoolean()
                        ? row
                        : new RowDataSerializer((RowType) type).toBinaryRow(row).copy();
            default:
                long millis = random.nextLong() / 1_000_000;
                return TimestampData.fromEpochMillis(millis, random.nextInt(1_000_000));
        }
    }

    /** As Flink's operators leave it: objects, or bytes. */
    private ArrayData array(LogicalType element) {
        Object[] values = new Object[random.nextInt(random.nextInt(4) == 0 ? 70 : 5)];
        for (int i = 0; i < values.length; i++) {
            values[i] = valueOrNull(element);
        }
        GenericArrayData array = new GenericArrayData(values);
        return random.nextBoolean()
                ? array
                : new ArrayDataSerializer(element).toBinaryArray(array).copy();
    }

    private MapData map(LogicalType key, LogicalType value) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            entries.put(value(key), value.isNullable() ? valueOrNull(value) : value(value));
        }
        GenericMapData map = new GenericMapData(entries);
        return random.nextBoolean()
                ? map
                : new MapDataSerializer(key, value).toBinaryMap(map).copy();
    }

    private DecimalData decimal(DecimalType type) {
        BigInteger digits = new BigInteger(126, random);
        BigInteger unscaled = digits.mod(BigInteger.TEN.pow(type.getPrecision()));
        byte[] bytes = (random.nextBoolean() ? unscaled.negate() : unscaled).toByteArray();
        return DecimalData.fromUnscaledBytes(bytes, type.getPrecision(), type.getScale());
    }

    /** As Flink's operators leave it: a Java string, its bytes, or both. */
    private StringData string() {
        String text = text(random.nextInt(random.nextInt(10) == 0 ? 200 : FEW_POINTS));
        switch (random.nextInt(3)) {
            case 0:
                return StringData.fromString(text);
            case 1:
                return StringData.fromBytes(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            default:
                StringData both = StringData.fromString(text);
                both.toBytes();
                return both;
        }
    }

    /** Text with characters of one to four bytes. */
    String text(int points) {
        boolean ascii = random.nextBoolean();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < points; i++) {
            int[] from = !ascii && random.nextInt(4) == 0 ? PLANES : POINTS;
            int choices = ascii ? 5 : from.length;
            text.appendCodePoint(from[random.nextInt(choices)]);
        }
        return text.toString();
    }
}
