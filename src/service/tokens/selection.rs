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
use crate::domain::token_order::TokenPlace;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, find, standing};
use crate::service::error::{Error, Kind};
use crate::service::ledger::Deed;
use crate::service::page::Page;
use crate::store::{State, UsageNotes};

/// Which access tokens a list or a clean-up selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// The owner's name; if none, the caller's, or everybody's in an administrator's list that previews no clean-up.
    pub username: Option<String>,
    /// Everybody's, for administrators alone.
    pub everybody: bool,
    /// Only those of other accounts that were made with an access token of this one, for administrators alone.
    pub made_with: Option<String>,
    /// Only robots with a secret that works and that this account asked for, for administrators alone.
    pub secret_by: Option<String>,
    /// Only those last used before this moment; those never used count by their creation. With it, a list is the preview
    /// of a clean-up.
    pub used_before: Option<Timestamp>,
    /// Only those that came to be in this way; any, if none.
    pub generated_by: Option<GeneratedBy>,
    /// Only those in this state; any, if none.
    pub state: Option<TokenState>,
    /// Only those that are accepted and end before this moment: of others it matters to nobody.
    pub expires_before: Option<Timestamp>,
    /// Only those last used before this moment; those never used count by their creation. A list with it is no preview.
    pub unused_since: Option<Timestamp>,
    /// Only those that were never used, or only those that were; any, if none.
    pub never_used: Option<bool>,
    /// Only those without limits, or only those with some; any, if none.
    pub unlimited: Option<bool>,
}

/// How the audit log names whose access tokens a clean-up of everybody's took.
const EVERYBODY: &str = "everybody";
/// Access tokens of everybody that one clean-up takes: each is two rows, and has an audit record.
const MOST_AT_ONCE: usize = 1_300;

impl TokenFilter {
    /// Everybody's by their end, after `after`, between the ends that this can select.
    fn by_end<'s>(
        &self,
        state: &'s State,
        after: Option<TokenPlace>,
        now: Timestamp,
    ) -> impl Iterator<Item = &'s Arc<AccessToken>> + use<'s> {
        let begun = self.expires_before.map(|_| TokenPlace { end: Some(now), id: Id::MAX });
        let before = self.expires_before;
        let until = (self.state == Some(TokenState::Expired)).then_some(now);
        let tokens = state.tokens_by_end(after.max(begun));
        tokens.take_while(move |token| {
            let end = token.expires_at.unwrap_or(Timestamp::LAST);
            before.is_none_or(|before| end < before) && until.is_none_or(|until| end <= until)
        })
    }

    /// Whether it selects every access token of the owner.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self { username: self.username.clone(), everybody: self.everybody, ..Self::default() }
    }

    /// Whose access tokens a clean-up takes, as the audit log names them.
    fn whose(&self, call: &Call) -> String {
        let everybody = self.everybody.then(|| EVERYBODY.to_owned());
        self.username.clone().or(everybody).unwrap_or_else(|| call.caller.actor())
    }

    /// Whether it asks for the caller's own access tokens.
    fn is_of_caller(&self, authority: &Authority<'_>) -> bool {
        let is_own = self.username.as_deref().is_none_or(|username| authority.is_called(username));
        is_own && !self.everybody && self.made_with.is_none() && self.secret_by.is_none()
    }

    pub(super) fn selects(&self, state: &State, usage: &UsageNotes, token: &AccessToken, now: Timestamp) -> bool {
        let last = || usage.of(token.id).map_or(token.created_at, |usage| usage.at);
        let state_now = || standing(state, token, now).state;
        let ends_before =
            |before| token.expires_at.is_some_and(|end| end < before) && state_now() == TokenState::Active;
        self.used_before.is_none_or(|before| last() < before)
            && self.unused_since.is_none_or(|since| last() < since)
            && self.expires_before.is_none_or(ends_before)
            && self.generated_by.is_none_or(|how| token.generated_by == how)
            && self.never_used.is_none_or(|wanted| usage.of(token.id).is_none() == wanted)
            && self.unlimited.is_none_or(|wanted| token.limits.is_capped() != wanted)
            && self.state.is_none_or(|wanted| state_now() == wanted)
    }
}

