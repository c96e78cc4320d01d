package io.github.flinkredshift.sink;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;

import java.io.Serializable;

/** The fields of {@link Row}s: found by name, or by position where a row has no names. */
final class ExternalFields implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String path;
    private final String[] names;
    private final ExternalValue[] values;

    /**
     * The fields of a type.
     *
     * @param path where such rows stand, for messages; empty for those of the table
     */
    ExternalFields(RowType type, String path) {
        this.path = path;
        this.names = type.getFieldNames().toArray(new String[0]);
        this.values = new ExternalValue[names.length];
        for (int i = 0; i < names.length; i++) {
            String name = path.isEmpty() ? names[i] : path + "." + names[i];
            values[i] = new ExternalValue(type.getTypeAt(i), name);
        }
    }

    GenericRowData convert(Row row) {
        boolean named = row.getFieldNames(true) != null;
        if (!named && row.getArity() != names.length) {
            throw otherArity(row);
        }
        GenericRowData converted = new GenericRowData(row.getKind(), names.length);
        for (int i = 0; i < names.length; i++) {
            Object value = named ? row.getField(names[i]) : row.getField(i);
            converted.setField(i, values[i].convert(value));
        }
        return converted;
    }

    private RedshiftException otherArity(Row row) {
        String all = String.join(", ", names);
        return new RedshiftException(
                ErrorKind.SCHEMA_MISMATCH,
                path.isEmpty()
                        ? String.format(
                                "a row has %d fields and the table %d columns: [%s]",
                                row.getArity(), names.length, all)
                        : String.format(
                                "a row in column %s has %d fields and its type %d: [%s]",
                                path, row.getArity(), names.length, all));
    }
}
