//! Java declares the natives that this library exports, with as many arguments, and no others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{collections::BTreeMap, fs, path::Path};

const JAVA: &str =
    "../../java/flink-connector-redshift/src/main/java/io/github/flinkredshift/jni/Native.java";
const PREFIX: &str = "Java_io_github_flinkredshift_jni_Native_";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Names with the types of their arguments, as Java writes them.
fn declared() -> BTreeMap<String, Vec<String>> {
    let source = read(JAVA);
    let natives = source.split("static native ").skip(1).map(|rest| {
        let (head, rest) = rest.split_once('(').unwrap();
        let (arguments, _) = rest.split_once(')').unwrap();
        let name = head.split_whitespace().last().unwrap();
        let types = arguments.split(',').filter_map(|argument| argument.split_whitespace().next());
        (name.to_owned(), types.map(str::to_owned).collect())
    });
    natives.collect()
}

/// The same for what is exported.
fn exported() -> BTreeMap<String, Vec<String>> {
    let source = read("src/exports.rs");
    let head = format!("fn {PREFIX}");
    let natives = source.split(&head).skip(1).map(|rest| {
        let (name, rest) = rest.split_once('<').unwrap();
        let (_, rest) = rest.split_once('(').unwrap();
        let (arguments, _) = rest.split_once(") ").unwrap();
        // The first is the JVM's own.
        let types = arguments.split(',').skip(1).filter_map(|argument| argument.split_once(':'));
        let types = types.map(|(_, rust)| java(rust.trim().trim_end_matches(')')));
        (name.to_owned(), types.collect())
    });
    natives.collect()
}

fn java(rust: &str) -> String {
    let java = match rust {
        "jint" => "int",
        "jlong" => "long",
        "jboolean" => "boolean",
        "JString<'f>" => "String",
        "JByteArray<'f>" => "byte[]",
        "JIntArray<'f>" => "int[]",
        "JLongArray<'f>" => "long[]",
        "JByteBuffer<'f>" => "ByteBuffer",
        "JObjectArray<'f" => "[][]",
        other => panic!("{other} has no name in Java"),
    };
    java.to_owned()
}

#[test]
fn java_declares_what_is_exported() {
    let (declared, exported) = (declared(), exported());
    assert!(declared.len() >= 20, "{declared:?}");
    let names = |of: &BTreeMap<String, Vec<String>>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&declared), names(&exported));
    for (name, types) in &declared {
        let found = &exported[name];
        assert_eq!(types.len(), found.len(), "{name}: {types:?} and {found:?}");
        for (java, rust) in types.iter().zip(found) {
            let array = rust == "[][]" && matches!(java.as_str(), "String[]" | "byte[][]");
            assert!(java == rust || array, "{name} takes {java} in Java and {rust} here");
        }
    }
}
