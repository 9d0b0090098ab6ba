//! Which access tokens a list shows and which a clean-up takes. The list with `used_before` is the preview of the
//! clean-up with the same filter: both ask [`cleaned`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access_tokens::{TokenView, about, owner_for, shown};
use super::removal::delete_with_descendants;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, GeneratedBy, TokenState};
use crate::service::Service;
use crate::service::access::{Authority, Call, standing};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::service::page::Page;
use crate::store::{State, UsageNotes};

/// Which access tokens a list or a clean-up selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// The owner's name; if none, the caller's, or everybody's in an administrator's list that previews no clean-up.
    pub username: Option<String>,
    /// Only those last used before this moment; those never used count by their creation. With it, a list is the preview
    /// of a clean-up.
    pub used_before: Option<Timestamp>,
    /// Only those that came to be in this way; any, if none.
    pub generated_by: Option<GeneratedBy>,
    /// Only those in this state; any, if none.
    pub state: Option<TokenState>,
    /// Only those whose end is still to come, before this moment.
    pub expires_before: Option<Timestamp>,
    /// Only those last used before this moment; those never used count by their creation. A list with it is no preview.
    pub unused_since: Option<Timestamp>,
    /// Only those that were never used, or only those that were; any, if none.
    pub never_used: Option<bool>,
    /// Only those without limits, or only those with some; any, if none.
    pub unlimited: Option<bool>,
}

impl TokenFilter {
    /// Whether it selects every access token of the owner.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self { username: self.username.clone(), ..Self::default() }
    }

    /// Whether it asks for the caller's own access tokens.
    fn is_of_caller(&self, authority: &Authority<'_>) -> bool {
        self.username.as_deref().is_none_or(|username| authority.is_called(username))
    }

    pub(super) fn selects(&self, state: &State, usage: &UsageNotes, token: &AccessToken, now: Timestamp) -> bool {
        let last = || usage.of(token.id).map_or(token.created_at, |usage| usage.at);
        let ends_before = |before| token.expires_at.is_some_and(|end| now < end && end < before);
        self.used_before.is_none_or(|before| last() < before)
            && self.unused_since.is_none_or(|since| last() < since)
            && self.expires_before.is_none_or(ends_before)
            && self.generated_by.is_none_or(|how| token.generated_by == how)
            && self.never_used.is_none_or(|wanted| usage.of(token.id).is_none() == wanted)
            && self.unlimited.is_none_or(|wanted| token.limits.is_capped() != wanted)
            && self.state.is_none_or(|wanted| standing(state, token, now).state == wanted)
    }
}

impl Service {
    /// A page of access tokens, newest first, made before `before`; a narrowed access token sees itself alone. With
    /// `used_before`: what a clean-up by this caller with this filter would delete.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::Invalid`] for a preview that
    /// does not say whose, where there is no account that asks.
    pub fn list_tokens(
        &self,
        call: &Call,
        filter: &TokenFilter,
        before: Option<Id>,
        limit: usize,
        with_count: bool,
    ) -> Result<Page<TokenView, Id>, Error> {
        let object = filter.username.clone().unwrap_or_default();
        self.view(call, Act::TokenList, &object, |authority| {
            let (state, usage) = (authority.state(), self.store.usage());
            let page = if filter.used_before.is_some() {
                let all = cleaned(authority, usage, filter)?;
                let count = with_count.then_some(all.len());
                let rest = all.into_iter().filter(|token| before.is_none_or(|before| token.id < before));
                Page::of(rest, |token| &token.id, limit, count)
            } else if let Some(only) = authority.only_token().filter(|_| filter.is_of_caller(authority)) {
                let only = state.token(only.id).filter(|token| filter.selects(state, usage, token, call.now));
                let count = with_count.then_some(only.iter().count());
                let rest = only.into_iter().filter(|token| before.is_none_or(|before| token.id < before));
                Page::of(rest, |token| &token.id, limit, count)
            } else {
                let owner = listed_owner(authority, filter)?;
                let matching =
                    |before| tokens(state, owner, before).filter(|token| filter.selects(state, usage, token, call.now));
                let is_whole = filter.is_whole();
                let count = with_count.then(|| match owner {
                    Some(owner) if is_whole => state.tokens_count_of(owner.id),
                    None if is_whole => state.tokens_count(),
                    Some(_) | None => matching(None).count(),
                });
                Page::of(matching(before), |token| &token.id, limit, count)
            };
            let entries = page.entries.into_iter().filter_map(|token| self.shown_token(authority, token));
            Ok(Page { entries: entries.collect(), next: page.next, count: page.count })
        })
    }

