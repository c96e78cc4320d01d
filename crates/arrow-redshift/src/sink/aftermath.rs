//! What comes after a commit: rows that were set aside go to their place, and what was staged goes.

use std::{collections::HashSet, time::Duration};

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    Applied, Committable, Committer,
    commit::{ASIDE_PATIENCE, may_be_applied},
    letters,
    patience::Patience,
};
use crate::{error::Result, stage::Part};

/// The longest that putting the rows that a commit set aside in place may take.
const PLACE_PATIENCE: Duration = Duration::from_secs(300);

impl Committer {
    /// Puts the rows that were set aside in place. Their commit is applied; a process that ends
    /// here does it when it is given the commit again.
    pub(super) async fn place(
        &self,
        commit: &Committable,
        applied: &Applied,
        patience: Patience<'_>,
    ) -> Result<()> {
        for unit in &commit.units {
            let parts: Vec<Part> = unit.dead_letters().cloned().collect();
            if parts.is_empty() {
                continue;
            }
            let staging = self.staging(commit).await?;
            let limit = patience.at_most(PLACE_PATIENCE);
            letters::place(self.config(), &staging, &unit.id, &parts, applied.before, limit)
                .await?;
        }
        Ok(())
    }

    /// Removes what a commit that failed had staged anew: of its parts on the way, all but those
    /// that it was given with.
    pub(super) async fn take_back(&self, given: &Committable, parts: &[Part], limit: Duration) {
        let old: HashSet<&str> = given.all_parts().map(|part| part.url.as_str()).collect();
        let new = parts.iter().filter(|part| !old.contains(part.url.as_str()));
        let new: Vec<Part> = new.cloned().collect();
        self.remove(given, &new, limit).await;
    }

    /// Removes what a commit staged: once it is applied, or given up for good. What cannot be
    /// removed now goes with the launch or by age, and is no reason to fail what is done.
    pub async fn discard(&self, commit: &Committable) {
        let parts: Vec<Part> = commit.all_parts().cloned().collect();
        self.remove(commit, &parts, ASIDE_PATIENCE).await;
    }

    /// Applies a commit that nobody gives again, as [`commit`](Committer::commit) does. Where it fails
    /// and is surely not applied, what it staged goes; where that is open, or rows that were set
    /// aside still have to be put in place, it stays.
    pub async fn commit_once(
        &mut self,
        commit: &Committable,
        stop: &CancellationToken,
    ) -> Result<Applied> {
        let applied = self.commit(commit, stop).await;
        if let Err(error) = &applied
            && !may_be_applied(error.kind())
        {
            self.discard(commit).await;
        }
        applied
    }

    /// Removes a commit's manifest and these parts, of which some may come twice.
    pub(super) async fn remove(&self, commit: &Committable, parts: &[Part], limit: Duration) {
        let mut seen = HashSet::new();
        let parts =
            parts.iter().filter(|part| !part.is_carried() && seen.insert(part.url.as_str()));
        let parts: Vec<Part> = parts.cloned().collect();
        if parts.is_empty() {
            return;
        }
        let removed = async {
            let name = manifest_name(commit, commit.units.len());
            self.staging(commit).await?.remove(&name, &parts).await
        };
        match tokio::time::timeout(limit, removed).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(commit = %commit.id(), %error, "its staging was not removed"),
            Err(_) => warn!(commit = %commit.id(), "its staging was not removed in time"),
        }
    }

    /// Removes the manifests that earlier committers of this sink were stopped with. There is one
    /// committer at a time, so nobody uses them any more; what is left now goes by age.
    pub(super) async fn sweep_manifests(&self, limit: Duration) {
        let Some(staging) = self.opened() else { return };
        match tokio::time::timeout(limit, staging.sweep_manifests()).await {
            Ok(Ok(swept)) => debug!(?swept, "swept what earlier commits left"),
            Ok(Err(error)) => warn!(%error, "what earlier commits left was not swept"),
            Err(_) => warn!("what earlier commits left was not swept in time"),
        }
    }
}

/// Two committers may hold different units of one commit to be applied, so the number is in it.
pub(super) fn manifest_name(commit: &Committable, units: usize) -> String {
    format!("{}+{units}", commit.id())
}
