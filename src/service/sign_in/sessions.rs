//! Sessions of the web pages: a secret in a cookie that stands for a sign-in.
//!
//! In memory only: a restart ends them. A session counts only while the credential that opened it does: a new
//! password, a deactivated account, and a rotated, deactivated, expired or deleted access token end it, for good: it does not
//! come back with an account or access token that is activated again. It also ends after twelve hours without use, and
//! after seven days.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::domain::act::Act;
use crate::domain::audit::{CredentialKind, Outcome};
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::random;
use crate::domain::secret::{PREFIX, TokenText};
use crate::domain::time::{Moment, Timestamp};
use crate::domain::token::{AccessToken, ENDS_SOON, Limits, TokenState};
use crate::service::Service;
use crate::service::access::{Authority, Call, Caller, SessionKey, Signed, Subject, standing};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::store::State;

/// How long a session lives without use, in seconds.
const IDLE: i64 = 12 * 3_600;
/// How long it lives at most, in seconds.
pub const LONGEST_SESSION: i64 = 7 * 24 * 3_600;
/// Most sessions that one credential opened; beyond that, its least recently used one ends. A narrowed access token so
/// signs nobody out who signed in with the password.
const PER_CREDENTIAL: usize = 50;
/// Most sessions of one account; beyond that, the least recently used one of its access tokens ends.
const PER_ACCOUNT: usize = 500;
/// Most access tokens of each kind that a session tells of: those that end soon, those that were revoked.
const MOST_TOLD: usize = 20;
/// Most sessions of all accounts together; beyond that, the least recently used one ends.
const MOST: usize = 100_000;

/// The secret of a session, for the one answer that sets the cookie.
pub struct SessionSecret(Zeroizing<String>);

impl SessionSecret {
    /// The secret as it came in a cookie.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text: letters and digits.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

#[derive(Clone)]
pub(super) struct Session {
    /// Names it where its secret must not stand; whoever knows it has nothing.
    pub(super) id: Id,
    pub(super) signed: Signed,
    /// The kind of credential that opened it.
    pub(super) opened_with: CredentialKind,
    pub(super) opened_at: Moment,
    pub(super) used_at: Moment,
    /// The address of the last use.
    pub(super) address: Option<IpAddr>,
    /// The client that opened it.
    pub(super) user_agent: Arc<str>,
}

impl Session {
    /// When it ends, unless it is used before then.
    pub(super) fn ends_at(&self) -> Moment {
        self.used_at.plus_seconds(IDLE).min(self.opened_at.plus_seconds(LONGEST_SESSION))
    }
}

/// The open sessions.
#[derive(Default)]
pub(in crate::service) struct Sessions(Mutex<HashMap<SessionKey, Session>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, key: SessionKey, session: Session) {
        let mut sessions = self.lock();
        let Signed { account, token, .. } = session.signed;
        make_room(&mut sessions, PER_CREDENTIAL, |other| other.account == account && other.token == token);
        make_room(&mut sessions, PER_ACCOUNT, |other| other.account == account && other.token.is_some());
        make_room(&mut sessions, MOST, |_| true);
        sessions.insert(key, session);
    }

    /// Ends these sessions for good, whatever becomes of the credential that opened them.
    pub(super) fn end(&self, which: impl Fn(&Signed) -> bool) {
        self.lock().retain(|_, session| !which(&session.signed));
    }

    /// Ends those of an account for which this holds; returns how many.
    pub(super) fn end_of(&self, account: Id, which: impl Fn(SessionKey, &Session) -> bool) -> usize {
        let mut sessions = self.lock();
        let before = sessions.len();
        sessions.retain(|key, session| session.signed.account != account || !which(*key, session));
        before - sessions.len()
    }

    /// Those of an account, in no order.
    pub(super) fn of(&self, account: Id) -> Vec<(SessionKey, Session)> {
        let sessions = self.lock();
        let of_it = sessions.iter().filter(|(_, session)| session.signed.account == account);
        of_it.map(|(key, session)| (*key, session.clone())).collect()
    }

    /// The session, if it has not timed out; notes the use.
    fn used(&self, key: SessionKey, address: Option<IpAddr>, now: Moment) -> Option<Session> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(&key)?;
        if session.ends_at() <= now {
            sessions.remove(&key);
            return None;
        }
        session.used_at = now;
        session.address = address;
        Some(session.clone())
    }

    fn get(&self, key: SessionKey) -> Option<Session> {
        self.lock().get(&key).cloned()
    }

    fn close(&self, key: SessionKey) -> bool {
        self.lock().remove(&key).is_some()
    }

    /// Drops sessions that have timed out.
    pub(in crate::service) fn clean(&self, now: Moment) {
        self.lock().retain(|_, session| session.ends_at() > now);
    }
}