impl Service {
    /// A page of access tokens, newest first, made before `before`; a narrowed access token sees itself alone. With
    /// `used_before`: what a clean-up by this caller with this filter would delete. A page looks at a bounded number of them:
    /// with another filter it may have fewer than asked for before the list ends. To count what a filter selects takes all.
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
            let page = if let Some(made) = by_making(authority, filter)? {
                let selected = || made.iter().copied().filter(|token| filter.selects(state, usage, token, call.now));
                let rest = selected().filter(|token| before.is_none_or(|before| token.id < before));
                Page::of(rest, |token| &token.id, limit, with_count.then(|| selected().count()))
            } else if filter.used_before.is_some() {
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
                let selects = |token: &&Arc<AccessToken>| filter.selects(state, usage, token, call.now);
                let is_whole = filter.is_whole();
                let count = with_count.then(|| match owner {
                    Some(owner) if is_whole => state.tokens_count_of(owner.id),
                    None if is_whole => state.tokens_count(),
                    Some(_) | None => tokens(state, owner, None).filter(selects).count(),
                });
                Page::selected(tokens(state, owner, before), selects, |token| &token.id, limit, count)
            };
            let entries = page.entries.into_iter().filter_map(|token| self.shown_token(authority, token));
            Ok(Page { entries: entries.collect(), next: page.next, count: page.count })
        })
    }

    /// A page of access tokens by their end, those without one last, after `after`. Everybody's cost what the page shows, as
    /// far as the filter selects by the end; of what else it selects, as of last uses, there is no index, and a page looks at
    /// a bounded number. An account's are few.
    ///
    /// # Errors
    /// As [`Self::list_tokens`]; [`Error::Invalid`] for the preview of a clean-up, and for those of one maker.
    pub fn list_tokens_by_end(
        &self,
        call: &Call,
        filter: &TokenFilter,
        after: Option<TokenPlace>,
        limit: usize,
        with_count: bool,
    ) -> Result<Page<TokenView, TokenPlace>, Error> {
        let object = filter.username.clone().unwrap_or_default();
        self.view(call, Act::TokenList, &object, |authority| {
            if filter.used_before.is_some() || filter.made_with.is_some() || filter.secret_by.is_some() {
                return Err(Error::invalid("sort", "newest: the only order of such a list"));
            }
            let (state, usage) = (authority.state(), self.store.usage());
            let selects = |token: &&Arc<AccessToken>| filter.selects(state, usage, token, call.now);
            let few = match authority.only_token().filter(|_| filter.is_of_caller(authority)) {
                Some(only) => Some(state.token(only.id).into_iter().collect()),
                None => listed_owner(authority, filter)?.map(|owner| by_end(state, owner)),
            };
            let all = |after: Option<TokenPlace>| -> Box<dyn Iterator<Item = &Arc<AccessToken>>> {
                match &few {
                    Some(few) => {
                        let is_left =
                            move |token: &&Arc<AccessToken>| after.is_none_or(|it| it < TokenPlace::by_end(token));
                        Box::new(few.iter().copied().filter(is_left))
                    }
                    None => Box::new(filter.by_end(state, after, call.now)),
                }
            };
            let placed = all(after).map(|token| (TokenPlace::by_end(token), token));
            let count = with_count.then(|| all(None).filter(selects).count());
            let page = Page::selected(placed, |(_, token)| selects(token), |(place, _)| place, limit, count);
            let entries = page.entries.into_iter().filter_map(|(_, token)| self.shown_token(authority, token));
            Ok(Page { entries: entries.collect(), next: page.next, count: page.count })
        })
    }

    /// Refuses callers who may not clean up what a filter selects.
    ///
    /// # Errors
    /// As [`Self::clean_up_tokens`].
    pub fn may_clean_up(&self, call: &Call, filter: &TokenFilter) -> Result<Allowed, Error> {
        self.gate(call, Act::TokenCleanUp, &filter.whose(call), |authority| {
            if is_everybody(authority, filter)? {
                return authority.administrator();
            }
            authority.self_or_administrator(owner_for(authority, filter.username.as_deref())?)
        })
    }

    /// Deletes the access tokens that the list with this filter shows; of everybody's, those of as many accounts as one change
    /// takes. Answers them as they were.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::Invalid`] without
    /// `used_before`; [`Obstacle::LastAdministrator`](crate::service::Obstacle::LastAdministrator).
    pub fn clean_up_tokens(&self, call: &Call, filter: &TokenFilter) -> Result<Vec<TokenView>, Error> {
        let object = filter.whose(call);
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
            let meant = if filter.everybody { of_some_owners(meant) } else { meant };
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
    let is_everybody = is_everybody(authority, filter)? || filter.username.is_none() && authority.is_administrator();
    if is_everybody { Ok(None) } else { owner_for(authority, filter.username.as_deref()).map(Some) }
}

/// Whether everybody's are asked for, which only administrators may.
fn is_everybody(authority: &Authority<'_>, filter: &TokenFilter) -> Result<bool, Error> {
    if !filter.everybody {
        return Ok(false);
    }
    authority.administrator()?;
    if filter.username.is_some() {
        return Err(Error::invalid("everybody", "not together with a username"));
    }
    Ok(true)
}

/// The access tokens of an account by their end.
fn by_end<'s>(state: &'s State, owner: &Account) -> Vec<&'s Arc<AccessToken>> {
    let mut tokens: Vec<_> = state.tokens_of(owner.id, None).collect();
    tokens.sort_by_key(|token| TokenPlace::by_end(token));
    tokens
}

