//! Authentication: from credentials to a [`Caller`]. Besides it, only `events_secret` makes callers of requests.
//!
//! An access token may stand wherever a password may, and is never tried as a password. Unknown names, wrong
//! passwords, inactive accounts and users without a password cost the same work and get the same answer.

use std::fmt;
use std::net::IpAddr;
use std::sync::PoisonError;

use super::gate::{self, Visitor};
use super::passwords::Match;
use super::sessions::SessionSecret;
use super::throttle::Attempt;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Outcome};
use crate::domain::entered;
use crate::domain::id::Id;
use crate::domain::secret::{Password, TokenHash, TokenText, without_secrets};
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::domain::usage::SecretUse;
use crate::domain::user_name::UserName;
use crate::service::Service;
use crate::service::access::{
    Authority, Caller, PasswordProof, Proof, Refusal, Signed, Subject, counts_for, why_refused,
};
use crate::service::error::Error;
use crate::service::ledger::{Deed, Upkeep};
use crate::service::signing::Claims;
use crate::store::KnownAddress;

/// Most known addresses that one change writes.
const ADDRESS_BUNDLE: usize = 1_000;

/// What a request showed.
pub enum Credentials {
    /// Nothing.
    None,
    /// A user name, with a password or an access token.
    Basic {
        /// The user name, without what stands around it unseen.
        username: String,
        /// A password or an access token.
        password: Password,
    },
    /// A registry token.
    RegistryToken(String),
    /// The secret of a session.
    Session(SessionSecret),
    /// The local socket's peer, already known to be the data directory's owner or root.
    Local {
        /// The peer's user id.
        uid: u32,
    },
}

impl fmt::Debug for Credentials {
    /// Writes the kind, and nothing of the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::RegistryToken(_) => "RegistryToken",
            Self::Session(_) => "Session",
            Self::Local { .. } => "Local",
        })
    }
}

impl Credentials {
    /// A user name as it was sent, with a password or an access token.
    #[must_use]
    pub fn basic(username: &str, password: Password) -> Self {
        Self::Basic { username: entered::bare(username).to_owned(), password }
    }

    /// Whether checking them takes a slow hash, which must not run on a thread that serves requests.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        match self {
            Self::Basic { password, .. } => !password.is_access_token(),
            Self::None | Self::RegistryToken(_) | Self::Session(_) | Self::Local { .. } => false,
        }
    }
}

impl Service {
    /// Checks credentials. Blocks for a password's hash.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if they are wrong, without saying what is wrong; [`Error::TooManyRequests`] after
    /// too many wrong passwords.
    pub fn authenticate(
        &self,
        credentials: Credentials,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        match credentials {
            Credentials::None => Ok(Caller::new(Subject::Anonymous, address)),
            Credentials::Local { uid } => Ok(Self::local(uid)),
            Credentials::Session(secret) => {
                let caller = self.by_session(secret.reveal(), address, now)?;
                self.note_session_use(&caller, now);
                Ok(caller)
            }
            Credentials::RegistryToken(token) => self.by_registry_token(&token, address, now),
            Credentials::Basic { username, password } if username.is_empty() && password.reveal().is_empty() => {
                // Logged-out podman sends an empty name and password to a Basic challenge.
                Ok(Caller::new(Subject::Anonymous, address))
            }
            Credentials::Basic { username, password } if password.is_access_token() => {
                self.by_access_token(&username, &password, address, now)
            }
            Credentials::Basic { username, password } => self.by_password(&username, &password, address, now),
        }
    }

    /// Whether a sign-in by password would be refused now, without a slow hash: cheap, and before a thread is taken for
    /// it. The attempt is recorded like one that is refused later.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`]
    pub fn may_try_password(
        &self,
        credentials: &Credentials,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Credentials::Basic { username, password } = credentials else { return Ok(()) };
        let Some(from) = address else { return Ok(()) };
        let account = self.store.state().account_named(username).map(|account| account.id);
        let attempt = Attempt { username, account, address: from, password };
        let moment = self.clock.moment();
        let visitor = Visitor::from(address, self.throttle.is_known(&attempt, moment));
        let refused = match self.throttle.wait(&attempt, moment) {
            Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
            None if self.passwords.are_closed_to(visitor) => {
                self.throttle.turn_away(&attempt, moment);
                Err(gate::busy())
            }
            None => Ok(()),
        };
        if refused.is_err() {
            self.note_failure(username, Tried::Password, address, now);
        }
        refused
    }

