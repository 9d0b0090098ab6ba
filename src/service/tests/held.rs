//! What the registry holds, in the plain model: the rules of notifications and comparisons in the words of the design.

use std::collections::BTreeMap;

use super::super::Compared;
use super::model::Model;

pub(super) const TAGS: [&str; 4] = ["1.0", "1.0-rc", "A", "latest"];
/// How long the tags of a repository that has lost all of them are kept, in seconds.
pub(super) const KEPT: i64 = 2_592_000;
/// Manifests, by number.
pub(super) const MANIFESTS: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldTag {
    pub(super) manifest: u8,
    /// Seconds since 1970, like all times here.
    pub(super) created: i64,
    pub(super) updated: i64,
}

/// What is known of one repository's content.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) tags: BTreeMap<&'static str, HeldTag>,
    pub(super) pulls: u64,
    pub(super) pushes: u64,
    pub(super) last_push: Option<i64>,
    pub(super) missing_since: Option<i64>,
}

impl Held {
    /// The tags that are shown: none while the registry has none of them.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&'static str, &HeldTag)> {
        self.tags.iter().filter(|_| self.missing_since.is_none()).map(|(name, tag)| (*name, tag))
    }

    fn point(&mut self, tag: &'static str, manifest: u8, at: i64) {
        let created = self.tags.get(tag).map_or(at, |present| present.created);
        self.tags.insert(tag, HeldTag { manifest, created, updated: at });
    }
}

/// A notification, without its identifier.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// Pushed `ago` seconds ago.
    Push {
        tag: &'static str,
        manifest: u8,
        ago: i64,
    },
    Pull {
        tag: Option<&'static str>,
        manifest: u8,
    },
    DeleteTag(&'static str),
    DeleteManifest(u8),
    DeleteAll,
}

impl Model {
    /// Makes a repository, which is then no longer a deleted one.
    pub(super) fn add_repository(&mut self, name: &'static str, is_public: bool) {
        self.repositories.insert(name, is_public);
        self.held.insert(name, Held::default());
        self.deleted.remove(name);
    }

    /// Deletes an existing repository, whose name is then remembered.
    pub(super) fn forget_content(&mut self, name: &'static str) {
        self.held.remove(name);
        self.deleted.insert(name, (self.now, self.owner_of(name)));
    }

    /// Takes a notification; answers whether it told anything that is kept.
    pub(super) fn take(&mut self, name: &'static str, told: Told) -> bool {
        if let Told::Push { tag, manifest, ago } = told {
            if self.deleted.contains_key(name) {
                return false;
            }
            if !self.repositories.contains_key(name) {
                self.add_repository(name, false);
            }
            let held = self.held.entry(name).or_default();
            if held.missing_since.is_some() {
                // The push does not bring back the lost tags.
                held.tags.clear();
            }
            held.point(tag, manifest, self.now);
            held.pushes += 1;
            held.last_push = held.last_push.max(Some(self.now - ago));
            held.missing_since = None;
            return true;
        }
        let Some(held) = self.held.get_mut(name) else { return false };
        let before = held.tags.len();
        match told {
            Told::Push { .. } => {}
            Told::Pull { tag, manifest } => {
                let counts = tag.is_some() || held.tags.values().any(|tag| tag.manifest == manifest);
                held.pulls += u64::from(counts);
                return counts;
            }
            Told::DeleteTag(tag) => drop(held.tags.remove(tag)),
            Told::DeleteManifest(manifest) => held.tags.retain(|_, tag| tag.manifest != manifest),
            Told::DeleteAll => held.tags.clear(),
        }
        let has_lost = held.tags.len() < before;
        if has_lost && held.tags.is_empty() {
            held.missing_since = held.missing_since.or(Some(self.now));
        }
        has_lost
    }

    /// Puts right what is known, by what the registry held `ago` seconds ago.
    pub(super) fn compare(&mut self, name: &'static str, seen: &BTreeMap<&'static str, u8>, ago: i64) -> Compared {
        let at = self.now - ago;
        let is_new = !self.repositories.contains_key(name);
        if is_new && self.deleted.contains_key(name) {
            return Compared::Deleted;
        }
        if is_new && seen.is_empty() {
            return Compared::Empty;
        }
        if is_new {
            self.add_repository(name, false);
        }
        let held = self.held.entry(name).or_default();
        let before = held.tags.clone();
        let is_newer = |tag: &HeldTag| tag.updated > at;
        let was_missing = held.missing_since;
        let nothing_is_there = seen.is_empty() && !held.tags.values().any(is_newer);
        held.missing_since = match (nothing_is_there, held.tags.is_empty()) {
            (false, _) => None,
            // This comparison lost nothing.
            (true, true) => was_missing,
            (true, false) => was_missing.or(Some(at)),
        };
        // All tags vanished at once: perhaps the registry's storage is away.
        let is_kept = held.missing_since.is_some_and(|since| at < since + KEPT);
        held.tags.retain(|tag, present| is_kept || is_newer(present) || seen.contains_key(tag));
        for (tag, manifest) in seen {
            let is_right = held.tags.get(tag).is_some_and(|tag| is_newer(tag) || tag.manifest == *manifest);
            if !is_right {
                held.point(tag, *manifest, at);
            }
        }
        match (is_new, held.tags == before && held.missing_since == was_missing) {
            (true, _) => Compared::Adopted,
            (false, true) => Compared::Same,
            (false, false) if held.missing_since.is_some() => Compared::Gone,
            (false, false) => Compared::Changed,
        }
    }
}
