//! The account that PostgreSQL runs as: it refuses root.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use anyhow::{Context, Result};

/// An account of this machine.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Its name, for messages.
    pub(super) name: String,
    /// User and group id to change to; `None` stays who we are.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// Our own account, or `postgres` (else `nobody`) when we are root.
    pub(super) fn to_run_as() -> Result<Account> {
        let uid = fs::metadata("/proc/self").context("cannot tell who we are from /proc")?.uid();
        if uid != 0 {
            return Ok(Account { name: format!("with id {uid}"), ids: None });
        }
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        ["postgres", "nobody"].iter().find_map(|name| entry(&passwd, name)).context(
            "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody",
        )
    }

    /// The account that this process runs as.
    pub(super) fn own_account() -> Account {
        Account { name: "our own account".into(), ids: None }
    }

    /// Makes `command` run as this account, in a directory that it can enter, with nothing of our
    /// environment that PostgreSQL would read.
    pub(super) fn apply(&self, command: &mut Command) {
        command.current_dir("/").env_clear().env("LC_ALL", "C");
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives `path` to this account.
    pub(super) fn own(&self, path: &Path) -> Result<()> {
        match self.ids {
            None => Ok(()),
            Some((uid, gid)) => chown(path, Some(uid), Some(gid))
                .with_context(|| format!("cannot give {} to {}", path.display(), self.name)),
        }
    }
}

/// The account `name` in the text of a passwd file.
fn entry(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account { name: name.to_owned(), ids: Some((uid, gid)) })
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn finds_ids_by_exact_name() {
        let passwd = "root:x:0:0::/:/bin/sh\npostgresql:x:7:8::/:/x\npostgres:x:101:104::/:/x\n";
        assert_eq!(entry(passwd, "postgres").and_then(|a| a.ids), Some((101, 104)));
        assert!(entry(passwd, "nobody").is_none());
    }
}
