//! The notice that goes with a native library: every crate that it is built from, with its licence.

mod texts;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::texts::Texts;

/// Licences under which a library may go into a jar that is licensed under Apache-2.0.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// A crate that is linked in.
struct Linked<'a> {
    name: &'a str,
    version: &'a str,
    licence: &'a str,
    authors: Vec<&'a str>,
    repository: &'a str,
    /// Numbers of its texts, counted from 1.
    texts: Vec<usize>,
}

/// The notice of the library that the crate `root` of the workspace is built to by a compiler of the
/// version `rustc`, whose standard library is part of it. Fails for a crate whose licence is unknown
/// or not among the allowed, or whose licence's text is nowhere to be had.
pub fn of(metadata: &Value, root: &str, rustc: &str) -> Result<String> {
    let ids = linked_crates(metadata, root)?;
    let packages = list(metadata, "packages");
    let mut texts = Texts::default();
    let mut crates = Vec::new();
    // Packages of the workspace have no source; their licence is the jar's own.
    for package in packages.filter(|package| ids.contains(text(package, "id"))) {
        if !package["source"].is_null() {
            crates.push(linked(package, &mut texts)?);
        }
    }
    crates.push(standard_library(rustc, &mut texts)?);
    crates.sort_by_key(|linked| (linked.name, linked.version));
    Ok(written(&crates, &texts))
}

/// The ids of the packages that are linked into `root`: its normal dependencies and theirs. What runs
/// at build time only, procedural macros included, leaves nothing of itself in the library.
fn linked_crates<'a>(metadata: &'a Value, root: &str) -> Result<BTreeSet<&'a str>> {
    let packages: BTreeMap<&str, &Value> =
        list(metadata, "packages").map(|package| (text(package, "id"), package)).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").map(|node| (text(node, "id"), node)).collect();
    let first = packages.iter().find(|(_, package)| package["name"] == root);
    let (first, _) = first.with_context(|| format!("the workspace has no crate {root}"))?;
    let (mut seen, mut open) = (BTreeSet::new(), vec![*first]);
    while let Some(id) = open.pop() {
        let runs_at_build_time = packages.get(id).is_some_and(|package| is_macro(package));
        if runs_at_build_time || !seen.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        let normal = list(node, "deps")
            .filter(|dependency| list(dependency, "dep_kinds").any(|kind| kind["kind"].is_null()));
        open.extend(normal.map(|dependency| text(dependency, "pkg")));
    }
    Ok(seen)
}

fn is_macro(package: &Value) -> bool {
    list(package, "targets").any(|target| list(target, "kind").any(|kind| kind == "proc-macro"))
}

fn linked<'a>(package: &'a Value, texts: &mut Texts) -> Result<Linked<'a>> {
    let (name, licence) = (text(package, "name"), text(package, "license"));
    if !is_allowed(licence) {
        bail!(
            "the licence of the crate {name} is `{licence}`, which is not among those that the jar \
             may contain; see the list in this task's source"
        );
    }
    let manifest = Path::new(text(package, "manifest_path"));
    let directory = manifest.parent().with_context(|| format!("{name} lies nowhere"))?;
    let authors: Vec<&str> = list(package, "authors").filter_map(Value::as_str).collect();
    let mut numbers = texts.of(directory)?;
    if numbers.is_empty() {
        numbers.push(texts.standard(name, licence, &authors)?);
    }
    Ok(Linked {
        name,
        version: text(package, "version"),
        licence,
        authors,
        repository: text(package, "repository"),
        texts: numbers,
    })
}

/// Rust's own library, which no manifest names.
fn standard_library<'a>(rustc: &'a str, texts: &mut Texts) -> Result<Linked<'a>> {
    let (licence, authors) = ("MIT OR Apache-2.0", vec!["The Rust Project Developers"]);
    Ok(Linked {
        name: "std",
        version: rustc,
        licence,
        texts: vec![texts.standard("std", licence, &authors)?],
        authors,
        repository: "https://github.com/rust-lang/rust",
    })
}

