//! Access tokens: making, viewing, renaming, switching off and on; robots among them, whose making is in `robots`.

use std::sync::Arc;

use super::labels;
use super::which::{WhichToken, find_present, find_remembered, visible};
use crate::service::Service;
use crate::service::access::{
    Allowed, Authority, Call, Permit, Used, find, may_serve_another, outlives, standing, standing_of,
};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::ledger::{Change, Deed};
use crate::service::settings::is_full;

use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::random;
use crate::domain::secret::{TokenHash, TokenText};
use crate::domain::settings::LiveSettings;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, GeneratedBy, Limits, MAX_PATTERNS, Maker, Shown, TokenFields, TokenState};
use crate::domain::usage::{SecretUse, Usage};
use crate::store::{State, UsageNotes};

/// Default lifetime of a temporary password, in seconds.
const TEMPORARY_LIFE: i64 = 24 * 60 * 60;
/// Longest lifetime of a temporary password, in seconds.
const LONGEST_TEMPORARY_LIFE: i64 = 7 * 24 * 60 * 60;

/// The requested end of a new access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// After the default lifetime, but no later than the site allows or the asking access token ends.
    Default,
    /// Never.
    Never,
    /// At this moment.
    At(Timestamp),
}

/// The access token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The owner's name; the caller, if none.
    pub username: Option<String>,
    /// What people call it.
    pub label: Option<String>,
    /// Its end.
    pub expiry: Expiry,
    /// Its cap and patterns.
    pub limits: Limits,
    /// Whether it is a temporary password.
    pub is_temporary: bool,
}

/// An access token as it is shown.
#[derive(Clone, Debug)]
pub struct TokenView {
    /// The record.
    pub token: Arc<AccessToken>,
    /// Its owner's name.
    pub owner: Name,
    /// Who asked for its present secret; none if that is not known, or was the local administrator.
    pub secret_by: Option<Name>,
    /// Its last use.
    pub usage: Option<Usage>,
    /// The last use of its present secret.
    pub current_use: Option<SecretUse>,
    /// The secret that a rotation replaced, while it signs in.
    pub replaced: Option<ReplacedView>,
    /// Whether it is accepted, in one word.
    pub state: TokenState,
    /// The same in one sentence.
    pub reason: String,
    /// The access token that stops it, if one does.
    pub stopped_by: Option<Id>,
}

/// A replaced secret that lives on, as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct ReplacedView {
    /// Its hash.
    pub hash: TokenHash,
    /// Until when it is accepted.
    pub until: Timestamp,
    /// Whether the first use of the present secret ends it, if that comes earlier.
    pub until_used: bool,
    /// Its last use.
    pub used: Option<SecretUse>,
}

/// What a change of an access token did.
#[derive(Debug)]
pub struct UpdatedToken {
    /// The access token as it is now.
    pub view: TokenView,
    /// Whether the change let an administrator's access token go on that another account made, which may know its secret.
    pub is_known_to_maker: bool,
}

