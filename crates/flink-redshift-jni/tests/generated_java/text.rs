//! Names, literals and comments as Java writes them.

/// `sink.run-id` and `access-denied` as constants: `SINK_RUN_ID`.
pub fn constant(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A string literal.
pub fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Markdown as the text of a Javadoc comment.
pub fn javadoc(markdown: &str) -> String {
    let mut text = String::new();
    for (at, part) in markdown.split('`').enumerate() {
        match at % 2 {
            0 => {
                text.push_str(&part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
            }
            // What stands in there is no HTML.
            _ => text.push_str(&format!("{{@code {part}}}")),
        }
    }
    text
}

/// Words in lines of at most a hundred characters, each behind `indent`.
pub fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        if line.len() > indent.len() && line.chars().count() + 1 + word.chars().count() > 100 {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}

#[test]
fn java_is_written_as_java_reads_it() {
    assert_eq!(constant("sink.write.temp.s3-uri"), "SINK_WRITE_TEMP_S3_URI");
    assert_eq!(literal(r#"a "b" \c"#), r#""a \"b\" \\c""#);
    assert_eq!(javadoc("`a&b` < `b` & c"), "{@code a&b} &lt; {@code b} &amp; c");
    let text = wrapped(&"word ".repeat(60), "  * ");
    assert!(text.lines().all(|line| line.len() <= 100 && line.starts_with("  * word")));
}
