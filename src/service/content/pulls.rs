//! Counts pulls, both pulls and pushes by the day, and notes which access tokens are used in a repository, without waiting
//! for the disk: in memory first, written in bundles every half minute. A crash so loses what was noted since then.
//!
//! The days of a repository stand in one record, which only the disk has: memory holds what waits to be written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::act::Act;
use crate::domain::content::Activity;
use crate::domain::days::{Day, DayCount, Days};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::domain::time::Timestamp;
use crate::domain::token_uses::{MAX_TOKEN_USES, TokenUses};
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::Error;
use crate::service::ledger::Upkeep;
use crate::store::{Error as StoreError, State, Txn};

/// Most repositories that one change writes.
const BUNDLE: usize = 512;

/// A repository's identifier and name: one that was deleted and made again is a different one. Identifiers are compared in one
/// step, and names letter by letter, under a lock that every registry token takes.
type CountedRepository = (Id, RepositoryName);

/// What waits to be written of one repository.
#[derive(Clone, Debug, Default, PartialEq)]
struct Waiting {
    days: Days,
    /// The last use of access tokens, of more than are kept.
    uses: BTreeMap<Id, Timestamp>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.days.is_empty() && self.uses.is_empty()
    }

    fn note_use(&mut self, token: Id, at: Timestamp) {
        let last = self.uses.entry(token).or_insert(at);
        *last = at.max(*last);
        if self.uses.len() > 2 * MAX_TOKEN_USES {
            self.uses = TokenUses::of(self.uses()).iter().collect();
        }
    }

    fn uses(&self) -> impl Iterator<Item = (Id, Timestamp)> {
        self.uses.iter().map(|(token, at)| (*token, *at))
    }
}

/// What was noted of repositories and is not written yet. Only those with a record are noted, which bounds it.
#[derive(Default)]
pub(in crate::service) struct Pulls {
    waiting: Mutex<BTreeMap<CountedRepository, Waiting>>,
    /// Held from the reading of a record to the writing of the next one: the repositories whose days cannot be read, as was
    /// told.
    writing: Mutex<BTreeSet<Id>>,
}

/// What waits for one repository, and its days as they will be, if any of them changes.
#[derive(Clone)]
struct Counted {
    repository: CountedRepository,
    new: Waiting,
    all: Option<Days>,
}

impl Pulls {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CountedRepository, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one pull or push.
    pub(super) fn note(&self, repository: &Repository, day: Day, count: DayCount) {
        self.lock().entry((repository.id, repository.name.clone())).or_default().days.add(day, count);
    }

    /// Notes that an access token is used there.
    pub(in crate::service) fn note_use(&self, repository: &Repository, token: Id, at: Timestamp) {
        self.lock().entry((repository.id, repository.name.clone())).or_default().note_use(token, at);
    }

    /// What waits of a repository, as far as it is read.
    fn of<T: Default>(&self, repository: &Repository, read: impl FnOnce(&Waiting) -> T) -> T {
        self.lock().get(&(repository.id, repository.name.clone())).map(read).unwrap_or_default()
    }

    /// What waits of the next repositories after this one.
    fn bundle(&self, after: Option<&CountedRepository>) -> Vec<(CountedRepository, Waiting)> {
        let waiting = self.lock();
        let next = waiting.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        next.take(BUNDLE).map(|(repository, waiting)| (repository.clone(), waiting.clone())).collect()
    }

    /// Takes away what was written; what was noted since then stays.
    fn written<'w>(&self, bundle: impl IntoIterator<Item = (&'w CountedRepository, &'w Waiting)>) {
        let mut waiting = self.lock();
        for (repository, written) in bundle {
            let Some(left) = waiting.get_mut(repository) else { continue };
            left.days.subtract(&written.days);
            left.uses.retain(|token, at| written.uses.get(token).is_none_or(|it| it < at));
        }
        waiting.retain(|_, left| !left.is_empty());
    }
}

impl Service {
    /// How a repository is used, with the pulls that are not written yet.
    pub(super) fn activity(&self, state: &State, repository: &Repository) -> Activity {
        let written = state.activity_of(repository);
        let waiting = self.pulls.of(repository, |waiting| waiting.days.pulls());
        Activity { pulls: written.pulls.saturating_add(waiting), ..written }
    }

    /// When access tokens were last used in a repository, with what is not written yet: of very many, those that used it
    /// last.
    pub(in crate::service) fn token_uses(&self, state: &State, repository: &Repository) -> TokenUses {
        let waiting = self.pulls.of(repository, |waiting| waiting.uses.clone());
        TokenUses::of(state.token_uses(&repository.name).iter().chain(waiting))
    }

    /// The pulls and pushes of a repository on each of the last days, oldest first. Reads the disk, once the caller may
    /// know of the repository.
    ///
    /// # Errors
    /// [`Error::Hidden`] for what the caller may not see.
    pub fn daily_activity(&self, call: &Call, name: &RepositoryName) -> Result<Vec<(Day, DayCount)>, Error> {
        let repository = self.view(call, Act::RepositoryView, name.as_str(), |authority| {
            authority.signed_in()?;
            let known = authority.state().repository(name).filter(|_| authority.level(name).is_some());
            known.cloned().ok_or_else(|| authority.no_such_repository(name))
        })?;
        // In this order nothing counts twice if it is written in between.
        let written = self.store.days(repository.id)?;
        let all = written.with(&self.pulls.of(&repository, |waiting| waiting.days.clone()));
        Ok(Day::of(call.now).and_before().map(|day| (day, all.on(day))).collect())
    }

