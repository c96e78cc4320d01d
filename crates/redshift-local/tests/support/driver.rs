//! Amazon's Python driver, in a virtual environment that the tests make and keep between runs. Other
//! crates' tests take this file by its path.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The release of the driver that the tests were written against.
pub const DRIVER: &str = "redshift_connector==2.1.17";

/// The environment's Python, or why there is none.
pub fn python() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redshift-connector");
    let python = home.join("bin/python");
    if run(&python, &["-c", "import redshift_connector"]).is_err() {
        run(Path::new("python3"), &["-m", "venv", &home.to_string_lossy()])?;
        run(&python, &["-m", "pip", "install", "--quiet", DRIVER])?;
    }
    Ok(python)
}

fn run(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|e| format!("{} cannot be run: {e}", program.display()))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(()),
        false => Err(said(&output.stdout) + &said(&output.stderr)),
    }
}
