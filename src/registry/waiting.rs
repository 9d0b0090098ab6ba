//! Tags whose manifest is to be read, in the order in which they came: each once, and a bounded number of them.

use std::collections::VecDeque;

use crate::domain::content::TagName;
use crate::domain::name::RepositoryName;

/// Most tags that wait to be read; beyond that, the next comparison of everything reads them.
const MOST: usize = 1_000;

/// A tag whose manifest is to be read.
pub(super) type WaitingTag = (RepositoryName, TagName);

/// Those that wait; taken out one by one, the first first.
#[derive(Debug, Default)]
pub(super) struct WaitingTags(VecDeque<WaitingTag>);

impl WaitingTags {
    /// Adds one; false if it waits already, or if there is no room.
    pub(super) fn add(&mut self, tag: WaitingTag) -> bool {
        let is_new = self.0.len() < MOST && !self.0.contains(&tag);
        if is_new {
            self.0.push_back(tag);
        }
        is_new
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Iterator for WaitingTags {
    type Item = WaitingTag;

    fn next(&mut self) -> Option<WaitingTag> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: usize) -> WaitingTag {
        (RepositoryName::parse("alice/app").unwrap(), TagName::parse(&format!("v{number}")).unwrap())
    }

    #[test]
    fn a_thousand_tags_wait_each_once_and_the_next_one_when_there_is_room() {
        let mut waiting = WaitingTags::default();
        assert!(waiting.add(tag(0)) && !waiting.add(tag(0)), "it waits already");
        assert_eq!((1..1_002).filter(|number| waiting.add(tag(*number))).count(), 999);
        assert_eq!(waiting.next(), Some(tag(0)));
        assert!(waiting.add(tag(1_001)) && !waiting.add(tag(1_002)));
        assert!(waiting.eq((1..1_000).chain([1_001]).map(tag)), "the first first");
    }
}
