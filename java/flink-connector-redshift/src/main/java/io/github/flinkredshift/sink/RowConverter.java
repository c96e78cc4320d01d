package io.github.flinkredshift.sink;

import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

import java.io.Serializable;

/** Makes Flink's internal rows of what a stream holds. */
interface RowConverter<T> extends Serializable {

    /** The same row in Flink's internal form; it is used up before the next one is made. */
    RowData toRowData(T row);

    /** What the row does. */
    RowKind kindOf(T row);

    /** Has a row that nobody else holds do something else. */
    void setKind(T row, RowKind kind);

    /** For streams of internal rows. */
    static RowConverter<RowData> identity() {
        return new InternalRows();
    }

    /** For streams of {@link Row}, whose fields are found by name, or by position without names. */
    static RowConverter<Row> ofRows(RowType columns) {
        return new ExternalRows(columns);
    }
}
