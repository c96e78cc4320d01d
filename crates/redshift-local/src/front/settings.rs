//! Settings that only Redshift has, kept per session.

use std::{collections::BTreeMap, time::Duration};

use super::failure::Failure;

/// Names and defaults of settings that the front keeps; PostgreSQL keeps the others.
const DEFAULTS: &[(&str, &str)] = &[
    ("query_group", "unset"),
    ("statement_timeout", "0"),
    ("enable_case_sensitive_identifier", "off"),
    ("enable_case_sensitive_super_attribute", "off"),
    ("enable_result_cache_for_session", "on"),
    ("error_on_nondeterministic_update", "off"),
    ("analyze_threshold_percent", "10"),
    ("wlm_query_slot_count", "1"),
    ("describe_field_name_in_uppercase", "off"),
    ("json_serialization_enable", "off"),
    ("enable_large_strings_opt_in", "off"),
    ("spectrum_query_maxerror", "-1"),
];

/// A session's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionSettings {
    changed: BTreeMap<String, String>,
    /// Whether the cluster has case-sensitive identifiers.
    case_sensitive: bool,
}

impl SessionSettings {
    /// The settings of a new session.
    pub(crate) fn new(case_sensitive: bool) -> SessionSettings {
        SessionSettings { case_sensitive, ..SessionSettings::default() }
    }

    /// Whether the front keeps a setting.
    pub(crate) fn keeps(name: &str) -> bool {
        DEFAULTS.iter().any(|(known, _)| *known == name)
    }

    /// Sets or resets a setting that the front keeps.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.changed.insert(name.to_owned(), value.to_owned()),
            None => self.changed.remove(name),
        };
    }

    /// The value of a setting that the front keeps.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let changed = self.changed.get(name).map(String::as_str);
        let cluster = self.case_sensitive && name == "enable_case_sensitive_identifier";
        changed
            .or(cluster.then_some("on"))
            .or_else(|| DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, v)| *v))
    }

    /// `query_group` as a label: empty when unset.
    pub(crate) fn query_group(&self) -> &str {
        self.changed.get("query_group").map_or("", String::as_str)
    }

    /// Whether a setting is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(
            self.get(name).map(str::to_ascii_lowercase).as_deref(),
            Some("on" | "true" | "yes" | "1" | "t")
        )
    }

    /// `statement_timeout`; `None` is without limit.
    pub(crate) fn statement_timeout(&self) -> Option<Duration> {
        let millis = milliseconds(self.get("statement_timeout")?)?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }
}

/// Refuses encodings other than UTF-8, whose bytes the front would misread.
pub(crate) fn check_encoding(encoding: &str) -> Result<(), Failure> {
    match encoding.to_ascii_uppercase().as_str() {
        "UTF8" | "UTF-8" | "UNICODE" => Ok(()),
        _ => {
            let text = format!("not modelled: client_encoding {encoding}; use UTF8");
            Err(Failure::new("0A000", text))
        }
    }
}

/// A time in milliseconds: a bare number, or a number with a unit as PostgreSQL takes it.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_changes_and_falls_back() {
        let mut settings = SessionSettings::default();
        assert_eq!(settings.get("query_group"), Some("unset"));
        assert_eq!(settings.query_group(), "");
        settings.set("query_group", Some("etl"));
        assert_eq!((settings.get("query_group"), settings.query_group()), (Some("etl"), "etl"));
        settings.set("query_group", None);
        assert_eq!(settings.get("query_group"), Some("unset"));
        assert_eq!(settings.get("no_such"), None);
    }

    #[test]
    fn reads_timeouts() {
        let mut settings = SessionSettings::default();
        assert_eq!(settings.statement_timeout(), None);
        settings.set("statement_timeout", Some("1500"));
        assert_eq!(settings.statement_timeout(), Some(Duration::from_millis(1500)));
        assert_eq!(milliseconds("2s"), Some(2000));
        assert_eq!(milliseconds("soon"), None);
    }
}
