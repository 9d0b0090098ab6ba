//! The operations on what the registry holds: notifications, comparisons, and looking at tags, counts and deleted
//! names.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Call, Error, News, SeenTag, Service, TagView};
use super::both::{Both, named};
use super::content::{MEDIA_TYPE, digest, notice, seen, tag};
use super::held::{Held, KEPT, MANIFESTS, TAGS, Told};
use super::model::{By, NAMES};
use super::operations::Operation;
use super::support::call;
use crate::domain::content::{Activity, Deletion, Remains, TagName};
use crate::domain::time::Timestamp;

pub(super) fn any_operation() -> impl Strategy<Value = Operation> {
    let (name, tag, manifest) = (prop::sample::select(&NAMES[..]), prop::sample::select(&TAGS[..]), 0..MANIFESTS);
    let ago = prop::sample::select(vec![0_i64, 0, 50, 100]);
    let told = prop_oneof![
        6 => (tag.clone(), manifest.clone(), ago.clone()).prop_map(|(tag, manifest, ago)| Told::Push { tag, manifest, ago }),
        3 => (prop::option::of(tag.clone()), manifest.clone()).prop_map(|(tag, manifest)| Told::Pull { tag, manifest }),
        2 => tag.clone().prop_map(Told::DeleteTag),
        1 => manifest.clone().prop_map(Told::DeleteManifest),
        1 => Just(Told::DeleteAll),
    ];
    let there = prop::collection::btree_map(tag, manifest, 0..TAGS.len());
    prop_oneof![
        8 => (name.clone(), told).prop_map(|(name, told)| Operation::Tell { name, told }),
        5 => (name.clone(), there, ago).prop_map(|(name, seen, ago)| Operation::Compare { name, seen, ago }),
        1 => name.prop_map(Operation::Forget),
        1 => Just(Operation::Housekeep),
        1 => Just(Operation::WaitLong),
    ]
}

fn news(told: Told) -> News {
    match told {
        Told::Push { tag: name, manifest, .. } => {
            News::Pushed { tag: tag(name), digest: digest(manifest), media_type: MEDIA_TYPE.to_owned(), by: None }
        }
        Told::Pull { tag: name, manifest } => News::Pulled { tag: name.map(tag), digest: digest(manifest) },
        Told::DeleteTag(name) => News::TagDeleted(tag(name)),
        Told::DeleteManifest(manifest) => News::ManifestDeleted(digest(manifest)),
        Told::DeleteAll => News::RepositoryDeleted,
    }
}

/// A time of the model.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