    /// Writes what waits. What cannot be written waits for the next time. A repository whose days cannot be read keeps none
    /// of the others waiting.
    pub(in crate::service) fn save_pulls(&self) {
        let mut told = self.pulls.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut after: Option<CountedRepository> = None;
        loop {
            let waiting = self.pulls.bundle(after.as_ref());
            let Some((last, _)) = waiting.last() else { return };
            after = Some(last.clone());
            let counted = waiting.into_iter().map(|(repository, new)| self.counted(repository, new));
            let bundle: Vec<Counted> = counted.filter_map(|found| readable(found, &mut told)).collect();
            if bundle.is_empty() {
                continue;
            }
            let noted = bundle.clone();
            let written = self.keep(Upkeep::Pulls, move |txn| {
                for counted in &noted {
                    put(txn, counted)?;
                }
                Ok(())
            });
            if written.is_err() {
                // The counts are kept for the next time.
                return;
            }
            self.pulls.written(bundle.iter().map(|counted| (&counted.repository, &counted.new)));
        }
    }

    fn counted(&self, repository: CountedRepository, new: Waiting) -> Result<Counted, Unreadable> {
        let days = (!new.days.is_empty()).then(|| self.store.days(repository.0)).transpose();
        match days {
            Ok(days) => Ok(Counted { all: days.map(|written| written.with(&new.days)), repository, new }),
            Err(cause) => Err(Unreadable { repository, cause }),
        }
    }
}

/// A repository whose days cannot be read.
struct Unreadable {
    repository: CountedRepository,
    cause: StoreError,
}

/// What can be written. The rest is told, each once as long as that is so.
fn readable(found: Result<Counted, Unreadable>, told: &mut BTreeSet<Id>) -> Option<Counted> {
    match found {
        Ok(counted) => {
            told.remove(&counted.repository.0);
            Some(counted)
        }
        Err(Unreadable { repository: (id, name), cause }) => {
            if told.insert(id) {
                log::error!("the {} of {name} are not written: {cause}", Upkeep::Pulls);
            }
            None
        }
    }
}

/// Writes what was noted of one repository. Of one that is gone by now it is dropped, even if another has its name.
fn put(txn: &mut Txn<'_>, Counted { repository: (id, name), new, all }: &Counted) -> Result<(), Error> {
    if txn.state().repository(name).is_none_or(|present| present.id != *id) {
        return Ok(());
    }
    if let Some(all) = all {
        txn.put_days(*id, all.clone())?;
    }
    let (before, used) = (txn.state().activity(name), txn.state().token_uses(name));
    let activity = Activity { pulls: before.pulls.saturating_add(new.days.pulls()), ..before };
    // Those that are gone make room for others.
    let uses = used.iter().chain(new.uses());
    let uses = TokenUses::of(uses.filter(|(token, _)| txn.state().token(*token).is_some()));
    if (activity, &uses) != (before, &used) {
        txn.put_activity_and_uses(name, activity, uses)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::immutable_tags::ImmutableTags;

    #[test]
    fn what_is_noted_while_it_is_written_waits_for_the_next_time() {
        let (pulls, moment) = (Pulls::default(), Timestamp::from_seconds(1_795_296_000));
        let repository = Repository {
            id: Id::MAX,
            name: RepositoryName::parse("alice/app").unwrap(),
            is_public: false,
            short_description: String::new(),
            long_description: String::new(),
            created_at: moment,
            owner: None,
            immutable_tags: ImmutableTags::default(),
        };
        let [one, other] = [1, 2].map(|number| Id::from_bytes([number; 16]));
        let (day, pull) = (Day::of(moment), DayCount { pulls: 1, ..DayCount::default() });
        let write = |bundle: &[(CountedRepository, Waiting)]| pulls.written(bundle.iter().map(|(of, it)| (of, it)));
        pulls.note(&repository, day, pull);
        pulls.note_use(&repository, one, moment);
        pulls.note_use(&repository, other, moment);
        let bundle = pulls.bundle(None);
        pulls.note(&repository, day, pull);
        pulls.note_use(&repository, one, moment.plus_seconds(1));
        write(&bundle);
        let mut days = Days::default();
        days.add(day, pull);
        let left = Waiting { days, uses: BTreeMap::from([(one, moment.plus_seconds(1))]) };
        assert_eq!(pulls.of(&repository, |it| Some(it.clone())), Some(left));
        write(&pulls.bundle(None));
        assert!(pulls.bundle(None).is_empty());
        for number in 0..=u8::MAX {
            pulls.note_use(&repository, Id::from_bytes([number; 16]), moment.plus_seconds(number.into()));
        }
        let waiting = pulls.of(&repository, |waiting| waiting.uses.clone());
        assert!(waiting.len() <= 2 * MAX_TOKEN_USES && waiting.contains_key(&Id::MAX), "{}", waiting.len());
    }
}
