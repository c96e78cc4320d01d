//! The options that say what becomes of values that do not fit.

use super::{ValueConfig, ValuePolicy, WriteMode, given::Given, grammar, problem::Findings};

/// Reads them; `None` only beside a problem.
pub(super) fn values(
    given: &mut Given,
    mode: Option<WriteMode>,
    findings: &mut Findings,
) -> Option<ValueConfig> {
    let policy = given.choice("sink.value-policy");
    let columns = given
        .text("sink.value-policy.columns")
        .parse(findings, |text| grammar::value_policies(text));
    let show_key = given.flag("sink.value-policy.show-key").value;
    let refused = given.flag("sink.value-policy.refused-loads");
    if refused.value == Some(true) && mode == Some(WriteMode::Jdbc) {
        findings.warn(format!("'{}' has no effect in jdbc mode", refused.name));
    }
    let dead_letters =
        given.text("sink.dead-letter.s3-uri").parse(findings, |text| grammar::s3_uri(text));

    let general = policy.value.and_then(ValuePolicy::from_name);
    let named = columns.value.as_deref().unwrap_or_default();
    let sets_aside = |policy: ValuePolicy| policy == ValuePolicy::DeadLetter;
    let by = match general {
        Some(general) if sets_aside(general) => Some(&policy.name),
        _ if named.iter().any(|(_, policy)| sets_aside(*policy)) => Some(&columns.name),
        _ => None,
    };
    match by {
        Some(by) if mode == Some(WriteMode::Jdbc) => findings.problem(format!(
            "'{by}' asks for dead-letter, and jdbc mode has no place for it: rows that are set aside are \
             staged on S3 with the commit that they belong to, and jdbc mode stages nothing; set \
             'sink.write.mode' = 'copy', or have such values cut or NULL ('truncate', 'null'), or sort \
             them out in the query"
        )),
        Some(by) if dead_letters.is_absent() => findings.problem(format!(
            "'{}' is missing: '{by}' sets rows aside, and they are put there",
            dead_letters.name
        )),
        None if dead_letters.set => findings
            .warn(format!("'{}' has no effect: no policy is dead-letter", dead_letters.name)),
        _ => {}
    }
    Some(ValueConfig {
        policy: general?,
        columns: columns.value.unwrap_or_default(),
        show_key: show_key?,
        refused_loads: refused.value?,
        dead_letters: dead_letters.value.filter(|_| by.is_some()),
    })
}
