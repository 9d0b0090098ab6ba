//! What somebody else may do, to be told and never to be done.
//!
//! The rules are those of [`Authority`], which is kept inside: nothing here gives a permit.

use std::sync::Arc;

use super::authority::{Authority, Source};
use super::refusal::Refusal;
use super::visible;
use crate::domain::access::{AccessLevel, Actions};
use crate::domain::account::Account;
use crate::domain::name::RepositoryName;
use crate::domain::order::Order;
use crate::domain::repository::Repository;
use crate::domain::scope::RepositoryScope;
use crate::domain::token::{AccessToken, Pattern, Shown};

/// An account, perhaps with one of its access tokens, about which somebody asks. Nobody has signed in.
pub(in crate::service) struct Questioned<'s>(Authority<'s>);

/// What an account may do, and why.
#[derive(Debug)]
pub(in crate::service) struct Explanation {
    /// Each thing that gives access.
    pub(in crate::service) sources: Vec<Source>,
    /// What is left of it; none, if nothing is.
    pub(in crate::service) level: Option<AccessLevel>,
    /// What stands between the account and the action; empty if it may.
    pub(in crate::service) cuts: Vec<Refusal>,
    /// Whether the action would make the repository first.
    pub(in crate::service) makes: bool,
}

impl<'s> Questioned<'s> {
    /// This account, in the state and at the moment of who asks; with an access token, as who shows this secret of it.
    pub(in crate::service) fn account(
        by: &Authority<'s>,
        account: &'s Account,
        token: Option<(&'s AccessToken, Shown)>,
    ) -> Self {
        Self(by.for_another(account, token))
    }

    /// Whether it reaches everything.
    pub(in crate::service) fn reaches_everything(&self) -> bool {
        self.0.reaches_everything()
    }

    /// Why it could not sign in at all; empty if it can.
    pub(in crate::service) fn faults(&self) -> Vec<Refusal> {
        self.0.faults()
    }

    /// The level on a repository of this name, after the access token's limits, if it could sign in.
    pub(in crate::service) fn level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        self.0.level(name)
    }

    /// The same without what everybody has.
    pub(in crate::service) fn own_level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        self.0.limited(self.0.account_level(name), name)
    }

    /// Each thing that gives access to a repository of this name, the access token's limits aside.
    pub(in crate::service) fn sources(&self, name: &RepositoryName) -> Vec<Source> {
        self.0.sources(name).chain(self.0.public_source(name)).collect()
    }

    /// Whether everybody is granted what is asked for, without signing in.
    pub(in crate::service) fn is_for_everybody(&self, asked: &RepositoryScope) -> bool {
        let public = self.0.public_source(&asked.name).map_or(Actions::NONE, |source| source.level.actions());
        public.contains(asked.actions.with_implied())
    }

    /// Whether a repository that is not there could be made by it, with at least this cap on the access token.
    pub(in crate::service) fn may_create(&self, name: &RepositoryName, cap: AccessLevel) -> bool {
        self.0.may_create(name, cap)
    }

    /// The repositories that it sees, by name, after `after` (from the beginning, if none).
    pub(in crate::service) fn repositories(
        &self,
        after: Option<&RepositoryName>,
    ) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
        visible::all(&self.0, Order::Ascending, after)
    }

    /// The repositories that it has access to otherwise than by their being public, and by these patterns, with its level
    /// before the access token's limits.
    pub(in crate::service) fn own(
        &self,
        patterns: &[Pattern],
    ) -> impl Iterator<Item = (&'s Arc<Repository>, AccessLevel)> {
        visible::own(&self.0, patterns)
    }

    /// Whether it sees any repository below this name.
    pub(in crate::service) fn sees_below(&self, prefix: &RepositoryName) -> bool {
        visible::has_below(&self.0, prefix)
    }

    /// Whether it would be granted what is asked for, and why, as the token endpoint decides it: of a repository that a
    /// push would make, as if it can be made.
    pub(in crate::service) fn explain(&self, asked: &RepositoryScope, creates_on_push: bool) -> Explanation {
        let (authority, name) = (&self.0, &asked.name);
        let makes = creates_on_push && authority.makes_by_push(asked);
        let granted = if makes {
            authority.actions_once_made(name, asked.actions)
        } else {
            authority.actions(name, asked.actions)
        };
        let refused = asked.actions.with_implied().without(granted);
        let mut cuts = self.faults();
        if !refused.is_empty() {
            cuts.extend(authority.cuts(asked, refused, creates_on_push));
        }
        Explanation { sources: self.sources(name), level: self.level(name), cuts, makes }
    }
}
