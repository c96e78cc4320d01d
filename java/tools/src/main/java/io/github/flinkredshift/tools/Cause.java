package io.github.flinkredshift.tools;

/** What lies at the bottom of a failure, under all that Flink wraps around it. */
final class Cause {

    private static final String OWN = "io.github.flinkredshift.RedshiftException";

    private Cause() {}

    /** The connector's own message where there is one, else that of the innermost cause. */
    static String of(Throwable failure) {
        Throwable told = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause.toString().startsWith(OWN)) {
                return message(cause);
            }
            // Flink sends errors as texts, whose own class is of no interest.
            int own = cause.getMessage() == null ? -1 : cause.getMessage().indexOf(OWN + ": ");
            if (own >= 0) {
                return cause.getMessage().substring(own + OWN.length() + 2);
            }
            told = cause;
        }
        return message(told);
    }

    private static String message(Throwable cause) {
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return message.startsWith(OWN + ": ") ? message.substring(OWN.length() + 2) : message;
    }
}
