//! The generated page of options is the table's, and the help names every key.

use std::path::Path;

use arrow_redshift::options::{help, markdown, table};

#[test]
fn docs_options_md_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/options.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, markdown()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == markdown(),
        "docs/options.md is stale: run `cargo xtask codegen` and commit what it writes"
    );
}

#[test]
fn the_page_names_every_key_and_the_help_every_built_one() {
    let (page, help) = (markdown(), help());
    for row in table::rows() {
        assert!(page.contains(&format!("| `{}` |", row.key)), "{}", row.key);
        assert_eq!(
            help.contains(&format!("\n  {}\n", row.key)),
            row.part.is_built(),
            "{}",
            row.key
        );
        for alias in row.aliases {
            assert_eq!(
                page.contains(&format!("`{}", alias.name)),
                alias.documented,
                "{}",
                alias.name
            );
        }
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100));
}
