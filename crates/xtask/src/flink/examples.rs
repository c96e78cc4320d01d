//! The examples that are programs: Flink's Table API in Java and in Python, and its DataStream API.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    cluster::Cluster,
    home::{self, Home, VERSION_2},
    redirect,
    task::Run,
};
use crate::{controlled::Controlled, maven, repo, shell};

/// PyFlink and what its Table API imports. The rest of what it asks for is for functions in Python.
const PYTHON_PACKAGES: [&str; 3] = ["py4j", "typing_extensions", "ruamel.yaml"];

/// What each example leaves in its table: the last of each of the users of `examples/data/users.csv`
/// with a score of 0 or more, or of the program's own changes.
const USERS: [[&str; 3]; 2] = [["1", "en", "0.75"], ["2", "de", "1.25"]];

/// Runs the examples, unchanged, and compares their tables. Says what was run.
pub fn run(
    cluster: &Cluster,
    run: &Run<'_>,
    jar: &Path,
    stand_in: &mut Controlled,
) -> Result<&'static str> {
    let options = run.directory.join("redshift.properties");
    redirect::write_options(stand_in, &options)?;
    let examples = compiled(run.directory, &Home::of(VERSION_2)?, jar)?;
    for (class, table) in [("LoadUsers", "users_by_java"), ("ChangeUsers", "users_by_stream")] {
        let mut java = cluster.client(&["run", "-c", class])?;
        shell::run(java.arg(&examples).arg(&options).arg(table))?;
        check(stand_in, table)?;
    }

    let Some(python) = python()? else {
        println!("SKIPPED the example in Python: there is no PyFlink for this machine's Python");
        return Ok("examples in Java exact, that in Python SKIPPED (no PyFlink for this Python)");
    };
    let mut pyflink = cluster.client(&["run"])?;
    pyflink.arg("-pyclientexec").arg(&python).args(["-py", "examples/flink/load_users.py"]);
    shell::run(pyflink.arg(&options).arg("users_by_python"))?;
    check(stand_in, "users_by_python")?;
    Ok("examples in Java and Python exact")
}

/// Compiles the examples in Java as their page says: against a distribution and the connector's jar.
pub fn compiled(directory: &Path, home: &Home, connector: &Path) -> Result<PathBuf> {
    let jdk = maven::java_home()?.join("bin");
    let classes = directory.join("examples");
    let class_path = format!("{}:{}", home.directory.join("lib/*").display(), connector.display());
    let mut javac = Command::new(jdk.join("javac"));
    javac.args(["--release", "11", "-cp", &class_path, "-d"]).arg(&classes);
    javac.args(["LoadUsers", "ChangeUsers"].map(|class| format!("examples/flink/{class}.java")));
    shell::run(javac.current_dir(repo::root()))?;
    let packaged = directory.join("examples.jar");
    let mut jar = Command::new(jdk.join("jar"));
    shell::run(jar.args(["--create", "--file"]).arg(&packaged).arg("-C").arg(&classes).arg("."))?;
    Ok(packaged)
}

fn check(stand_in: &mut Controlled, table: &str) -> Result<()> {
    let query = format!("SELECT user_id, language, score FROM {table} ORDER BY user_id");
    let expected = USERS.map(|row| row.map(|value| Some(value.to_owned())).to_vec());
    let found = stand_in.rows(&query)?;
    ensure!(found == expected, "{table} holds {found:?}, not {expected:?}");
    Ok(())
}

/// A Python with PyFlink, kept in the cache; `None` where there is none for the machine's Python.
fn python() -> Result<Option<PathBuf>> {
    let home = home::cache()?.join(format!("pyflink-{VERSION_2}"));
    let python = home.join("bin/python");
    if works(&python) {
        return Ok(Some(python));
    }
    shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    let pip = |packages: &[&str]| -> Result<bool> {
        let mut command = Command::new(&python);
        command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]);
        let status = command.args(packages).status().context("cannot start pip")?;
        Ok(status.success())
    };
    ensure!(pip(&PYTHON_PACKAGES)?, "pip cannot install {}", PYTHON_PACKAGES.join(", "));
    if !pip(&[&format!("apache-flink=={VERSION_2}")])? {
        return Ok(None);
    }
    ensure!(works(&python), "PyFlink {VERSION_2} is installed but cannot be imported");
    Ok(Some(python))
}

fn works(python: &Path) -> bool {
    shell::succeeds(python, &["-c", "import pyflink.table, ruamel.yaml"])
}
