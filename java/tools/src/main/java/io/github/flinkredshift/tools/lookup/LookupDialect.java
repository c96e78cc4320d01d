package io.github.flinkredshift.tools.lookup;

import org.apache.flink.connector.jdbc.postgres.database.dialect.PostgresDialect;

import java.util.Optional;

/**
 * PostgreSQL's dialect without its upsert. The connector then does what it does for every database
 * that has none: it looks each row's key up, and inserts or updates.
 */
final class LookupDialect extends PostgresDialect {

    private static final long serialVersionUID = 1L;

    @Override
    public String dialectName() {
        return "PostgreSQL without ON CONFLICT";
    }

    @Override
    public Optional<String> defaultDriverName() {
        return Optional.of(LookupDriver.class.getName());
    }

    @Override
    public Optional<String> getUpsertStatement(String table, String[] fields, String[] keys) {
        return Optional.empty();
    }
}
