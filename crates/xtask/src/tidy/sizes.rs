//! Files that fit in the head.

use super::{Finding, rust_source::without_tests};
use crate::repo::{TextFile, is_test_path};

/// Lines of code that a source file may have, its tests apart. About 400 is what is aimed at.
const SOURCE_LINES: usize = 700;
/// Lines that the README may have.
const README_LINES: usize = 150;

/// Source files and the README stay short.
pub fn check(files: &[TextFile]) -> Vec<Finding> {
    files.iter().filter_map(too_long).collect()
}

fn too_long(file: &TextFile) -> Option<Finding> {
    let (count, limit) = if file.path == "README.md" {
        (file.text.lines().count(), README_LINES)
    } else if is_source(&file.path) && !is_generated(&file.text) {
        (last_line_of_code(&without_tests(&file.text)), SOURCE_LINES)
    } else {
        return None;
    };
    let message = format!("{count} lines; {limit} is the most");
    (count > limit).then(|| Finding::new(&file.path, 0, message))
}

fn is_source(path: &str) -> bool {
    let rust = path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs");
    let java = path.starts_with("java/") && path.contains("/src/main/") && path.ends_with(".java");
    rust && !is_test_path(path) || java
}

/// Nobody reads what a table generates: the table is read.
fn is_generated(text: &str) -> bool {
    text.starts_with("// Generated from ")
}

fn last_line_of_code(text: &str) -> usize {
    text.trim_end().lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    #[test]
    fn long_files_are_found_and_tests_do_not_count() {
        let code = "fn f() {}\n".repeat(SOURCE_LINES);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert_eq!(check(&file("crates/a/src/b.rs", &format!("{code}{tests}"))), []);
        assert_eq!(check(&file("crates/a/src/b.rs", &format!("{code}fn g() {{}}\n"))).len(), 1);
        assert_eq!(check(&file("crates/a/src/b/tests.rs", &code.repeat(2))), []);
        assert_eq!(check(&file("java/a/src/main/java/B.java", &code.repeat(2))).len(), 1);
        let generated = format!("// Generated from a table\n{code}{code}");
        assert_eq!(check(&file("java/a/src/main/java/B.java", &generated)), []);
        assert_eq!(check(&file("README.md", &"line\n".repeat(README_LINES + 1))).len(), 1);
    }
}