impl Both<'_> {
    fn registry(&self) -> Call {
        call(Service::registry(), self.now())
    }

    fn must_be_refused<T>(&self, by: By, result: Result<T, Error>) {
        let is_refused = match result {
            Err(Error::Unauthenticated) => !self.model.stands(by),
            Err(Error::Denied(_)) => self.model.stands(by),
            _ => false,
        };
        assert!(is_refused, "{by:?} is not the registry");
    }

    /// The caller is refused, then the registry does the same.
    pub(super) fn on_content(&mut self, by: By, call: &Call, operation: &Operation) {
        match operation {
            Operation::Tell { name, told } => self.tell(by, call, name, *told),
            Operation::Compare { name, seen, ago } => self.compare(by, call, name, seen, *ago),
            Operation::Forget(name) => {
                let seen = self.service().deletion(&self.registry(), &named(name)).unwrap();
                let seen = seen.unwrap_or(Deletion { at: self.now(), content: Remains::Stays });
                self.must_be_refused(by, self.service().forget_deletion(call, &named(name), seen.clone()));
                self.service().forget_deletion(&self.registry(), &named(name), seen).unwrap();
                self.model.deleted.remove(name);
            }
            Operation::Housekeep => self.service().housekeep(self.now()),
            Operation::WaitLong => {
                self.model.now += KEPT;
                // After so long a time the certificate that signs registry tokens is due for renewal.
                self.service().housekeep(self.now());
            }
            _ => unreachable!("on no content: {operation:?}"),
        }
    }

    fn tell(&mut self, by: By, call: &Call, name: &'static str, told: Told) {
        self.told += 1;
        let ago = if let Told::Push { ago, .. } = told { ago } else { 0 };
        let notice = notice(&self.told.to_string(), name, at(self.model.now - ago), news(told));
        self.must_be_refused(by, self.service().take_notice(call, notice.clone()));
        let is_kept = self.model.take(name, told);
        assert_eq!(self.service().take_notice(&self.registry(), notice.clone()).unwrap(), is_kept, "{name}: {told:?}");
        assert!(!self.service().take_notice(&self.registry(), notice).unwrap(), "{name}: {told:?} again");
    }

    fn compare(&mut self, by: By, call: &Call, name: &'static str, there: &BTreeMap<&'static str, u8>, ago: i64) {
        let tags: Vec<SeenTag> = there.iter().map(|(tag, manifest)| seen(tag, *manifest)).collect();
        let seen_at = at(self.model.now - ago);
        let name_of = named(name);
        self.must_be_refused(by, self.service().compare(call, &name_of, tags.clone(), seen_at));
        let expected = self.model.compare(name, there, ago);
        let compared = self.service().compare(&self.registry(), &name_of, tags, seen_at).unwrap();
        assert_eq!(compared, expected, "{name} has {there:?}");
    }

    /// Checks tags and counts as a signed-in caller sees them.
    pub(super) fn check_content(&self, by: By, call: &Call) {
        for name in NAMES {
            let is_seen = self.model.level(by, name).is_some();
            let held = self.model.held.get(name).filter(|_| is_seen);
            let listed = self.service().list_tags(call, &named(name), None, TAGS.len());
            let Some(held) = held else {
                assert!(
                    matches!(listed, Err(Error::NotFound { .. } | Error::Hidden { .. })),
                    "the tags of {name} for {by:?}"
                );
                continue;
            };
            let page = listed.unwrap();
            let shown: Vec<_> = page
                .entries
                .iter()
                .map(|TagView { tag, .. }| (tag.name.clone(), tag.digest.clone(), tag.created_at, tag.updated_at))
                .collect();
            assert_eq!(shown, tags_of(held), "the tags of {name} for {by:?}");
            assert_eq!((page.count, page.next), (Some(held.shown().count()), None));
            let activity = self.service().view_repository(call, &named(name)).unwrap().activity;
            assert_eq!(activity, activity_of(held), "how {name} is used, for {by:?}");
        }
    }

    /// Checks the deleted names, and that nothing is left of repositories that are not known.
    pub(super) fn check_deleted(&self) {
        let deleted = self.service().deleted_names(&self.registry(), None, 100).unwrap();
        let deleted: BTreeMap<String, Deletion> =
            deleted.into_iter().map(|(name, deletion)| (name.to_string(), deletion)).collect();
        let expected = self.model.deleted.iter();
        let expected =
            expected.map(|(name, (when, _))| ((*name).to_owned(), Deletion { at: at(*when), content: Remains::Stays }));
        assert_eq!(deleted, expected.collect());
        let state = self.service().store.state();
        for name in NAMES.into_iter().filter(|name| !self.model.repositories.contains_key(name)) {
            assert_eq!(
                (state.tags_count(&named(name)), state.activity(&named(name))),
                (0, Activity::default()),
                "{name}"
            );
        }
    }
}

fn tags_of(held: &Held) -> Vec<(TagName, crate::domain::content::Digest, Timestamp, Timestamp)> {
    let tags = held.shown();
    tags.map(|(name, held)| (tag(name), digest(held.manifest), at(held.created), at(held.updated))).collect()
}

fn activity_of(held: &Held) -> Activity {
    Activity {
        pulls: held.pulls,
        pushes: held.pushes,
        last_push: held.last_push.map(at),
        missing_since: held.missing_since.map(at),
    }
}
