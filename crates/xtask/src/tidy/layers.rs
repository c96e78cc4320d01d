//! Who may know what: the order of the modules, and the crates that one module alone may use.

use super::{
    Finding, line_of,
    rust_source::{Kind, literals, only, without_tests},
};
use crate::repo::{TextFile, is_test_path};

/// The core's modules from the lowest layer up, each with its rank. A module may use those of a lower
/// rank and itself; modules of one rank know nothing of each other.
const RANKS: &[(&str, u32)] = &[
    ("error", 0),
    ("limits", 0),
    ("options", 1),
    ("types", 2),
    ("batch", 3),
    ("auth", 3),
    ("retry", 3),
    ("sql", 4),
    ("session", 5),
    ("stage", 5),
    ("wlm", 6),
    ("sink", 7),
    ("source", 7),
];

const CORE: &str = "crates/arrow-redshift/src/";

/// The boundary to the JVM.
const JNI: &str = "crates/flink-redshift-jni/";
const JNI_SOURCES: &str = "crates/flink-redshift-jni/src/";

/// A crate that only one place may use.
struct Reserved {
    /// Name as it is written in code.
    name: &'static str,
    /// Where the rule holds.
    within: &'static str,
    /// Where the crate may be used all the same.
    except: &'static [&'static str],
}

/// Crates that are kept to one place, and crates that have no business in a crate.
const RESERVED: &[Reserved] = &[
    reserved("tokio_postgres", CORE, &["crates/arrow-redshift/src/session/"]),
    reserved("postgres_protocol", CORE, &["crates/arrow-redshift/src/session/"]),
    reserved("object_store", CORE, &["crates/arrow-redshift/src/stage/"]),
    reserved("parquet", CORE, &["crates/arrow-redshift/src/stage/"]),
    reserved("datafusion", "crates/arrow-redshift/", &[]),
    reserved("jni", "crates/", &[JNI]),
    reserved("tokio_postgres", JNI_SOURCES, &[]),
    reserved("object_store", JNI_SOURCES, &[]),
    reserved("parquet", JNI_SOURCES, &[]),
    reserved("datafusion", JNI, &[]),
    reserved("pgwire", "crates/arrow-redshift/", &[]),
    reserved("redshift_local", CORE, &[]),
    reserved("arrow_redshift", "crates/redshift-local/", &[]),
    reserved("datafusion", "crates/redshift-local/", &[]),
];

const fn reserved(
    name: &'static str,
    within: &'static str,
    except: &'static [&'static str],
) -> Reserved {
    Reserved { name, within, except }
}

/// The modules of the core depend on each other in one direction only.
pub fn order(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let Some(module) = core_module(&file.path) else { continue };
        let Some(rank) = rank(module) else {
            let message = format!("module `{module}` has no layer: give it one in tidy's table");
            findings.push(Finding::new(&file.path, 0, message));
            continue;
        };
        let code = only(&without_tests(&file.text), &[Kind::Code]);
        for (offset, used) in crate_paths(&code) {
            let allowed = match self::rank(&used) {
                Some(used_rank) => used == module || used_rank < rank,
                // Names that the crate's root gives out: its error, its result.
                None => true,
            };
            if !allowed {
                let message = format!("`{module}` may not know `{used}`, which is no lower layer");
                findings.push(Finding::new(&file.path, line_of(&code, offset), message));
            }
        }
    }
    findings
}

/// Crates stay where they belong.
pub fn foreign_crates(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let code = only(&file.text, &[Kind::Code]);
        let without_tests = only(&without_tests(&file.text), &[Kind::Code]);
        for rule in RESERVED.iter().filter(|rule| file.path.starts_with(rule.within)) {
            if rule.except.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            // What only one module may use, its neighbours' tests may still look at.
            let kept_to_a_module = rule.within == CORE;
            if kept_to_a_module && is_test_path(&file.path) {
                continue;
            }
            let code = if kept_to_a_module { &without_tests } else { &code };
            for offset in uses(code, rule.name) {
                let place = rule.except.first().unwrap_or(&"another crate");
                let message = format!("`{}` may be used in {place} only", rule.name);
                findings.push(Finding::new(&file.path, line_of(code, offset), message));
            }
        }
    }
    findings
}

