//! `cargo xtask flink`: a local cluster with the connector, for a first try.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::{
    cluster::{Cluster, Settings},
    examples,
    home::{Home, VERSION_2},
    parts::{self, Parts},
    redirect,
};
use crate::{
    controlled::Controlled,
    jar::Profile,
    needs::{self, Need},
    quickstart, shell,
};

/// The class that runs a script.
const RUNNER: &str = "io.github.flinkredshift.tools.SqlRunner";

/// What stands before the cause of a failure in what the runner says.
const FAILED: &str = "FAILED: ";

/// What is needed to build the connector and to run it on Flink.
pub const NEEDS: [Need; 6] =
    [Need::CCompiler, Need::PostgresServer, Need::Psql, Need::PythonVenv, Need::Jdk, Need::Maven];

/// What the task is told.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    script: Option<PathBuf>,
    keep: bool,
    install: bool,
}

impl Options {
    fn parse(given: &[String]) -> Result<Options> {
        let mut options = Options { script: None, keep: false, install: false };
        for word in given {
            match word.as_str() {
                "--keep" => options.keep = true,
                "--install" => options.install = true,
                flag if flag.starts_with('-') => bail!(
                    "flink knows no option `{flag}`; use: cargo xtask flink [--keep] [--install] [SCRIPT]"
                ),
                _ if options.script.is_some() => bail!("flink runs one script at a time"),
                script => options.script = Some(absolute(script)?),
            }
        }
        Ok(options)
    }
}

/// The cluster's processes run in the repository's root; a script may be named from elsewhere.
fn absolute(script: &str) -> Result<PathBuf> {
    std::path::absolute(script).with_context(|| format!("`{script}` is no path"))
}

/// Builds, starts a stand-in and a cluster, runs the script and shows what arrived.
pub fn run(given: &[String]) -> Result<()> {
    let begun = Instant::now();
    let options = Options::parse(given)?;
    needs::provide(&NEEDS, options.install)?;
    let parts = Parts::build(Profile::Quick)?;
    let home = Home::of(VERSION_2)?;
    println!("built in {} s", begun.elapsed().as_secs());

    let directory = parts::workshop("first-try")?;
    let stand_in = Controlled::start(&parts.stand_in, "staging")?;
    let settings = Settings {
        jars: vec![parts.jar.clone()],
        task_managers: 1,
        // Scripts that do not say batch run as streams, and those commit at checkpoints.
        configuration: vec![("execution.checkpointing.interval".into(), "10 s".into())],
        ..Settings::default()
    };
    let cluster = Cluster::start(&home, &directory, &settings)?;
    println!("Flink {VERSION_2}: http://127.0.0.1:{}", cluster.rest().port);

    let loading = Instant::now();
    let quickstart = PathBuf::from(quickstart::SCRIPT);
    let script = options.script.as_ref().unwrap_or(&quickstart);
    let run = Run { tools: &parts.tools, directory: &directory, shipped: &[] };
    let ran = run_script(&cluster, &run, &stand_in, script);
    match &ran {
        Ok(_) => println!("ran in {} s", loading.elapsed().as_secs()),
        // Now is when one wants to look at what is there.
        Err(error) if options.keep => eprintln!("\nerror: {error:#}"),
        Err(_) => {}
    }
    if ran.is_ok() && options.script.is_none() {
        quickstart::show(&stand_in.for_psql()?)?;
    }
    if options.keep {
        let examples = examples::compiled(&directory, &home, &parts.jar)?;
        wait_for_the_user(&cluster, (&parts.tools, &examples), &stand_in, &directory)?;
    }
    cluster.stop()?;
    stand_in.stop()?;
    ran?;
    println!("\ndone in {} s", begun.elapsed().as_secs());
    Ok(())
}

/// What running a script takes, besides the cluster and the stand-in.
pub struct Run<'a> {
    /// The jar with the SQL runner.
    pub tools: &'a Path,
    /// Where files for it may be written.
    pub directory: &'a Path,
    /// Jars that go with the job, where they are not in the cluster's `lib/`.
    pub shipped: &'a [&'a Path],
}

