//! The options of a table that is created.

use super::{
    CreateTable, Distribution, SchemaEvolution,
    given::{Given, Taken},
    grammar,
    problem::Findings,
};

/// Reads whether and how a missing target is created, and how one that lacks something changes;
/// `None` only beside a problem.
pub(super) fn create(
    given: &mut Given,
    findings: &mut Findings,
) -> Option<(CreateTable, SchemaEvolution)> {
    let create = given.choice("sink.create-table");
    let evolution = given.choice("sink.schema-evolution");
    let style = given.choice("sink.create-table.distribution-style");
    let key = given
        .text("sink.create-table.distribution-key")
        .parse(findings, |text| grammar::column(text));
    let sort =
        given.text("sink.create-table.sort-key").parse(findings, |text| grammar::columns(text));
    let encodings =
        given.text("sink.create-table.encodings").parse(findings, |text| grammar::encodings(text));
    let width = given.integer("sink.create-table.varchar-width");
    let widths = given
        .text("sink.create-table.varchar-widths")
        .parse(findings, |text| grammar::widths(text));
    let comment =
        given.text("sink.create-table.comment").parse(findings, |text| grammar::no_nul(text));
    let column_comments = given
        .text("sink.create-table.column-comments")
        .parse(findings, |text| grammar::comments(text));
    let (creates, evolves) = (create.value != Some("none"), evolution.value != Some("none"));
    let whole_table = [
        (&style.name, style.set),
        (&key.name, key.set),
        (&sort.name, sort.set),
        (&comment.name, comment.set),
    ];
    for (name, _) in whole_table.iter().filter(|(_, set)| *set && !creates) {
        findings
            .warn(format!("'{name}' has no effect without '{}' = 'if-not-exists'", create.name));
    }
    let columns = [
        (&encodings.name, encodings.set),
        (&width.name, width.set),
        (&widths.name, widths.set),
        (&column_comments.name, column_comments.set),
    ];
    for (name, _) in columns.iter().filter(|(_, set)| *set && !creates && !evolves) {
        findings.warn(format!(
            "'{name}' has no effect without '{}' = 'if-not-exists' or a '{}'",
            create.name, evolution.name
        ));
    }
    let distribution = distribution(&style, &key, findings);
    create.value?;
    let table = CreateTable {
        if_not_exists: create.value == Some("if-not-exists"),
        distribution: distribution?,
        sort_key: sort.value.unwrap_or_default(),
        encodings: encodings.value.unwrap_or_default(),
        string_width: width.value?,
        string_width_set: width.set,
        widths: widths.value.unwrap_or_default(),
        comment: comment.value,
        column_comments: column_comments.value.unwrap_or_default(),
    };
    let evolution = match evolution.value? {
        "add-columns" => SchemaEvolution::AddColumns,
        "add-and-widen" => SchemaEvolution::AddAndWiden,
        _ => SchemaEvolution::None,
    };
    Some((table, evolution))
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
