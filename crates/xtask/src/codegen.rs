//! `cargo xtask codegen`: writes the generated files anew.

use anyhow::{Result, bail};

use crate::{cargo::cargo, shell, test::Totals};

/// Runs the tests that compare generated files with what generates them, told to write instead.
///
/// Such a test has `generated` in its name and obeys `UPDATE_GENERATED=1`.
pub fn run() -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--locked", "generated"]);
    let (lines, succeeded) = shell::tee(command.env("UPDATE_GENERATED", "1"))?;
    let totals = Totals::of(&lines);
    if !succeeded {
        bail!("a generated file could not be written: {totals}");
    }
    if totals.passed == 0 {
        bail!("nothing was generated: no test has `generated` in its name");
    }
    println!("\ngenerated files are up to date ({} tests)", totals.passed);
    Ok(())
}
