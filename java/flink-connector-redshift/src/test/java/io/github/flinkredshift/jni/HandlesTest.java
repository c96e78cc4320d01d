package io.github.flinkredshift.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.flinkredshift.ErrorKind;
import io.github.flinkredshift.RedshiftException;

import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.RowType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Writers and committers whose server is not there, or says nothing. */
@Timeout(60)
class HandlesTest {

    private static final RowType COLUMNS = RowType.of(new BigIntType());
    private static final WriterPlace PLACE = new WriterPlace("0a1b", "a job", 0, 1, -1, false);
    private static final int NOBODY_LISTENS = 1;
    private static final String LOG_THREAD = "flink-redshift-native-logs";

    @BeforeEach
    void needsTheLibrary() {
        Natives.assumeThere();
    }

    @AfterEach
    void everythingIsClosed() throws InterruptedException {
        NativeLibrary.load(null);
        assertThat(Native.openHandles()).isZero();
        assertThat(logThreads()).isZero();
    }

    @Test
    void aFailureComesWithItsKindAndItsCauses() throws Exception {
        try (ServerSocket rude = silentServer();
                WriterHandle writer = WriterHandle.open(plan(rude.getLocalPort()), PLACE, false)) {
            rude.accept().close();
            RedshiftException error =
                    catchThrowableOfType(RedshiftException.class, () -> writer.stage(1, false));
            assertThat(error.kind()).isEqualTo(ErrorKind.CONNECTION_LOST);
            assertThat(error.getRetryClass()).isEqualTo("reconnect");
            assertThat(error.getSqlState()).isNull();
            assertThat(error).hasMessageContaining("127.0.0.1");
            assertThat(error.getCause()).isInstanceOf(RedshiftException.class);
            assertThat(error.getMessage()).doesNotContain(error.getCause().getMessage());
            assertThat(writer.figures().stagedFiles()).isZero();
        }
    }

    @Test
    void aHandleThatIsClosedIsAnErrorAndNoCrash() throws Exception {
        WriterHandle writer = WriterHandle.open(plan(NOBODY_LISTENS), PLACE, false);
        writer.close();
        writer.close();
        assertThat(writer.figures().rows()).isZero();
        assertThatThrownBy(() -> writer.push(ByteBuffer.allocateDirect(8), 0, 0, 0))
                .isInstanceOfSatisfying(
                        RedshiftException.class,
                        e -> assertThat(e.kind()).isEqualTo(ErrorKind.INTERNAL));
        assertThatThrownBy(() -> Native.awaitCommit(12345, 1))
                .isInstanceOf(RedshiftException.class);
    }

    /** From lib/ it outlives the first job, whose class loader Flink closes. */
    @Test
    void theThreadThatLogsHoldsNoJobsClassLoader() throws Exception {
        Thread task = Thread.currentThread();
        ClassLoader own = task.getContextClassLoader();
        try (URLClassLoader job = new URLClassLoader(new URL[0], own)) {
            task.setContextClassLoader(job);
            try (WriterHandle writer = WriterHandle.open(plan(NOBODY_LISTENS), PLACE, false)) {
                assertThat(Thread.getAllStackTraces().keySet())
                        .filteredOn(thread -> thread.getName().equals(LOG_THREAD))
                        .singleElement()
                        .extracting(Thread::getContextClassLoader)
                        .isSameAs(LogPump.class.getClassLoader());
            }
        } finally {
            task.setContextClassLoader(own);
        }
    }

    @Test
    void aBufferThatIsNotDirectOrTooShortIsAnError() {
        try (WriterHandle writer = WriterHandle.open(plan(NOBODY_LISTENS), PLACE, false)) {
            assertThatThrownBy(() -> writer.push(ByteBuffer.allocate(8), 8, 1, 0))
                    .isInstanceOf(RedshiftException.class);
            assertThatThrownBy(() -> writer.push(ByteBuffer.allocateDirect(8), 9, 1, 0))
                    .isInstanceOf(RedshiftException.class);
            assertThatThrownBy(() -> writer.push(ByteBuffer.allocateDirect(8), -1, 1, 0))
                    .isInstanceOf(RedshiftException.class);
        }
    }

    @Test
    void anInterruptEndsAWriterThatWaits() throws Exception {
        try (ServerSocket silent = silentServer();
                WriterHandle writer =
                        WriterHandle.open(plan(silent.getLocalPort()), PLACE, false)) {
            Thread waiting = Thread.currentThread();
            interruptSoon(waiting);
            long before = System.nanoTime();
            assertThatThrownBy(() -> writer.stage(1, false))
                    .isInstanceOf(InterruptedException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .isLessThan(Duration.ofSeconds(3));
        }
    }

    @Test
    void closingAWriterThatConnectsTakesNoTime() throws Exception {
        try (ServerSocket silent = silentServer()) {
            WriterHandle writer = WriterHandle.open(plan(silent.getLocalPort()), PLACE, false);
            Thread.sleep(300);
            long before = System.nanoTime();
            writer.close();
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .isLessThan(Duration.ofSeconds(3));
        }
    }

    @Test
    void committersOpenWithoutAServer() {
        Plan plan = plan(NOBODY_LISTENS);
        try (CommitterHandle committer =
                CommitterHandle.open(plan, "0a1b", "a job", Duration.ofMinutes(8))) {
            assertThat(Native.openHandles()).isEqualTo(1);
            assertThatThrownBy(() -> committer.commit(new byte[] {1, 2, 3}))
                    .isInstanceOf(RedshiftException.class);
        }
        assertThatThrownBy(() -> Committables.facts(new byte[] {1, 2, 3}))
                .isInstanceOf(RedshiftException.class);
    }

    private static ServerSocket silentServer() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    private static void interruptSoon(Thread thread) {
        Thread interrupter =
                new Thread(
                        () -> {
                            try {
                                Thread.sleep(300);
                                thread.interrupt();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        interrupter.setDaemon(true);
        interrupter.start();
    }

    private static Plan plan(int port) {
        Map<String, String> options = Natives.options(port);
        return Plan.of(options, COLUMNS, List.of(), null, false);
    }

    private static long logThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(LOG_THREAD))
                .count();
    }
}
