//! Tags, activity and deleted names against plain lists, with a store that is opened again and again.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::{State, TooLarge, Txn};
use super::samples;
use super::support::{Home, now, purged, repository, write};
use crate::domain::content::{Activity, Deletion, Remains, Tag, TagName};
use crate::domain::days::{Day, DayCount, Days};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::random;
use crate::domain::repository::Repository;

const NAMES: [&str; 4] = ["user-0/app", "user-0/app/web", "user-0/app-web", "busybox"];
const TAGS: [&str; 4] = ["1", "1.0", "latest", "A"];

#[derive(Clone, Debug)]
enum Operation {
    Repository { name: usize, is_public: bool },
    RemoveRepository(usize),
    Tag { name: usize, tag: usize, kind: usize },
    RemoveTag { name: usize, tag: usize },
    Activity { name: usize, pulls: u64 },
    Days { name: usize, day: u32 },
    Forget(usize),
}

fn operations() -> impl Strategy<Value = Operation> {
    let (name, tag) = (0..NAMES.len(), 0..TAGS.len());
    prop_oneof![
        3 => (name.clone(), any::<bool>()).prop_map(|(name, is_public)| Operation::Repository { name, is_public }),
        1 => name.clone().prop_map(Operation::RemoveRepository),
        4 => (name.clone(), tag.clone(), 0..2_usize).prop_map(|(name, tag, kind)| Operation::Tag { name, tag, kind }),
        1 => (name.clone(), tag).prop_map(|(name, tag)| Operation::RemoveTag { name, tag }),
        2 => (name.clone(), 0..2_u64).prop_map(|(name, pulls)| Operation::Activity { name, pulls }),
        2 => (name.clone(), 1..4_u32).prop_map(|(name, day)| Operation::Days { name, day }),
        1 => name.prop_map(Operation::Forget),
    ]
}

fn named(name: usize) -> RepositoryName {
    RepositoryName::parse(NAMES[name]).unwrap()
}

fn tag_name(tag: usize) -> TagName {
    TagName::parse(TAGS[tag]).unwrap()
}

fn new_tag(tag: usize, kind: usize) -> Tag {
    Tag { name: tag_name(tag), ..samples::tags()[kind].tag.clone() }
}

fn deletion() -> Deletion {
    Deletion { at: now(), content: Remains::Stays }
}

fn activity(pulls: u64) -> Activity {
    Activity { pulls, ..Activity::default() }
}

fn days(day: u32) -> Days {
    Days::of([(Day::numbered(day), DayCount::PULL)])
}

#[derive(Clone, Default)]
struct Model {
    repositories: BTreeSet<RepositoryName>,
    tags: BTreeMap<(RepositoryName, TagName), Tag>,
    activity: BTreeMap<RepositoryName, Activity>,
    days: BTreeMap<RepositoryName, Days>,
    deleted: BTreeSet<RepositoryName>,
    /// What was deleted in this change, and still has its row on the disk.
    going: BTreeSet<RepositoryName>,
}

impl Model {
    fn apply(&mut self, operation: &Operation) -> bool {
        match *operation {
            Operation::Repository { name, .. } => {
                self.deleted.remove(&named(name));
                self.repositories.insert(named(name));
            }
            Operation::RemoveRepository(name) => {
                let name = named(name);
                if self.repositories.remove(&name) {
                    self.deleted.insert(name.clone());
                    self.going.insert(name.clone());
                }
                self.tags.retain(|(of, _), _| *of != name);
                self.activity.remove(&name);
                self.days.remove(&name);
            }
            Operation::Tag { name, tag, kind } => {
                let fits = self.repositories.contains(&named(name));
                if fits {
                    self.tags.insert((named(name), tag_name(tag)), new_tag(tag, kind));
                }
                return fits;
            }
            Operation::RemoveTag { name, tag } => drop(self.tags.remove(&(named(name), tag_name(tag)))),
            Operation::Activity { name, pulls } => {
                let fits = self.repositories.contains(&named(name));
                if fits {
                    self.activity.insert(named(name), activity(pulls));
                }
                return fits;
            }
            Operation::Days { name, day } => {
                if self.repositories.contains(&named(name)) {
                    self.days.insert(named(name), days(day));
                }
            }
            Operation::Forget(name) if self.going.contains(&named(name)) => {}
            Operation::Forget(name) => drop(self.deleted.remove(&named(name))),
        }
        true
    }