/// Ends the least recently used ones of these sessions until there is room for one more.
fn make_room(sessions: &mut HashMap<SessionKey, Session>, most: usize, which: impl Fn(&Signed) -> bool) {
    let of_these = sessions.iter().filter(|(_, session)| which(&session.signed));
    let mut of_these: Vec<_> = of_these.map(|(key, session)| (session.used_at, *key)).collect();
    let too_many = (of_these.len() + 1).saturating_sub(most);
    if too_many > 0 {
        of_these.sort_unstable_by_key(|(used_at, _)| *used_at);
        of_these.iter().take(too_many).for_each(|(_, key)| drop(sessions.remove(key)));
    }
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Who signed in.
    pub username: String,
    /// Name in full.
    pub full_name: String,
    /// Whether it acts as a system administrator.
    pub is_admin: bool,
    /// The kind of credential that opened it: password or access token.
    pub credential: CredentialKind,
    /// What the access token allows at most; no limit without one.
    pub limits: Limits,
    /// When it ends, unless it is used before then.
    pub expires_at: Timestamp,
    /// Whether the user must set a new password first.
    pub set_password: bool,
    /// The site's default lifetime of access tokens, in seconds; none is never.
    pub token_default_lifetime: Option<i64>,
    /// The site's longest lifetime of access tokens, in seconds; only without one does a page offer "never".
    pub token_max_lifetime: Option<i64>,
    /// The account's access tokens, and the robots of the organizations that it administers, that whoever held them has
    /// ended for good, until they are deleted, each with its owner's name; not all, and none to a narrowed access token.
    pub revoked_tokens: Vec<(Arc<AccessToken>, Name)>,
    /// The account's access tokens, and the robots of the organizations that it administers, that end soon, the next end
    /// first, each with its owner's name; not all, and none to a narrowed access token.
    pub ending_tokens: Vec<(Arc<AccessToken>, Name)>,
    /// From where the account signed in lately for the first time in 30 days, the newest first, as far as this process saw
    /// it: of IPv6 addresses the /64. Not from where the request comes, and none to a narrowed access token.
    pub new_addresses: Vec<(IpAddr, Timestamp)>,
}

impl Service {
    /// Opens a session for an account that has just signed in.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for other callers.
    pub fn open_session(&self, call: &Call) -> Result<SessionSecret, Error> {
        let Subject::Account(signed) = &call.caller.subject else { return Err(Error::Unauthenticated) };
        let opened_with = match signed.kind {
            CredentialKind::Password | CredentialKind::AccessToken => signed.kind,
            // Neither a session nor a registry token opens a session.
            CredentialKind::None
            | CredentialKind::RegistryToken
            | CredentialKind::Session
            | CredentialKind::Socket
            | CredentialKind::System
            | CredentialKind::Registry => return Err(Error::Unauthenticated),
        };
        let deed = Deed::new(Act::SessionOpen, call.caller.actor());
        self.view(call, deed.act, &deed.object, |authority| authority.open_session().map(drop))?;
        // Each leaves a record, and an access token costs no hash.
        self.count_change(call, &deed)?;
        let secret = TokenText::from_random(random::bytes()?);
        let secret = SessionSecret::shown(secret.reveal().trim_start_matches(PREFIX));
        let signed = Signed { kind: CredentialKind::Session, ..signed.clone() };
        let moment = self.clock.moment();
        let session = Session {
            id: Id::new(call.now, random::bytes()?),
            signed,
            opened_with,
            opened_at: moment,
            used_at: moment,
            address: call.caller.address,
            user_agent: call.user_agent.as_str().into(),
        };
        self.sessions.open(SessionKey::of(secret.reveal()), session);
        let entry = deed.entry(&call.caller, Outcome::Success);
        self.note_event(&call.caller, entry, call.now);
        Ok(secret)
    }

    /// The caller that a session's secret stands for.
    pub(super) fn by_session(&self, secret: &str, address: Option<IpAddr>, now: Timestamp) -> Result<Caller, Error> {
        let key = SessionKey::of(secret);
        let session = self.sessions.used(key, address, self.clock.moment()).ok_or(Error::Unauthenticated)?;
        let caller = Caller::new(Subject::Account(session.signed), address).with_session(key);
        let (used, state) = self.present();
        if let Err(error) = Authority::of(&state, &used, &caller, now) {
            self.sessions.close(key);
            return Err(error);
        }
        Ok(caller)
    }

