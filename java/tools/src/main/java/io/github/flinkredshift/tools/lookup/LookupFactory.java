package io.github.flinkredshift.tools.lookup;

import org.apache.flink.connector.jdbc.core.database.JdbcFactory;
import org.apache.flink.connector.jdbc.core.database.catalog.JdbcCatalog;
import org.apache.flink.connector.jdbc.core.database.dialect.JdbcDialect;
import org.apache.flink.connector.jdbc.postgres.database.PostgresFactory;

/**
 * Makes Flink's JDBC connector write keyed tables as it can into Redshift, which has no {@code ON
 * CONFLICT}: under URLs {@code jdbc:lookup:postgresql:…}.
 */
public final class LookupFactory implements JdbcFactory {

    static final String PREFIX = "jdbc:lookup:";

    @Override
    public boolean acceptsURL(String url) {
        return url.startsWith(PREFIX);
    }

    @Override
    public JdbcDialect createDialect() {
        return new LookupDialect();
    }

    @Override
    public JdbcCatalog createCatalog(
            ClassLoader loader,
            String name,
            String database,
            String username,
            String password,
            String url) {
        return new PostgresFactory()
                .createCatalog(loader, name, database, username, password, url);
    }
}
