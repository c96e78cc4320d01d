//! A directory that goes with this process, also when that is killed with SIGKILL: a small shell
//! waits for the end of a pipe that only this process holds open, as PostgreSQL's supervisor does.

use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// `$1` the directory. Signals to a whole session are not meant for it: the pipe tells it when.
const KEEPER: &str = r#"
trap '' HUP INT TERM
read -r _
rm -rf "$1"
"#;

/// A temporary directory that only this account can enter.
#[derive(Debug)]
pub(crate) struct Temporary {
    dir: TempDir,
    keeper: Child,
    pipe: Option<ChildStdin>,
}

impl Temporary {
    /// Makes a directory whose name begins with `prefix`.
    pub(crate) fn new(prefix: &str) -> Result<Temporary> {
        let dir = tempfile::Builder::new()
            .prefix(prefix)
            .permissions(PermissionsExt::from_mode(0o700))
            .tempdir()
            .context("cannot make a temporary directory")?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", KEEPER, "redshift-local"]).arg(dir.path()).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C in a terminal ends this process, and not its keeper.
        command.process_group(0);
        let mut keeper = command.spawn().context("cannot start /bin/sh")?;
        let pipe = keeper.stdin.take();
        Ok(Temporary { dir, keeper, pipe })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // Where it failed, the directory's own end tries once more.
        let _ = self.keeper.wait();
    }
}
