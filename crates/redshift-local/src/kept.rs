//! What a stand-in with a data directory was told, for a later start that is told less.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::config::{AccessKey, Bucket, Config, Role, User};

const FILE: &str = "told.json";

/// What is told anew at each start, and would be forgotten else: databases and objects are kept by
/// those who hold them.
#[derive(Serialize, Deserialize)]
struct Told {
    users: Vec<User>,
    databases: Vec<String>,
    buckets: Vec<Bucket>,
    keys: Vec<AccessKey>,
    roles: Vec<Role>,
}

/// Whether an earlier start in this directory left what it was told.
pub fn is_told(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// Adds what earlier starts in this directory were told, and keeps all of it for the next one. What
/// is told now comes first.
pub(crate) fn remember(dir: &Path, mut config: Config) -> Result<Config> {
    let path = dir.join(FILE);
    let failed = || format!("cannot keep users and roles in {}", path.display());
    match fs::read(&path) {
        Ok(bytes) => {
            let told: Told = serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is damaged; without it, users and roles are new", path.display())
            })?;
            add(&mut config.users, told.users, |user| &user.name);
            add(&mut config.databases, told.databases, |name| name);
            add(&mut config.buckets, told.buckets, |bucket| &bucket.name);
            add(&mut config.keys, told.keys, |key| &key.id);
            add(&mut config.roles, told.roles, |role| &role.arn);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(failed),
    }
    let told = Told {
        users: config.users.clone(),
        databases: config.databases.clone(),
        buckets: config.buckets.clone(),
        keys: config.keys.clone(),
        roles: config.roles.clone(),
    };
    write(&path, &told).with_context(failed)?;
    Ok(config)
}

fn add<T>(now: &mut Vec<T>, before: Vec<T>, name: impl Fn(&T) -> &String) {
    for item in before {
        if !now.iter().any(|other| name(other) == name(&item)) {
            now.push(item);
        }
    }
}

/// It holds passwords, so nobody else may read it; and half of it is never there.
fn write(path: &Path, told: &Told) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&serde_json::to_vec_pretty(told)?)?;
    fs::rename(&unfinished, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoredPassword;

    fn user(name: &str, password: &str) -> User {
        let (name, password) = (name.to_owned(), password.to_owned());
        User { name, password, stored: StoredPassword::Md5, superuser: false }
    }

    #[test]
    fn what_was_told_before_is_known_and_what_is_told_now_counts() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_told(dir.path()));
        let start = |users| {
            let config = Config { users, databases: vec!["dev".into()], ..Config::default() };
            let config = remember(dir.path(), config).unwrap();
            config.users.into_iter().map(|user| (user.name, user.password)).collect::<Vec<_>>()
        };
        let pair = |name: &str, password: &str| (name.to_owned(), password.to_owned());
        assert_eq!(start(vec![user("a", "1"), user("b", "1")]), [pair("a", "1"), pair("b", "1")]);
        assert_eq!(start(vec![user("b", "2")]), [pair("b", "2"), pair("a", "1")]);
        assert_eq!(start(Vec::new()), [pair("b", "2"), pair("a", "1")]);
        assert!(is_told(dir.path()));
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(remember(dir.path(), Config::default()).is_err());
    }
}
