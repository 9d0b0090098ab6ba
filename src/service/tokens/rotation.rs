//! Rotation: an access token gets a new secret, and the old one may live on for a while. A rotation whose answer was lost
//! can be repeated.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::access_tokens::{TokenView, about, not_revoked, put};
use super::which::{WhichToken, find_present, find_remembered};
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::random;
use crate::domain::secret::{Password, TokenHash, TokenText};
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, Maker, PreviousSecret, RotationRetry};
use crate::service::Service;
use crate::service::access::{Authority, Call, Caller, may_repeat_rotation};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::ledger::Deed;

/// How long a rotation may be repeated, in seconds.
const RETRY_TIME: i64 = 10 * 60;
/// Shortest and longest `Idempotency-Key`, in bytes. With the replaced secret, the key takes the access token over: 22 are
/// 128 random bits in base64.
const KEY_BYTES: RangeInclusive<usize> = 22..=255;
/// Longest time that a replaced secret lives on, in seconds.
const LONGEST_OVERLAP: i64 = 7 * 24 * 60 * 60;

/// An access token with a new secret.
#[derive(Debug)]
pub struct RotatedToken {
    /// The access token as it is now.
    pub view: TokenView,
    /// The new secret.
    pub text: TokenText,
    /// The secret that it had before, and until when that is still accepted.
    pub replaced: PreviousSecret,
}

/// How an access token gets a new secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation {
    /// How long the old secret lives on, in seconds; if none, not at all, or with `until_used` as long as may be.
    pub overlap: Option<i64>,
    /// Whether the old secret ends with the first use of the new one, if that comes earlier.
    pub until_used: bool,
    /// Whether the access token gets its length of life again.
    pub renew: bool,
}

impl Rotation {
    fn seconds(self) -> Result<i64, Error> {
        let overlap = self.overlap.unwrap_or(if self.until_used { LONGEST_OVERLAP } else { 0 });
        if !(0..=LONGEST_OVERLAP).contains(&overlap) {
            return Err(Error::invalid("overlap", format!("0 to {LONGEST_OVERLAP} seconds")));
        }
        if self.until_used && overlap == 0 {
            return Err(Error::invalid("untilUsed", "it needs an overlap that can end"));
        }
        Ok(overlap)
    }
}

/// When an access token ends that is renewed by this caller: never later than the access token that asks, so that none
/// renews itself.
fn renewed(
    authority: &Authority<'_>,
    token: &AccessToken,
    latest: Option<Timestamp>,
) -> Result<Option<Timestamp>, Error> {
    if token.temporary_password {
        return Err(Error::invalid("renew", "a temporary password is not renewed: make another one"));
    }
    let own = authority.token().and_then(|asking| asking.expires_at);
    Ok(token.renewed_end(authority.now(), own.into_iter().chain(latest).min()))
}

/// What a rotated access token hangs on, and who made it.
fn origin(authority: &Authority<'_>, token: &AccessToken) -> (Option<Id>, Maker) {
    let asking = authority.token().filter(|asking| asking.id != token.id);
    if token.is_robot() {
        // Its secret is only as good as what asked for it: nothing, where a password did.
        return (asking.map(|asking| asking.id), Maker::Other);
    }
    // Whoever holds the asking token knows the new secret: stopping that token must stop this one, too. An asking token
    // of another account stops nothing here, and must not detach this one from its parent.
    let hangs_on = asking.filter(|asking| asking.owner == token.owner).map(|asking| asking.id);
    // Whoever rotates it knows its secret: of another account, that counts like having made it.
    let is_own = authority.account().is_some_and(|account| account.id == token.owner);
    (hangs_on.or(token.parent), if is_own { token.maker } else { Maker::Other })
}

/// The `Idempotency-Key` of a rotation, as its hash.
#[derive(Clone, Copy)]
pub struct RotationKey([u8; 32]);

