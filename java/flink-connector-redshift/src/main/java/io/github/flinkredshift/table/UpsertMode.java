package io.github.flinkredshift.table;

import org.apache.flink.table.connector.ChangelogMode;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** What a keyed sink takes: inserts, new images of updates, and deletes. */
final class UpsertMode {

    private UpsertMode() {}

    /**
     * With deletes that need no more than their key, where Flink knows such; Flink 1.20 does not,
     * and this jar runs there too.
     */
    static ChangelogMode withKeyOnlyDeletes() {
        try {
            Method upsert = ChangelogMode.class.getMethod("upsert", boolean.class);
            return (ChangelogMode) upsert.invoke(null, true);
        } catch (NoSuchMethodException e) {
            return ChangelogMode.upsert();
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("ChangelogMode.upsert(boolean) failed", e);
        }
    }
}
