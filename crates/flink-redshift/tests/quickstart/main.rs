//! The quickstart's script, run twice on one stand-in: keyed tables stay as they are, the appended
//! one holds every row twice, and every value of all five tables is the file's, as Amazon's own
//! driver reads it.

#[path = "../../../redshift-local/tests/support/driver.rs"]
mod driver;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const WAIT: Duration = Duration::from_secs(120);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flink-redshift"));
    command.args(args).current_dir(root());
    command
}

struct StandIn(Child);

impl StandIn {
    fn start(script: &str, connection: &str) -> StandIn {
        let args = ["local", "--for", script, "--connection-file", connection];
        let child = command(&args).stdout(Stdio::null()).spawn().expect("the command starts");
        let (mut stand_in, started) = (StandIn(child), Instant::now());
        while !Path::new(connection).exists() {
            assert!(stand_in.0.try_wait().expect("asked").is_none(), "the stand-in ended");
            assert!(started.elapsed() < WAIT, "the stand-in does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        stand_in
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn the_quickstart_loads_every_value_of_its_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let connection = directory.path().join("connection.json");
    let connection = connection.to_str().expect("UTF-8");
    let script = "examples/quickstart.sql";
    let _stand_in = StandIn::start(script, connection);
    let python = match driver::python() {
        Ok(python) => python,
        Err(why) => {
            let line = format!("SKIPPED the_quickstart_loads_every_value_of_its_files: {why}\n");
            std::io::stderr().write_all(line.as_bytes()).expect("told");
            return;
        }
    };
    for run in 1..=2 {
        let local = format!("--local={connection}");
        let output = command(&["run", script, &local]).output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "run {run}: {said}");
        let compared = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quickstart/compare.py"))
            .args([connection, "examples/data", &run.to_string()])
            .current_dir(root())
            .output()
            .expect("python runs");
        println!("run {run}:\n{}", String::from_utf8_lossy(&compared.stdout));
        let said = String::from_utf8_lossy(&compared.stderr);
        assert!(compared.status.success(), "run {run}: {said}");
    }
}
