//! What a caller may do with repositories in the registry, and why not more. A reason is worked out only after a refusal.

use super::sources::public_level;
use super::{Authority, Permit};
use crate::domain::access::{AccessLevel, Actions};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::scope::RepositoryScope;
use crate::service::access::Refusal;
use crate::service::error::{Error, Kind};

impl Authority<'_> {
    /// The part of the actions asked for that the caller has. `push` means `pull` as well, since the registry demands
    /// both for a write: what a cap leaves of it may be `pull`.
    pub(in crate::service) fn actions(&self, name: &RepositoryName, asked: Actions) -> Actions {
        let there = self.there(name);
        let public = self.actions_at(public_level(there), asked);
        if public == asked.with_implied() {
            // What everybody may takes no look at what the account has.
            return public;
        }
        let was_deleted = self.state.deletion(name).is_some();
        let possible = match (there.is_some(), was_deleted) {
            (true, _) => Actions::ALL,
            // A repository that was not made cannot be pushed to: its content would have no record.
            (false, false) => Actions::PULL.union(Actions::DELETE),
            // What the registry holds belonged to a deleted repository: only for administrators, who clean up there.
            (false, true) if self.reaches_everything() => Actions::PULL.union(Actions::DELETE),
            (false, true) => Actions::NONE,
        };
        self.actions_at(self.level_on(name, there), asked).intersection(possible)
    }

    /// Using content of a repository in the registry.
    pub(in crate::service) fn use_content(&self, name: &RepositoryName, actions: Actions) -> Option<Permit> {
        self.actions(name, actions).contains(actions.with_implied()).then_some(Permit(()))
    }

    /// The same of a repository that is there, as it is once a push has made it.
    pub(in crate::service) fn actions_once_made(&self, name: &RepositoryName, asked: Actions) -> Actions {
        self.actions_at(self.level(name), asked)
    }

    fn actions_at(&self, level: Option<AccessLevel>, asked: Actions) -> Actions {
        let held = level.map_or(Actions::NONE, AccessLevel::actions);
        asked.with_implied().intersection(held).intersection(self.of_secret())
    }

    /// A replaced secret is one with the cap `push`: it pulls and pushes, and deletes nothing.
    fn of_secret(&self) -> Actions {
        let cap = if self.present_secret().is_ok() { AccessLevel::Admin } else { AccessLevel::Push };
        cap.actions()
    }

    /// Whether a push that asks for this would make the repository, which does not exist. One without a namespace is
    /// never made by a push, nor is any by `*`, although that includes push: skopeo asks for it to delete.
    pub(in crate::service) fn makes_by_push(&self, asked: &RepositoryScope) -> bool {
        let name = &asked.name;
        asked.pushes
            && self.state.repository(name).is_none()
            && name.namespace() != Namespace::Empty
            && self.may_create(name, AccessLevel::Push)
    }

    /// Why these actions of what was asked for are refused, in a state that refuses them: the first that cuts them.
    pub(in crate::service) fn why_not(
        &self,
        asked: &RepositoryScope,
        refused: Actions,
        creates_on_push: bool,
    ) -> Refusal {
        self.cuts(asked, refused, creates_on_push).into_iter().next().unwrap_or(Refusal::NotMade)
    }

    /// Everything that cuts these actions, which are refused, in the order of the decision: what is there, what the account
    /// has on it, what its access token leaves of that, what the state of the repository allows.
    pub(in crate::service::access) fn cuts(
        &self,
        asked: &RepositoryScope,
        refused: Actions,
        creates_on_push: bool,
    ) -> Vec<Refusal> {
        let name = &asked.name;
        let there = self.there(name);
        let account = self.account_level_on(name, there);
        let held = account.max(public_level(there));
        let (is_other, cap) = match self.token() {
            Some(token) => (!token.limits.reaches(name), token.limits.cap),
            None => (false, AccessLevel::Admin),
        };
        let mut cuts = Vec::new();
        let mut cut = |holds: bool, refusal: Refusal| cuts.extend(holds.then_some(refusal));
        match held {
            None => cut(true, self.why_unseen(name)),
            Some(held) => {
                cut(is_other && account.is_some(), Refusal::Pattern);
                cut(!held.actions().contains(refused), Refusal::Level(held));
            }
        }
        cut(is_other && account.is_none(), Refusal::Pattern);
        cut(!cap.actions().contains(refused), Refusal::Cap(cap));
        cut(!self.of_secret().contains(refused), Refusal::ReplacedSecret);
        if held.is_some() && there.is_none() {
            cuts.extend(self.cuts_of_missing(asked, refused, creates_on_push));
        }
        cuts
    }

    /// What cuts these actions because the repository is not there.
    fn cuts_of_missing(&self, asked: &RepositoryScope, refused: Actions, creates_on_push: bool) -> Vec<Refusal> {
        if !refused.contains(Actions::PUSH) {
            return if self.state.deletion(&asked.name).is_some() { vec![Refusal::Deleted] } else { Vec::new() };
        }
        if asked.name.namespace() == Namespace::Empty {
            return vec![Refusal::NoNamespace(asked.name.clone())];
        }
        let may_make = self.may_make_within(&asked.name.namespace());
        let cuts = [
            (!creates_on_push, Refusal::CreateOnPushOff),
            (!asked.pushes, Refusal::StarMakesNone),
            (!may_make, Refusal::NotThere),
        ];
        cuts.into_iter().filter_map(|(holds, refusal)| holds.then_some(refusal)).collect()
    }

    /// Why the caller has no level on a repository. All is looked up before any of it counts: the time tells nothing.
    fn why_unseen(&self, name: &RepositoryName) -> Refusal {
        let (there, deletion) = (self.there(name), self.state.deletion(name));
        if self.account_level_on(name, there).is_some() {
            Refusal::Pattern
        } else if there.is_some() {
            Refusal::NoAccess
        } else if deletion.is_some() {
            Refusal::Deleted
        } else if name.namespace() == Namespace::Empty {
            Refusal::NoNamespace(name.clone())
        } else {
            Refusal::NotThere
        }
    }

    /// What to answer about a repository that is not there, or that the caller may not see: for who sees nothing of that
    /// name it is one answer, whichever it is.
    pub(in crate::service) fn no_such_repository(&self, name: &RepositoryName) -> Error {
        if self.level(name).is_some() {
            return Error::not_found(Kind::Repository, name);
        }
        Error::hidden(Kind::Repository, name, self.why_unseen(name))
    }
}
