package io.github.flinkredshift.rows;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.table.data.binary.BinarySection;

import java.nio.charset.StandardCharsets;

/** Writes text as UTF-8 into a {@link RowBuffer}. */
final class Text {

    /** Room to see to behind a text: it is padded to whole words, and read by whole words. */
    private static final int WORD = 8;

    /** From this many characters on, the JVM's own encoder is faster than a loop. */
    private static final int LONG = 48;

    /** The most bytes that a slot holds, beside their number. */
    private static final int SHORT = 7;

    private static final int BYTES_A_CHARACTER = 3;
    private static final byte REPLACEMENT = '?';

    private Text() {}

    /** Whether a text that is UTF-8 already fits into its slot. */
    static boolean isShort(BinarySection text) {
        return text.getSizeInBytes() <= SHORT && text.getSegments().length == 1;
    }

    /**
     * The slot of a short text: its bytes, the first one lowest, and their number in the last. Two
     * reads that overlap take fewer steps than a read of each byte.
     */
    static long inSlot(BinarySection text) {
        MemorySegment segment = text.getSegments()[0];
        int offset = text.getOffset();
        int length = text.getSizeInBytes();
        long bytes = 0;
        if (length >= Integer.BYTES) {
            int behind = length - Integer.BYTES;
            bytes = segment.getIntLittleEndian(offset) & 0xFFFF_FFFFL;
            bytes |= (segment.getIntLittleEndian(offset + behind) & 0xFFFF_FFFFL) << 8 * behind;
        } else if (length >= Short.BYTES) {
            int behind = length - Short.BYTES;
            bytes = segment.getShortLittleEndian(offset) & 0xFFFFL;
            bytes |= (segment.getShortLittleEndian(offset + behind) & 0xFFFFL) << 8 * behind;
        } else if (length == 1) {
            bytes = segment.get(offset) & 0xFFL;
        }
        return bytes | (length | 0x80L) << 56;
    }

    /**
     * Writes a text that is UTF-8 already.
     *
     * @param position where its first byte goes
     * @return how many bytes it takes
     */
    static int write(BinarySection text, RowBuffer out, int position) {
        int size = text.getSizeInBytes();
        out.ensure((long) position + size + WORD);
        out.copy(text.getSegments(), text.getOffset(), size, position);
        return size;
    }

    /**
     * Writes a text.
     *
     * @param position where its first byte goes
     * @return how many bytes it takes
     */
    static int write(String text, RowBuffer out, int position) {
        int length = text.length();
        if (length >= LONG) {
            byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
            out.ensure((long) position + encoded.length + WORD);
            out.putBytes(position, encoded);
            return encoded.length;
        }
        out.ensure(position + length * BYTES_A_CHARACTER + WORD);
        int to = position;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return writeRest(text, i, out, to) - position;
            }
            out.putByte(to++, (byte) c);
        }
        return to - position;
    }

    /** Goes on where the first character beyond ASCII stands, and says where the text ends. */
    private static int writeRest(String text, int from, RowBuffer out, int to) {
        int end = to;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                out.putByte(end++, (byte) c);
            } else if (c < 0x800) {
                out.putByte(end++, (byte) (0xC0 | c >> 6));
                out.putByte(end++, last(c));
            } else if (!Character.isSurrogate(c)) {
                out.putByte(end++, (byte) (0xE0 | c >> 12));
                out.putByte(end++, last(c >> 6));
                out.putByte(end++, last(c));
            } else if (isPair(text, i)) {
                int point = Character.toCodePoint(c, text.charAt(++i));
                out.putByte(end++, (byte) (0xF0 | point >> 18));
                out.putByte(end++, last(point >> 12));
                out.putByte(end++, last(point >> 6));
                out.putByte(end++, last(point));
            } else {
                // Half of a pair is no character; Java's own encoder writes the same.
                out.putByte(end++, REPLACEMENT);
            }
        }
        return end;
    }

    private static boolean isPair(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
    }

    private static byte last(int bits) {
        return (byte) (0x80 | bits & 0x3F);
    }
}
