package io.github.flinkredshift.jni;

import org.apache.flink.annotation.Internal;

/** Makes committables of what writers staged. Pure: nothing is opened or asked. */
@Internal
public final class Committables {

    /** The number that stands for the end of a batch job's input in place of a checkpoint. */
    public static final long END = Long.MAX_VALUE;

    private final Plan plan;
    private final String operatorId;
    private final String job;

    /**
     * Committables of one sink.
     *
     * @param plan what is written, and where to
     * @param operatorId the gathering operator's id, which tells two sinks of a job apart
     * @param job the job's name, for the ledger
     */
    public Committables(Plan plan, String operatorId, String job) {
        plan.loadLibrary();
        this.plan = plan;
        this.operatorId = operatorId;
        this.job = job;
    }

    /**
     * One committable of what all writers staged for a checkpoint. Its id is stamped here.
     *
     * @return its bytes, or null when there is nothing to commit
     */
    public byte[] gather(long checkpoint, byte[][] staged) {
        return Native.gather(plan.bytes(), operatorId, job, checkpoint, staged);
    }

    /** Both as one, which one commit applies. */
    public static byte[] absorb(byte[] earlier, byte[] later) {
        return Native.absorb(earlier, later);
    }

    /** What a committable holds. */
    public static Facts facts(byte[] committable) {
        return new Facts(Native.committableFacts(committable));
    }

    /** What a committable holds. */
    public static final class Facts {

        private final long[] values;

        private Facts(long[] values) {
            this.values = values;
        }

        /** Rows. */
        public long rows() {
            return values[0];
        }

        /** Bytes of its files. */
        public long bytes() {
            return values[1];
        }

        /** Files. */
        public long parts() {
            return values[2];
        }

        /** When its oldest row came, in milliseconds since the epoch; 0 where nobody knows. */
        public long oldestRowMillis() {
            return values[3];
        }
    }
}