impl RotationKey {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it is 22 to 255 visible ASCII characters.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        if KEY_BYTES.contains(&text.len()) && text.iter().all(u8::is_ascii_graphic) {
            Ok(Self(*blake3::hash(text).as_bytes()))
        } else {
            let (least, most) = (KEY_BYTES.start(), KEY_BYTES.end());
            let reason =
                format!("{least} to {most} visible ASCII characters that nobody can guess, as uuidgen makes them");
            Err(Error::invalid("Idempotency-Key", reason))
        }
    }
}

/// A request that may repeat a rotation.
pub struct RepeatedRotation {
    /// The user name that was shown, if one was.
    pub username: Option<String>,
    /// The secret that was shown.
    pub secret: Password,
    /// The hash in the path.
    pub hash: String,
    /// The key of the request.
    pub key: RotationKey,
    /// The client's address.
    pub address: IpAddr,
}

impl RepeatedRotation {
    fn shown(&self) -> Option<TokenHash> {
        TokenText::parse(self.secret.reveal()).ok().map(|text| text.hash())
    }
}

impl Service {
    /// Gives an access token a new secret. One that rotates itself with a `key` may repeat that
    /// ([`Service::repeat_rotation`]).
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Obstacle::NotRotatable`] for an inactive or expired one, [`Obstacle::Revoked`] for one that was
    /// ended for good, [`Obstacle::SecretEnded`] by the hash of an ended secret; [`Error::Denied`] when an access
    /// token would rotate a stronger one; [`Error::Invalid`] for too long an overlap, and for the renewal of a temporary
    /// password.
    pub fn rotate_token(
        &self,
        call: &Call,
        which: impl Into<WhichToken>,
        rotation: Rotation,
        key: Option<RotationKey>,
    ) -> Result<RotatedToken, Error> {
        let overlap = rotation.seconds()?;
        let text = TokenText::from_random(random::bytes()?);
        let new_hash = text.hash();
        let (asked, key, live) = (which.into(), key.map(|key| key.0), self.settings.live.clone());
        let deed = Deed::new(asked.act(Act::TokenRotate), &asked);
        let (token, replaced) = self.change(call, deed, move |change| {
            let now = change.call().now;
            let authority = change.authority()?;
            authority.signed_in()?;
            let token = find_present(&authority, &asked)?;
            let permit = authority.rotate_token(token)?;
            not_revoked(token)?;
            if !token.is_active || token.is_expired(now) {
                return Err(Error::Conflict(Obstacle::NotRotatable));
            }
            let latest = live.at(authority.state()).token_max_lifetime.seconds().map(|life| now.plus_seconds(life));
            let expires_at = if rotation.renew { renewed(&authority, token, latest)? } else { token.expires_at };
            let rotates_itself = authority.token().is_some_and(|asking| asking.id == token.id);
            let retry = key.filter(|_| rotates_itself);
            let retry = retry.map(|key| RotationRetry { key, until: now.plus_seconds(RETRY_TIME) });
            // What is renewed is the access token, not the secret that it had: that ends when it would have ended.
            let until = now.plus_seconds(overlap);
            let until = token.expires_at.map_or(until, |end| end.min(until));
            let replaced = PreviousSecret { hash: token.hash, until };
            let (parent, maker) = origin(&authority, token);
            let token = AccessToken::clone(token).with_secret(new_hash, parent, until, rotation.until_used);
            let secret_by = authority.account().map(|account| account.id);
            let token = token.with(|it| {
                (it.expires_at, it.retry, it.maker, it.secret_by) = (expires_at, retry, maker, secret_by);
            });
            put(change, &permit, &token)?;
            change.record_as(about(Act::TokenRotate, change, &token));
            if overlap == 0 {
                change.end_secret();
            }
            Ok((Arc::new(token), replaced))
        })?;
        self.rotated(&token, text, replaced, call.now)
    }

    /// Ends the replaced secret of an access token before its time; does nothing where there is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the caller may not see; [`Error::Denied`]
    pub fn end_overlap(&self, call: &Call, which: impl Into<WhichToken>) -> Result<TokenView, Error> {
        let asked = which.into();
        let (missing, deed) = (asked.to_string(), Deed::new(asked.act(Act::TokenEndOverlap), &asked).free(true));
        let token = self.change(call, deed, move |change| {
            let authority = change.authority()?;
            authority.signed_in()?;
            let token = Arc::clone(find_remembered(&authority, &asked)?);
            authority.view_token(&token)?;
            let permit = authority.change_token(&token)?;
            if token.replaced(authority.now()).is_none() {
                change.skip_record();
                return Ok(token);
            }
            let token = AccessToken::clone(&token).without_replaced();
            put(change, &permit, &token)?;
            change.record_as(about(Act::TokenEndOverlap, change, &token));
            Ok(Arc::new(token))
        })?;
        let view = self.changed_token(&token, call.now);
        view.ok_or_else(|| Error::not_found(Kind::AccessToken, missing))
    }

    fn rotated(
        &self,
        token: &Arc<AccessToken>,
        text: TokenText,
        replaced: PreviousSecret,
        now: Timestamp,
    ) -> Result<RotatedToken, Error> {
        let view = self.changed_token(token, now);
        let view = view.ok_or_else(|| Error::not_found(Kind::AccessToken, token.hash))?;
        Ok(RotatedToken { view, text, replaced })
    }

    /// Whether a request repeats a rotation whose answer was lost: it is sent again with the secret that was replaced and
    /// the key of the first time, within ten minutes, and nobody has used the new one. Otherwise it is a request like any
    /// other.
    #[must_use]
    pub fn may_repeat_rotation(&self, repeated: &RepeatedRotation, now: Timestamp) -> bool {
        repeated.shown().is_some_and(|shown| self.repeated_token(repeated, &shown, now).is_some())
    }

    /// The access token whose rotation is repeated, and its owner.
    fn repeated_token(
        &self,
        repeated: &RepeatedRotation,
        shown: &TokenHash,
        now: Timestamp,
    ) -> Option<(Arc<AccessToken>, Account)> {
        let (used, state) = self.present();
        let token = state.token_hashed(shown).filter(|_| repeated.hash == shown.to_string())?;
        let is_called = |owner: &Name| repeated.username.as_deref().is_none_or(|name| token.is_called(owner, name));
        let owner = state.account(token.owner).filter(|owner| is_called(&owner.name))?;
        may_repeat_rotation(&state, &used, token, shown, &repeated.key.0, now)?;
        Some((Arc::clone(token), Account::clone(owner)))
    }

    /// Repeats a rotation. The lost secret ends, and the answer has another; how long the replaced one lives on stays.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the request repeats none.
    pub fn repeat_rotation(
        &self,
        repeated: &RepeatedRotation,
        now: Timestamp,
        user_agent: String,
    ) -> Result<RotatedToken, Error> {
        let shown = repeated.shown().ok_or(Error::Unauthenticated)?;
        let (token, owner) = self.repeated_token(repeated, &shown, now).ok_or(Error::Unauthenticated)?;
        let (id, caller) = (token.id, Caller::of_replaced_secret(&owner, &token, shown, repeated.address));
        let call = Call { caller, now, user_agent };
        let (text, key) = (TokenText::from_random(random::bytes()?), repeated.key.0);
        let new_hash = text.hash();
        let (token, replaced) = self.change(&call, Deed::new(Act::TokenRotate, shown), move |change| {
            let token = change.state().token(id).cloned().ok_or(Error::Unauthenticated)?;
            let permit = may_repeat_rotation(change.state(), change.used(), &token, &shown, &key, now);
            let permit = permit.ok_or(Error::Unauthenticated)?;
            let replaced = token.previous.ok_or(Error::Unauthenticated)?;
            let token = AccessToken::clone(&token).with_secret_again(new_hash);
            put(change, &permit, &token)?;
            change.record_as(about(Act::TokenRotate, change, &token));
            change.end_secret();
            Ok((Arc::new(token), replaced))
        })?;
        self.rotated(&token, text, replaced, now)
    }
}
