//! One at a time for each tag: between the request that pushes or deletes it and the record of that, nobody else does, so
//! that records are made in the registry's order; and of a tag that must not be overwritten, nobody does between the question
//! whether the registry has it and the answer to the push.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::domain::content::TagName;
use crate::domain::name::RepositoryName;

type Key = (RepositoryName, TagName);
type Turns = HashMap<Key, Arc<Turn<()>>>;

/// The tags that somebody is pushing or deleting.
#[derive(Clone, Default)]
pub struct TagLocks(Arc<Mutex<Turns>>);

/// The turn of one request, until it is dropped.
pub struct TagLock {
    locks: TagLocks,
    key: Key,
    turn: Option<OwnedMutexGuard<()>>,
}

impl TagLocks {
    /// Waits for the turn to change this tag.
    pub async fn turn(&self, repository: &RepositoryName, tag: &TagName) -> TagLock {
        let key = (repository.clone(), tag.clone());
        let turn = Arc::clone(self.turns().entry(key.clone()).or_default());
        // Made before the wait, so that it is cleared away should that end early.
        let mut lock = TagLock { locks: self.clone(), key, turn: None };
        lock.turn = Some(turn.lock_owned().await);
        lock
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TagLock {
    fn drop(&mut self) {
        let mut turns = self.locks.turns();
        self.turn = None;
        // Nobody waits for it: with the table locked, nobody can begin to.
        if turns.get(&self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tag: &str) -> Key {
        (RepositoryName::parse("a/b").unwrap(), TagName::parse(tag).unwrap())
    }

    #[tokio::test]
    async fn one_has_its_turn_at_a_tag_and_nothing_stays_behind() {
        let locks = TagLocks::default();
        let ((repository, tag), (_, other)) = (key("one"), key("two"));
        let first = locks.turn(&repository, &tag).await;
        let _beside = locks.turn(&repository, &other).await;
        let waiting = {
            let (locks, repository, tag) = (locks.clone(), repository.clone(), tag.clone());
            tokio::spawn(async move { locks.turn(&repository, &tag).await })
        };
        let gone = {
            let (locks, repository, tag) = (locks.clone(), repository.clone(), tag.clone());
            tokio::spawn(async move { locks.turn(&repository, &tag).await })
        };
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished() && !gone.is_finished());
        gone.abort();
        assert!(gone.await.is_err());
        drop(first);
        let second = waiting.await.unwrap();
        assert_eq!(locks.turns().len(), 2);
        drop(second);
        assert_eq!(locks.turns().len(), 1, "nobody waits for it any more");
    }
}
