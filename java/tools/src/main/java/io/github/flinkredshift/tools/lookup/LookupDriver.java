package io.github.flinkredshift.tools.lookup;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.Properties;
import java.util.logging.Logger;

/** PostgreSQL's driver under URLs of another beginning, by which the connector finds the dialect. */
public final class LookupDriver implements Driver {

    private final Driver driver = new org.postgresql.Driver();

    @Override
    public Connection connect(String url, Properties info) throws SQLException {
        return acceptsURL(url) ? driver.connect(own(url), info) : null;
    }

    @Override
    public boolean acceptsURL(String url) {
        return url.startsWith(LookupFactory.PREFIX);
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) throws SQLException {
        return driver.getPropertyInfo(own(url), info);
    }

    @Override
    public int getMajorVersion() {
        return driver.getMajorVersion();
    }

    @Override
    public int getMinorVersion() {
        return driver.getMinorVersion();
    }

    @Override
    public boolean jdbcCompliant() {
        return driver.jdbcCompliant();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger(LookupDriver.class.getName());
    }

    private static String own(String url) {
        return "jdbc:" + url.substring(LookupFactory.PREFIX.length());
    }
}
