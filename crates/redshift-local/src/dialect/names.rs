//! Identifiers: folding, reserved words, lengths, and how names and literals are written for
//! PostgreSQL.

use super::action::{Refusal, Relation};

/// Redshift truncates longer names (bytes).
const LONGEST: usize = 127;
/// PostgreSQL would truncate longer names (bytes).
const LONGEST_HERE: usize = 63;

/// Words that cannot name a table, a column or an alias without quotes.
const RESERVED: &str = " aes128 aes256 all allowoverwrite analyse analyze and any array as asc \
authorization az64 backup between binary blanksasnull both bytedict bzip2 case cast check collate \
column constraint create credentials cross current_date current_time current_timestamp \
current_user current_user_id default deferrable deflate defrag delta delta32k desc disable \
distinct do else emptyasnull enable encode encrypt encryption end except explicit false for \
foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore \
ilike in initially inner intersect interval into is isnull join leading left like limit localtime \
localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null \
nulls off offline offset oid old on only open or order outer overlaps parallel partition percent \
permissions pivot placing primary raw readratio recover references rejectlog resort respect \
restore right select session_user similar snapshot some sysdate system table tag tdes text255 \
text32k then timestamp to top trailing true truncatecolumns union unique unnest unpivot user \
using verbose wallet when where with without ";

/// Whether an unquoted word is reserved.
pub(crate) fn is_reserved(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    !word.contains(' ') && RESERVED.contains(&format!(" {word} "))
}

/// A name as Redshift stores it: ASCII letters in lower case, also in quotes unless the session is
/// case sensitive; cut at 127 bytes.
pub(crate) fn fold(name: &str, quoted: bool, case_sensitive: bool) -> Result<String, Refusal> {
    if !quoted && is_reserved(name) {
        return Err(Refusal::syntax(name));
    }
    let mut folded =
        if quoted && case_sensitive { name.to_owned() } else { name.to_ascii_lowercase() };
    if folded.len() > LONGEST {
        let cut = (0..=LONGEST).rev().find(|at| folded.is_char_boundary(*at)).unwrap_or(0);
        folded.truncate(cut);
    }
    if folded.len() > LONGEST_HERE {
        return Err(Refusal::not_modelled(format!("identifiers beyond 63 bytes (\"{folded}\")")));
    }
    Ok(folded)
}

/// A name for PostgreSQL, always in quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A relation's name for PostgreSQL.
pub(crate) fn quote_relation(relation: &Relation) -> String {
    match &relation.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&relation.name)),
        None => quote(&relation.name),
    }
}

/// A string literal for PostgreSQL, whatever it holds.
pub(crate) fn literal(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_also_in_quotes() {
        assert_eq!(fold("MiXed", true, false).unwrap(), "mixed");
        assert_eq!(fold("MiXed", true, true).unwrap(), "MiXed");
        assert_eq!(fold("MiXed", false, true).unwrap(), "mixed");
        assert_eq!(fold("ÄB", true, false).unwrap(), "Äb");
    }

    #[test]
    fn reserved_words_need_quotes() {
        for word in ["TAG", "Sysdate", "backup", "az64", "user"] {
            assert_eq!(fold(word, false, false).unwrap_err().sqlstate, "42601", "{word}");
            assert!(fold(word, true, false).is_ok());
        }
        for word in ["start", "name", "value", "tags", "az64 b"] {
            assert!(!is_reserved(word), "{word}");
        }
    }

    #[test]
    fn long_names_are_refused_rather_than_cut_differently() {
        assert!(fold(&"a".repeat(63), false, false).is_ok());
        let refusal = fold(&"a".repeat(64), false, false).unwrap_err();
        assert!(refusal.message.starts_with("not modelled: identifiers beyond 63 bytes"));
        assert!(!fold(&"é".repeat(64), true, true).unwrap_err().message.contains(&"é".repeat(64)));
    }

    #[test]
    fn literals_are_safe_under_either_setting() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }
}
