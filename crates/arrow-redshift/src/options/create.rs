//! The options of a table that is created.

use super::{
    CreateTable, Distribution,
    given::{Given, Taken},
    grammar,
    problem::Findings,
};

/// Reads whether and how a missing target is created; `None` only beside a problem.
pub(super) fn create(given: &mut Given, findings: &mut Findings) -> Option<CreateTable> {
    let create = given.choice("sink.create-table");
    let style = given.choice("sink.create-table.distribution-style");
    let key = given
        .text("sink.create-table.distribution-key")
        .parse(findings, |text| grammar::column(text));
    let sort =
        given.text("sink.create-table.sort-key").parse(findings, |text| grammar::columns(text));
    let encodings =
        given.text("sink.create-table.encodings").parse(findings, |text| grammar::encodings(text));
    let width = given.integer("sink.create-table.varchar-width");
    let if_not_exists = create.value == Some("if-not-exists");
    let attributes = [
        (&style.name, style.set),
        (&key.name, key.set),
        (&sort.name, sort.set),
        (&encodings.name, encodings.set),
        (&width.name, width.set),
    ];
    for (name, _) in attributes.iter().filter(|(_, set)| *set && create.value == Some("none")) {
        findings
            .warn(format!("'{name}' has no effect without '{}' = 'if-not-exists'", create.name));
    }
    let distribution = distribution(&style, &key, findings);
    create.value?;
    Some(CreateTable {
        if_not_exists,
        distribution: distribution?,
        sort_key: sort.value.unwrap_or_default(),
        encodings: encodings.value.unwrap_or_default(),
        string_width: width.value?,
    })
}

fn distribution(
    style: &Taken<&'static str>,
    key: &Taken<String>,
    findings: &mut Findings,
) -> Option<Distribution> {
    let style_word = style.value?;
    if style_word == "key" && key.is_absent() {
        findings.problem(format!("'{}' = 'key' needs '{}'", style.name, key.name));
    }
    if style_word != "key" && key.set {
        findings.problem(format!("'{}' needs '{}' = 'key'", key.name, style.name));
    }
    match style_word {
        "even" => Some(Distribution::Even),
        "all" => Some(Distribution::All),
        "key" => key.value.clone().map(Distribution::Key),
        _ => Some(Distribution::Auto),
    }
}