    /// What the disk alone has.
    fn check_days(&self, store: &super::super::Store) {
        for name in (0..NAMES.len()).map(named) {
            let written = store.state().repository(&name).map(|known| store.days(known.id).unwrap());
            assert_eq!(written.unwrap_or_default(), self.days.get(&name).cloned().unwrap_or_default());
        }
    }

    fn check(&self, state: &State) {
        for name in (0..NAMES.len()).map(named) {
            let mine = self.tags.iter().filter(|((of, _), _)| *of == name).map(|(_, tag)| tag);
            let mine: Vec<&Tag> = mine.collect();
            assert_eq!(state.tags_after(&name, None).map(AsRef::as_ref).collect::<Vec<_>>(), mine);
            assert!(mine.iter().all(|tag| state.is_tagged(&name, &tag.digest)));
            assert_eq!(state.tags_count(&name), mine.len());
            for (place, tag) in mine.iter().enumerate() {
                assert_eq!(state.tag(&name, &tag.name).map(AsRef::as_ref), Some(*tag));
                assert_eq!(state.tags_after(&name, Some(&tag.name)).count(), mine.len() - place - 1);
            }
            assert_eq!(state.activity(&name), self.activity.get(&name).copied().unwrap_or_default());
            assert_eq!(state.deletion(&name), self.deleted.contains(&name).then(deletion));
        }
        for namespace in (0..NAMES.len()).map(|name| named(name).namespace()) {
            let of_it = self.deleted.iter().filter(|name| name.namespace() == namespace);
            assert_eq!(state.deleted_count(&namespace), of_it.count());
        }
        assert_eq!(state.deleted_after(None).map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), self.deleted);
    }
}

fn apply(txn: &mut Txn<'_>, operation: &Operation) -> Result<bool, TooLarge> {
    match *operation {
        Operation::Repository { name, is_public } => {
            // The same one again, or one that never was.
            let present = txn.state().repository(&named(name)).map(|present| present.id);
            let new = Id::from_bytes(random::bytes().unwrap());
            let repository = Repository { id: present.unwrap_or(new), is_public, ..repository(NAMES[name], 1) };
            assert!(txn.put_repository(repository)?);
        }
        Operation::RemoveRepository(name) => txn.remove_repository(&named(name), deletion())?,
        Operation::Tag { name, tag, kind } => return txn.put_tag(&named(name), new_tag(tag, kind)),
        Operation::RemoveTag { name, tag } => txn.remove_tag(&named(name), &tag_name(tag)),
        Operation::Activity { name, pulls } => return txn.put_activity(&named(name), activity(pulls)),
        Operation::Days { name, day } => {
            if let Some(id) = txn.state().repository(&named(name)).map(|present| present.id) {
                txn.put_days(id, days(day))?;
            }
        }
        Operation::Forget(name) => txn.forget_deleted(&named(name)),
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_registry_holds_is_what_plain_lists_say(
        steps in prop::collection::vec((prop::collection::vec(operations(), 1..8), prop::bool::weighted(0.2)), 1..16)
    ) {
        let home = Home::started();
        let mut store = home.open();
        let mut model = Model::default();
        for (operations, reopens) in steps {
            let expected: Vec<bool> = operations.iter().map(|operation| model.apply(operation)).collect();
            let accepted = write(&store, move |txn| {
                Ok(operations.iter().map(|each| apply(txn, each)).collect::<Result<Vec<bool>, _>>()?)
            });
            prop_assert_eq!(accepted.unwrap(), expected);
            model.check(&store.state());
            if reopens {
                // In the middle of the purge or after it.
                let before = store.state();
                drop(store);
                store = home.open();
                prop_assert!(before.purged() == store.state().purged());
                model.check(&store.state());
            }
            model.check_days(&store);
            purged(&store);
            model.going.clear();
        }
        drop(store);
        model.check(&home.open().state());
    }
}
