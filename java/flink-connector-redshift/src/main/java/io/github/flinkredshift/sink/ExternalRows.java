package io.github.flinkredshift.sink;

import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

/** Converts {@link Row}s with the Java classes that Flink's Table API documents for each type. */
final class ExternalRows implements RowConverter<Row> {

    private static final long serialVersionUID = 1L;

    private final ExternalFields columns;

    ExternalRows(RowType columns) {
        this.columns = new ExternalFields(columns, "");
    }

    @Override
    public RowData toRowData(Row row) {
        return columns.convert(row);
    }

    @Override
    public RowKind kindOf(Row row) {
        return row.getKind();
    }

    @Override
    public void setKind(Row row, RowKind kind) {
        row.setKind(kind);
    }
}
