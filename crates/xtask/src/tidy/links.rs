//! Links between the documents lead somewhere.

use std::collections::HashMap;

use super::Finding;
use crate::repo::{self, TextFile};

/// Every relative link in a Markdown file names a file that exists, and a heading that it has.
pub fn check(files: &[TextFile]) -> Vec<Finding> {
    let root = repo::root();
    let exists = |path: &str| root.join(path).exists();
    broken(files, exists)
}

fn broken(files: &[TextFile], exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let documents = files.iter().filter(|file| file.path.ends_with(".md"));
    let headings: HashMap<&str, Vec<String>> =
        documents.clone().map(|file| (file.path.as_str(), anchors(&file.text))).collect();
    let mut findings = Vec::new();
    for file in documents {
        for (line, target) in links(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if path.is_empty() { file.path.clone() } else { resolve(&file.path, path) };
            if !exists(&path) {
                let message = format!("the link to `{target}` leads nowhere");
                findings.push(Finding::new(&file.path, line, message));
            } else if !anchor.is_empty()
                && headings
                    .get(path.as_str())
                    .is_some_and(|known| !known.iter().any(|a| a == anchor))
            {
                let message = format!("{path} has no heading for `#{anchor}`");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    findings
}

/// The lines of a document that are prose: no fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// The targets of `[text](target)`, with their lines; code in backquotes is no link.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        let visible: String = line
            .split('`')
            .enumerate()
            .filter(|(part, _)| part % 2 == 0)
            .map(|(_, text)| text)
            .collect();
        for (start, _) in visible.match_indices("](") {
            let target = &visible[start + 2..];
            if let Some(end) = target.find(')') {
                let target = target[..end].split_whitespace().next().unwrap_or_default();
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

/// The anchors of a document's headings, as the usual renderers make them.
fn anchors(text: &str) -> Vec<String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The path that `link` names, seen from the file that holds it.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn check(text: &str) -> Vec<Finding> {
        broken(&file("docs/a.md", text), |path| {
            ["docs/a.md", "README.md", "docs/adr"].contains(&path)
        })
    }

    #[test]
    fn links_must_lead_to_files_and_headings() {
        assert_eq!(check("[r](../README.md) [d](adr/) [s](#one-two)\n\n## One: two\n"), []);
        assert_eq!(
            check("[w](https://example.com/x) `[c](missing.md)`\n```\n[f](missing.md)\n```"),
            []
        );
        assert_eq!(check("[m](missing.md)").len(), 1);
        assert_eq!(check("[m](../docs/../missing.md#x)").len(), 1);
        let findings = check("## One\n\n[s](#two)");
        assert_eq!((findings.len(), findings[0].line), (1, 3));
    }
}
