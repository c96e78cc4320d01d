package io.github.flinkredshift.harness;

import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What the connector logs while this is open, its native library included. */
public final class LogEvents extends AbstractAppender implements AutoCloseable {

    private static final String LOGGERS = "io.github.flinkredshift";

    private final Queue<String> lines = new ConcurrentLinkedQueue<>();

    private LogEvents() {
        super("log events of a test", null, null, false, Property.EMPTY_ARRAY);
    }

    /** Begins to listen. */
    public static LogEvents ofTheConnector() {
        LogEvents events = new LogEvents();
        events.start();
        root().addAppender(events);
        return events;
    }

    private static Logger root() {
        return (Logger) LogManager.getRootLogger();
    }

    @Override
    public void append(LogEvent event) {
        if (event.getLoggerName().startsWith(LOGGERS)) {
            lines.add(event.getLoggerName() + " " + event.getMessage().getFormattedMessage());
        }
    }

    /** All of it, a line an event. */
    public String text() {
        return String.join("\n", lines);
    }

    @Override
    public void close() {
        root().removeAppender(this);
        stop();
    }
}