impl Service {
    /// Makes an access token. Its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`Error::Denied`] for more than the caller's own credential has, [`Obstacle::Limit`], [`Error::Invalid`].
    pub fn create_token(&self, call: &Call, new: NewToken) -> Result<(TokenView, TokenText), Error> {
        let text = TokenText::from_random(random::bytes()?);
        let hash = text.hash();
        let id = Id::new(call.now, random::bytes()?);
        let label = new.label.as_deref().map(|label| self.check_label(label)).transpose()?;
        let max_label = self.settings.max_label;
        if new.limits.patterns.len() > MAX_PATTERNS {
            return Err(Error::invalid("repositories", format!("at most {MAX_PATTERNS}")));
        }
        if new.is_temporary && new.limits.is_capped() {
            return Err(Error::invalid("temporaryPassword", "it has neither an access level nor repositories"));
        }
        let live = self.settings.live.clone();
        let deed = Deed::new(Act::TokenCreate, new.username.clone().unwrap_or_else(|| call.caller.actor()));
        let token = self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let owner = owner_for(&authority, new.username.as_deref())?;
            if owner.is_organization() {
                return Err(Error::invalid("username", "an organization owns no access tokens"));
            }
            let settings = live.at(authority.state());
            let expires_at = end(&settings, new.expiry, new.is_temporary, &authority)?;
            let permit = authority.create_token(owner, &new.limits, expires_at, new.is_temporary)?;
            if is_full(authority.state().tokens_count_of(owner.id), settings.max_tokens_per_account) {
                return Err(Error::Conflict(Obstacle::Limit("access tokens of an account")));
            }
            let label = match &label {
                Some(label) => label.clone(),
                None => check_label(&labels::free(authority.state(), owner.id), max_label)?,
            };
            let made = Made { id, hash, label, limits: new.limits.clone(), expires_at };
            let token = made.token(&authority, owner, &change.call().user_agent);
            let token = token.with(|it| it.temporary_password = new.is_temporary);
            let owner = owner.name.clone();
            put(change, &permit, &token)?;
            change.record_as(Deed::new(Act::TokenCreate, format!("{owner} {id}")).about_token(change.state(), &token));
            Ok(Arc::new(token))
        })?;
        let view = self.changed_token(&token, call.now);
        Ok((view.ok_or_else(|| Error::not_found(Kind::AccessToken, hash))?, text))
    }

    pub(super) fn check_label(&self, label: &str) -> Result<String, Error> {
        check_label(label, self.settings.max_label)
    }

    /// An access token as it is shown to a caller.
    pub(in crate::service) fn shown_token(
        &self,
        authority: &Authority<'_>,
        token: &Arc<AccessToken>,
    ) -> Option<TokenView> {
        shown(authority.state(), (self.store.usage(), authority.used()), token, authority.now())
    }

    /// An access token as it is shown after a change.
    pub(super) fn changed_token(&self, token: &Arc<AccessToken>, now: Timestamp) -> Option<TokenView> {
        let (used, state) = self.present();
        shown(&state, (self.store.usage(), &used), token, now)
    }

    /// One access token.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Hidden`] for what the caller may not see.
    pub fn view_token(&self, call: &Call, which: impl Into<WhichToken>) -> Result<TokenView, Error> {
        let which = which.into();
        self.view(call, which.act(Act::TokenView), &which.to_string(), |authority| {
            let token = visible(authority, &which)?;
            self.shown_token(authority, token).ok_or_else(|| Error::not_found(Kind::AccessToken, &which))
        })
    }

    /// Refuses callers who may not make, or clean up, access tokens of this user, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::NotFound`].
    pub fn may_manage_tokens(&self, call: &Call, act: Act, username: Option<&str>) -> Result<Allowed, Error> {
        let object = username.map_or_else(|| call.caller.actor(), str::to_owned);
        self.gate(call, act, &object, |authority| {
            let owner = owner_for(authority, username)?;
            authority.self_or_administrator(owner)
        })
    }

    /// Refuses callers who may not change this access token, before the body is read.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Hidden`] for what the caller may not see; [`Error::Denied`]
    pub fn may_change_token(&self, call: &Call, act: Act, which: impl Into<WhichToken>) -> Result<Allowed, Error> {
        let which = which.into();
        self.gate(call, which.act(act), &which.to_string(), |authority| {
            authority.signed_in()?;
            // Whether it ends something, which an ended secret's hash may, stands in the body.
            let token = find_remembered(authority, &which)?;
            authority.view_token(token)?;
            authority.change_token(token)
        })
    }

    /// Renames an access token, switches it off or on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] when an access token would switch on a stronger one, or one that another
    /// account made for an administrator; [`Obstacle::Revoked`] for one that was ended for good;
    /// [`Obstacle::SecretEnded`] by the hash of an ended secret, unless it is only switched off;
    /// [`Obstacle::LastAdministrator`] when the last administrator would have nothing left to sign in with.
    pub fn update_token(
        &self,
        call: &Call,
        which: impl Into<WhichToken>,
        label: Option<&str>,
        is_active: Option<bool>,
    ) -> Result<UpdatedToken, Error> {
        let label = label.map(|label| self.check_label(label)).transpose()?;
        let asked = which.into();
        let missing = asked.to_string();
        let is_ending = is_active == Some(false) && label.is_none();
        let deed = Deed::new(asked.act(Act::TokenUpdate), &asked).free(is_ending);
        let (token, is_known_to_maker) = self.change_ending_sessions(call, deed, move |change, ends| {
            let authority = change.authority()?;
            authority.signed_in()?;
            let found = if is_ending { find_remembered } else { find_present };
            let token = found(&authority, &asked)?;
            let mut permit = authority.change_token(token)?;
            if is_active == Some(true) && !token.is_active {
                permit = authority.activate_token(token)?;
                not_revoked(token)?;
            }
            if is_ending && !token.is_active {
                let token = Arc::clone(token);
                change.skip_record();
                ends.of_token(token.id);
                return Ok((token, false));
            }
            let switched = is_active.filter(|shall| *shall != token.is_active);
            let switched = switched.map(|shall| if shall { Act::TokenActivate } else { Act::TokenDeactivate });
            let (is_active, before) = (is_active.unwrap_or(token.is_active), token.label.clone());
            let token = AccessToken::clone(token).switched(is_active);
            let token = token.with(|it| label.iter().for_each(|label| it.label.clone_from(label)));
            let administered = change.administered();
            put(change, &permit, &token)?;
            change.keep_administered(administered, Some("isActive"))?;
            let is_renamed = label.as_ref().is_some_and(|label| **label != *before);
            match switched {
                // One deed, one record: switched and nothing else.
                Some(act) if !is_renamed => change.record_as(about(act, change, &token)),
                Some(_) | None => {
                    change.record_as(about(Act::TokenUpdate, change, &token));
                    switched.into_iter().for_each(|act| change.record_also(about(act, change, &token)));
                }
            }
            if !token.is_active {
                ends.of_token(token.id);
            }
            let is_switched_on = switched == Some(Act::TokenActivate);
            let is_known_to_maker = is_switched_on && may_serve_another(change.state(), &token);
            Ok((Arc::new(token), is_known_to_maker))
        })?;
        let view = self.changed_token(&token, call.now);
        let view = view.ok_or_else(|| Error::not_found(Kind::AccessToken, missing))?;
        Ok(UpdatedToken { view, is_known_to_maker })
    }
}

