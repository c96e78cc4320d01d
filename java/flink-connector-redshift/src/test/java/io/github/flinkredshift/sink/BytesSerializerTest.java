package io.github.flinkredshift.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.io.IOException;

class BytesSerializerTest {

    private static final byte[] BYTES = {'F', 'R', 'S', 0, -1};

    @Test
    void bytesPassThroughUntouched() throws IOException {
        BytesSerializer<StagedParts> staged = BytesSerializer.ofStaged();
        byte[] written = staged.serialize(new StagedParts(BYTES));
        assertThat(written).isEqualTo(BYTES);
        assertThat(staged.deserialize(staged.getVersion(), written).bytes()).isEqualTo(BYTES);
        BytesSerializer<RedshiftCommittable> committables = BytesSerializer.ofCommittables();
        written = committables.serialize(new RedshiftCommittable(BYTES));
        assertThat(committables.deserialize(1, written).bytes()).isEqualTo(BYTES);
    }

    @Test
    void aLaterVersionIsRefused() {
        assertThatThrownBy(() -> BytesSerializer.ofStaged().deserialize(2, BYTES))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("of version 2");
    }
}