/// Whether an SPDX expression can be met with allowed licences alone. Of alternatives one is enough;
/// an exception (`WITH`) only ever permits more.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    alternatives(&words, &mut at) && at == words.len()
}

fn alternatives(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = together(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        // Not short-circuited: the words have to be read in any case.
        allowed |= together(words, at);
    }
    allowed
}

fn together(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = single(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= single(words, at);
    }
    allowed
}

fn single(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let allowed = alternatives(words, at);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return allowed && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    ALLOWED.contains(word)
}

fn written(crates: &[Linked<'_>], texts: &Texts) -> String {
    let mut notice = format!(
        "The native library in this jar is built from the {} Rust crates below, each under the\n\
         licence that is named with it. The numbers are those of the texts at the end.\n\n",
        crates.len()
    );
    for linked in crates {
        // Writing to a String cannot fail.
        let _ = writeln!(notice, "{} {}: {}", linked.name, linked.version, linked.licence);
        if !linked.authors.is_empty() {
            let _ = writeln!(notice, "    by {}", linked.authors.join(", "));
        }
        if !linked.repository.is_empty() {
            let _ = writeln!(notice, "    {}", linked.repository);
        }
        let numbers: Vec<String> = linked.texts.iter().map(usize::to_string).collect();
        let _ = writeln!(notice, "    texts {}", numbers.join(", "));
    }
    for (index, text) in texts.iter().enumerate() {
        let _ = write!(notice, "\n{}\n[{}]\n\n{text}\n", "-".repeat(78), index + 1);
    }
    notice
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn licences_are_judged_by_their_expression() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 AND ISC",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT", "MIT MIT"] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    fn metadata(licence: &str, manifest: &str) -> Value {
        let package = |name: &str, kind: &str, source: Option<&str>| {
            json!({"id": name, "name": name, "version": "1.0.0", "license": licence, "source": source,
                "authors": ["A. N. Other"], "repository": null, "manifest_path": manifest,
                "targets": [{"kind": [kind]}]})
        };
        let needs =
            |name: &str, kind: Option<&str>| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let node = |name: &str, deps: Vec<Value>| json!({"id": name, "deps": deps});
        json!({
            "packages": [
                package("root", "cdylib", None), package("used", "lib", Some("registry")),
                package("tests", "lib", Some("registry")), package("derive", "proc-macro", Some("registry")),
                package("deep", "lib", Some("registry")), package("syntax", "lib", Some("registry")),
            ],
            "resolve": {"nodes": [
                node("root", vec![needs("used", None), needs("tests", Some("dev")), needs("derive", None)]),
                node("used", vec![needs("deep", None)]),
                node("derive", vec![needs("syntax", None)]),
            ]},
        })
    }

    #[test]
    fn what_is_linked_is_listed_and_nothing_else() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let manifest = manifest.to_string_lossy();
        let notice = of(&metadata("MIT", &manifest), "root", "1.2.3").unwrap();
        assert!(notice.contains("the 3 Rust crates"), "{notice}");
        // Neither ships a text of its own.
        let used = "\nused 1.0.0: MIT\n    by A. N. Other\n    texts 1\n";
        assert!(notice.contains(used), "{notice}");
        assert!(notice.contains("\ndeep 1.0.0: MIT\n"), "{notice}");
        assert!(notice.contains("\nstd 1.2.3: MIT OR Apache-2.0\n"), "{notice}");
        assert!(notice.contains("Copyright (c) A. N. Other"), "{notice}");
        assert!(of(&metadata("GPL-3.0-only", &manifest), "root", "1").is_err());
        assert!(of(&metadata("MIT", &manifest), "missing", "1").is_err());
        let untold = of(&metadata("Zlib", &manifest), "root", "1").unwrap_err().to_string();
        assert!(untold.contains("ships no text of its licence `Zlib`"), "{untold}");
    }
}