/// What a new access token has of its own.
pub(super) struct Made {
    pub(super) id: Id,
    pub(super) hash: TokenHash,
    pub(super) label: String,
    pub(super) limits: Limits,
    pub(super) expires_at: Option<Timestamp>,
}

impl Made {
    /// The access token, made by this caller for an owner.
    pub(super) fn token(self, authority: &Authority<'_>, owner: &Account, user_agent: &str) -> AccessToken {
        let Self { id, hash, label, limits, expires_at } = self;
        let now = authority.now().whole_seconds();
        TokenFields {
            id,
            owner: owner.id,
            hash,
            previous: None,
            label,
            is_active: true,
            limits,
            expires_at,
            created_at: now,
            generated_by: GeneratedBy::Manual,
            creator_ua: user_agent.into(),
            parent: authority.token().map(|parent| parent.id),
            temporary_password: false,
            generation: 0,
            previous_parent: None,
            retry: None,
            maker: if authority.is_self(owner) { Maker::Owner } else { Maker::Other },
            overlap_until_used: false,
            revoked: None,
            lifetime: expires_at.map(|end| seconds_between(now, end)),
            ended: Vec::new(),
            robot: None,
            secret_by: authority.account().map(|account| account.id),
            previous_by: None,
        }
        .into()
    }
}

/// Refuses an access token that was ended for good: it gets no power again.
pub(super) fn not_revoked(token: &AccessToken) -> Result<(), Error> {
    if token.revoked.is_some() { Err(Error::Conflict(Obstacle::Revoked)) } else { Ok(()) }
}

pub(super) fn check_label(label: &str, longest: usize) -> Result<String, Error> {
    let label = label.trim();
    text::check_line(label, 1..=longest).map_err(|reason| Error::invalid("tokenLabel", reason))?;
    Ok(label.to_owned())
}

