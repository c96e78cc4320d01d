//! What a server's text says, without the values of rows that it quotes.

use std::borrow::Cow;

/// Behind these a text quotes a value.
const MARKERS: [&str; 7] =
    [", Value", "Value:", "value:", "Invalid char", "hex sequence", "hex:", "invalid json object"];

/// What stands in place of a context that may be a field of a row.
const LEFT_OUT: &str = "not shown, since it may quote a row";

/// A reason up to the value that it quotes.
pub(crate) fn reason(text: &str) -> &str {
    let ends = MARKERS.iter().filter_map(|marker| text.find(marker));
    text[..ends.min().unwrap_or(text.len())].trim_end()
}

/// The message of an error: of one about data, or that reads like one, without what is in quotation
/// marks or behind a colon; those that name what the user gave (tables, roles, files) keep it.
pub(super) fn message(code: &str, text: &str) -> String {
    let about_data = ["invalid input syntax", "invalid byte sequence"];
    let internal = code == "XX000";
    if code.starts_with("22") || internal && about_data.iter().any(|about| text.contains(about)) {
        let text = without_quotation(reason(text));
        let end = text.find(':').unwrap_or(text.len());
        return text[..end].trim().to_owned();
    }
    if internal { reason(text) } else { text }.trim().to_owned()
}

/// A text without what lies between its first and its last quotation mark: a value may hold some.
fn without_quotation(text: &str) -> String {
    const MARKS: [char; 2] = ['"', '\''];
    match (text.find(MARKS), text.rfind(MARKS)) {
        (Some(first), Some(last)) if first < last => {
            format!("{}…{}", &text[..first], &text[last + 1..])
        }
        (Some(only), _) => text[..only].to_owned(),
        (None, _) => text.to_owned(),
    }
}

/// A detail. A compute node's block keeps what places the error; its context only where that is
/// about files and the server itself, since about a conversion it is the field that was refused.
pub(super) fn detail(text: &str) -> String {
    let text = text.trim();
    let Some((head, context, tail)) = parts(text) else { return reason(text).to_owned() };
    let head: Vec<&str> = head.lines().map(reason).collect();
    let context: Cow<'_, str> = match context.trim() {
        "" => "".into(),
        context if is_placed(&head) => reason(context).into(),
        _ => LEFT_OUT.into(),
    };
    let line = format!("  {CONTEXT}   {context}");
    head.join("\n") + "\n" + line.trim_end() + tail
}

const CONTEXT: &str = "context:";

/// A block before its context, the context itself, which may have many lines, and what follows.
fn parts(block: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = block.split_once(CONTEXT)?;
    // A field may hold such a line too: the last one is the block's own.
    let tail = rest.rfind("\n  query:").unwrap_or(rest.len());
    Some((head.trim_end(), &rest[..tail], &rest[tail..]))
}

