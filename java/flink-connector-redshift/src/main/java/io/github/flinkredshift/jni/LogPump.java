package io.github.flinkredshift.jni;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Brings the native library's log events to SLF4J, under {@code io.github.flinkredshift.native}.
 *
 * <p>The library never calls Java; it queues its events, and a daemon thread fetches them as long
 * as a writer or committer is open.
 */
final class LogPump {

    private static final String LOGGERS = "io.github.flinkredshift.native.";
    private static final Logger ROOT = LoggerFactory.getLogger("io.github.flinkredshift.native");
    private static final int EVENTS_AT_ONCE = 256;
    private static final int FIELDS = 3;
    private static final long PERIOD_MILLIS = 100;
    private static final long STOP_MILLIS = 5_000;

    private static int open;
    private static Thread thread;

    private LogPump() {}

    /** Opens a handle; the first one that is open starts the thread. */
    static long opening(LongSupplier handle) {
        start();
        try {
            return handle.getAsLong();
        } catch (RuntimeException | Error e) {
            closed();
            throw e;
        }
    }

    private static synchronized void start() {
        if (open == 0) {
            Native.setLogLevel(level(ROOT));
            thread = new Thread(LogPump::run, "flink-redshift-native-logs");
            thread.setDaemon(true);
            // Not the job's whose task this is: from lib/ the thread serves later jobs too.
            thread.setContextClassLoader(LogPump.class.getClassLoader());
            thread.start();
        }
        open++;
    }

    /** One handle less is open; the last one stops the thread and fetches what is left. */
    static void closed() {
        Thread stopped = last();
        if (stopped != null) {
            stopped.interrupt();
            joinUninterruptibly(stopped);
        }
        drain();
    }

    private static synchronized Thread last() {
        if (--open > 0) {
            return null;
        }
        Thread last = thread;
        thread = null;
        return last;
    }

    private static void run() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                drain();
            } catch (RuntimeException e) {
                // An appender failed, which says so itself. The next events are worth a try: nobody
                // else would fetch them.
            }
            try {
                Thread.sleep(PERIOD_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static void joinUninterruptibly(Thread thread) {
        boolean interrupted = Thread.interrupted();
        try {
            thread.join(STOP_MILLIS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Logs what is queued. */
    static void drain() {
        String[] events;
        do {
            events = Native.takeLogs(EVENTS_AT_ONCE);
            for (int i = 0; i + FIELDS <= events.length; i += FIELDS) {
                log(events[i], LoggerFactory.getLogger(LOGGERS + events[i + 1]), events[i + 2]);
            }
        } while (events.length == EVENTS_AT_ONCE * FIELDS);
    }

    private static void log(String level, Logger logger, String message) {
        switch (level.toLowerCase(Locale.ROOT)) {
            case "error":
                logger.error("{}", message);
                break;
            case "warn":
                logger.warn("{}", message);
                break;
            case "info":
                logger.info("{}", message);
                break;
            case "debug":
                logger.debug("{}", message);
                break;
            default:
                logger.trace("{}", message);
        }
    }

    private static String level(Logger logger) {
        if (logger.isTraceEnabled()) {
            return "trace";
        } else if (logger.isDebugEnabled()) {
            return "debug";
        } else if (logger.isInfoEnabled()) {
            return "info";
        } else if (logger.isWarnEnabled()) {
            return "warn";
        }
        return logger.isErrorEnabled() ? "error" : "off";
    }
}
