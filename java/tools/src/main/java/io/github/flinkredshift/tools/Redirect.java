package io.github.flinkredshift.tools;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.catalog.Catalog;
import org.apache.flink.table.catalog.CatalogBaseTable;
import org.apache.flink.table.catalog.CatalogTable;
import org.apache.flink.table.catalog.ObjectPath;

/**
 * Options that take the place of those that a script's tables have, so that a script that names a real
 * cluster runs against another one. An option without a value is taken away.
 */
final class Redirect {

    private static final String CONNECTOR = "redshift";
    private static final Pattern NAMES_CONNECTOR =
            Pattern.compile("'connector'\\s*=\\s*'" + CONNECTOR + "'", Pattern.CASE_INSENSITIVE);
    private static final Pattern PLAIN_TABLE =
            Pattern.compile("CREATE\\s+TABLE\\s.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Pattern FILLED_AT_ONCE =
            Pattern.compile("\\)\\s*AS\\s", Pattern.CASE_INSENSITIVE);

    /** A table of no catalog's that takes the connector from another one. */
    private static final Pattern TEMPORARY_LIKE =
            Pattern.compile(
                    "CREATE\\s+TEMPORARY\\s.*\\bLIKE\\b.*",
                    Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private static final Pattern HINT = Pattern.compile("/\\*\\+.*?\\*/", Pattern.DOTALL);

    private final Map<String, String> options;

    /** Tables of which it was told what is replaced. */
    private final Set<String> told = new HashSet<>();

    private Redirect(Map<String, String> options) {
        this.options = options;
    }

    /** A redirect that changes nothing. */
    static Redirect none() {
        return new Redirect(Map.of());
    }

    /** Reads a file of Java properties. */
    static Redirect read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        Map<String, String> options = new HashMap<>();
        properties.stringPropertyNames().forEach(key -> options.put(key, properties.getProperty(key)));
        return new Redirect(options);
    }

    /**
     * Refuses a statement whose table would be written before it could be pointed elsewhere: nothing
     * of a redirected script may reach the cluster that it names.
     */
    void check(String statement) {
        boolean reaches = !options.isEmpty() && NAMES_CONNECTOR.matcher(statement).find();
        boolean plain = PLAIN_TABLE.matcher(statement).matches();
        boolean like = !options.isEmpty() && TEMPORARY_LIKE.matcher(statement).matches();
        if (like || reaches && (!plain || FILLED_AT_ONCE.matcher(statement).find())) {
            throw new IllegalArgumentException(
                    "Only tables of plain CREATE TABLE statements can be redirected, not `"
                            + Statements.head(statement)
                            + "`: create the table first, then fill it by INSERT.");
        }
        // A hint counts more than the options of the table, and so would undo the redirect.
        Matcher hint = HINT.matcher(statement);
        while (hint.find()) {
            for (String key : options.keySet()) {
                if (hint.group().contains("'" + key + "'")) {
                    throw new IllegalArgumentException(
                            "A hint with '"
                                    + key
                                    + "' cannot be redirected in `"
                                    + Statements.head(statement)
                                    + "`: put the option into the table's WITH clause.");
                }
            }
        }
    }

    /**
     * Points every table of the connector at the other cluster, in whatever catalog and database it is:
     * a statement may name a table by its whole path.
     */
    void apply(TableEnvironment environment) throws Exception {
        if (options.isEmpty()) {
            return;
        }
        for (String catalog : environment.listCatalogs()) {
            Catalog found = environment.getCatalog(catalog).orElseThrow();
            for (String database : found.listDatabases()) {
                apply(catalog, found, database);
            }
        }
    }

    private void apply(String catalogName, Catalog catalog, String database) throws Exception {
        for (String name : catalog.listTables(database)) {
            ObjectPath path = new ObjectPath(database, name);
            CatalogBaseTable table = catalog.getTable(path);
            if (table instanceof CatalogTable
                    && CONNECTOR.equals(table.getOptions().get("connector"))) {
                if (told.add(catalogName + "." + path.getFullName())) {
                    System.out.println(replacing(name, table.getOptions()));
                }
                Map<String, String> replaced = replace(table.getOptions());
                catalog.alterTable(path, ((CatalogTable) table).copy(replaced), false);
            }
        }
    }

    /** Says which of a table's own options do not count, so that nobody takes them for tried. */
    String replacing(String table, Map<String, String> declared) {
        Set<String> replaced = new TreeSet<>(declared.keySet());
        replaced.retainAll(options.keySet());
        return "  "
                + table
                + " is pointed at the stand-in; of its own options these are not tried: "
                + (replaced.isEmpty() ? "none" : String.join(", ", replaced));
    }

    /** The options with those of this redirect in place of what was there. */
    Map<String, String> replace(Map<String, String> declared) {
        Map<String, String> replaced = new HashMap<>(declared);
        options.forEach(
                (key, value) -> {
                    if (value.isEmpty()) {
                        replaced.remove(key);
                    } else {
                        replaced.put(key, value);
                    }
                });
        return replaced;
    }
}