/// What a filter selects by who made it, newest first; none if it does not.
fn by_making<'s>(authority: &Authority<'s>, filter: &TokenFilter) -> Result<Option<Vec<&'s Arc<AccessToken>>>, Error> {
    match (&filter.made_with, &filter.secret_by) {
        (None, None) => Ok(None),
        (Some(maker), None) => made_with_those_of(authority, maker).map(Some),
        (None, Some(maker)) => robots_by(authority, maker).map(Some),
        (Some(_), Some(_)) => Err(Error::invalid("secretby", "not together with madewith")),
    }
}

/// The robots with a secret that this account asked for, the present one or a replaced one that lives on, newest first. It
/// costs a look at every access token.
fn robots_by<'s>(authority: &Authority<'s>, maker: &str) -> Result<Vec<&'s Arc<AccessToken>>, Error> {
    authority.administrator()?;
    let (state, used, now) = (authority.state(), authority.used(), authority.now());
    let maker = Some(find(state, maker).map_err(|_| Error::not_found(Kind::User, maker))?.id);
    let is_known = |token: &AccessToken| {
        token.secret_by() == maker || token.previous_by == maker && used.replaced(token, now).is_some()
    };
    Ok(state.tokens_before(None).filter(|token| token.is_robot() && is_known(token)).collect())
}

/// The access tokens of other accounts, robots aside, that were made with one of this account, newest first.
fn made_with_those_of<'s>(authority: &Authority<'s>, maker: &str) -> Result<Vec<&'s Arc<AccessToken>>, Error> {
    authority.administrator()?;
    let state = authority.state();
    let maker = find(state, maker).map_err(|_| Error::not_found(Kind::User, maker))?;
    let made = state.tokens_of(maker.id, None).flat_map(|token| state.tokens_made_with(token.id));
    let mut made: Vec<_> = made.filter(|token| token.owner != maker.id && !token.is_robot()).collect();
    made.sort_by_key(|token| std::cmp::Reverse(token.id));
    Ok(made)
}

/// Those of the first accounts, as many as fit into one change; of each account all, since some go along with others.
fn of_some_owners(mut meant: Vec<&Arc<AccessToken>>) -> Vec<&Arc<AccessToken>> {
    meant.sort_by_key(|token| token.owner);
    if let Some(last) = meant.get(MOST_AT_ONCE).map(|token| token.owner) {
        let end = meant.iter().skip(MOST_AT_ONCE).position(|token| token.owner != last);
        end.into_iter().for_each(|end| meant.truncate(MOST_AT_ONCE + end));
    }
    meant
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
/// robots, which are an organization's to delete one by one; and what made one that stays, or a replaced secret of one that
/// lives on: these would end along with it, unseen. So would the secrets of robots, with what made them: a clean-up by last
/// use spares that, too, and one of all of them, whenever they were used, does not.
fn cleaned<'s>(
    authority: &Authority<'s>,
    usage: &UsageNotes,
    filter: &TokenFilter,
) -> Result<Vec<&'s Arc<AccessToken>>, Error> {
    if filter.used_before.is_none() {
        return Err(Error::invalid("usedbefore", "needed: a time or a date"));
    }
    let (state, now) = (authority.state(), authority.now());
    let all: Box<dyn Iterator<Item = &Arc<AccessToken>>> = if is_everybody(authority, filter)? {
        Box::new(state.tokens_before(None))
    } else {
        Box::new(state.tokens_of(owner_for(authority, filter.username.as_deref())?.id, None))
    };
    let calling: Vec<Id> = authority.descent().map(|token| token.id).collect();
    let is_by_use = filter.used_before.is_some_and(|moment| moment < Timestamp::LAST);
    let holds_robots = |token: &AccessToken| is_by_use && state.tokens_made_with(token.id).any(|made| made.is_robot());
    let is_spared = |token: &AccessToken| token.is_robot() || calling.contains(&token.id) || holds_robots(token);
    let goes = |token: &AccessToken| !is_spared(token) && filter.selects(state, usage, token, now);
    let (mut meant, mut waiting): (Vec<_>, Vec<_>) = all.partition(|token| goes(token));
    let mut stays: BTreeSet<Id> = waiting.iter().map(|token| token.id).collect();
    while let Some(token) = waiting.pop() {
        let lives_on = authority.used().replaced(token, now).is_some();
        let by = [token.parent, token.previous_parent.filter(|_| lives_on)];
        let makers = by.into_iter().flatten().filter_map(|id| state.token(id));
        waiting.extend(makers.filter(|maker| maker.owner == token.owner && stays.insert(maker.id)));
    }
    meant.retain(|token| !stays.contains(&token.id));
    Ok(meant)
}