    /// The local administrator, for what the process does on behalf of the user who runs it.
    #[must_use]
    pub fn local(uid: u32) -> Caller {
        Caller::new(Subject::Local { uid }, None)
    }

    fn by_access_token(
        &self,
        username: &str,
        password: &Password,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        let (used, state) = self.present();
        let text = TokenText::parse(password.reveal()).ok();
        let found = text.and_then(|text| {
            let hash = text.hash();
            let token = state.token_hashed(&hash)?;
            Some((token, state.account(token.owner)?, hash))
        });
        let shown = |token: &AccessToken, hash: &TokenHash| used.shown_by(token, hash, now);
        let accepted = found.filter(|(token, owner, hash)| {
            let stands = shown(token, hash).is_some_and(|shown| counts_for(&state, token, shown, now));
            stands && token.is_called(&owner.name, username)
        });
        let Some((token, owner, hash)) = accepted else {
            let refused =
                found.map(|(token, _, hash)| (&**token, why_refused(&state, token, shown(token, &hash), now)));
            self.note_failure(username, Tried::AccessToken(refused), address, now);
            return Err(Error::Unauthenticated);
        };
        self.note_use(token, hash, address, now);
        self.first_uses.note(token, &hash);
        let kind = CredentialKind::AccessToken;
        Ok(signed(owner.id, token.user_name(&owner.name), kind, Some(token.id), Proof::Secret(hash), address))
    }

