package io.github.flinkredshift.rows;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.annotation.Internal;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.types.logical.RowType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Rows on their way to the native library: a direct buffer that is filled, handed over and filled
 * again.
 *
 * <p>Each row is four bytes of length and then Flink's own BinaryRowData. Rows that are that
 * already are copied; others are written field by field, without an object in between.
 *
 * <p>A buffer holds about one MiB. It grows for a row that does not fit and shrinks again after it,
 * so the memory of a sink does not depend on the widest row that it has seen.
 */
@Internal
public final class RowBuffer {

    /** From this size on the buffer is handed over. */
    static final int FULL = 1 << 20;

    /** Room beyond that, so that the row that fills the buffer rarely makes it grow. */
    private static final int SLACK = 1 << 16;

    /** The widest row; Redshift's own limit is lower, but a wider value may still be cut. */
    static final int WIDEST_ROW = 16 << 20;

    private static final int LENGTH_BYTES = 4;

    /** Up to this size single bytes are copied faster than a block, whose call costs more. */
    private static final int FEW_BYTES = 16;

    private final TypedRowWriter writer;
    private final int arity;

    private ByteBuffer bytes = allocate(FULL + SLACK);
    private int end;
    private int rows;

    /** A buffer for rows with a table's physical columns. */
    public RowBuffer(RowType columns) {
        this.writer = new TypedRowWriter(columns, "");
        this.arity = columns.getFieldCount();
    }

    /**
     * Adds a row, of whatever kind. The old image of an update goes along: a query that filters the
     * new one away leaves nothing else that says that the row is gone.
     */
    public void append(RowData row) {
        if (row.getArity() != arity) {
            throw new RedshiftException(
                    ErrorKind.SCHEMA_MISMATCH,
                    "a row has " + row.getArity() + " fields and the table " + arity + " columns");
        }
        if (row instanceof BinaryRowData) {
            copy((BinaryRowData) row);
        } else {
            finish(writer.write(row, this, begin(0)));
        }
        rows++;
    }

    /** Whether it is time to hand the rows over. */
    public boolean isFull() {
        return end >= FULL;
    }

    /** Whether there is no row. */
    public boolean isEmpty() {
        return rows == 0;
    }

    /** How many rows there are. */
    public int rows() {
        return rows;
    }

    /** How many bytes they take, from the buffer's beginning on. */
    public int length() {
        return end;
    }

    /** The direct buffer itself. */
    public ByteBuffer bytes() {
        return bytes;
    }

    /** Makes room for the next rows. */
    public void clear() {
        end = 0;
        rows = 0;
        if (bytes.capacity() > FULL + SLACK) {
            bytes = allocate(FULL + SLACK);
        }
    }

    private void copy(BinaryRowData row) {
        int size = row.getSizeInBytes();
        int at = begin(size);
        copy(row.getSegments(), row.getOffset(), size, at);
        finish(at + size);
    }

    /** Copies from Flink's memory, which may lie in several segments of one size. */
    void copy(MemorySegment[] segments, int offset, int size, int at) {
        if (segments.length == 1 && size <= FEW_BYTES) {
            MemorySegment segment = segments[0];
            for (int i = 0; i < size; i++) {
                bytes.put(at + i, segment.get(offset + i));
            }
            return;
        }
        bytes.position(at);
        if (segments.length == 1) {
            segments[0].get(offset, bytes, size);
            return;
        }
        int segmentSize = segments[0].size();
        int index = offset / segmentSize;
        int from = offset % segmentSize;
        for (int left = size; left > 0; index++, from = 0) {
            int some = Math.min(left, segmentSize - from);
            segments[index].get(from, bytes, some);
            left -= some;
        }
    }

    /** Begins a row of at least {@code size} bytes and says where its first byte goes. */
    private int begin(int size) {
        int at = end + LENGTH_BYTES;
        ensure((long) at + size);
        return at;
    }

    /** Ends the row that {@link #begin} began. */
    private void finish(int rowEnd) {
        bytes.putInt(end, rowEnd - end - LENGTH_BYTES);
        end = rowEnd;
    }

    /** Sees to room up to {@code upTo} for the row that was begun. */
    void ensure(long upTo) {
        if (upTo > bytes.capacity()) {
            grow(upTo);
        }
    }

    void putByte(int at, byte value) {
        bytes.put(at, value);
    }

    void putShort(int at, short value) {
        bytes.putShort(at, value);
    }

    void putInt(int at, int value) {
        bytes.putInt(at, value);
    }

    void putLong(int at, long value) {
        bytes.putLong(at, value);
    }

    void putBytes(int at, byte[] value) {
        bytes.position(at);
        bytes.put(value);
    }

    /** Sets a bit, counted from {@code at} on. */
    void setBit(int at, int bit) {
        int index = at + bit / 8;
        bytes.put(index, (byte) (bytes.get(index) | 1 << bit % 8));
    }

    /** Zeroes {@code from} to {@code to}. */
    void zero(int from, int to) {
        for (int at = from; at < to; at++) {
            bytes.put(at, (byte) 0);
        }
    }

    /** The first {@code length} bytes from {@code at} on, the first one lowest; at most seven. */
    long firstBytes(int at, int length) {
        return bytes.getLong(at) & (1L << 8 * length) - 1;
    }

    private void grow(long upTo) {
        int at = end + LENGTH_BYTES;
        long size = upTo - at;
        if (size > WIDEST_ROW) {
            throw tooWide(size);
        }
        ByteBuffer larger = allocate(at + Math.min(2 * (int) size, WIDEST_ROW) + SLACK);
        ByteBuffer written = bytes.duplicate();
        written.clear();
        larger.put(written);
        bytes = larger;
    }

    private static RedshiftException tooWide(long size) {
        return new RedshiftException(
                ErrorKind.VALUE_REFUSED,
                "a row takes at least "
                        + size
                        + " bytes, and "
                        + WIDEST_ROW
                        + " are the most that a row may take\n  what to do: shorten its values"
                        + " in the query");
    }

    private static ByteBuffer allocate(int capacity) {
        return ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }
}