/// SQL is written in the core's `sql` module and nowhere else in it, nor at the boundary to the JVM.
pub fn statement_text(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let of_core = core_module(&file.path).is_some_and(|module| module != "sql");
        let of_jni = file.path.starts_with(JNI_SOURCES) && !is_test_path(&file.path);
        if !of_core && !of_jni {
            continue;
        }
        let code = without_tests(&file.text);
        for (offset, text) in literals(&code) {
            if is_statement(text) {
                let message = "a statement's text outside sql/: write it there as a function";
                findings.push(Finding::new(&file.path, line_of(&code, offset), message));
            }
        }
    }
    findings
}

/// Memory is touched by hand at the boundary to the JVM only: nowhere else is the lint lifted.
pub fn unsafe_code(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        if file.path.starts_with(JNI_SOURCES) {
            continue;
        }
        let code = only(&file.text, &[Kind::Code]);
        let lifted = words(&code, "unsafe_code").into_iter().filter(|offset| {
            let rest = code[offset + "unsafe_code".len()..].trim_start();
            code[..*offset].trim_end().ends_with('(') && rest.starts_with([',', ')'])
        });
        for offset in words(&code, "unsafe").into_iter().chain(lifted) {
            let message = format!("`unsafe` belongs into {JNI_SOURCES} only");
            findings.push(Finding::new(&file.path, line_of(&code, offset), message));
        }
    }
    findings
}

/// The module of the core that a file belongs to; `None` for other crates, `lib.rs` and tests.
fn core_module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix(CORE)?.strip_suffix(".rs")?;
    if inside == "lib" || is_test_path(path) {
        return None;
    }
    inside.split('/').next()
}

fn rank(module: &str) -> Option<u32> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// The first names of all paths that begin with `crate::`, those in braces one by one.
fn crate_paths(code: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for start in words(code, "crate") {
        let rest = &code[start + "crate".len()..];
        let Some(rest) = rest.trim_start().strip_prefix("::") else { continue };
        match rest.trim_start().strip_prefix('{') {
            Some(group) => paths.extend(group_names(group).into_iter().map(|name| (start, name))),
            None => paths.push((start, leading_name(rest))),
        }
    }
    paths
}

/// The leading names in `{a::{b, c}, d}`, given what follows the opening brace.
fn group_names(group: &str) -> Vec<String> {
    let (mut depth, mut current, mut names) = (0_usize, String::new(), Vec::new());
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(leading_name(&std::mem::take(&mut current))),
            _ if depth == 0 => current.push(character),
            _ => {}
        }
    }
    names.push(leading_name(&current));
    names.retain(|name| !name.is_empty());
    names
}

fn leading_name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Where a crate is used: `name::…`, or `use name` in any form. A value or a field may bear its name.
fn uses(code: &str, name: &str) -> Vec<usize> {
    let is_use = |offset: &usize| {
        let before = code[..*offset].trim_end();
        let after = code[offset + name.len()..].trim_start();
        let path = after.starts_with("::") && !before.ends_with("::");
        path || before.ends_with("use") && (after.starts_with(';') || after.starts_with("as "))
    };
    words(code, name).into_iter().filter(is_use).collect()
}

