//! Words that must not be in the tree.

use super::{
    Finding,
    rust_source::{Kind, only},
};
use crate::repo::TextFile;

/// Marks of unfinished work. Assembled, so that this file does not hold them itself.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
];

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Unfinished work is written down as an issue, not left in a file.
pub fn leftover_marks(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let text = if file.path.ends_with(".rs") {
            only(&file.text, &[Kind::Code, Kind::Comment])
        } else {
            file.text.clone()
        };
        for mark in MARKS {
            let of_code = mark.ends_with('!');
            if !of_code || file.path.ends_with(".rs") {
                search(&file.path, &text, mark, "finish it or take it out", &mut findings);
            }
        }
    }
    findings
}

/// Nothing in the tree depends on where somebody keeps it.
pub fn machine_paths(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for path in MACHINE_PATHS {
            search(&file.path, &file.text, path, "a path of one machine", &mut findings);
        }
    }
    findings
}

/// Reports each line in which `word` stands and does not go on from a longer word.
fn search(path: &str, text: &str, word: &str, message: &str, findings: &mut Vec<Finding>) {
    for (index, line) in text.lines().enumerate() {
        let stands = line.match_indices(word).any(|(offset, _)| {
            let before = line[..offset].chars().next_back();
            let after = line[offset + word.len()..].chars().next();
            let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let closed = word.ends_with(['/', '!']);
            !goes_on(before) && before != Some('.') && (closed || !goes_on(after))
        });
        if stands {
            findings.push(Finding::new(path, index + 1, format!("`{word}`: {message}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    #[test]
    fn marks_are_found_in_code_and_comments_but_not_in_strings() {
        for mark in MARKS {
            let line = format!("fn f() {{ {mark} }}");
            assert_eq!(leftover_marks(&file("a.rs", &line)).len(), 1, "{mark}");
        }
        let comment = format!("// {}: later", MARKS[0]);
        assert_eq!(leftover_marks(&file("a.rs", &comment)).len(), 1);
        assert_eq!(leftover_marks(&file("a.rs", &format!("let a = \"{}\";", MARKS[0]))), []);
        assert_eq!(leftover_marks(&file("a.md", &format!("{}S", MARKS[0]))), []);
        assert_eq!(leftover_marks(&file("a.md", MARKS[1])).len(), 1);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(machine_paths(&file("a.md", &format!("see {path}x"))).len(), 1, "{path}");
            assert_eq!(machine_paths(&file("a.md", &format!("see target{path}x"))), [], "{path}");
        }
    }
}