/// Runs a script on a cluster, its tables pointed at the stand-in; gives back what the client said.
pub fn run_script(
    cluster: &Cluster,
    run: &Run<'_>,
    stand_in: &Controlled,
    script: &Path,
) -> Result<Vec<String>> {
    let (said, succeeded) = shell::tee(&mut script_command(cluster, run, stand_in, script)?)?;
    if !succeeded {
        let logs = cluster.logs();
        bail!("{} failed on Flink; see {}{}", script.display(), logs.display(), cause(&said));
    }
    Ok(said)
}

/// What the SQL runner named as the cause of its failure, behind a colon; it lies under a hundred
/// lines of Flink's by then.
fn cause(said: &[String]) -> String {
    let Some(begin) = said.iter().rposition(|line| line.starts_with(FAILED)) else {
        return String::new();
    };
    let rest = &said[begin + 1..];
    let lines = rest.iter().take_while(|line| line.starts_with("  "));
    lines.fold(format!(":\n{}", &said[begin][FAILED.len()..]), |told, line| told + "\n" + line)
}

/// The command line that runs a script so.
pub fn script_command(
    cluster: &Cluster,
    run: &Run<'_>,
    stand_in: &Controlled,
    script: &Path,
) -> Result<Command> {
    let options = run.directory.join("redirect.properties");
    redirect::write(stand_in, &options)?;
    let mut command = cluster.client(&["run", "-c", RUNNER])?;
    command.arg(run.tools).arg("--redirect").arg(&options);
    for jar in run.shipped {
        command.arg("--jar").arg(jar);
    }
    command.arg(script);
    Ok(command)
}

/// Says what there is to try, and waits for Enter or the end of the input.
fn wait_for_the_user(
    cluster: &Cluster,
    (tools, examples): (&Path, &Path),
    stand_in: &Controlled,
    directory: &Path,
) -> Result<()> {
    let flink = cluster.client(&["run", "-c", RUNNER])?;
    let psql = stand_in.for_psql()?;
    let properties = directory.join("redshift.properties");
    redirect::write_options(stand_in, &properties)?;
    println!(
        "\nThe cluster and the stand-in stay until you press Enter.\n\
         Web interface  http://127.0.0.1:{}\n\
         Another script FLINK_CONF_DIR={} FLINK_LIB_DIR={} \\\n    {} run -c {RUNNER} {} --redirect {} script.sql\n\
         A program      the same two variables and … run -c LoadUsers {} {} users\n\
         The rows       PGPASSWORD={} psql 'host={} port={} user={} dbname={} sslmode=verify-ca sslrootcert={}'",
        cluster.rest().port,
        directory.join("conf").display(),
        directory.join("lib").display(),
        flink.get_program().to_string_lossy(),
        tools.display(),
        directory.join("redirect.properties").display(),
        examples.display(),
        properties.display(),
        psql.password,
        psql.host,
        psql.port,
        psql.user,
        psql.database,
        psql.ca_file,
    );
    std::io::stdin().read(&mut [0]).map(drop).context("cannot read standard input")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        Options::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_cause_of_a_failure_is_what_the_runner_says_last() {
        let said = ["> INSERT", "FAILED: denied", "  what to do: GRANT", "-----", "  at x"];
        let said = said.map(str::to_owned);
        assert_eq!(cause(&said), ":\ndenied\n  what to do: GRANT");
        assert_eq!(cause(&said[..1]), "");
    }

    #[test]
    fn one_script_is_taken_from_wherever_it_is_named() {
        let options = parse(&["--keep", "my.sql"]).unwrap();
        assert!(options.keep && !options.install);
        assert!(options.script.is_some_and(|script| script.is_absolute()));
        assert_eq!(parse(&[]).unwrap().script, None);
        assert!(parse(&["a.sql", "b.sql"]).is_err());
        assert!(parse(&["--kep"]).is_err());
    }
}
