//! What an access token with given limits would reach, before it is made. The cost has a bound: at most so many
//! repositories are looked at.

use std::collections::BTreeMap;

use super::access_tokens::owner_for;
use crate::domain::access::AccessLevel;
use crate::domain::act::Act;
use crate::domain::name::RepositoryName;
use crate::domain::token::{Limits, MAX_PATTERNS};
use crate::service::Service;
use crate::service::access::{Call, Questioned};
use crate::service::error::Error;

/// Most repositories that are counted.
const MOST: usize = 1_000;
/// How many of them are named.
const NAMED: usize = 10;

/// What an access token would reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachPreview {
    /// How many repositories with each level, at most 1,000 together.
    pub levels: BTreeMap<AccessLevel, usize>,
    /// Whether there are more.
    pub has_more: bool,
    /// The first names.
    pub first: Vec<RepositoryName>,
    /// How many the account has access to, at most 1,000.
    pub of_account: usize,
    /// Whether there are more.
    pub account_has_more: bool,
}

impl Service {
    /// What an access token of this user (the caller, if none) with these limits would reach at present: of the
    /// repositories that the account has access to otherwise than by their being public. Nothing for an inactive account.
    ///
    /// # Errors
    /// [`Error::Denied`] for another account, to all but administrators; [`Error::NotFound`]; [`Error::Invalid`] for too
    /// many patterns.
    pub fn preview_reach(&self, call: &Call, username: Option<&str>, limits: &Limits) -> Result<ReachPreview, Error> {
        if limits.patterns.len() > MAX_PATTERNS {
            return Err(Error::invalid("repositories", format!("at most {MAX_PATTERNS}")));
        }
        let object = username.map_or_else(|| call.caller.actor(), str::to_owned);
        self.view(call, Act::TokenReach, &object, |authority| {
            let owner = owner_for(authority, username)?;
            authority.self_or_administrator(owner)?;
            Ok(preview(&Questioned::account(authority, owner, None), limits))
        })
    }
}

/// What these limits leave of what the owner has; nothing of an inactive one.
pub(super) fn preview(owner: &Questioned<'_>, limits: &Limits) -> ReachPreview {
    if !owner.faults().is_empty() {
        return ReachPreview::default();
    }
    let mut preview = ReachPreview::default();
    let reached = owner.own(&limits.patterns).take(MOST + 1);
    for (place, (repository, level)) in reached.enumerate() {
        if place == MOST {
            preview.has_more = true;
            break;
        }
        let level = level.min(limits.cap);
        *preview.levels.entry(level).or_default() += 1;
        if place < NAMED {
            preview.first.push(repository.name.clone());
        }
    }
    let of_account = owner.own(&[]).take(MOST + 1).count();
    ReachPreview { of_account: of_account.min(MOST), account_has_more: of_account > MOST, ..preview }
}