    /// Deletes the access tokens that the list with this filter shows. Answers them as they were.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::Invalid`] without
    /// `used_before`; [`Obstacle::LastAdministrator`](crate::service::Obstacle::LastAdministrator).
    pub fn clean_up_tokens(&self, call: &Call, filter: &TokenFilter) -> Result<Vec<TokenView>, Error> {
        let object = filter.username.clone().unwrap_or_else(|| call.caller.actor());
        let (filter, usage) = (filter.clone(), Arc::clone(self.store.usage()));
        let deed = Deed::new(Act::TokenCleanUp, object);
        // One that finds nothing ends nothing, and counts like any other change.
        let is_ending = self.view(call, deed.act, &deed.object, |authority| {
            authority.account_data()?;
            Ok(!cleaned(authority, &usage, &filter)?.is_empty())
        })?;
        self.change(call, deed.free(is_ending), move |change| {
            let authority = change.authority()?;
            let permit = authority.account_data()?;
            let (state, now) = (authority.state(), authority.now());
            let meant = cleaned(&authority, &usage, &filter)?;
            let uses = (&*usage, authority.used());
            let views: Vec<_> = meant.iter().filter_map(|token| shown(state, uses, token, now)).collect();
            let (ids, before) = (meant.iter().map(|token| token.id).collect(), change.administered());
            delete_with_descendants(change, &permit, ids, false)?;
            change.keep_administered(before, None)?;
            if is_ending && views.is_empty() {
                change.skip_record();
            }
            views.iter().for_each(|view| change.record_also(about(Act::TokenDelete, change, &view.token)));
            Ok(views)
        })
    }
}

/// All that a list for this caller shows of these owners, whatever else the filter says.
pub(super) fn listed_tokens<'s>(
    authority: &Authority<'s>,
    filter: &TokenFilter,
) -> Result<Box<dyn Iterator<Item = &'s Arc<AccessToken>> + 's>, Error> {
    let state = authority.state();
    if let Some(only) = authority.only_token().filter(|_| filter.is_of_caller(authority)) {
        return Ok(Box::new(state.token(only.id).into_iter()));
    }
    Ok(tokens(state, listed_owner(authority, filter)?, None))
}

/// The account whose access tokens a list shows; none is everybody.
fn listed_owner<'s>(authority: &Authority<'s>, filter: &TokenFilter) -> Result<Option<&'s Account>, Error> {
    authority.account_data()?;
    let is_everybody = filter.username.is_none() && authority.is_administrator();
    if is_everybody { Ok(None) } else { owner_for(authority, filter.username.as_deref()).map(Some) }
}

fn tokens<'s>(
    state: &'s State,
    owner: Option<&Account>,
    before: Option<Id>,
) -> Box<dyn Iterator<Item = &'s Arc<AccessToken>> + 's> {
    match owner {
        Some(owner) => Box::new(state.tokens_of(owner.id, before)),
        None => Box::new(state.tokens_before(before)),
    }
}

/// The access tokens that a clean-up with this filter takes, newest first. It spares the calling one and its makers, and
/// what made one that stays, or a replaced secret of one that lives on: these would end along with it, unseen.
fn cleaned<'s>(
    authority: &Authority<'s>,
    usage: &UsageNotes,
    filter: &TokenFilter,
) -> Result<Vec<&'s Arc<AccessToken>>, Error> {
    if filter.used_before.is_none() {
        return Err(Error::invalid("usedbefore", "needed: a time or a date"));
    }
    let (state, now) = (authority.state(), authority.now());
    let owner = owner_for(authority, filter.username.as_deref())?;
    let calling: Vec<Id> = authority.descent().map(|token| token.id).collect();
    let goes = |token: &AccessToken| !calling.contains(&token.id) && filter.selects(state, usage, token, now);
    let (mut meant, mut waiting): (Vec<_>, Vec<_>) = state.tokens_of(owner.id, None).partition(|token| goes(token));
    let mut stays: BTreeSet<Id> = waiting.iter().map(|token| token.id).collect();
    while let Some(token) = waiting.pop() {
        let lives_on = authority.used().replaced(token, now).is_some();
        let by = [token.parent, token.previous_parent.filter(|_| lives_on)];
        let makers = by.into_iter().flatten().filter_map(|id| state.token(id));
        waiting.extend(makers.filter(|maker| maker.owner == owner.id && stays.insert(maker.id)));
    }
    meant.retain(|token| !stays.contains(&token.id));
    Ok(meant)
}
