//! Statement text without its secrets.

/// Words whose string literal is a secret; the literal may follow `AS` or `=`.
const SECRET_WORDS: [&str; 6] = [
    "ACCESS_KEY_ID",
    "SECRET_ACCESS_KEY",
    "SESSION_TOKEN",
    "CREDENTIALS",
    "PASSWORD",
    "MASTER_SYMMETRIC_KEY",
];

/// The text with the string literals after secret words put as `'***'`. Redshift masks them in its
/// logs too.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut armed = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => literal_length(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match first {
            '\'' if armed => out.push_str("'***'"),
            _ => out.push_str(token),
        }
        armed = match first {
            c if is_word(c) => is_secret(token) || (armed && token.eq_ignore_ascii_case("AS")),
            c => armed && (c.is_whitespace() || c == '='),
        };
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_secret(word: &str) -> bool {
    SECRET_WORDS.iter().any(|secret| word.eq_ignore_ascii_case(secret))
}

/// The length of the literal that `text` begins with, its quotes included.
fn literal_length(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1).peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'\'' if matches!(bytes.peek(), Some((_, b'\''))) => {
                bytes.next();
            }
            b'\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn masks_only_secrets() {
        assert_eq!(
            masked(
                "COPY t FROM 's3://b/k' ACCESS_KEY_ID 'AK' secret_access_key AS 'a''b\\'c' GZIP"
            ),
            "COPY t FROM 's3://b/k' ACCESS_KEY_ID '***' secret_access_key AS '***' GZIP"
        );
        assert_eq!(
            masked("CREATE USER u PASSWORD 'x'; select 'password', 'y'"),
            "CREATE USER u PASSWORD '***'; select 'password', 'y'"
        );
        assert_eq!(masked("CREDENTIALS 'never closed"), "CREDENTIALS '***'");
        assert_eq!(masked("password = 'ü'"), "password = '***'");
        assert_eq!(masked("select my_password, 'kept'"), "select my_password, 'kept'");
    }
}
