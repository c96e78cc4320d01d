//! What the load-error view says, in words.

use crate::session::Row;

/// One line per error: file, line, column, code and reason. The reason's quoted value stays out.
pub(super) fn load_errors(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or("?").trim();
        let reason = cell(4);
        let reason = &reason[..reason.find(", Value").unwrap_or(reason.len())];
        format!(
            "file {}, line {}, column {}: {reason} (code {}, query {})",
            cell(0),
            cell(1),
            cell(2),
            cell(3),
            cell(5)
        )
    });
    lines.collect::<Vec<_>>().join("\n  ")
}