    fn note_use(&self, token: &AccessToken, secret: TokenHash, address: Option<IpAddr>, now: Timestamp) {
        let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)).to_canonical();
        let used = SecretUse { secret, at: now.whole_seconds(), address };
        self.store.usage().note_secret(token.id, used, token.other_secret(&secret));
    }

    /// Notes that the access token which opened the caller's session was used.
    fn note_session_use(&self, caller: &Caller, now: Timestamp) {
        if let (Some(id), Some(secret)) = (caller.token(), caller.secret())
            && let Some(token) = self.store.state().token(id)
        {
            self.note_use(token, secret, caller.address, now);
        }
    }

    fn by_password(
        &self,
        username: &str,
        password: &Password,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        let account = self.store.state().account_named(username).cloned();
        let checked = self.check_password(username, account.as_deref(), password, address, now);
        if !matches!(checked, Ok(Some(_))) {
            self.note_failure(username, Tried::Password, address, now);
        }
        let (Some(account), Some(proof)) = (account, checked?) else { return Err(Error::Unauthenticated) };
        let (kind, name) = (CredentialKind::Password, account.name.clone().into());
        let caller = signed(account.id, name, kind, None, Proof::Password(proof), address);
        let deed = Deed::new(Act::AccountSignIn, &account.name).about_account(&account);
        self.note_event(&caller, deed.entry(&caller, Outcome::Success), now);
        Ok(caller)
    }

    /// Checks a password; answers the proof if it is the account's. Counts wrong ones, and after too many refuses
    /// without checking.
    pub(in crate::service) fn check_password(
        &self,
        username: &str,
        account: Option<&Account>,
        password: &Password,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<PasswordProof>, Error> {
        let id = account.map(|account| account.id);
        let attempt = address.map(|address| Attempt { username, account: id, address, password });
        let moment = self.clock.moment();
        let wait = || attempt.as_ref().and_then(|attempt| self.throttle.wait(attempt, moment));
        if let Some(retry_after) = wait() {
            return Err(Error::TooManyRequests { retry_after });
        }
        let stored = account.filter(|account| account.is_active && !account.is_organization());
        let stored = stored.and_then(|account| account.password.as_deref());
        let is_known = attempt.as_ref().is_some_and(|attempt| self.throttle.is_known(attempt, moment));
        let matched = self.passwords.with_place(Visitor::from(address, is_known), |place| {
            // Checked again: concurrent guesses all pass the first check before any of them is counted.
            if let Some(retry_after) = wait() {
                return Err(Error::TooManyRequests { retry_after });
            }
            let found = compared(password, |typed| place.compare(typed, stored));
            if let ((Match::No, bare), Some(attempt)) = (&found, &attempt) {
                // Each that was compared is a guess, and has cost a hash.
                let bare = bare.as_ref().map(|bare| Attempt { password: bare, ..*attempt });
                bare.iter().chain([attempt]).for_each(|guess| self.throttle.fail(guess, moment));
            }
            Ok(found)
        });
        if let (Err(_), Some(attempt)) = (&matched, &attempt) {
            self.throttle.turn_away(attempt, moment);
        }
        let (matched, bare) = matched??;
        let (Some(account), Some(stored)) = (account, stored) else { return Ok(None) };
        let proof = match matched {
            Match::No => return Ok(None),
            Match::Yes => PasswordProof::of(stored),
            Match::Outdated => {
                self.rehash(account, bare.as_ref().unwrap_or(password), address).unwrap_or(PasswordProof::of(stored))
            }
        };
        if let Some(attempt) = &attempt {
            self.note_success(attempt, account.id, now);
        }
        Ok(Some(proof))
    }

    /// Notes the address that an account signed in from. It is written later: a sign-in does not wait for the disk.
    fn note_success(&self, attempt: &Attempt<'_>, account: Id, now: Timestamp) {
        if let Some(news) = self.throttle.succeed(attempt, account, self.clock.moment()) {
            let known = KnownAddress { account, address: news.address, at: now };
            self.known_addresses.lock().unwrap_or_else(PoisonError::into_inner).push((known, news.evicted));
        }
    }

    /// Writes the addresses that accounts signed in from since the last write.
    pub(in crate::service) fn save_known_addresses(&self) {
        let news = std::mem::take(&mut *self.known_addresses.lock().unwrap_or_else(PoisonError::into_inner));
        for bundle in news.chunks(ADDRESS_BUNDLE) {
            let bundle = bundle.to_vec();
            // A lost address costs little: after many wrong passwords, its account has to wait there like a stranger.
            let _ = self.keep(Upkeep::KnownAddresses, move |txn| {
                bundle.iter().try_for_each(|(known, evicted)| {
                    if let Some(evicted) = evicted {
                        txn.remove_known_address(known.account, *evicted);
                    }
                    txn.put_known_address(known).map_err(Error::from)
                })
            });
        }
    }

    /// Rehashes the password with today's parameters, unless it was changed meanwhile; answers the proof if it was
    /// stored.
    fn rehash(&self, account: &Account, password: &Password, address: Option<IpAddr>) -> Option<PasswordProof> {
        let (id, old) = (account.id, account.password.clone());
        let result = self.passwords.hash(password, address).and_then(|hash| {
            self.keep(Upkeep::PasswordHash, move |txn| {
                let present = txn.state().account(id).filter(|account| account.password == old).cloned();
                let Some(account) = present else { return Ok(None) };
                // The password is the same, so its generation is, too: what was made with it goes on counting.
                txn.put_account(Account { password: Some(hash.clone()), ..Account::clone(&account) })?;
                Ok(Some(PasswordProof::of(&hash)))
            })
        });
        // If this fails, the old hash goes on verifying the password.
        result.unwrap_or_default()
    }

    /// The caller that `dkp` of a registry token of ours names, if its account and access token still count.
    fn by_registry_token(&self, token: &str, address: Option<IpAddr>, now: Timestamp) -> Result<Caller, Error> {
        let settings = &self.settings;
        let claims = self.signer.verify(token, &settings.issuer, &settings.services, now);
        let claims = claims.map_err(|_| Error::Unauthenticated)?;
        let caller = self.caller_of(&claims, address).ok_or(Error::Unauthenticated)?;
        let (used, state) = self.present();
        Authority::of(&state, &used, &caller, now)?;
        Ok(caller)
    }

    fn caller_of(&self, claims: &Claims, address: Option<IpAddr>) -> Option<Caller> {
        let Some(account) = &claims.dkp.account else {
            return Some(Caller::new(Subject::Anonymous, address)).filter(|_| claims.dkp.token.is_none());
        };
        let account = account.parse().ok()?;
        let token = match &claims.dkp.token {
            Some(token) => Some(token.parse().ok()?),
            None => None,
        };
        let state = self.store.state();
        let (owner, token_there) = (state.account(account)?, token.and_then(|token| state.token(token)));
        let name = token_there.map_or_else(|| owner.name.clone().into(), |token| token.user_name(&owner.name));
        // A token of an earlier dockpass names no generation: then there was only one password and one secret.
        let proof = Proof::Generation(claims.dkp.generation.unwrap_or(0));
        let signed = Signed { account, name, kind: CredentialKind::RegistryToken, token, proof };
        Some(Caller::new(Subject::Account(signed), address))
    }

    /// Records and tells of a sign-in that was refused. Of an access token that exists the record says which it is, and
    /// why it is refused; the caller does not learn that it exists.
    fn note_failure(&self, username: &str, shown: Tried<'_>, address: Option<IpAddr>, now: Timestamp) {
        let state = self.store.state();
        // The name is recorded only if an account or a robot has it: people type passwords into the wrong field.
        let known = UserName::parse(username).ok().and_then(|name| state.account_signing_in(&name));
        let tried = known.map_or_else(|| "(no such account)".to_owned(), |_| username.to_owned());
        let anonymous = Caller::new(Subject::Anonymous, address);
        let deed = Deed::new(Act::AccountSignIn, &tried);
        let deed = known.into_iter().fold(deed, |deed, account| deed.about_account(account));
        let (credential, deed, id, reason) = match shown {
            Tried::Password => (CredentialKind::Password, deed, None, None),
            Tried::AccessToken(None) => (CredentialKind::AccessToken, deed, None, None),
            Tried::AccessToken(Some((token, refusal))) => {
                let reason = without_secrets(&refusal.to_string());
                (CredentialKind::AccessToken, deed.about_token(&state, token), Some(token.id), Some(reason))
            }
        };
        let entry = deed.entry(&anonymous, Outcome::Denied);
        let entry = AuditEntry { credential, credential_id: id, actor: tried, reason, ..entry };
        self.tell_refusal("sign-in", &entry, "", now);
        self.note_event(&anonymous, entry, now);
    }
}

