//! `EXECUTE STATEMENT SET BEGIN … END`: INSERTs that belong together. Each of them goes on as a
//! statement of its own.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Problem, cursor::Cursor};

type Tokens = Vec<TokenWithSpan>;

/// Takes statement sets apart; gives all statements, and what is wrong with the sets.
pub fn open(parts: Vec<Tokens>) -> (Vec<Tokens>, Vec<Problem>) {
    let (mut statements, mut problems) = (Vec::new(), Vec::new());
    // The line where the open set begins, and how many INSERTs it has.
    let mut set: Option<(u64, usize)> = None;
    for part in parts {
        let mut cursor = Cursor::new(&part);
        let line = cursor.line();
        if cursor.take_words(&["EXECUTE", "STATEMENT", "SET"]) {
            if let Some((first, _)) = set {
                problems.push(Problem::new(line, unfinished(first)));
            }
            if !cursor.take_words(&["BEGIN"]) {
                problems.push(cursor.expected("BEGIN"));
                continue;
            }
            set = Some((line, 0));
            match cursor.rest() {
                [] => problems.push(cursor.expected("an INSERT, without a ';' before it")),
                rest => insert(rest.to_vec(), &mut set, &mut statements, &mut problems),
            }
            continue;
        }
        match set {
            Some((first, inserts)) if cursor.take_words(&["END"]) => {
                problems.extend(cursor.end().err());
                if inserts == 0 {
                    problems.push(Problem::new(first, "the statement set has no INSERT"));
                }
                set = None;
            }
            Some(_) => insert(part, &mut set, &mut statements, &mut problems),
            None if cursor.at_words(&["END"]) => {
                let why = "END without the EXECUTE STATEMENT SET BEGIN that it ends";
                problems.push(Problem::new(line, why));
            }
            None => statements.push(part),
        }
    }
    if let Some((first, _)) = set {
        problems.push(Problem::new(first, unfinished(first)));
    }
    (statements, problems)
}

fn unfinished(line: u64) -> String {
    format!("the statement set that begins in line {line} has no END")
}

/// Takes one statement of a set, which is an INSERT.
fn insert(
    part: Tokens,
    set: &mut Option<(u64, usize)>,
    statements: &mut Vec<Tokens>,
    problems: &mut Vec<Problem>,
) {
    let cursor = Cursor::new(&part);
    if let Some((_, inserts)) = set {
        *inserts += 1;
    }
    if cursor.at_words(&["INSERT"]) {
        statements.push(part);
        return;
    }
    let found = cursor.peek().map_or_else(String::new, Token::to_string);
    let why = format!("a statement set holds INSERTs only, and here stands {found}");
    problems.push(Problem::new(cursor.line(), why));
}

#[cfg(test)]
mod tests {
    use crate::script::{self, StatementKind};

    #[test]
    fn a_set_is_its_inserts() {
        let (statements, problems) = script::read(
            "SET 'a' = 'b';\nEXECUTE STATEMENT SET BEGIN\nINSERT INTO t SELECT 1;\n\
             insert into t SELECT 2;\nEND;\nINSERT INTO u SELECT 'END'",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let lines: Vec<u64> = statements.iter().map(|statement| statement.line).collect();
        assert_eq!(lines, [1, 3, 4, 6]);
        let inserts =
            statements.iter().filter(|it| matches!(it.kind, StatementKind::Insert(_))).count();
        assert_eq!(inserts, 3);
    }

    #[test]
    fn what_is_wrong_with_sets_is_told_where_it_stands() {
        let insert = "INSERT INTO t SELECT 1;";
        for (script, line, words) in [
            (format!("EXECUTE STATEMENT SET BEGIN\n{insert}"), 1, "has no END"),
            (
                format!(
                    "EXECUTE STATEMENT SET BEGIN {insert}\nEXECUTE STATEMENT SET BEGIN {insert} END;"
                ),
                2,
                "line 1 has no END",
            ),
            ("EXECUTE STATEMENT SET BEGIN;\nEND;".to_owned(), 1, "an INSERT, without a ';'"),
            ("EXECUTE STATEMENT SET\nINSERT INTO t SELECT 1;".to_owned(), 2, "expected BEGIN"),
            ("\nEND;".to_owned(), 2, "END without"),
            (
                format!("EXECUTE STATEMENT SET BEGIN {insert}\nSET 'a' = 'b'; END;"),
                2,
                "INSERTs only",
            ),
            (format!("EXECUTE STATEMENT SET BEGIN {insert}\nEND 1;"), 2, "expected ';'"),
        ] {
            let (_, problems) = script::read(&script);
            let found = problems.iter().find(|problem| problem.message.contains(words));
            assert_eq!(found.map(|it| it.line), Some(line), "{script}\n{problems:?}");
        }
    }
}
