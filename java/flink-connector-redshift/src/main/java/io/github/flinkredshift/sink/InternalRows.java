package io.github.flinkredshift.sink;

import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;

/** Takes Flink's internal rows as they are. */
final class InternalRows implements RowConverter<RowData> {

    private static final long serialVersionUID = 1L;

    @Override
    public RowData toRowData(RowData row) {
        return row;
    }

    @Override
    public RowKind kindOf(RowData row) {
        return row.getRowKind();
    }

    @Override
    public void setKind(RowData row, RowKind kind) {
        row.setRowKind(kind);
    }
}
