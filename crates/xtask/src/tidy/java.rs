//! The Java side is a thin layer: Flink's interfaces over the native library.

use super::{
    Finding, layers, line_of,
    rust_source::{Kind, literals, only},
};
use crate::repo::TextFile;

/// The sources of what users get.
const MODULE: &str = "java/flink-connector-redshift/src/main/";

/// Packages with which Java could do by itself what is the core's.
const FOREIGN: [&str; 8] = [
    "java.sql.Connection",
    "java.sql.Driver",
    "java.sql.Statement",
    "javax.sql",
    "java.net.http",
    "software.amazon",
    "com.amazonaws",
    "org.apache.hadoop",
];

/// How files begin that Rust wrote: what they say is the core's own words.
const GENERATED: &str = "// Generated from ";

/// Java knows no SQL, no S3 and no database: Rust's lexer is near enough to tell its literals, comments
/// and code apart.
pub fn layer(files: &[TextFile]) -> Vec<Finding> {
    let sources =
        files.iter().filter(|file| file.path.starts_with(MODULE) && file.path.ends_with(".java"));
    sources.filter(|file| !file.text.starts_with(GENERATED)).flat_map(in_file).collect()
}

fn in_file(file: &TextFile) -> Vec<Finding> {
    let code = only(&file.text, &[Kind::Code]);
    let mut found: Vec<(usize, String)> = Vec::new();
    for package in FOREIGN {
        let places = code.match_indices(package);
        found.extend(places.map(|(at, _)| (at, format!("Java may not use `{package}` here"))));
    }
    for (at, text) in literals(&file.text) {
        if layers::is_statement(text) {
            found.push((at, "a statement's text in Java: the core says it".to_owned()));
        } else if ["s3://", "s3a://"].iter().any(|scheme| text.contains(scheme)) {
            found.push((at, "an address of S3 in Java: the core knows it".to_owned()));
        }
    }
    let finding = |(at, message)| Finding::new(&file.path, line_of(&file.text, at), message);
    found.into_iter().map(finding).collect()
}

/// Flink's annotations that tell users what of a jar stays as it is.
const STABILITY: [&str; 2] = ["@PublicEvolving", "@Internal"];

/// Every public type says whether users may rest on it.
pub fn stability(files: &[TextFile]) -> Vec<Finding> {
    let sources =
        files.iter().filter(|file| file.path.starts_with(MODULE) && file.path.ends_with(".java"));
    sources.filter_map(without_stability).collect()
}

fn without_stability(file: &TextFile) -> Option<Finding> {
    let line = file.text.lines().position(|line| line.starts_with("public "))?;
    let before = file.text.lines().take(line);
    let told =
        before.skip_while(|line| !line.starts_with('@')).any(|line| STABILITY.contains(&line));
    let message = "a public type is `@PublicEvolving` or `@Internal`";
    (!told).then(|| Finding::new(&file.path, line + 1, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn check(line: &str) -> usize {
        let text = format!("/** Not \"SELECT 1 FROM t\" of java.sql. */\nclass A {{ {line} }}\n");
        layer(&file(&format!("{MODULE}java/A.java"), &text)).len()
    }

    #[test]
    fn what_belongs_to_the_core_is_found_in_java() {
        for line in [
            "java.sql.Connection c;",
            "String s = \"SELECT count(*) FROM t\";",
            "String s = \"s3://bucket\";",
            "software.amazon.awssdk.A a;",
        ] {
            assert_eq!(check(line), 1, "{line}");
        }
        assert_eq!(check("String s = \"{} rows, COPY {} ms\"; // s3://b"), 0);
        let generated = format!("{GENERATED}a table.\nclass A {{ String s = \"s3://b\"; }}");
        assert_eq!(layer(&file(&format!("{MODULE}java/A.java"), &generated)), []);
        let elsewhere = file("java/tools/src/main/java/A.java", "java.sql.Connection c;");
        assert_eq!(layer(&elsewhere), []);
    }

    #[test]
    fn a_public_type_says_whether_it_stays() {
        let found = |text: &str| stability(&file(&format!("{MODULE}java/A.java"), text)).len();
        assert_eq!(found("/** A. */\npublic final class A {}\n"), 1);
        assert_eq!(found("/** A. */\n@Deprecated\npublic class A {}\n"), 1);
        for told in ["@Internal", "@PublicEvolving", "@SuppressWarnings(\"x\")\n@Internal"] {
            assert_eq!(found(&format!("/** A. */\n{told}\npublic enum A {{}}\n")), 0, "{told}");
        }
        assert_eq!(found("/** A. */\nfinal class A {}\n"), 0);
        assert_eq!(stability(&file("java/tools/src/main/java/A.java", "public class A {}")), []);
    }
}
