//! The people whom something was given on a repository, in the order of their identifiers, and pages of what is found of
//! theirs. Each place can be gone on from at once, and a page looks at no more than a bounded number of things.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::owner_place::OwnerPlace;
use crate::service::access::reaching;
use crate::service::page::Page;
use crate::store::State;

/// Most things that a page looks at beyond its size: those that show nothing.
const MOST_IN_VAIN: usize = 2_000;

/// One thing that was looked at.
pub(super) struct Step<R> {
    /// Where the next page begins, if this is the last of one.
    pub(super) place: OwnerPlace,
    /// What it shows, if it does.
    pub(super) row: Option<R>,
}

/// A page of what these steps show.
pub(super) fn page_of<R>(steps: impl Iterator<Item = Step<R>>, limit: usize) -> Page<R, OwnerPlace> {
    let (mut entries, mut last, mut in_vain) = (Vec::new(), None, 0);
    for Step { place, row } in steps {
        match row {
            Some(_) if entries.len() >= limit => return Page { entries, next: last, count: None },
            Some(row) => {
                entries.push(row);
                last = Some(place);
            }
            None => in_vain += 1,
        }
        if in_vain > MOST_IN_VAIN {
            return Page { entries, next: Some(place), count: None };
        }
    }
    Page { entries, next: None, count: None }
}

/// Everybody who may have something on a repository of this name, from an identifier on, each once: its owner, and the
/// members of the organization if that is one (whose robots are its access tokens), to whom it was granted, the members of such teams, and perhaps the system
/// administrators.
pub(super) fn people<'s>(
    state: &'s State,
    name: &RepositoryName,
    with_administrators: bool,
    from: Id,
) -> impl Iterator<Item = Id> + use<'s> {
    let mut sources: Vec<Ids<'s>> = Vec::new();
    if let Some(owner) = state.owner(name) {
        let own = Some(owner.id).filter(|id| *id >= from);
        sources.push(Box::new(own.into_iter()));
        sources.push(Box::new(state.members_from(owner.id, from)));
    }
    for target in reaching(state, name) {
        sources.push(Box::new(state.users_granted_from(&target, from)));
        let teams = state.teams_granted(&target);
        sources.extend(teams.map(|team| -> Ids<'s> { Box::new(state.team_members_from(team, from)) }));
    }
    if with_administrators {
        sources.push(Box::new(state.active_admins_from(from)));
    }
    Ascending::of(sources)
}

type Ids<'s> = Box<dyn Iterator<Item = Id> + 's>;

/// Ascending sources as one, each identifier once.
struct Ascending<'s> {
    heads: BinaryHeap<Reverse<(Id, usize)>>,
    rests: Vec<Ids<'s>>,
}

impl<'s> Ascending<'s> {
    fn of(mut rests: Vec<Ids<'s>>) -> Self {
        let heads = rests.iter_mut().enumerate();
        let heads = heads.filter_map(|(place, rest)| rest.next().map(|id| Reverse((id, place)))).collect();
        Self { heads, rests }
    }
}

impl Iterator for Ascending<'_> {
    type Item = Id;

    fn next(&mut self) -> Option<Id> {
        let first = self.heads.peek()?.0.0;
        while let Some(Reverse((id, place))) = self.heads.peek().copied().filter(|head| head.0.0 == first) {
            self.heads.pop();
            let next = self.rests.get_mut(place).and_then(Iterator::next);
            self.heads.extend(next.filter(|next| *next > id).map(|next| Reverse((next, place))));
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::owner_place::Within;

    fn step(number: u8, row: Option<u8>) -> Step<u8> {
        Step { place: OwnerPlace { owner: Id::from_bytes([number; 16]), within: Within::All }, row }
    }

    #[test]
    fn a_page_looks_at_no_more_than_it_may_and_says_where_it_stopped() {
        let mut looked_at = 0;
        let steps = std::iter::repeat_with(|| step(7, None)).inspect(|_| looked_at += 1);
        let page = page_of(steps, 10);
        assert!(page.entries.is_empty() && page.next.is_some(), "there may be more behind them");
        assert_eq!(looked_at, MOST_IN_VAIN + 1);
    }

    #[test]
    fn the_last_page_is_known_as_such() {
        let steps = || (0..10).map(|number| step(number, Some(number).filter(|number| number % 3 == 0)));
        let page = page_of(steps(), 3);
        assert_eq!((page.entries, page.next.map(|next| next.owner)), (vec![0, 3, 6], Some(Id::from_bytes([6; 16]))));
        let page = page_of(steps(), 4);
        assert_eq!((page.entries, page.next), (vec![0, 3, 6, 9], None));
    }

    #[test]
    fn ascending_sources_are_one_and_each_identifier_comes_once() {
        let ids = |numbers: &[u8]| -> Ids<'static> {
            let ids: Vec<Id> = numbers.iter().map(|number| Id::from_bytes([*number; 16])).collect();
            Box::new(ids.into_iter())
        };
        let all = Ascending::of(vec![ids(&[1, 4, 9]), ids(&[]), ids(&[1, 2, 9]), ids(&[4])]);
        let all: Vec<u8> = all.map(|id| id.to_bytes()[0]).collect();
        assert_eq!(all, [1, 2, 4, 9]);
    }
}