/// Where `word` stands as a whole word.
fn words(code: &str, word: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(offset, _)| offset)
        .filter(|offset| {
            let before = code[..*offset].chars().next_back();
            let after = code[offset + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
        .collect()
}

/// Whether a literal is a statement rather than prose that names one: statements go on with a
/// keyword, a placeholder or a quoted name.
pub(super) fn is_statement(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let goes_on = words.next().is_some();
    let names = second.starts_with(['{', '"', '\\']);
    match first {
        "INSERT" | "MERGE" => second == "INTO",
        "DELETE" => second == "FROM",
        "CREATE" | "ALTER" | "DROP" => {
            goes_on && matches!(second, "TABLE" | "TEMP" | "TEMPORARY" | "SCHEMA")
        }
        "LOCK" | "TRUNCATE" | "COPY" | "UPDATE" | "ANALYZE" | "VACUUM" => {
            names || second == "TABLE"
        }
        "UNLOAD" => second.starts_with('('),
        "SELECT" => text.contains(" FROM ") || text.contains('('),
        // Flink quotes a setting's name, Redshift does not: advice for Flink is no statement.
        "SET" => {
            names || !second.starts_with('\'') && (text.contains(" TO ") || text.contains('='))
        }
        "BEGIN" | "COMMIT" | "ROLLBACK" => second.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn in_core(module: &str, text: &str) -> Vec<TextFile> {
        file(&format!("{CORE}{module}.rs"), text)
    }

    #[test]
    fn a_lower_layer_may_not_use_a_higher_one() {
        assert_eq!(order(&in_core("sql/copy", "use crate::session::Session;")).len(), 1);
        assert_eq!(order(&in_core("session/mod", "fn f() { crate::stage::part(); }")).len(), 1);
        assert_eq!(order(&in_core("retry", "use crate::{error::Error, sink::{a, b}};")).len(), 1);
        let findings = order(&in_core("types/mod", "\nuse crate::{\n    sql,\n};"));
        assert_eq!((findings.len(), findings[0].line), (1, 2));
    }

    #[test]
    fn downwards_is_fine_and_so_are_tests_and_prose() {
        let text = "use crate::{Error, Result, sql::ident, session::Session, sink::ledger};\n\
                    // crate::source is another mode\n#[cfg(test)] mod tests { use crate::source::x; }";
        assert_eq!(order(&in_core("sink/append", text)), []);
        assert_eq!(order(&in_core("sql/tests", "use crate::session::Session;")), []);
    }

    #[test]
    fn a_module_without_a_layer_is_found() {
        assert_eq!(order(&in_core("helpers", "")).len(), 1);
    }

    #[test]
    fn crates_stay_where_they_belong() {
        assert_eq!(foreign_crates(&in_core("sink/mod", "use tokio_postgres::Client;")).len(), 1);
        assert_eq!(foreign_crates(&in_core("session/mod", "use tokio_postgres::Client;")), []);
        assert_eq!(foreign_crates(&in_core("batch", "use parquet::arrow::ArrowWriter;")).len(), 1);
        assert_eq!(
            foreign_crates(&in_core("batch", "/// As parquet has it.\nlet parquets = 1;")),
            []
        );
        let local = file("crates/redshift-local/tests/a.rs", "use arrow_redshift::Error;");
        assert_eq!(foreign_crates(&local).len(), 1);
        let in_jni = |text: &str| foreign_crates(&file(&format!("{JNI_SOURCES}a.rs"), text)).len();
        assert_eq!((in_jni("use jni::JNIEnv;"), in_jni("use object_store::path::Path;")), (0, 1));
        assert_eq!(foreign_crates(&file("crates/a/src/b.rs", "use jni::JNIEnv;")).len(), 1);
    }

    #[test]
    fn memory_is_touched_by_hand_in_one_crate_only() {
        let text = "fn f() { unsafe { g() } } // unsafe, it says";
        assert_eq!(unsafe_code(&in_core("batch", text)).len(), 1);
        assert_eq!(unsafe_code(&in_core("batch", "#[allow(unsafe_code)] fn f() {}")).len(), 1);
        assert_eq!(unsafe_code(&file(&format!("{JNI_SOURCES}a.rs"), text)), []);
        assert_eq!(unsafe_code(&in_core("batch", "fn f() { g(\"unsafe\") }")), []);
    }

    #[test]
    fn statements_are_written_in_sql_only() {
        for text in [
            "SELECT count(*) FROM t",
            "COPY {table} FROM",
            "COMMIT",
            "LOCK {}",
            "insert: INSERT",
            "CREATE TEMP TABLE x (a int)",
            "SET query_group TO x",
        ] {
            let source = format!("fn f() {{ g(\"{text}\"); }}");
            let expected = usize::from(!text.starts_with("insert"));
            assert_eq!(statement_text(&in_core("sink/append", &source)).len(), expected, "{text}");
            assert_eq!(statement_text(&in_core("sql/copy", &source)), []);
        }
        let prose = "fn f() { g(\"COPY of part failed\"); h(\"SELECT is missing\"); k(\"SET 'a' = 'b'\"); j(\"CREATE TABLE\"); i(\"COMMIT unknown\"); }";
        assert_eq!(statement_text(&in_core("sink/append", prose)), []);
    }
}
