//! A finished data directory to copy: making one anew takes over a second of computing, copying it
//! a tenth of that, and tests start many stand-ins.
//!
//! It lies in the user's cache directory under a name that changes with everything that goes into
//! it. It only ever appears whole, and may be deleted at any time. Without it everything works,
//! only slower.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::account::Account;

/// Templates that were not used for so long go when a new one is made.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);

/// Where the template for what `ingredients` say would be; `None` without a cache directory.
pub(super) fn place(ingredients: &[&str]) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))
        .filter(|cache| cache.is_absolute())?;
    let mut digest = Sha256::new();
    for ingredient in ingredients {
        digest.update(ingredient.len().to_be_bytes());
        digest.update(ingredient);
    }
    let name = hex::encode(&digest.finalize()[..12]);
    Some(cache.join("redshift-local").join(name))
}

/// Copies a finished data directory to where the next start finds it.
pub(super) fn keep(data: &Path, place: &Path) -> Result<()> {
    let parent = place.parent().context("a template needs a directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    forget_old(parent);
    let new = tempfile::Builder::new().prefix("new-").tempdir_in(parent)?;
    copy(data, &new.path().join("data"), &Account::own_account())?;
    match fs::rename(new.path().join("data"), place) {
        Ok(()) => Ok(()),
        // Somebody else was faster.
        Err(_) if place.is_dir() => Ok(()),
        Err(e) => Err(e).with_context(|| format!("cannot make {}", place.display())),
    }
}

/// Copies a template to a data directory of `account`.
pub(super) fn use_for(place: &Path, data: &Path, account: &Account) -> Result<()> {
    // Renamed when it is whole, so that no later start takes half of it for a data directory.
    let new = data.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).with_context(|| format!("cannot remove {}", new.display()))?;
    }
    copy(place, &new, account).with_context(|| format!("cannot copy {}", place.display()))?;
    fs::rename(&new, data).with_context(|| format!("cannot make {}", data.display()))?;
    // When it was used last; a cache that cannot be written to is no reason to fail.
    let _ = fs::File::open(place).and_then(|dir| dir.set_modified(SystemTime::now()));
    Ok(())
}

fn copy(from: &Path, to: &Path, account: &Account) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().mode(0o700).recursive(true).create(to)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o700))?;
    account.own(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, account)?;
        } else {
            fs::copy(entry.path(), &target)?;
            account.own(&target)?;
        }
    }
    Ok(())
}

fn forget_old(parent: &Path) {
    let old = |entry: &fs::DirEntry| -> io::Result<bool> {
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        Ok(age > KEPT)
    };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if old(&entry).unwrap_or(false) {
            // What cannot be removed now can be removed the next time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_appears_whole_and_is_copied_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let (data, place) = (dir.path().join("data"), dir.path().join("cache/abc"));
        fs::create_dir_all(data.join("base/1")).expect("made");
        fs::write(data.join("base/1/112"), b"rows").expect("written");
        keep(&data, &place).expect("kept");
        keep(&data, &place).expect("kept again");
        let copied = dir.path().join("copied");
        use_for(&place, &copied, &Account::own_account()).expect("copied");
        assert_eq!(fs::read(copied.join("base/1/112")).expect("read"), b"rows");
        let left: Vec<_> = fs::read_dir(dir.path().join("cache")).expect("read").collect();
        assert_eq!(left.len(), 1, "nothing unfinished is left: {left:?}");
    }

    #[test]
    fn every_ingredient_counts() {
        assert_ne!(place(&["a", "bc"]), place(&["ab", "c"]));
    }
}
