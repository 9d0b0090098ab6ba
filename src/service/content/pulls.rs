//! Counts pulls without waiting for the disk: in memory first, written in bundles every half minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::content::Activity;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::service::Service;
use crate::service::ledger::Upkeep;
use crate::store::State;

/// Most repositories that one change writes.
const BUNDLE: usize = 512;

/// A repository's name and identifier: one that was deleted and made again is a different one.
type PulledRepository = (RepositoryName, Id);

/// Pulls per repository that are not written yet. Only repositories with a record are counted, which bounds the map.
#[derive(Default)]
pub(in crate::service) struct Pulls(Mutex<BTreeMap<PulledRepository, u64>>);

impl Pulls {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PulledRepository, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one pull.
    pub(super) fn note(&self, repository: &Repository) {
        *self.lock().entry((repository.name.clone(), repository.id)).or_default() += 1;
    }

    fn of(&self, repository: &Repository) -> u64 {
        self.lock().get(&(repository.name.clone(), repository.id)).copied().unwrap_or(0)
    }

    fn bundle(&self) -> Vec<(PulledRepository, u64)> {
        self.lock().iter().take(BUNDLE).map(|(key, count)| (key.clone(), *count)).collect()
    }

    /// Subtracts what was written; pulls counted since then stay.
    fn written(&self, bundle: &[(PulledRepository, u64)]) {
        let mut pulls = self.lock();
        for (key, count) in bundle {
            let left = pulls.get(key).map_or(0, |present| present.saturating_sub(*count));
            match left {
                0 => drop(pulls.remove(key)),
                left => drop(pulls.insert(key.clone(), left)),
            }
        }
    }
}

impl Service {
    /// How a repository is used, with the pulls that are not written yet.
    pub(super) fn activity(&self, state: &State, repository: &Repository) -> Activity {
        let written = state.activity(&repository.name);
        Activity { pulls: written.pulls.saturating_add(self.pulls.of(repository)), ..written }
    }

    /// Writes the waiting pulls. Those that cannot be written wait for the next time.
    pub(in crate::service) fn save_pulls(&self) {
        loop {
            let bundle = self.pulls.bundle();
            if bundle.is_empty() {
                return;
            }
            let counts = bundle.clone();
            let written = self.keep(Upkeep::Pulls, move |txn| {
                for ((name, id), count) in &counts {
                    // The count of a repository that is gone by now is dropped, even if another has its name.
                    if txn.state().repository(name).is_none_or(|present| present.id != *id) {
                        continue;
                    }
                    let activity = txn.state().activity(name);
                    txn.put_activity(name, Activity { pulls: activity.pulls.saturating_add(*count), ..activity })?;
                }
                Ok(())
            });
            if written.is_err() {
                // The counts are kept for the next time.
                return;
            }
            self.pulls.written(&bundle);
        }
    }
}
