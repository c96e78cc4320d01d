package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the core made of a table and an INSERT into it: options, columns and key, checked, and the
 * launch's id, which is minted here and travels in the job graph.
 *
 * <p>Its bytes hold secrets; nothing prints them.
 */
@Internal
public final class Plan implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(Plan.class);

    private static final int KEYED = 0;
    private static final int PARALLELISM = 1;
    private static final int COMMIT_INTERVAL = 2;
    private static final int EXACTLY_ONCE = 3;
    private static final int NAMED_RUN = 4;
    private static final int FLUSH_INTERVAL = 5;
    private static final int OVERWRITE = 6;
    private static final int FLUSHES = 7;
    private static final int IGNORES_DELETES = 8;
    private static final int COMMIT_TIMEOUT = 9;

    /** Types that SQL has no text for, by the names under which the core refuses them. */
    private static final Set<String> NOT_CARRIED = Set.of("RAW", "STRUCTURED", "SYMBOL");

    private final byte[] bytes;
    private final long[] facts;
    private final String libraryDirectory;

    /** Makes the bytes once more; only where the plan was made, not where it arrived. */
    private final transient Supplier<byte[]> again;

    private Plan(Supplier<byte[]> core, String libraryDirectory) {
        this.bytes = core.get();
        this.facts = Native.facts(bytes);
        this.libraryDirectory = libraryDirectory;
        this.again = core;
    }

    /**
     * Has the core check a table and makes the plan.
     *
     * @param options the table's options as they were given
     * @param columns all physical columns
     * @param primaryKey names of the key's columns; empty without a key
     * @param written indices of the columns that the INSERT names, or null for all
     * @param overwrite whether the INSERT replaces the table's rows
     * @param comments what is said of the table and its columns
     */
    public static Plan of(
            Map<String, String> options,
            RowType columns,
            List<String> primaryKey,
            int[] written,
            boolean overwrite,
            Comments comments) {
        String directory = options.get(NativeLibrary.DIRECTORY_OPTION);
        NativeLibrary.load(directory);
        String[] given = flat(options);
        String[] names = columns.getFieldNames().toArray(new String[0]);
        String[] types = types(columns);
        String[] key = primaryKey.toArray(new String[0]);
        String comment = comments.ofTable();
        String[] columnComments = flat(comments.ofColumns());
        try {
            Plan plan =
                    new Plan(
                            () ->
                                    Native.plan(
                                            given,
                                            names,
                                            types,
                                            key,
                                            written,
                                            overwrite,
                                            comment,
                                            columnComments),
                            directory);
            for (String warning : Native.warnings(plan.bytes)) {
                LOG.warn("{}", warning);
            }
            return plan;
        } finally {
            LogPump.drain();
        }
    }

    /** The plan of an INSERT into a table of which nothing is said. */
    public static Plan of(
            Map<String, String> options,
            RowType columns,
            List<String> primaryKey,
            int[] written,
            boolean overwrite) {
        return of(options, columns, primaryKey, written, overwrite, Comments.NONE);
    }

    /**
     * The same plan for another launch. A sink may be built into a job more than once, and the
     * second job's checkpoints count like the first one's: under one launch, the ledger would take
     * them for the same.
     */
    public Plan relaunched() {
        return again == null ? this : new Plan(again, libraryDirectory);
    }

    private static String[] flat(Map<String, String> options) {
        return options.entrySet().stream()
                .flatMap(option -> List.of(option.getKey(), option.getValue()).stream())
                .toArray(String[]::new);
    }

    private static String[] types(RowType columns) {
        return columns.getChildren().stream().map(Plan::text).toArray(String[]::new);
    }

    /** A type as SQL writes it. Some have no such text; the core refuses them by what they have. */
    private static String text(LogicalType type) {
        try {
            return type.asSerializableString();
        } catch (RuntimeException e) {
            return withoutText(type);
        }
    }

    /** The name of the part of a type for which SQL has no text. */
    private static String withoutText(LogicalType type) {
        switch (type.getTypeRoot()) {
            case RAW:
                return "RAW";
            case STRUCTURED_TYPE:
                return "STRUCTURED";
            case SYMBOL:
                return "SYMBOL";
            default:
                Optional<String> part =
                        type.getChildren().stream()
                                .map(Plan::text)
                                .filter(NOT_CARRIED::contains)
                                .findFirst();
                return part.orElseGet(type::asSummaryString);
        }
    }

    /** Loads the native library where this plan arrived. */
    void loadLibrary() {
        NativeLibrary.load(libraryDirectory);
    }

    byte[] bytes() {
        return bytes;
    }

    /** Whether rows are applied by key. */
    public boolean keyed() {
        return facts[KEYED] != 0;
    }

    /** The parallelism that the options or the write mode ask for. */
    public OptionalInt parallelism() {
        int parallelism = (int) facts[PARALLELISM];
        return parallelism == 0 ? OptionalInt.empty() : OptionalInt.of(parallelism);
    }

    /** The least time between two commits; zero for a commit at every checkpoint. */
    public Duration commitInterval() {
        return Duration.ofMillis(facts[COMMIT_INTERVAL]);
    }

    /** The longest that one commit may take; zero where the options do not say. */
    public Duration commitTimeout() {
        return Duration.ofMillis(facts[COMMIT_TIMEOUT]);
    }

    /** Whether each row is promised to be in the table once. */
    public boolean exactlyOnce() {
        return facts[EXACTLY_ONCE] != 0;
    }

    /** Whether the user named the run, which only a batch job may. */
    public boolean namedRun() {
        return facts[NAMED_RUN] != 0;
    }

    /** Whether writers write to the table on their own, batch by batch, ahead of checkpoints. */
    public boolean flushes() {
        return facts[FLUSHES] != 0;
    }

    /** The longest that a row waits where writers flush or commit by time. */
    public Duration flushInterval() {
        return Duration.ofMillis(facts[FLUSH_INTERVAL]);
    }

    /** Whether changes that take rows away are dropped. */
    public boolean ignoresDeletes() {
        return facts[IGNORES_DELETES] != 0;
    }

    /** Whether the rows replace the table's. */
    public boolean overwrite() {
        return facts[OVERWRITE] != 0;
    }

    @Override
    public String toString() {
        return "Plan of " + bytes.length + " bytes";
    }
}