/// Compares a password as it was typed and, if that is not it, without what stands around it unseen: old passwords may
/// have it. Answers the latter if that was compared.
fn compared(typed: &Password, mut compare: impl FnMut(&Password) -> Match) -> (Match, Option<Password>) {
    match (compare(typed), typed.bare()) {
        (Match::No, Some(bare)) => (compare(&bare), Some(bare)),
        (matched, _) => (matched, None),
    }
}

/// What was shown and refused.
enum Tried<'t> {
    Password,
    /// An access token; if it exists, which, and why it is refused.
    AccessToken(Option<(&'t AccessToken, Refusal)>),
}

fn signed(
    account: Id,
    name: UserName,
    kind: CredentialKind,
    token: Option<Id>,
    proof: Proof,
    address: Option<IpAddr>,
) -> Caller {
    Caller::new(Subject::Account(Signed { account, name, kind, token, proof }), address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str, stored: &str) -> (Match, Option<String>) {
        let is_it = |shown: &Password| if shown.reveal() == stored { Match::Outdated } else { Match::No };
        let (matched, bare) = compared(&Password::new(typed.to_owned()), is_it);
        (matched, bare.map(|bare| bare.reveal().to_owned()))
    }

    #[test]
    fn an_old_password_counts_as_it_was_typed_and_a_new_one_without_its_line_end() {
        assert_eq!(found("sekret\n", "sekret\n"), (Match::Outdated, None));
        assert_eq!(found("sekret", "sekret\n"), (Match::No, None));
        // What is hashed anew is what matched.
        assert_eq!(found("sekret\r\n", "sekret"), (Match::Outdated, Some("sekret".to_owned())));
        assert_eq!(found("guess\n", "sekret"), (Match::No, Some("guess".to_owned())));
        assert_eq!(found("sekret ", "sekret"), (Match::No, None));
    }
}
