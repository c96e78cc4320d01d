//! Every invariant that ARCHITECTURE.md states names a check that exists.

use super::{CHECKS, Finding};
use crate::repo::TextFile;

const DOCUMENT: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Invariants";
const GUARD: &str = "Guarded by:";

/// Each numbered item under the heading ends in `Guarded by:` and at least one name in backquotes:
/// `tidy <check>`, `lint <name>` of the workspace, or `<test file>::<test function>`.
pub fn check(files: &[TextFile]) -> Vec<Finding> {
    let Some(document) = files.iter().find(|file| file.path == DOCUMENT) else {
        return vec![Finding::new(DOCUMENT, 0, "is missing")];
    };
    let items = items(&document.text);
    if items.is_empty() {
        return vec![Finding::new(DOCUMENT, 0, format!("has no numbered item under `{HEADING}`"))];
    }
    let mut findings = Vec::new();
    for (line, item) in items {
        let guards = guards(&item);
        if guards.is_empty() {
            let message = format!("this invariant names no check after `{GUARD}`");
            findings.push(Finding::new(DOCUMENT, line, message));
        }
        for guard in guards {
            if let Err(message) = exists(&guard, files) {
                findings.push(Finding::new(DOCUMENT, line, message));
            }
        }
    }
    findings
}

/// The numbered items of the section, each as one text with the line it begins in.
fn items(document: &str) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (index, line) in document.lines().enumerate() {
        if line.starts_with("## ") {
            inside = line == HEADING;
        } else if inside && is_numbered(line) {
            items.push((index + 1, line.to_owned()));
        } else if inside && let Some((_, item)) = items.last_mut() {
            item.push(' ');
            item.push_str(line.trim());
        }
    }
    items
}

fn is_numbered(line: &str) -> bool {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    digits > 0 && line[digits..].starts_with(". ")
}

/// The names in backquotes after the last `Guarded by:`.
fn guards(item: &str) -> Vec<String> {
    let Some((_, list)) = item.rsplit_once(GUARD) else { return Vec::new() };
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn exists(guard: &str, files: &[TextFile]) -> Result<(), String> {
    if let Some(name) = guard.strip_prefix("tidy ") {
        let known = CHECKS.iter().any(|(check, _)| *check == name);
        return known.then_some(()).ok_or_else(|| format!("tidy has no check `{name}`"));
    }
    if let Some(name) = guard.strip_prefix("lint ") {
        let workspace = files.iter().find(|file| file.path == "Cargo.toml");
        let key = format!("\n{name} = ");
        let known = workspace.is_some_and(|file| file.text.contains(&key));
        return known.then_some(()).ok_or_else(|| format!("the workspace sets no lint `{name}`"));
    }
    let Some((path, test)) = guard.rsplit_once("::") else {
        return Err(format!("`{guard}` is no `tidy …`, `lint …` or `<test file>::<test>`"));
    };
    let file = files.iter().find(|file| file.path == path);
    let Some(file) = file else { return Err(format!("{path} does not exist")) };
    has_test(&file.text, test).then_some(()).ok_or_else(|| format!("{path} has no test `{test}`"))
}

/// Whether a function of that name stands under a test attribute of Rust's, or a method under an
/// annotation of JUnit's.
fn has_test(source: &str, name: &str) -> bool {
    let marked = |signature: String, mark: fn(&str) -> bool| {
        source.match_indices(&signature).any(|(offset, _)| {
            let line_start = source[..offset].rfind('\n').map_or(0, |end| end + 1);
            let above = source[..line_start].lines().rev().map(str::trim);
            above.take_while(|line| line.starts_with(['#', '/', '@'])).any(mark)
        })
    };
    marked(format!("fn {name}("), |line| line.starts_with("#[") && line.contains("test"))
        || marked(format!("void {name}("), |line| line.starts_with('@') && line.contains("Test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_document(invariants: &str) -> Vec<Finding> {
        let text = format!("# A\n\n{HEADING}\n\n{invariants}\n\n## After\n\n1. Not one.\n");
        let file = |path: &str, text: &str| TextFile { path: path.into(), text: text.into() };
        check(&[
            file(DOCUMENT, &text),
            file("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"deny\"\n"),
            file(
                "crates/a/tests/b.rs",
                "#[tokio::test(flavor = \"x\")]\n/// It holds.\nasync fn holds() {}\n#[test]\nfn too() {}\nfn no() {}\n",
            ),
            file(
                "java/a/AIT.java",
                "  @ParameterizedTest\n  void inJava(int n) {}\n  void no() {}\n",
            ),
        ])
    }

    #[test]
    fn guards_of_all_three_kinds_are_found() {
        let text = "1. **One.** Text.\n   Guarded by: `tidy layers`, `lint unsafe_code`.\n\
                    2. Two `code`. Guarded by: `crates/a/tests/b.rs::holds`, `crates/a/tests/b.rs::too`, \
                    `java/a/AIT.java::inJava`.";
        assert_eq!(check_document(text), []);
    }

    #[test]
    fn guards_that_do_not_exist_are_named() {
        for guard in [
            "tidy no-such-check",
            "lint unsafe",
            "crates/a/tests/b.rs::missing",
            "crates/a/tests/b.rs::no",
            "crates/a/tests/c.rs::holds",
            "java/a/AIT.java::no",
            "somebody careful",
        ] {
            assert_eq!(
                check_document(&format!("1. One. Guarded by: `{guard}`.")).len(),
                1,
                "{guard}"
            );
        }
        assert_eq!(check_document("1. One, on trust.").len(), 1);
        assert_eq!(check_document("None.").len(), 1);
        assert_eq!(check(&[]).len(), 1);
    }
}