/// An access token as it is shown; none if its owner is gone.
pub(super) fn shown(state: &State, uses: Uses<'_>, token: &Arc<AccessToken>, now: Timestamp) -> Option<TokenView> {
    let owner = state.account(token.owner)?;
    let standing = standing(state, token, now);
    let usage = uses.0.of(token.id);
    Some(TokenView {
        token: Arc::clone(token),
        owner: owner.name.clone(),
        secret_by: token.secret_by().and_then(|by| state.account(by)).map(|by| by.name.clone()),
        usage,
        current_use: usage.and_then(|usage| usage.of(&token.hash)),
        replaced: replaced(state, uses, token, now),
        state: standing.state,
        reason: standing.reason(),
        stopped_by: standing.stopped_by.map(|by| by.id),
    })
}

/// What is noted of the uses of access tokens: the last ones, and the first ones of new secrets.
pub(super) type Uses<'a> = (&'a UsageNotes, &'a Used);

/// The replaced secret of an access token; none if it does not sign in whenever the present one does.
fn replaced(state: &State, (notes, used): Uses<'_>, token: &AccessToken, now: Timestamp) -> Option<ReplacedView> {
    let previous = used.replaced(token, now)?;
    let is_stopped = standing_of(state, token, Shown::Replaced, now).state != standing(state, token, now).state;
    if is_stopped {
        return None;
    }
    Some(ReplacedView {
        hash: previous.hash,
        until: previous.until,
        until_used: token.overlap_until_used,
        used: notes.of(token.id).and_then(|usage| usage.of_replaced(&previous.hash)),
    })
}

fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.seconds().saturating_sub(from.seconds())).unwrap_or(0)
}

/// When a new access token ends.
pub(super) fn end(
    settings: &LiveSettings,
    expiry: Expiry,
    is_temporary: bool,
    authority: &Authority<'_>,
) -> Result<Option<Timestamp>, Error> {
    let now = authority.now();
    let longest = if is_temporary { Some(LONGEST_TEMPORARY_LIFE) } else { settings.token_max_lifetime.seconds() };
    let latest = longest.map(|life| now.plus_seconds(life));
    let default = if is_temporary { Some(TEMPORARY_LIFE) } else { settings.token_default_lifetime.seconds() };
    let end = match expiry {
        Expiry::At(end) if end <= now => return Err(Error::invalid("expiresAt", "this is past")),
        Expiry::At(end) => Some(end),
        Expiry::Never => None,
        Expiry::Default => {
            let own = authority.token().and_then(|token| token.expires_at);
            let ends = [default.map(|life| now.plus_seconds(life)), own, latest];
            return Ok(ends.into_iter().flatten().min());
        }
    };
    match latest {
        Some(latest) if outlives(end, Some(latest)) => {
            Err(Error::invalid("expiresAt", format!("at the latest {latest} here")))
        }
        Some(_) | None => Ok(end),
    }
}

/// The account that `username` names; the caller's own, if none. Callers who may not have others' do not learn which
/// exist.
pub(super) fn owner_for<'s>(authority: &Authority<'s>, username: Option<&str>) -> Result<&'s Account, Error> {
    authority.account_data()?;
    let own = authority.account();
    match (username, own) {
        (None, Some(own)) => Ok(own),
        (None, None) => {
            authority.signed_in()?;
            Err(Error::invalid("username", "needed here: the local administrator owns no access tokens"))
        }
        (Some(username), Some(own)) if own.name.as_str() == username => Ok(own),
        (Some(username), _) => {
            authority.administrator()?;
            find(authority.state(), username).map_err(|_| Error::not_found(Kind::User, username))
        }
    }
}

/// The deed of an act on an access token.
pub(in crate::service) fn about(act: Act, change: &Change<'_, '_>, token: &AccessToken) -> Deed {
    Deed::of_token(act, change.state(), token)
}

pub(super) fn put(change: &mut Change<'_, '_>, permit: &Permit, token: &AccessToken) -> Result<(), Error> {
    if change.txn(permit).put_token(token.clone())? {
        return Ok(());
    }
    Err(Error::internal(std::io::Error::other("two access tokens have one hash")))
}
