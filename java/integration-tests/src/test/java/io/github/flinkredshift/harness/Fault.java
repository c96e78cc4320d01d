package io.github.flinkredshift.harness;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.time.Duration;

/** Trouble by script: which statements or requests meet it, how often, and what happens. */
public final class Fault {

    private final String side;
    private final ObjectNode rule = JsonNodeFactory.instance.objectNode();

    private Fault(String side) {
        this.side = side;
    }

    /**
     * At statements of a kind, as the stand-in names them: connect, query, write, define, lock,
     * copy, begin, commit, rollback, setting.
     */
    public static Fault at(String statement) {
        Fault fault = new Fault("fault");
        fault.rule.putObject("when").put("statement", statement);
        return fault;
    }

    /** At requests of S3, by the name of the operation: PutObject, DeleteObjects and so on. */
    public static Fault atS3(String operation) {
        Fault fault = new Fault("s3_fault");
        fault.rule.put("operation", operation);
        return fault;
    }

    /** Only in the sessions of one table's sinks, which name it in their label. */
    public Fault inSessionsOf(String table) {
        rule.withObject("/when").put("label", table);
        return this;
    }

    /** Only in commits to one table: their label names the sink, table and operator. */
    public Fault inCommitsTo(String table) {
        return inSessionsOf(table + "#");
    }

    /** Only at the staged files of one table. */
    public Fault atFilesOf(StandIn standIn, String table) {
        rule.put("bucket", standIn.text("bucket")).put("key_prefix", "temp/" + table + "/");
        return this;
    }

    /** After so many have passed unharmed. */
    public Fault skip(int count) {
        rule.put("skip", count);
        return this;
    }

    /** So many times; once without it. */
    public Fault times(int count) {
        rule.put("count", count);
        return this;
    }

    /** The connection is lost before the statement is done. */
    public Fault loseBefore() {
        rule.put("effect", "lose-before");
        return this;
    }

    /** The statement is done and the connection lost before its answer. */
    public Fault loseAfter() {
        rule.put("effect", "lose-after");
        return this;
    }

    /** The connection is lost; the session lives on with its locks and then commits. */
    public Fault liveOnAndCommit(Duration hold) {
        ObjectNode effect = rule.putObject("effect").putObject("live-on");
        putDuration(effect.putObject("hold"), hold);
        effect.put("then", "commit");
        return this;
    }

    /** A new connection is closed without a word. */
    public Fault refuse() {
        rule.put("effect", "refuse");
        return this;
    }

    /** The statement fails. */
    public Fault fail(String sqlstate, String message) {
        rule.putObject("effect").putObject("fail").put("sqlstate", sqlstate).put("message", message);
        return this;
    }

    /** The statement or request waits first. */
    public Fault stall(Duration time) {
        if (side.equals("fault")) {
            putDuration(rule.putObject("effect").putObject("stall"), time);
        } else {
            rule.putObject("effect").putObject("stall").put("millis", time.toMillis());
        }
        return this;
    }

    /** S3 answers 503 SlowDown. */
    public Fault slowDown() {
        rule.put("effect", "slow_down");
        return this;
    }

    private static void putDuration(ObjectNode into, Duration duration) {
        into.put("secs", duration.getSeconds()).put("nanos", duration.getNano());
    }

    ObjectNode command() {
        ObjectNode command = JsonNodeFactory.instance.objectNode();
        command.set(side, rule);
        return command;
    }

    @Override
    public String toString() {
        return command().toString();
    }
}