/// Whether a block's context tells of files or of the server: by its number, and where that has
/// many meanings by its error.
fn is_placed(head: &[&str]) -> bool {
    let told = |name: &str| head.iter().find_map(|line| line.trim_start().strip_prefix(name));
    match told("code:").and_then(|code| code.trim().parse::<u32>().ok()) {
        // A failed check, a full disk, files that are not as the manifest says, Parquet, roles.
        Some(1000 | 1016 | 9000..=9099 | 15000..=15999 | 30000..=30999) => true,
        Some(8001) => told("error:").is_some_and(|error| {
            ["S3", "manifest", "MANIFEST"].iter().any(|about| error.contains(about))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(error: &str, code: u32, context: &str) -> String {
        let rule = "-----------------------------------------------";
        format!(
            "\n  {rule}\n  error:  {error}\n  code:      {code}\n  context:   {context}\n  query:     \
             4711\n  location:  a.cpp:12\n  process:   query0_24 [pid=99]\n  {rule}\n"
        )
    }

    #[test]
    fn reasons_end_before_the_value() {
        assert_eq!(reason("Invalid digit, Value 'a', Pos 0, Type: Integer"), "Invalid digit");
        let utf8 = "String contains invalid or unsupported UTF8 codepoints. Bad UTF8";
        assert_eq!(reason(&format!("{utf8} hex sequence: a4 (error 3)")), utf8);
        let char = "Multibyte character not supported for CHAR (Hint: Try using VARCHAR).";
        assert_eq!(reason(&format!("{char} Invalid char: e4 b8")), char);
        let kept =
            ["String length exceeds DDL length", "1224 String value exceeds the max size of"];
        for text in kept {
            assert_eq!(reason(text), text);
        }
    }

    #[test]
    fn messages_end_before_the_value_and_keep_what_the_user_named() {
        for (code, text, shown) in [
            (
                "22P02",
                "invalid input syntax for integer: \"a: \"b\"\"",
                "invalid input syntax for integer",
            ),
            ("22P02", "Invalid digit, Value 's', Pos 0, Type: Integer", "Invalid digit"),
            (
                "22003",
                "value \"4711\" is out of range for type integer",
                "value … is out of range for type integer",
            ),
            (
                "22021",
                "invalid byte sequence for encoding \"UTF8\": 0xa4",
                "invalid byte sequence for encoding …",
            ),
            (
                "22007",
                "invalid input syntax for type date: \"cut",
                "invalid input syntax for type date",
            ),
            ("XX000", "Invalid digit, Value 's', Pos 0, Type: Decimal ", "Invalid digit"),
            (
                "XX000",
                "invalid input syntax for type numeric: \"s\"",
                "invalid input syntax for type numeric",
            ),
        ] {
            assert_eq!(message(code, text), shown);
        }
        for (code, text) in [
            ("22001", "value too long for type character varying(3)"),
            (
                "XX000",
                "Load into table 't' failed.  Check 'stl_load_errors' system table for details.",
            ),
            (
                "XX000",
                "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid A,ExtRid B",
            ),
            ("XX000", "The specified S3 prefix 'a/b' does not exist"),
            ("XX000", "Not authorized to get credentials of role arn:aws:iam::1:role/r"),
            ("XX000", "Value out of range for 4 bytes"),
            ("42P01", "relation \"value:\" does not exist"),
        ] {
            assert_eq!(message(code, text), text);
        }
    }

    #[test]
    fn a_block_about_a_conversion_is_shown_without_the_field() {
        for (error, code) in [
            ("Invalid digit, Value 's', Pos 0, Type: Decimal ", 1207),
            ("String length exceeds DDL length", 1204),
            ("JSON parsing error", 8001),
            ("something new", 1999),
        ] {
            let shown = detail(&block(error, code, "secret\n  query:     secret\nsecret"));
            assert!(!shown.contains("secret") && !shown.contains("'s'"), "{shown}");
            for told in
                [reason(error), &code.to_string(), LEFT_OUT, "4711", "a.cpp:12", "query0_24"]
            {
                assert!(shown.contains(told), "{told}: {shown}");
            }
        }
    }

    #[test]
    fn a_block_about_files_or_the_server_is_shown_as_it_is() {
        for (error, code, context) in [
            (
                "Spectrum Scan Error",
                15007,
                "The length of the data column c is longer than the \
              length defined in the table. Table: 200, Data: 300, file s3://b/p",
            ),
            ("Spectrum Scan Error", 15001, "File 's3://b/p' has an incompatible Parquet schema"),
            ("S3ServiceException:Access Denied,Status 403", 8001, "S3 key being read : s3://b/p"),
            ("Disk Full", 1016, "node: 0"),
            ("Assert", 1000, "kv - Invalid type: 4000"),
            ("Not authorized to get credentials of role arn:aws:iam::1:role/r", 30000, ""),
        ] {
            let said = block(error, code, context).replace("context:   \n", "context:\n");
            assert_eq!(detail(&said), said.trim());
        }
        let cycle = "Serializable isolation violation on table - 1, transactions forming the cycle \
                     are: 2, 3 (pid:4)";
        assert_eq!(detail(cycle), cycle);
    }

    #[test]
    fn a_block_without_a_context_or_an_end_is_no_trap() {
        assert_eq!(detail("\n error: Assert\n code: 1000"), "error: Assert\n code: 1000");
        let cut =
            detail("\n  error:  Invalid digit\n  code:      1207\n  context:   secret\nsecret");
        assert!(cut.contains(LEFT_OUT) && !cut.contains("secret"), "{cut}");
    }
}
