//! What the crates' manifests may say.

use super::Finding;
use crate::repo::TextFile;

/// Crates that a crate must not depend on, not even for its tests where `tests_too` says so.
struct Barred {
    manifest: &'static str,
    name: &'static str,
    tests_too: bool,
}

const BARRED: &[Barred] = &[
    // The core stays free of engines and of the other side of the wire.
    Barred { manifest: "crates/arrow-redshift/Cargo.toml", name: "datafusion", tests_too: true },
    Barred { manifest: "crates/arrow-redshift/Cargo.toml", name: "jni", tests_too: true },
    Barred { manifest: "crates/arrow-redshift/Cargo.toml", name: "pgwire", tests_too: true },
    Barred {
        manifest: "crates/arrow-redshift/Cargo.toml",
        name: "redshift-local",
        tests_too: false,
    },
    // The stand-in shares no code with the connector, so that the two check each other.
    Barred {
        manifest: "crates/redshift-local/Cargo.toml",
        name: "arrow-redshift",
        tests_too: true,
    },
    Barred { manifest: "crates/redshift-local/Cargo.toml", name: "datafusion", tests_too: true },
    // The command reaches Redshift and S3 through the core alone.
    Barred { manifest: "crates/flink-redshift/Cargo.toml", name: "object_store", tests_too: false },
    Barred { manifest: "crates/flink-redshift/Cargo.toml", name: "parquet", tests_too: false },
    Barred {
        manifest: "crates/flink-redshift/Cargo.toml",
        name: "tokio-postgres",
        tests_too: false,
    },
    // So does the library for the JVM, and no other crate speaks to a JVM.
    Barred {
        manifest: "crates/flink-redshift-jni/Cargo.toml",
        name: "object_store",
        tests_too: false,
    },
    Barred { manifest: "crates/flink-redshift-jni/Cargo.toml", name: "parquet", tests_too: false },
    Barred {
        manifest: "crates/flink-redshift-jni/Cargo.toml",
        name: "tokio-postgres",
        tests_too: false,
    },
    Barred {
        manifest: "crates/flink-redshift-jni/Cargo.toml",
        name: "datafusion",
        tests_too: true,
    },
    Barred { manifest: "crates/flink-redshift/Cargo.toml", name: "jni", tests_too: true },
    Barred { manifest: "crates/redshift-local/Cargo.toml", name: "jni", tests_too: true },
    // A newcomer's first command builds this crate before it can say anything.
    Barred { manifest: "crates/xtask/Cargo.toml", name: "arrow-redshift", tests_too: true },
    Barred { manifest: "crates/xtask/Cargo.toml", name: "redshift-local", tests_too: true },
    Barred { manifest: "crates/xtask/Cargo.toml", name: "tokio", tests_too: true },
    Barred { manifest: "crates/xtask/Cargo.toml", name: "clap", tests_too: true },
];

/// Dependencies that would undo the separation of the crates.
pub fn dependencies(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        for (line, section, name) in entries(&file.text) {
            let for_tests = section.ends_with("dev-dependencies");
            let barred = BARRED.iter().any(|rule| {
                rule.manifest == file.path && rule.name == name && (rule.tests_too || !for_tests)
            });
            if barred && section.ends_with("dependencies") {
                let message = format!("this crate must not depend on `{name}`");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    findings
}

/// Every crate takes the workspace's lints.
pub fn lints(files: &[TextFile]) -> Vec<Finding> {
    let manifests = files
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"));
    manifests
        .filter(|file| {
            !entries(&file.text)
                .iter()
                .any(|(_, section, name)| section == "lints" && name == "workspace")
        })
        .map(|file| Finding::new(&file.path, 0, "lacks `[lints] workspace = true`"))
        .collect()
}

/// The keys of a manifest: line, section and the name before the first dot or equals sign.
fn entries(manifest: &str) -> Vec<(usize, String, String)> {
    let mut section = String::new();
    let mut entries = Vec::new();
    for (index, line) in manifest.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            // `[dependencies.name]` is an entry of `[dependencies]`.
            if let Some((parent, name)) = section.clone().rsplit_once("dependencies.") {
                section = format!("{parent}dependencies");
                entries.push((index + 1, section.clone(), name.to_owned()));
            }
        } else if let Some(end) = line.find(['.', '=', ' ']) {
            let name = line[..end].trim_matches('"').to_owned();
            entries.push((index + 1, section.clone(), name));
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    #[test]
    fn barred_dependencies_are_found_in_every_form() {
        let found = |manifest: &str| {
            dependencies(&file("crates/redshift-local/Cargo.toml", manifest)).len()
        };
        assert_eq!(found("[dependencies]\narrow-redshift.workspace = true"), 1);
        assert_eq!(found("[dev-dependencies]\narrow-redshift = { path = \"x\" }"), 1);
        assert_eq!(found("[dependencies.arrow-redshift]\npath = \"x\""), 1);
        assert_eq!(found("[dependencies]\narrow.workspace = true # not arrow-redshift"), 0);
        assert_eq!(found("[features]\narrow-redshift = []"), 0);
    }

    #[test]
    fn tests_of_the_core_may_use_the_stand_in() {
        let core =
            |manifest| dependencies(&file("crates/arrow-redshift/Cargo.toml", manifest)).len();
        assert_eq!(core("[dev-dependencies]\nredshift-local.workspace = true"), 0);
        assert_eq!(core("[dependencies]\nredshift-local.workspace = true"), 1);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(lints(&file("crates/a/Cargo.toml", "[package]\nname = \"a\"")).len(), 1);
        assert_eq!(lints(&file("crates/a/Cargo.toml", "[lints]\nworkspace = true")), []);
    }
}
