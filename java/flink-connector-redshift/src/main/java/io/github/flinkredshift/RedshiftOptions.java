// Generated from the table of options in crates/arrow-redshift/src/options/table by `cargo xtask
// codegen`.
package io.github.flinkredshift;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.MemorySize;

/**
 * The options of a table with {@code 'connector' = 'redshift'}.
 *
 * <p>They are for programs that write keys, and for tools that list them. What values mean is
 * decided by the core, which reads all spellings and reports all problems at once.
 */
@PublicEvolving
public final class RedshiftOptions {

    /**
     * Host name of the cluster's or workgroup's endpoint; TLS checks the certificate against it.
     * Value: text. Default: required, unless {@code url} names it.
     */
    public static final ConfigOption<String> HOSTNAME =
            ConfigOptions.key("hostname")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Host name of the cluster's or workgroup's endpoint; TLS "
                                    + "checks the certificate against it.");

    /**
     * TCP port of the endpoint. Value: a whole number from 1 to 65535. Default: {@code 5439}.
     */
    public static final ConfigOption<Integer> PORT =
            ConfigOptions.key("port")
                    .intType()
                    .defaultValue(5439)
                    .withDescription("TCP port of the endpoint.");

    /**
     * The same as a JDBC URL, {@code jdbc:redshift://host:port/database?user=…&password=…}, with
     * {@code ssl}, {@code sslmode} and {@code sslrootcert} as Amazon's driver names them. Values
     * are percent-encoded, a {@code +} is a blank. What is set as an option of its own beats what
     * the URL says. Value: text. Default: not used. Never printed.
     */
    public static final ConfigOption<String> URL =
            ConfigOptions.key("url")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "The same as a JDBC URL, "
                                    + "jdbc:redshift://host:port/database?user=…&password=…, with "
                                    + "ssl, sslmode and sslrootcert as Amazon's driver names "
                                    + "them. Values are percent-encoded, a + is a blank. What is "
                                    + "set as an option of its own beats what the URL says.");

    /**
     * Database user. Value: text. Default: required, unless {@code url} names it.
     */
    public static final ConfigOption<String> USERNAME =
            ConfigOptions.key("username")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Database user.");

    /**
     * The user's password. Value: text. Default: required, unless {@code url} holds it. Never
     * printed.
     */
    public static final ConfigOption<String> PASSWORD =
            ConfigOptions.key("password")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("The user's password.");

    /**
     * Database to connect to. Value: text. Default: {@code dev}.
     */
    public static final ConfigOption<String> DATABASE_NAME =
            ConfigOptions.key("database-name")
                    .stringType()
                    .defaultValue("dev")
                    .withFallbackKeys("database.name", "database", "sink.database-name")
                    .withDescription("Database to connect to.");

    /**
     * The table, or {@code schema.table}; a part with a point in it goes into double quotes. Names
     * fold to lower case, as Redshift folds them, unless the user's sessions have {@code
     * enable_case_sensitive_identifier}. Value: text. Default: required.
     */
    public static final ConfigOption<String> TABLE_NAME =
            ConfigOptions.key("table-name")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys("table.name", "sink.table-name", "querytable-name")
                    .withDescription(
                            "The table, or schema.table; a part with a point in it goes "
                                    + "into double quotes. Names fold to lower case, as Redshift "
                                    + "folds them, unless the user's sessions have "
                                    + "enable_case_sensitive_identifier.");

    /**
     * TLS, with libpq's meanings: {@code require} encrypts and checks no certificate, {@code
     * verify-ca} checks its chain, {@code verify-full} the host name too. Value: disable, require,
     * verify-ca or verify-full. Default: {@code verify-full}.
     */
    public static final ConfigOption<String> SSL_MODE =
            ConfigOptions.key("ssl.mode")
                    .stringType()
                    .defaultValue("verify-full")
                    .withDescription(
                            "TLS, with libpq's meanings: require encrypts and checks no "
                                    + "certificate, verify-ca checks its chain, verify-full the "
                                    + "host name too.");

    /**
     * A PEM file with the certificate authorities to trust, in place of the system's. Value: text.
     * Default: what {@code url} says, or else the system's authorities.
     */
    public static final ConfigOption<String> SSL_ROOT_CERT =
            ConfigOptions.key("ssl.root-cert")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "A PEM file with the certificate authorities to trust, in "
                                    + "place of the system's.");

    /**
     * The longest that connecting and logging in may take. Value: a duration from 100 ms to 1 h.
     * Default: {@code 30 s}.
     */
    public static final ConfigOption<Duration> CONNECTION_CONNECT_TIMEOUT =
            ConfigOptions.key("connection.connect-timeout")
                    .durationType()
                    .defaultValue(Duration.ofSeconds(30))
                    .withDescription("The longest that connecting and logging in may take.");

    /**
     * The longest that one statement may take, waiting in its queue included; 0 leaves it to the
     * server. Value: a duration from 0 s to 20 d. Default: {@code 0 s}.
     */
    public static final ConfigOption<Duration> CONNECTION_STATEMENT_TIMEOUT =
            ConfigOptions.key("connection.statement-timeout")
                    .durationType()
                    .defaultValue(Duration.ofSeconds(0))
                    .withDescription(
                            "The longest that one statement may take, waiting in its "
                                    + "queue included; 0 leaves it to the server.");

    /**
     * How long a session that is kept for the next commit or flush stays open unused; 0 keeps it
     * open, until another one needs its place ({@code connection.max}). Value: a duration from 0 s
     * to 1 d. Default: {@code 10 min}.
     */
    public static final ConfigOption<Duration> CONNECTION_IDLE_TIMEOUT =
            ConfigOptions.key("connection.idle-timeout")
                    .durationType()
                    .defaultValue(Duration.ofMinutes(10))
                    .withDescription(
                            "How long a session that is kept for the next commit or "
                                    + "flush stays open unused; 0 keeps it open, until another "
                                    + "one needs its place (connection.max).");

    /**
     * The most sessions that one process has open at once as this user in this database, for all of
     * its sinks together; and the most that one sink has open at once, in all of its tasks. Of a
     * sink's, one is the committer's, the others are shared out among the writers, of which each
     * needs one (two with {@code sink.schema-evolution}). A sink that this is too few for is
     * refused at its start. A job of s sinks over n TaskManagers opens at most min(s, n) times as
     * many. Value: a whole number from 2 to 2000. Default: {@code 2000}.
     */
    public static final ConfigOption<Integer> CONNECTION_MAX =
            ConfigOptions.key("connection.max")
                    .intType()
                    .defaultValue(2000)
                    .withDescription(
                            "The most sessions that one process has open at once as "
                                    + "this user in this database, for all of its sinks together; "
                                    + "and the most that one sink has open at once, in all of its "
                                    + "tasks. Of a sink's, one is the committer's, the others are "
                                    + "shared out among the writers, of which each needs one (two "
                                    + "with sink.schema-evolution). A sink that this is too few "
                                    + "for is refused at its start. A job of s sinks over n "
                                    + "TaskManagers opens at most min(s, n) times as many.");

    /**
     * How rows are written: {@code copy} stages files on S3 and loads them with COPY. {@code jdbc}
     * writes with statements over the connection (Redshift's own protocol, no JDBC driver), and
     * needs no S3: for small and steady changes. Value: jdbc or copy. Default: {@code jdbc}. Also
     * {@code copy-mode}: {@code true} for {@code copy}, {@code false} for {@code jdbc}.
     */
    public static final ConfigOption<String> SINK_WRITE_MODE =
            ConfigOptions.key("sink.write.mode")
                    .stringType()
                    .defaultValue("jdbc")
                    .withFallbackKeys("write.mode", "sink.mode")
                    .withDescription(
                            "How rows are written: copy stages files on S3 and loads "
                                    + "them with COPY. jdbc writes with statements over the "
                                    + "connection (Redshift's own protocol, no JDBC driver), and "
                                    + "needs no S3: for small and steady changes.");

    /**
     * What is promised about each row, with Flink's meanings. Value: exactly-once or at-least-once.
     * Default: {@code exactly-once} in copy mode, {@code at-least-once} in jdbc mode.
     */
    public static final ConfigOption<String> SINK_DELIVERY_GUARANTEE =
            ConfigOptions.key("sink.delivery-guarantee")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("What is promised about each row, with Flink's meanings.");

    /**
     * Rows of a batch. In jdbc mode so many rows are a flush; one transaction takes all whole
     * batches that wait. In copy mode it is one Arrow batch and nothing else: files roll by {@code
     * sink.copy.part-size}. Value: a whole number from 1 to 1000000. Default: {@code 1000}.
     */
    public static final ConfigOption<Integer> SINK_BATCH_SIZE =
            ConfigOptions.key("sink.batch-size")
                    .intType()
                    .defaultValue(1000)
                    .withFallbackKeys("sink.batch.size")
                    .withDescription(
                            "Rows of a batch. In jdbc mode so many rows are a flush; "
                                    + "one transaction takes all whole batches that wait. In copy "
                                    + "mode it is one Arrow batch and nothing else: files roll by "
                                    + "sink.copy.part-size.");

    /**
     * The longest that a row waits. It counts for {@code at-least-once}: in jdbc mode always, in
     * copy mode without checkpoints, where each flush is a COPY. Value: a duration from 0 s to 1 d.
     * Default: {@code 1 s} in jdbc mode, {@code 10 s} in copy mode.
     */
    public static final ConfigOption<Duration> SINK_FLUSH_INTERVAL =
            ConfigOptions.key("sink.flush-interval")
                    .durationType()
                    .noDefaultValue()
                    .withFallbackKeys("sink.flush.interval")
                    .withDescription(
                            "The longest that a row waits. It counts for at-least-once: "
                                    + "in jdbc mode always, in copy mode without checkpoints, "
                                    + "where each flush is a COPY.");

    /**
     * The most bytes, compressed, that the rows of one checkpoint (or of a batch) may take in jdbc
     * mode with {@code exactly-once}, where they travel in it; a writer's share is this by the
     * parallelism. Beyond it the job fails and names copy mode, which has no such limit. The
     * default fits what Flink's own default storage ({@code jobmanager}: 5 mb of a state) takes;
     * with another one, and in the command, it may be more. 64 mb are some millions of rows, which
     * statements take minutes to write. Value: a size from 1 mb to 1 gb. Default: {@code 4 mb}.
     */
    public static final ConfigOption<MemorySize> SINK_CHECKPOINT_SIZE_LIMIT =
            ConfigOptions.key("sink.checkpoint-size-limit")
                    .memoryType()
                    .defaultValue(MemorySize.parse("4 mb"))
                    .withDescription(
                            "The most bytes, compressed, that the rows of one "
                                    + "checkpoint (or of a batch) may take in jdbc mode with "
                                    + "exactly-once, where they travel in it; a writer's share is "
                                    + "this by the parallelism. Beyond it the job fails and names "
                                    + "copy mode, which has no such limit. The default fits what "
                                    + "Flink's own default storage (jobmanager: 5 mb of a state) "
                                    + "takes; with another one, and in the command, it may be "
                                    + "more. 64 mb are some millions of rows, which statements "
                                    + "take minutes to write.");

    /**
     * How often a unit of work is tried again after an error that may pass. A commit or a flush
     * that has nothing sent yet waits up to ten minutes for a server that is away, without
     * counting; with 0 it does not. Value: a whole number from 0 to 1000. Default: {@code 3}.
     */
    public static final ConfigOption<Integer> SINK_MAX_RETRIES =
            ConfigOptions.key("sink.max-retries")
                    .intType()
                    .defaultValue(3)
                    .withFallbackKeys("sink.max.retries")
                    .withDescription(
                            "How often a unit of work is tried again after an error "
                                    + "that may pass. A commit or a flush that has nothing sent "
                                    + "yet waits up to ten minutes for a server that is away, "
                                    + "without counting; with 0 it does not.");

    /**
     * Whether rows that take content away (deletes, and the old rows of updates) are dropped. A
     * table without a key then takes the new rows of updates as rows of their own. Value: true or
     * false. Default: {@code false}.
     */
    public static final ConfigOption<Boolean> SINK_IGNORE_DELETE =
            ConfigOptions.key("sink.ignore-delete")
                    .booleanType()
                    .defaultValue(false)
                    .withDescription(
                            "Whether rows that take content away (deletes, and the old "
                                    + "rows of updates) are dropped. A table without a key then "
                                    + "takes the new rows of updates as rows of their own.");

    /**
     * Whether a keyed commit that holds upserts only is applied by one MERGE in place of DELETE and
     * INSERT, or UPDATE and INSERT. One that takes a row away is applied as ever, and so is every
     * commit of a table whose columns all belong to the key. Both end in the same rows. Value: true
     * or false. Default: {@code false}.
     */
    public static final ConfigOption<Boolean> SINK_USE_MERGE =
            ConfigOptions.key("sink.use-merge")
                    .booleanType()
                    .defaultValue(false)
                    .withDescription(
                            "Whether a keyed commit that holds upserts only is applied "
                                    + "by one MERGE in place of DELETE and INSERT, or UPDATE and "
                                    + "INSERT. One that takes a row away is applied as ever, and "
                                    + "so is every commit of a table whose columns all belong to "
                                    + "the key. Both end in the same rows.");

    /**
     * What is done about keys that have more than one row in the target already, among those that a
     * commit changes. {@code report} counts them and says how many. {@code clean} also leaves one
     * row of each, whichever it is; a commit that replaces whole rows does so anyway. {@code
     * ignore} does not look, which spares each commit a join with the target. Flushes (jdbc mode
     * with {@code at-least-once}) never look. Value: report, clean or ignore. Default: {@code
     * report}.
     */
    public static final ConfigOption<String> SINK_DUPLICATE_KEYS =
            ConfigOptions.key("sink.duplicate-keys")
                    .stringType()
                    .defaultValue("report")
                    .withDescription(
                            "What is done about keys that have more than one row in the "
                                    + "target already, among those that a commit changes. report "
                                    + "counts them and says how many. clean also leaves one row "
                                    + "of each, whichever it is; a commit that replaces whole "
                                    + "rows does so anyway. ignore does not look, which spares "
                                    + "each commit a join with the target. Flushes (jdbc mode "
                                    + "with at-least-once) never look.");

    /**
     * Whether a keyed commit locks the target table; {@code false} only where nothing else ever
     * writes to it. Value: true or false. Default: {@code true}.
     */
    public static final ConfigOption<Boolean> SINK_LOCK_TARGET =
            ConfigOptions.key("sink.lock-target")
                    .booleanType()
                    .defaultValue(true)
                    .withDescription(
                            "Whether a keyed commit locks the target table; false only "
                                    + "where nothing else ever writes to it.");

    /**
     * The longest wait for the locks of a try to commit. {@code sink.commit.timeout} bounds all
     * tries together. Value: a duration from 1 s to 1 d. Default: {@code 2 min}.
     */
    public static final ConfigOption<Duration> SINK_LOCK_TIMEOUT =
            ConfigOptions.key("sink.lock-timeout")
                    .durationType()
                    .defaultValue(Duration.ofMinutes(2))
                    .withDescription(
                            "The longest wait for the locks of a try to commit. "
                                    + "sink.commit.timeout bounds all tries together.");

    /**
     * The longest that one commit may take, all its tries and waits together. When it has passed
     * before COMMIT, nothing is applied and the commit fails; one whose COMMIT was sent is settled
     * as always. In Flink it has to stay below the checkpoint timeout, since the next checkpoint
     * waits for the commit. Value: a duration from 1 s to 1 d. Default: no bound in a batch
     * program, 80 % of the checkpoint timeout in Flink.
     */
    public static final ConfigOption<Duration> SINK_COMMIT_TIMEOUT =
            ConfigOptions.key("sink.commit.timeout")
                    .durationType()
                    .noDefaultValue()
                    .withDescription(
                            "The longest that one commit may take, all its tries and "
                                    + "waits together. When it has passed before COMMIT, nothing "
                                    + "is applied and the commit fails; one whose COMMIT was sent "
                                    + "is settled as always. In Flink it has to stay below the "
                                    + "checkpoint timeout, since the next checkpoint waits for "
                                    + "the commit.");

    /**
     * How long the ledger remembers a commit; at least {@code sink.staging.retention}. Value: a
     * duration from 1 h to 3650 d. Default: {@code 7 d}, or {@code sink.staging.retention} where
     * that is longer.
     */
    public static final ConfigOption<Duration> SINK_LEDGER_RETENTION =
            ConfigOptions.key("sink.ledger.retention")
                    .durationType()
                    .noDefaultValue()
                    .withDescription(
                            "How long the ledger remembers a commit; at least "
                                    + "sink.staging.retention.");

    /**
     * Parallelism of the sink. Value: a whole number from 1 to 32768. Default: the job's in copy
     * mode, {@code 1} in jdbc mode.
     */
    public static final ConfigOption<Integer> SINK_PARALLELISM =
            ConfigOptions.key("sink.parallelism")
                    .intType()
                    .noDefaultValue()
                    .withDescription("Parallelism of the sink.");

    /**
     * Names a batch run, so that running it again after an unknown end loads nothing twice: 1 to 64
     * letters, digits, {@code .}, {@code _} and {@code -}, with a letter or digit first. Value:
     * text. Default: a fresh UUID.
     */
    public static final ConfigOption<String> SINK_RUN_ID =
            ConfigOptions.key("sink.run-id")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Names a batch run, so that running it again after an "
                                    + "unknown end loads nothing twice: 1 to 64 letters, digits, "
                                    + "., _ and -, with a letter or digit first.");

    /**
     * {@code s3://bucket/prefix} under which files are staged. The bucket has to be in the
     * cluster's region, unless {@code sink.copy.format} is {@code csv}. Value: text. Default:
     * required in copy mode.
     */
    public static final ConfigOption<String> SINK_WRITE_TEMP_S3_URI =
            ConfigOptions.key("sink.write.temp.s3-uri")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys(
                            "copy-temp-s3-uri",
                            "copy.temp.s3.uri",
                            "sink.copy-mode.aws.s3-uri")
                    .withDescription(
                            "s3://bucket/prefix under which files are staged. The "
                                    + "bucket has to be in the cluster's region, unless "
                                    + "sink.copy.format is csv.");

    /**
     * What COPY reads S3 with: the ARN of a role that the cluster has, a comma-separated chain of
     * such ARNs, or {@code default} for the cluster's default role. Value: text. Default: required
     * in copy mode, unless {@code sink.copy.credentials} is {@code keys}.
     */
    public static final ConfigOption<String> AWS_IAM_ROLE =
            ConfigOptions.key("aws.iam-role")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys("aws.iam-role-arn", "iam-role-arn", "sink.aws.iam-role-arn")
                    .withDescription(
                            "What COPY reads S3 with: the ARN of a role that the "
                                    + "cluster has, a comma-separated chain of such ARNs, or "
                                    + "default for the cluster's default role.");

    /**
     * {@code role} has COPY use {@code aws.iam-role}. {@code keys} puts the {@code
     * aws.credentials.basic.*} keys into the COPY statement: Amazon's documentation no longer shows
     * that form, and the statement carries a secret. Value: role or keys. Default: {@code role}.
     */
    public static final ConfigOption<String> SINK_COPY_CREDENTIALS =
            ConfigOptions.key("sink.copy.credentials")
                    .stringType()
                    .defaultValue("role")
                    .withDescription(
                            "role has COPY use aws.iam-role. keys puts the "
                                    + "aws.credentials.basic.* keys into the COPY statement: "
                                    + "Amazon's documentation no longer shows that form, and the "
                                    + "statement carries a secret.");

    /**
     * Format of the staged files. {@code csv} (gzip) is the way out where COPY refuses Parquet:
     * another region, a bucket policy against presigned URLs. Value: parquet or csv. Default:
     * {@code parquet}.
     */
    public static final ConfigOption<String> SINK_COPY_FORMAT =
            ConfigOptions.key("sink.copy.format")
                    .stringType()
                    .defaultValue("parquet")
                    .withDescription(
                            "Format of the staged files. csv (gzip) is the way out "
                                    + "where COPY refuses Parquet: another region, a bucket "
                                    + "policy against presigned URLs.");

    /**
     * Compressed size at which a staged file is closed and the next one begun. 64 MB is one scan
     * range of COPY and the least that Redshift advises for Parquet, so a load spreads over the
     * slices without being cut smaller than they read. Value: a size from 1 mb to 1 gb. Default:
     * {@code 64 mb}.
     */
    public static final ConfigOption<MemorySize> SINK_COPY_PART_SIZE =
            ConfigOptions.key("sink.copy.part-size")
                    .memoryType()
                    .defaultValue(MemorySize.parse("64 mb"))
                    .withDescription(
                            "Compressed size at which a staged file is closed and the "
                                    + "next one begun. 64 MB is one scan range of COPY and the "
                                    + "least that Redshift advises for Parquet, so a load spreads "
                                    + "over the slices without being cut smaller than they read.");

    /**
     * Encryption asked for with every staged file. Value: none, sse-s3 or sse-kms. Default:
     * whatever the bucket does by default.
     */
    public static final ConfigOption<String> SINK_WRITE_TEMP_S3_ENCRYPTION =
            ConfigOptions.key("sink.write.temp.s3.encryption")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Encryption asked for with every staged file.");

    /**
     * Key for {@code sse-kms}: an id, ARN or alias. Value: text. Default: the account's key for S3.
     */
    public static final ConfigOption<String> SINK_WRITE_TEMP_S3_KMS_KEY_ID =
            ConfigOptions.key("sink.write.temp.s3.kms-key-id")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Key for sse-kms: an id, ARN or alias.");

    /**
     * The least time between two commits, each of which then covers several checkpoints; 0 commits
     * at every checkpoint. Value: a duration from 0 s to 1 d. Default: {@code 0 s}.
     */
    public static final ConfigOption<Duration> SINK_COMMIT_INTERVAL =
            ConfigOptions.key("sink.commit.interval")
                    .durationType()
                    .defaultValue(Duration.ofSeconds(0))
                    .withDescription(
                            "The least time between two commits, each of which then "
                                    + "covers several checkpoints; 0 commits at every checkpoint.");

    /**
     * How long staged files that nobody removed are left alone; what other jobs, runs and writers
     * staged under the same path never goes in its first seven days. Restoring a savepoint that
     * names files that are gone fails, so it has to exceed the age of the oldest savepoint of use;
     * the same holds for a lifecycle rule of the bucket. Value: a duration from 1 h to 3650 d.
     * Default: {@code 7 d}.
     */
    public static final ConfigOption<Duration> SINK_STAGING_RETENTION =
            ConfigOptions.key("sink.staging.retention")
                    .durationType()
                    .defaultValue(Duration.ofDays(7))
                    .withDescription(
                            "How long staged files that nobody removed are left alone; "
                                    + "what other jobs, runs and writers staged under the same "
                                    + "path never goes in its first seven days. Restoring a "
                                    + "savepoint that names files that are gone fails, so it has "
                                    + "to exceed the age of the oldest savepoint of use; the same "
                                    + "holds for a lifecycle rule of the bucket.");

    /**
     * What becomes of a value that its column cannot hold. {@code fail} ends the job and names the
     * column, the rule and the row. {@code truncate} cuts text that is too long, {@code null}
     * writes NULL, {@code dead-letter} sets the whole row aside. Where a policy cannot help ({@code
     * truncate} for what is no text that is too long, {@code null} in a NOT NULL column), and in
     * key columns, it is {@code fail}. See [values](values.md). Value: fail, truncate, null or
     * dead-letter. Default: {@code fail}.
     */
    public static final ConfigOption<String> SINK_VALUE_POLICY =
            ConfigOptions.key("sink.value-policy")
                    .stringType()
                    .defaultValue("fail")
                    .withDescription(
                            "What becomes of a value that its column cannot hold. fail "
                                    + "ends the job and names the column, the rule and the row. "
                                    + "truncate cuts text that is too long, null writes NULL, "
                                    + "dead-letter sets the whole row aside. Where a policy "
                                    + "cannot help (truncate for what is no text that is too "
                                    + "long, null in a NOT NULL column), and in key columns, it "
                                    + "is fail. See [values](values.md).");

    /**
     * Policies of single columns, as {@code column:policy;column:policy}, in place of the general
     * one. Naming a key column, {@code truncate} for a column that is no text and {@code null} for
     * one that is NOT NULL are errors. Value: text. Default: none.
     */
    public static final ConfigOption<String> SINK_VALUE_POLICY_COLUMNS =
            ConfigOptions.key("sink.value-policy.columns")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Policies of single columns, as "
                                    + "column:policy;column:policy, in place of the general one. "
                                    + "Naming a key column, truncate for a column that is no text "
                                    + "and null for one that is NOT NULL are errors.");

    /**
     * Whether an error about a value shows the key of its row. Errors go into logs, so by default
     * no value of a row is in them. Value: true or false. Default: {@code false}.
     */
    public static final ConfigOption<Boolean> SINK_VALUE_POLICY_SHOW_KEY =
            ConfigOptions.key("sink.value-policy.show-key")
                    .booleanType()
                    .defaultValue(false)
                    .withDescription(
                            "Whether an error about a value shows the key of its row. "
                                    + "Errors go into logs, so by default no value of a row is in "
                                    + "them.");

    /**
     * Whether a load that only COPY refuses is looked into row by row in copy mode: the part that
     * it names, or that halving the load finds, is read again and checked against the table as it
     * is by then, and if nothing shows, loaded as CSV into a temporary table. The policies then
     * hold for the rows that are found. Otherwise the error names the part. Value: true or false.
     * Default: {@code false}.
     */
    public static final ConfigOption<Boolean> SINK_VALUE_POLICY_REFUSED_LOADS =
            ConfigOptions.key("sink.value-policy.refused-loads")
                    .booleanType()
                    .defaultValue(false)
                    .withDescription(
                            "Whether a load that only COPY refuses is looked into row "
                                    + "by row in copy mode: the part that it names, or that "
                                    + "halving the load finds, is read again and checked against "
                                    + "the table as it is by then, and if nothing shows, loaded "
                                    + "as CSV into a temporary table. The policies then hold for "
                                    + "the rows that are found. Otherwise the error names the "
                                    + "part.");

    /**
     * {@code s3://bucket/prefix} under which rows that were set aside are put as JSON lines, once
     * the commit that they belong to is applied. The bucket has to be in {@code aws.region} too.
     * Value: text. Default: required where a policy is {@code dead-letter}.
     */
    public static final ConfigOption<String> SINK_DEAD_LETTER_S3_URI =
            ConfigOptions.key("sink.dead-letter.s3-uri")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "s3://bucket/prefix under which rows that were set aside "
                                    + "are put as JSON lines, once the commit that they belong to "
                                    + "is applied. The bucket has to be in aws.region too.");

    /**
     * {@code if-not-exists} creates a target that is missing, with the types of docs/types.md.
     * Value: none or if-not-exists. Default: {@code none}.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE =
            ConfigOptions.key("sink.create-table")
                    .stringType()
                    .defaultValue("none")
                    .withDescription(
                            "if-not-exists creates a target that is missing, with the "
                                    + "types of docs/types.md.");

    /**
     * How a created table spreads over the slices. Value: auto, even, all or key. Default: {@code
     * auto}.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_DISTRIBUTION_STYLE =
            ConfigOptions.key("sink.create-table.distribution-style")
                    .stringType()
                    .defaultValue("auto")
                    .withDescription("How a created table spreads over the slices.");

    /**
     * Column that a created table is spread by; belongs to the style {@code key}. Value: text.
     * Default: none.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_DISTRIBUTION_KEY =
            ConfigOptions.key("sink.create-table.distribution-key")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Column that a created table is spread by; belongs to the "
                                    + "style key.");

    /**
     * Columns that a created table is sorted by, as {@code a;b}. Value: text. Default: left to
     * Redshift.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_SORT_KEY =
            ConfigOptions.key("sink.create-table.sort-key")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Columns that a created table is sorted by, as a;b.");

    /**
     * Encodings of a created table's columns, as {@code column:encoding;column:encoding}. Value:
     * text. Default: left to Redshift.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_ENCODINGS =
            ConfigOptions.key("sink.create-table.encodings")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Encodings of a created table's columns, as "
                                    + "column:encoding;column:encoding.");

    /**
     * Width in bytes of a created table's STRING columns. The default refuses no text that Redshift
     * can hold; narrower columns take less memory in queries. Value: a whole number from 1 to
     * 65535. Default: {@code 65535}.
     */
    public static final ConfigOption<Integer> SINK_CREATE_TABLE_VARCHAR_WIDTH =
            ConfigOptions.key("sink.create-table.varchar-width")
                    .intType()
                    .defaultValue(65535)
                    .withDescription(
                            "Width in bytes of a created table's STRING columns. The "
                                    + "default refuses no text that Redshift can hold; narrower "
                                    + "columns take less memory in queries.");

    /**
     * Widths in bytes of single text columns, as {@code column:n;column:n}. They come before what
     * the declared type and {@code sink.create-table.varchar-width} say. Value: text. Default: what
     * the declared types say.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_VARCHAR_WIDTHS =
            ConfigOptions.key("sink.create-table.varchar-widths")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Widths in bytes of single text columns, as "
                                    + "column:n;column:n. They come before what the declared type "
                                    + "and sink.create-table.varchar-width say.");

    /**
     * Comment on a created table. Value: text. Default: the comment of the DDL, where there is one.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_COMMENT =
            ConfigOptions.key("sink.create-table.comment")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Comment on a created table.");

    /**
     * Comments on columns of a created table, as {@code column:text;column:text}; a text with a
     * colon, semicolon or comma in it goes into double quotes. Value: text. Default: the comments
     * of the DDL, where there are some.
     */
    public static final ConfigOption<String> SINK_CREATE_TABLE_COLUMN_COMMENTS =
            ConfigOptions.key("sink.create-table.column-comments")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Comments on columns of a created table, as "
                                    + "column:text;column:text; a text with a colon, semicolon or "
                                    + "comma in it goes into double quotes.");

    /**
     * What is done at the start where the target lacks something declared: {@code add-columns} adds
     * columns that are missing, as NULL for the rows that are there; {@code add-and-widen} also
     * widens VARCHAR columns. Nothing is ever dropped or narrowed, and no column of the key is
     * added. docs/schema.md says more. Value: none, add-columns or add-and-widen. Default: {@code
     * none}.
     */
    public static final ConfigOption<String> SINK_SCHEMA_EVOLUTION =
            ConfigOptions.key("sink.schema-evolution")
                    .stringType()
                    .defaultValue("none")
                    .withDescription(
                            "What is done at the start where the target lacks something "
                                    + "declared: add-columns adds columns that are missing, as "
                                    + "NULL for the rows that are there; add-and-widen also "
                                    + "widens VARCHAR columns. Nothing is ever dropped or "
                                    + "narrowed, and no column of the key is added. "
                                    + "docs/schema.md says more.");

    /**
     * AWS region of the bucket. Value: text. Default: asked of AWS's own chain.
     */
    public static final ConfigOption<String> AWS_REGION =
            ConfigOptions.key("aws.region")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys("s3.endpoint.region", "s3.region", "fs.s3a.endpoint.region")
                    .withDescription("AWS region of the bucket.");

    /**
     * Endpoint of S3, for other stores that speak its protocol and for private endpoints. Without a
     * scheme it is HTTPS; {@code http://} has to be said. Value: text. Default: {@code
     * aws.endpoint}, or else AWS's own.
     */
    public static final ConfigOption<String> S3_ENDPOINT =
            ConfigOptions.key("s3.endpoint")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys("fs.s3a.endpoint")
                    .withDescription(
                            "Endpoint of S3, for other stores that speak its protocol "
                                    + "and for private endpoints. Without a scheme it is HTTPS; "
                                    + "http:// has to be said.");

    /**
     * Endpoint of AWS's services, where all are in one place. Value: text. Default: AWS's own.
     */
    public static final ConfigOption<String> AWS_ENDPOINT =
            ConfigOptions.key("aws.endpoint")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Endpoint of AWS's services, where all are in one place.");

    /**
     * Whether the bucket is named in the path and not in the host. Value: true or false. Default:
     * {@code false}.
     */
    public static final ConfigOption<Boolean> S3_PATH_STYLE_ACCESS =
            ConfigOptions.key("s3.path-style-access")
                    .booleanType()
                    .defaultValue(false)
                    .withFallbackKeys("s3.path.style.access", "fs.s3a.path.style.access")
                    .withDescription(
                            "Whether the bucket is named in the path and not in the "
                                    + "host.");

    /**
     * Where the keys for S3 come from: {@code BASIC} takes those below, {@code AUTO} AWS's own
     * chain (environment, profile, web identity, container, instance). Value: AUTO or BASIC.
     * Default: {@code BASIC} where keys are given, or else {@code AUTO}.
     */
    public static final ConfigOption<String> AWS_CREDENTIALS_PROVIDER =
            ConfigOptions.key("aws.credentials.provider")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Where the keys for S3 come from: BASIC takes those below, "
                                    + "AUTO AWS's own chain (environment, profile, web identity, "
                                    + "container, instance).");

    /**
     * Access key id. Value: text. Default: not used.
     */
    public static final ConfigOption<String> AWS_CREDENTIALS_BASIC_ACCESSKEYID =
            ConfigOptions.key("aws.credentials.basic.accesskeyid")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys(
                            "aws.credentials.provider.basic.accesskeyid",
                            "s3.access-key",
                            "s3.access.key",
                            "fs.s3a.access.key")
                    .withDescription("Access key id.");

    /**
     * Secret access key. Value: text. Default: not used. Never printed.
     */
    public static final ConfigOption<String> AWS_CREDENTIALS_BASIC_SECRETKEY =
            ConfigOptions.key("aws.credentials.basic.secretkey")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys(
                            "aws.credentials.provider.basic.secretkey",
                            "s3.secret-key",
                            "s3.secret.key",
                            "fs.s3a.secret.key")
                    .withDescription("Secret access key.");

    /**
     * Session token of temporary keys. Value: text. Default: not used. Never printed.
     */
    public static final ConfigOption<String> AWS_CREDENTIALS_BASIC_SESSIONTOKEN =
            ConfigOptions.key("aws.credentials.basic.sessiontoken")
                    .stringType()
                    .noDefaultValue()
                    .withFallbackKeys(
                            "aws.credentials.provider.basic.sessiontoken",
                            "s3.session.token",
                            "fs.s3a.session.token")
                    .withDescription("Session token of temporary keys.");

    /**
     * Directory in which the jar unpacks its native library, for systems whose temporary directory
     * is read-only or runs no programs. Only the jar reads it; elsewhere it is accepted and means
     * nothing. Value: text. Default: Java's temporary directory.
     */
    public static final ConfigOption<String> NATIVE_DIRECTORY =
            ConfigOptions.key("native.directory")
                    .stringType()
                    .noDefaultValue()
                    .withDescription(
                            "Directory in which the jar unpacks its native library, for "
                                    + "systems whose temporary directory is read-only or runs no "
                                    + "programs. Only the jar reads it; elsewhere it is accepted "
                                    + "and means nothing.");

    private static final Set<ConfigOption<?>> ALL =
            Collections.unmodifiableSet(
                    new LinkedHashSet<>(
                            Arrays.<ConfigOption<?>>asList(
                                    HOSTNAME,
                                    PORT,
                                    URL,
                                    USERNAME,
                                    PASSWORD,
                                    DATABASE_NAME,
                                    TABLE_NAME,
                                    SSL_MODE,
                                    SSL_ROOT_CERT,
                                    CONNECTION_CONNECT_TIMEOUT,
                                    CONNECTION_STATEMENT_TIMEOUT,
                                    CONNECTION_IDLE_TIMEOUT,
                                    CONNECTION_MAX,
                                    SINK_WRITE_MODE,
                                    SINK_DELIVERY_GUARANTEE,
                                    SINK_BATCH_SIZE,
                                    SINK_FLUSH_INTERVAL,
                                    SINK_CHECKPOINT_SIZE_LIMIT,
                                    SINK_MAX_RETRIES,
                                    SINK_IGNORE_DELETE,
                                    SINK_USE_MERGE,
                                    SINK_DUPLICATE_KEYS,
                                    SINK_LOCK_TARGET,
                                    SINK_LOCK_TIMEOUT,
                                    SINK_COMMIT_TIMEOUT,
                                    SINK_LEDGER_RETENTION,
                                    SINK_PARALLELISM,
                                    SINK_RUN_ID,
                                    SINK_WRITE_TEMP_S3_URI,
                                    AWS_IAM_ROLE,
                                    SINK_COPY_CREDENTIALS,
                                    SINK_COPY_FORMAT,
                                    SINK_COPY_PART_SIZE,
                                    SINK_WRITE_TEMP_S3_ENCRYPTION,
                                    SINK_WRITE_TEMP_S3_KMS_KEY_ID,
                                    SINK_COMMIT_INTERVAL,
                                    SINK_STAGING_RETENTION,
                                    SINK_VALUE_POLICY,
                                    SINK_VALUE_POLICY_COLUMNS,
                                    SINK_VALUE_POLICY_SHOW_KEY,
                                    SINK_VALUE_POLICY_REFUSED_LOADS,
                                    SINK_DEAD_LETTER_S3_URI,
                                    SINK_CREATE_TABLE,
                                    SINK_CREATE_TABLE_DISTRIBUTION_STYLE,
                                    SINK_CREATE_TABLE_DISTRIBUTION_KEY,
                                    SINK_CREATE_TABLE_SORT_KEY,
                                    SINK_CREATE_TABLE_ENCODINGS,
                                    SINK_CREATE_TABLE_VARCHAR_WIDTH,
                                    SINK_CREATE_TABLE_VARCHAR_WIDTHS,
                                    SINK_CREATE_TABLE_COMMENT,
                                    SINK_CREATE_TABLE_COLUMN_COMMENTS,
                                    SINK_SCHEMA_EVOLUTION,
                                    AWS_REGION,
                                    S3_ENDPOINT,
                                    AWS_ENDPOINT,
                                    S3_PATH_STYLE_ACCESS,
                                    AWS_CREDENTIALS_PROVIDER,
                                    AWS_CREDENTIALS_BASIC_ACCESSKEYID,
                                    AWS_CREDENTIALS_BASIC_SECRETKEY,
                                    AWS_CREDENTIALS_BASIC_SESSIONTOKEN,
                                    NATIVE_DIRECTORY)));

    private RedshiftOptions() {}

    /** All of them, in the order of the documentation. */
    public static Set<ConfigOption<?>> all() {
        return ALL;
    }
}
