//! Rust source told apart into code, comments and string literals.
//!
//! Just enough of Rust's lexer that a rule on code is not fooled by prose, nor the other way round.

/// What a stretch of source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Code, character literals included.
    Code,
    /// A comment of any form.
    Comment,
    /// A string literal of any form, with its quotes.
    Text,
}

/// The source with everything blanked out that is not of one of the `kept` kinds; line breaks and
/// byte offsets stay as they are.
pub fn only(source: &str, kept: &[Kind]) -> String {
    let mut bytes = source.as_bytes().to_vec();
    for (kind, start, end) in pieces(source) {
        if !kept.contains(&kind) {
            blank(&mut bytes[start..end]);
        }
    }
    // Pieces begin and end at ASCII bytes, so whole characters were replaced.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The source with every item blanked out that is under `#[cfg(test)]`.
pub fn without_tests(source: &str) -> String {
    let code = only(source, &[Kind::Code]);
    let mut bytes = source.as_bytes().to_vec();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = end_of_item(&code, start + "#[cfg(test)]".len());
        blank(&mut bytes[start..end]);
        from = end;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The string literals of the source: the offset of each and what lies between its quotes.
pub fn literals(source: &str) -> Vec<(usize, &str)> {
    pieces(source)
        .into_iter()
        .filter(|(kind, ..)| *kind == Kind::Text)
        .map(|(_, start, end)| {
            let inner = source[start..end].trim_start_matches(['b', 'c', 'r']).trim_matches('#');
            (start, inner.strip_prefix('"').unwrap_or(inner).trim_end_matches('"'))
        })
        .collect()
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// Where the item ends that begins after `from`: at a semicolon, or at the brace that closes it.
fn end_of_item(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b';' if depth == 0 => return offset + 1,
            b'{' => depth += 1,
            b'}' if depth <= 1 => return offset + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Cuts the source into stretches of one kind.
fn pieces(source: &str) -> Vec<(Kind, usize, usize)> {
    let bytes = source.as_bytes();
    let mut pieces = Vec::new();
    let (mut at, mut code_from) = (0, 0);
    while at < bytes.len() {
        let (kind, end) = match next_piece(bytes, at) {
            Some(piece) => piece,
            None => {
                at = after_code(bytes, at);
                continue;
            }
        };
        pieces.push((Kind::Code, code_from, at));
        pieces.push((kind, at, end));
        (at, code_from) = (end, end);
    }
    pieces.push((Kind::Code, code_from, bytes.len()));
    pieces
}

/// The comment or literal that begins at `at`, if one does.
fn next_piece(bytes: &[u8], at: usize) -> Option<(Kind, usize)> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        return Some((Kind::Comment, at + length));
    }
    if rest.starts_with(b"/*") {
        return Some((Kind::Comment, at + block_comment(rest)));
    }
    let prefix = rest.iter().take_while(|byte| matches!(byte, b'b' | b'c' | b'r')).count();
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let raw = rest[..prefix].contains(&b'r');
    let quote = prefix + hashes;
    if prefix > 2 || (hashes > 0 && !raw) || rest.get(quote) != Some(&b'"') {
        return None;
    }
    let length = if raw { raw_string(rest, quote, hashes) } else { plain_string(rest, quote) };
    Some((Kind::Text, at + length))
}

/// Comments nest in Rust.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn plain_string(rest: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_string(rest: &[u8], quote: usize, hashes: usize) -> usize {
    let mut at = quote + 1;
    while at < rest.len() {
        let closing = rest[at] == b'"'
            && rest[at + 1..].iter().take_while(|byte| **byte == b'#').count() >= hashes;
        if closing {
            return at + 1 + hashes;
        }
        at += 1;
    }
    rest.len()
}

/// The next place where a comment or literal may begin: past a whole identifier, so that the `r` of
/// `for` opens nothing, and past a character literal, so that `'"'` does not either.
fn after_code(bytes: &[u8], at: usize) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if is_word(&bytes[at]) {
        return at + bytes[at..].iter().take_while(|byte| is_word(byte)).count();
    }
    if bytes[at] == b'\'' {
        let rest = &bytes[at + 1..];
        let inner = match rest.first() {
            Some(b'\\') => 2,
            // A character is one to four bytes; a lifetime has no closing quote.
            _ => 1,
        };
        let closing = rest.iter().skip(inner).take(9).position(|byte| *byte == b'\'');
        let literal =
            closing.filter(|length| inner == 2 || *length <= 3 && !is_lifetime(rest, *length));
        if let Some(length) = literal {
            return at + 1 + inner + length + 1;
        }
    }
    at + 1
}

/// Whether `'a, 'b'`-like text is a lifetime: more than one ASCII byte before the next quote.
fn is_lifetime(rest: &[u8], length: usize) -> bool {
    length > 0 && rest[0].is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_code_are_told_apart() {
        let source =
            "let a = \"// no\"; // yes \"no\"\nlet b = r#\"x\"y\"#; /* /* in */ still */ let c;";
        let code = only(source, &[Kind::Code]);
        assert!(code.contains("let a") && code.contains("let c"), "{code}");
        assert!(!code.contains("no") && !code.contains("still") && !code.contains('y'), "{code}");
        assert_eq!(code.len(), source.len());
        let comments = only(source, &[Kind::Comment]);
        assert!(
            comments.contains("yes") && comments.contains("still") && !comments.contains("let")
        );
    }

    #[test]
    fn quotes_in_character_literals_open_nothing() {
        let source = "f('\"', '\\'', 'é', '\\u{22}'); g::<'a, 'b>(\"text\"); // end";
        assert_eq!(literals(source), [(source.find("\"text").unwrap(), "text")]);
        assert!(only(source, &[Kind::Comment]).trim() == "// end");
    }

    #[test]
    fn literals_come_without_quotes_and_prefixes() {
        let source = r###"a("x\"y", b"z", br#"w"#, r"v")"###;
        let texts: Vec<&str> = literals(source).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, [r#"x\"y"#, "z", "w", "v"]);
    }

    #[test]
    fn items_under_cfg_test_go() {
        let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { \"}\"; }\n}\nfn c() {}\n#[cfg(test)]\nuse x;\nfn d() {}";
        let rest = without_tests(source);
        assert!(rest.contains("fn a") && rest.contains("fn c") && rest.contains("fn d"), "{rest}");
        assert!(!rest.contains("fn b") && !rest.contains("use x"), "{rest}");
        assert_eq!(rest.lines().count(), source.lines().count());
    }
}
