package io.github.flinkredshift.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Cuts a script into statements.
 *
 * <p>Flink's SQL client does that inside itself; a {@code TableEnvironment} takes one statement at a
 * time. A semicolon ends a statement unless it stands in a literal, in a quoted name, in a comment, or
 * between {@code EXECUTE STATEMENT SET BEGIN} and {@code END}.
 */
final class Statements {

    private final String script;
    private final List<String> statements = new ArrayList<>();
    /** The present statement's words, in upper case, and its marks; quoted text is left out. */
    private final List<String> words = new ArrayList<>();
    /** Where the present statement's first token stands; -1 before it. */
    private int start = -1;

    private Statements(String script) {
        this.script = script;
    }

    /**
     * The statements of a script, each from its first token to the one before its semicolon; comments
     * inside a statement stay, because hints are comments.
     */
    static List<String> of(String script) {
        Statements cut = new Statements(script);
        cut.cut();
        return cut.statements;
    }

    private void cut() {
        int at = 0;
        while (at < script.length()) {
            char c = script.charAt(at);
            if (script.startsWith("--", at)) {
                at = indexAfter("\n", at);
            } else if (script.startsWith("/*", at)) {
                at = indexAfter("*/", at + 2);
            } else if (c == ';' && !insideSet()) {
                finish(at);
                at++;
            } else if (Character.isWhitespace(c)) {
                at++;
            } else {
                begin(at);
                at = afterToken(at);
            }
        }
        finish(script.length());
    }

    private int indexAfter(String mark, int from) {
        int found = script.indexOf(mark, from);
        return found < 0 ? script.length() : found + mark.length();
    }

    private void begin(int at) {
        if (start < 0) {
            start = at;
        }
    }

    private void finish(int end) {
        if (start >= 0) {
            statements.add(script.substring(start, end).strip());
        }
        start = -1;
        words.clear();
    }

    /** Whether a statement set has begun and not ended: it ends with END after a semicolon. */
    private boolean insideSet() {
        List<String> opening = List.of("EXECUTE", "STATEMENT", "SET", "BEGIN");
        int count = words.size();
        return count >= opening.size()
                && words.subList(0, opening.size()).equals(opening)
                && !words.subList(count - 2, count).equals(List.of(";", "END"));
    }

    /** The index after the token that begins at {@code at}: a literal, a quoted name, a word, a mark. */
    private int afterToken(int at) {
        char c = script.charAt(at);
        if (c == '\'' || c == '`') {
            words.add("");
            return afterQuoted(at, c);
        }
        if (!isOfWord(c)) {
            words.add(String.valueOf(c));
            return at + 1;
        }
        int end = at;
        while (end < script.length() && isOfWord(script.charAt(end))) {
            end++;
        }
        words.add(script.substring(at, end).toUpperCase(Locale.ROOT));
        return end;
    }

    /** A quote inside quotes is written twice, which reads as one quoted text after the other. */
    private int afterQuoted(int at, char quote) {
        return indexAfter(String.valueOf(quote), at + 1);
    }

    private static boolean isOfWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }

    /** What of a statement may be shown: what stands before anything that could be a value. */
    static String head(String statement) {
        int end = 0;
        while (end < statement.length() && "('\n;".indexOf(statement.charAt(end)) < 0) {
            end++;
        }
        return statement.substring(0, end).strip();
    }
}
