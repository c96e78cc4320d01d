//! What the client is told about a load.

use crate::config::Edition;

/// INFO after a load.
pub fn completed(table: &str, rows: u64) -> String {
    format!("Load into table '{table}' completed, {rows} record(s) loaded successfully.")
}

/// INFO after a load with MAXERROR that skipped rows.
pub fn skipped(table: &str, rows: u64, edition: Edition) -> String {
    format!(
        "Load into table '{table}' completed, {rows} record(s) could not be loaded.{}",
        check_view(edition)
    )
}

/// The error of a load with rows that could not be loaded.
pub fn load_failed(table: &str, edition: Edition) -> String {
    format!("Load into table '{table}' failed.{}", check_view(edition))
}

fn check_view(edition: Edition) -> &'static str {
    match edition {
        // Two blanks, as the provisioned form has them.
        Edition::Provisioned => "  Check 'stl_load_errors' system table for details.",
        Edition::Serverless => " Check 'sys_load_error_detail' system table for details.",
    }
}
