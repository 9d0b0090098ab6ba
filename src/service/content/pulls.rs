//! Counting pulls without a disk in the way: in memory first, written in bundles every half minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::content::Activity;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::service::Service;
use crate::service::ledger::Upkeep;
use crate::store::State;

/// Repositories that one change writes.
const BUNDLE: usize = 512;

/// A repository by its name and its identifier: one that was deleted and made again is another.
type Key = (RepositoryName, Id);

/// Pulls by repository that are not written yet. Only those with a record get here, which bounds it.
#[derive(Default)]
pub(in crate::service) struct Pulls(Mutex<BTreeMap<Key, u64>>);

impl Pulls {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one.
    pub(super) fn note(&self, repository: &Repository) {
        *self.lock().entry((repository.name.clone(), repository.id)).or_default() += 1;
    }

    fn of(&self, repository: &Repository) -> u64 {
        self.lock().get(&(repository.name.clone(), repository.id)).copied().unwrap_or(0)
    }

    fn bundle(&self) -> Vec<(Key, u64)> {
        self.lock().iter().take(BUNDLE).map(|(key, count)| (key.clone(), *count)).collect()
    }

    /// Takes off what was written; what was counted since stays.
    fn written(&self, bundle: &[(Key, u64)]) {
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

    /// Writes the pulls that wait. What cannot be written waits on.
    pub(in crate::service) fn save_pulls(&self) {
        loop {
            let bundle = self.pulls.bundle();
            if bundle.is_empty() {
                return;
            }
            let counts = bundle.clone();
            let written = self.keep(Upkeep::Pulls, move |txn| {
                for ((name, id), count) in &counts {
                    // A repository that is gone by now takes its count along, also if there is another of its name.
                    if txn.state().repository(name).is_none_or(|present| present.id != *id) {
                        continue;
                    }
                    let activity = txn.state().activity(name);
                    txn.put_activity(name, Activity { pulls: activity.pulls.saturating_add(*count), ..activity })?;
                }
                Ok(())
            });
            if written.is_err() {
                // They wait.
                return;
            }
            self.pulls.written(&bundle);
        }
    }
}
