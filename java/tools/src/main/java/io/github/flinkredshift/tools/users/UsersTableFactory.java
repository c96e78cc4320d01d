package io.github.flinkredshift.tools.users;

import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;

/** The table {@code 'connector' = 'users'}: rows for benchmarks. */
public final class UsersTableFactory implements DynamicTableSourceFactory {

    private static final ConfigOption<Rows> ROWS =
            ConfigOptions.key("rows")
                    .enumType(Rows.class)
                    .defaultValue(Rows.OBJECTS)
                    .withDescription("The form of the rows.");

    @Override
    public String factoryIdentifier() {
        return "users";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(ROWS);
    }

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
        helper.validate();
        return new Users(helper.getOptions().get(ROWS));
    }

    private static final class Users implements ScanTableSource {

        private final Rows rows;

        Users(Rows rows) {
            this.rows = rows;
        }

        @Override
        public ChangelogMode getChangelogMode() {
            return ChangelogMode.insertOnly();
        }

        @Override
        public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
            return SourceProvider.of(new UserSource(rows));
        }

        @Override
        public DynamicTableSource copy() {
            return new Users(rows);
        }

        @Override
        public String asSummaryString() {
            return "users as " + rows;
        }
    }
}