    /// The session that was just opened with this secret or, without one, the one that the caller has shown.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] without a session.
    pub fn view_session(&self, call: &Call, opened: Option<&SessionSecret>) -> Result<SessionView, Error> {
        let key = opened.map(|secret| SessionKey::of(secret.reveal())).or(call.caller.session);
        let session = key.and_then(|key| self.sessions.get(key)).ok_or(Error::Unauthenticated)?;
        self.view(call, Act::SessionView, "", |authority| {
            let account = authority.account().ok_or(Error::Unauthenticated)?;
            let token = authority.token();
            let ends_at = session.ends_at().on(call.now, self.clock.moment());
            let settings = self.settings.live.at(authority.state());
            Ok(SessionView {
                username: account.name.to_string(),
                full_name: account.full_name.clone(),
                is_admin: authority.is_administrator(),
                credential: session.opened_with,
                limits: token.map_or_else(Limits::none, |token| token.limits.clone()),
                expires_at: token.and_then(|token| token.expires_at).map_or(ends_at, |end| end.min(ends_at)),
                set_password: token.map_or(account.password_set_by_admin, |token| token.temporary_password),
                token_default_lifetime: settings.token_default_lifetime.seconds(),
                token_max_lifetime: settings.token_max_lifetime.seconds(),
                revoked_tokens: revoked_tokens(authority),
                ending_tokens: ending_tokens(authority),
                new_addresses: self.new_addresses(authority, call),
            })
        })
    }

    fn new_addresses(&self, authority: &Authority<'_>, call: &Call) -> Vec<(IpAddr, Timestamp)> {
        let Some(account) = authority.account().filter(|_| authority.only_token().is_none()) else { return Vec::new() };
        let moment = self.clock.moment();
        let new = self.throttle.new_sources(account.id, call.caller.address, moment);
        new.into_iter().map(|(source, at)| (source, at.on(call.now, moment).whole_seconds())).collect()
    }

    /// Ends a session that another one replaces.
    pub fn replace_session(&self, secret: &SessionSecret) {
        self.sessions.close(SessionKey::of(secret.reveal()));
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] without a session.
    pub fn close_session(&self, call: &Call) -> Result<(), Error> {
        let closed = call.caller.session.is_some_and(|key| self.sessions.close(key));
        if closed { Ok(()) } else { Err(Error::Unauthenticated) }
    }
}

/// Some of what concerns the caller and was ended for good by whoever held it, each with its owner's name.
fn revoked_tokens(authority: &Authority<'_>) -> Vec<(Arc<AccessToken>, Name)> {
    authority.revoked_tokens().take(MOST_TOLD).filter_map(|token| with_owner(authority.state(), token)).collect()
}

fn with_owner(state: &State, token: &Arc<AccessToken>) -> Option<(Arc<AccessToken>, Name)> {
    Some((Arc::clone(token), state.account(token.owner)?.name.clone()))
}

/// The caller's access tokens, and the robots of the organizations that it administers, that are accepted and end soon, the
/// next end first, each with its owner's name.
fn ending_tokens(authority: &Authority<'_>) -> Vec<(Arc<AccessToken>, Name)> {
    let (state, now) = (authority.state(), authority.now());
    if authority.only_token().is_some() {
        return Vec::new();
    }
    let soon = |end: Timestamp| now < end && end < now.plus_seconds(ENDS_SOON);
    let tokens = authority.owners().into_iter().flat_map(|owner| state.tokens_of(owner.id, None));
    let ending = tokens.filter(|token| token.expires_at.is_some_and(soon));
    let mut accepted: Vec<_> = ending.filter(|token| standing(state, token, now).state == TokenState::Active).collect();
    accepted.sort_by_key(|token| (token.expires_at, token.id));
    accepted.truncate(MOST_TOLD);
    accepted.into_iter().filter_map(|token| with_owner(state, token)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::access::{PasswordProof, Proof};

    fn session(account: u128, token: Option<u128>, used_at: i64) -> Session {
        let id = |number: u128| Id::from_bytes(number.to_be_bytes());
        let signed = Signed {
            account: id(account),
            name: Name::parse("alice").unwrap().into(),
            kind: CredentialKind::Session,
            token: token.map(id),
            proof: Proof::Password(PasswordProof::of("hash")),
        };
        let moment = Moment::from_seconds(used_at);
        Session {
            id: Id::MIN,
            signed,
            opened_with: CredentialKind::Password,
            opened_at: moment,
            used_at: moment,
            address: None,
            user_agent: "".into(),
        }
    }

    #[test]
    fn an_account_has_five_hundred_sessions_of_its_access_tokens_beside_those_of_its_password() {
        let sessions = Sessions::default();
        let key = |number: i64| SessionKey::of(&number.to_string());
        for number in 0..40 {
            sessions.open(key(number), session(1, None, number));
        }
        for number in 100..100 + 503 {
            sessions.open(key(number), session(1, Some(u128::try_from(number).unwrap()), number));
        }
        sessions.open(key(9_000), session(2, Some(9_000), 0));
        let open = sessions.lock();
        let is_open = |numbers: std::ops::Range<i64>| numbers.filter(|number| open.contains_key(&key(*number))).count();
        assert_eq!(is_open(0..40), 40, "they sign nobody out");
        // The least recently used ones have ended.
        assert_eq!((is_open(100..103), is_open(103..603), open.len()), (0, 500, 541));
    }
}
