//! Sign-in by password: compared in its turn at the gate, unless it was verified within the last minute, and throttled.
//!
//! Unknown names, wrong passwords, inactive accounts and users without a password cost the same work and get the same
//! answer.

use std::net::IpAddr;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::credentials::Credentials;
use super::failures::Tried;
use super::gate::{self, Visitor};
use super::passwords::Match;
use super::remembered::Remembered;
use super::throttle::Attempt;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{CredentialKind, Outcome};
use crate::domain::bcrypt_hash::BcryptHash;
use crate::domain::id::Id;
use crate::domain::secret::Password;
use crate::domain::time::{Moment, Timestamp};
use crate::metrics::SignInFailure;
use crate::service::Service;
use crate::service::access::{Caller, PasswordProof, Proof, Signed, Subject};
use crate::service::error::Error;
use crate::service::ledger::{Deed, Upkeep};
use crate::store::KnownAddress;

/// Most known addresses that one change writes.
const ADDRESS_BUNDLE: usize = 1_000;

/// What a password that was verified within the last minute is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// As much as one that is compared now.
    Counts,
    /// Nothing; the comparison is remembered.
    Ignored,
    /// Nothing, and the comparison is not remembered either: it is no sign-in.
    Untouched,
}

/// A password that somebody shows for a name.
#[derive(Clone, Copy)]
pub(in crate::service) struct Shown<'a> {
    pub(in crate::service) username: &'a str,
    pub(in crate::service) password: &'a Password,
    /// None over the local socket.
    pub(in crate::service) address: Option<IpAddr>,
    pub(in crate::service) now: Timestamp,
}

impl<'a> Shown<'a> {
    /// This as an attempt at an account, if it is there; none without an address, which is not throttled.
    fn attempt(&self, account: Option<Id>) -> Option<Attempt<'a>> {
        let Self { username, password, address, .. } = *self;
        address.map(|address| Attempt { username, account, address, password })
    }
}

impl Service {
    /// The caller of a password that was verified from there within the last minute, without a slow hash and without another
    /// record of the sign-in; none if only [`Self::authenticate`] can tell.
    pub fn recall(&self, credentials: &Credentials, address: Option<IpAddr>, now: Timestamp) -> Option<Caller> {
        let Credentials::Basic { username, password } = credentials else { return None };
        if !credentials.is_slow() {
            return None;
        }
        let attempt = Attempt { username, account: None, address: address?, password };
        let account = self.recalled(&attempt)?;
        let proof = PasswordProof::of(account.password.as_deref()?);
        self.note_success(&attempt, account.id, now);
        Some(caller(&account, proof, address))
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
            self.metrics.sign_in_failures.count((SignInFailure::Throttled,));
            self.note_failure(username, Tried::Password, address, now);
        }
        refused
    }

    /// The caller whose password this is.
    pub(super) fn by_password(&self, shown: &Shown<'_>, memory: Memory) -> Result<Caller, Error> {
        let began = self.clock.moment();
        let account = self.store.state().account_named(shown.username).cloned();
        let checked = self.compare_password(shown, account.as_ref(), began, memory);
        let failure = match (&checked, &account) {
            (Ok(Some(_)), _) => None,
            (Err(Error::TooManyRequests { .. }), _) => Some(SignInFailure::Throttled),
            (Err(_), _) => Some(SignInFailure::Internal),
            (Ok(None), None) => Some(SignInFailure::UnknownAccount),
            (Ok(None), Some(account)) if !account.is_active => Some(SignInFailure::InactiveAccount),
            (Ok(None), Some(_)) => Some(SignInFailure::WrongPassword),
        };
        if let Some(failure) = failure {
            self.metrics.sign_in_failures.count((failure,));
            self.note_failure(shown.username, Tried::Password, shown.address, shown.now);
        }
        let (Some(account), Some(right)) = (account, checked?) else { return Err(Error::Unauthenticated) };
        let caller = caller(&account, right.proof, shown.address);
        if right.is_compared {
            let deed = Deed::new(Act::AccountSignIn, &account.name).about_account(&account);
            self.note_event(&caller, deed.entry(&caller, Outcome::Success), shown.now);
        }
        Ok(caller)
    }

    /// Checks a password; answers the proof if it is the account's. Counts wrong ones, and after too many refuses
    /// without checking. What is remembered counts for nothing here: whoever sets another password knows the present one,
    /// and was not just let in with it.
    pub(in crate::service) fn check_password(
        &self,
        shown: &Shown<'_>,
        account: &Arc<Account>,
    ) -> Result<Option<PasswordProof>, Error> {
        let right = self.compare_password(shown, Some(account), self.clock.moment(), Memory::Untouched)?;
        Ok(right.map(|right| right.proof))
    }

    /// Compares a password in its turn at the gate, unless by then it is remembered to be that of the very account.
    /// `began` is before the account was looked up.
    fn compare_password(
        &self,
        shown: &Shown<'_>,
        account: Option<&Arc<Account>>,
        began: Moment,
        memory: Memory,
    ) -> Result<Option<Right>, Error> {
        let attempt = shown.attempt(account.map(|account| account.id));
        let moment = self.clock.moment();
        let stored = account.filter(|account| account.is_active && !account.is_organization());
        let stored = stored.and_then(|account| account.password.as_deref());
        let bcrypt = stored.and_then(|stored| BcryptHash::parse(stored).ok());
        let is_known = attempt.as_ref().is_some_and(|attempt| self.throttle.is_known(attempt, moment));
        let visitor = Visitor::from(shown.address, is_known);
        // That of this account may have been the last one a moment ago.
        let highest = bcrypt.as_ref().map(BcryptHash::cost).max(self.store.state().highest_bcrypt_cost());
        let compared = Comparison { typed: shown.password, attempt, account, stored, bcrypt, highest, visitor, moment };
        self.refuse_throttled(&compared)?;
        let mut found = self.compare_usual(&compared, began, memory)?;
        if let (Some((Match::No, bare)), Some(highest)) = (&found, highest) {
            found = Some(self.compare_imported(&compared, bare.as_ref(), highest)?);
        }
        let (Some(account), Some(stored)) = (account, stored) else { return Ok(None) };
        let proof = match &found {
            Some((Match::No, _)) => return Ok(None),
            Some((Match::Yes, _)) | None => PasswordProof::of(stored),
            Some((Match::Outdated, bare)) => self
                .rehash(account, bare.as_ref().unwrap_or(shown.password), shown.address)
                .unwrap_or(PasswordProof::of(stored)),
        };
        if let Some(attempt) = &compared.attempt {
            self.note_success(attempt, account.id, shown.now);
        }
        Ok(Some(Right { proof, is_compared: found.is_some() }))
    }

    /// Compares with what argon2id made; with a hash of bcrypt, or none, it costs the same and finds nothing. None if the
    /// password is remembered.
    fn compare_usual(&self, compared: &Comparison<'_>, began: Moment, memory: Memory) -> Result<Option<Found>, Error> {
        let passed = self.passwords.with_place(compared.visitor, |place| {
            // Checked again: concurrent guesses all pass the first check before any of them is counted.
            self.refuse_throttled(compared)?;
            // Looked up and noted with the place in hand: of many requests at once, the first one is compared, and whoever
            // gets its place finds what that found.
            let at = compared.attempt.as_ref().zip(compared.account);
            if memory == Memory::Counts && at.is_some_and(|(attempt, account)| self.is_remembered(attempt, account)) {
                return Ok(None);
            }
            let found = found(compared.typed, |typed| place.compare(typed, compared.stored));
            match &found {
                // While there is a hash of bcrypt, the work of that comes first, whosever it is.
                (Match::No, bare) if compared.highest.is_none() => self.count_wrong(compared, bare.as_ref()),
                // One that is hashed anew is of another record at once.
                (Match::Yes, _) if memory != Memory::Untouched => {
                    at.iter().for_each(|(attempt, account)| self.remembered().keep(attempt, account, began));
                }
                _ => (),
            }
            Ok(Some(found))
        });
        self.inside(compared, passed)
    }

    /// The work of bcrypt, which a password costs that argon2id did not find right: the same whatever is stored, and counted at
    /// the same point, so that nobody can tell by either whose password was imported. Who finds no place has made a guess all
    /// the same.
    fn compare_imported(
        &self,
        compared: &Comparison<'_>,
        bare: Option<&Password>,
        highest: u32,
    ) -> Result<Found, Error> {
        let bcrypt = compared.bcrypt.as_ref();
        let passed = self.passwords.with_imported_place(compared.visitor, |place| {
            self.refuse_throttled(compared)?;
            let found = found(compared.typed, |typed| place.compare(typed, bcrypt, highest));
            if let (Match::No, bare) = &found {
                self.count_wrong(compared, bare.as_ref());
            }
            Ok(found)
        });
        if passed.is_err() {
            self.count_wrong(compared, bare);
        }
        self.inside(compared, passed)
    }

    fn refuse_throttled(&self, compared: &Comparison<'_>) -> Result<(), Error> {
        let wait = compared.attempt.as_ref().and_then(|attempt| self.throttle.wait(attempt, compared.moment));
        wait.map_or(Ok(()), |retry_after| Err(Error::TooManyRequests { retry_after }))
    }

    /// Each that was compared is a guess, and has cost a hash.
    fn count_wrong(&self, compared: &Comparison<'_>, bare: Option<&Password>) {
        let Some(attempt) = &compared.attempt else { return };
        let bare = bare.map(|bare| Attempt { password: bare, ..*attempt });
        bare.iter().chain([attempt]).for_each(|guess| self.throttle.fail(guess, compared.moment));
    }

    /// What was found behind a gate; notes who was not let in.
    fn inside<T>(&self, compared: &Comparison<'_>, passed: Result<Result<T, Error>, Error>) -> Result<T, Error> {
        if let (Err(_), Some(attempt)) = (&passed, &compared.attempt) {
            self.throttle.turn_away(attempt, compared.moment);
        }
        passed?
    }

    fn is_remembered(&self, attempt: &Attempt<'_>, account: &Arc<Account>) -> bool {
        self.recalled(attempt).is_some_and(|recalled| Arc::ptr_eq(&recalled, account))
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account, as it is now, whose password an attempt showed before: from there, and within the last minute.
    fn recalled(&self, attempt: &Attempt<'_>) -> Option<Arc<Account>> {
        let present = || self.store.state().account_named(attempt.username).cloned();
        self.remembered().recall(attempt, &self.throttle, present, self.clock.moment())
    }

    /// Forgets the passwords that were verified longer ago than they count.
    pub(in crate::service) fn forget_verified(&self) {
        self.remembered().sweep(self.clock.moment());
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
        let (id, old, generation) = (account.id, account.password.clone(), account.generation);
        let result = self.passwords.hash(password, address).and_then(|hash| {
            self.keep(Upkeep::PasswordHash, move |txn| {
                let present = txn.state().account(id).filter(|it| it.is_active && it.generation == generation);
                let Some(account) = present.cloned() else { return Ok(None) };
                if account.password != old {
                    // Somebody who signed in at the same time was faster; it is the same password.
                    return Ok(account.password.as_deref().map(PasswordProof::of));
                }
                // The password is the same, so its generation is, too: what was made with it goes on counting.
                txn.put_account(Account { password: Some(hash.clone()), ..Account::clone(&account) })?;
                Ok(Some(PasswordProof::of(&hash)))
            })
        });
        // If this fails, the old hash goes on verifying the password.
        result.unwrap_or_default()
    }
}

/// How a password compares, and as what, if not as it was typed.
type Found = (Match, Option<Password>);

/// A password that is compared with that of an account.
struct Comparison<'a> {
    typed: &'a Password,
    /// None over the local socket, which is not throttled.
    attempt: Option<Attempt<'a>>,
    account: Option<&'a Arc<Account>>,
    /// What the account has, if it may sign in with it.
    stored: Option<&'a str>,
    /// The same, if it was imported.
    bcrypt: Option<BcryptHash>,
    /// The highest cost of bcrypt that any account has; none if no password is an imported one.
    highest: Option<u32>,
    visitor: Visitor,
    moment: Moment,
}

/// Compares a password as it was typed and, if that is not it, without what stands around it unseen: old passwords may
/// have it. Answers the latter if that was compared.
fn found(typed: &Password, mut compare: impl FnMut(&Password) -> Match) -> Found {
    match (compare(typed), typed.bare()) {
        (Match::No, Some(bare)) => (compare(&bare), Some(bare)),
        (matched, _) => (matched, None),
    }
}

/// A password that is the account's.
struct Right {
    proof: PasswordProof,
    /// Whether it was compared, and not only remembered.
    is_compared: bool,
}

/// The caller who showed the password of an account.
fn caller(account: &Account, proof: PasswordProof, address: Option<IpAddr>) -> Caller {
    let (kind, name) = (CredentialKind::Password, account.name.clone().into());
    let signed = Signed { account: account.id, name, kind, token: None, proof: Proof::Password(proof) };
    Caller::new(Subject::Account(signed), address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_of(typed: &str, stored: &str) -> (Match, Option<String>) {
        let is_it = |shown: &Password| if shown.reveal() == stored { Match::Outdated } else { Match::No };
        let (matched, bare) = found(&Password::new(typed.to_owned()), is_it);
        (matched, bare.map(|bare| bare.reveal().to_owned()))
    }

    #[test]
    fn an_old_password_counts_as_it_was_typed_and_a_new_one_without_its_line_end() {
        assert_eq!(found_of("sekret\n", "sekret\n"), (Match::Outdated, None));
        assert_eq!(found_of("sekret", "sekret\n"), (Match::No, None));
        // What is hashed anew is what matched.
        assert_eq!(found_of("sekret\r\n", "sekret"), (Match::Outdated, Some("sekret".to_owned())));
        assert_eq!(found_of("guess\n", "sekret"), (Match::No, Some("guess".to_owned())));
        assert_eq!(found_of("sekret ", "sekret"), (Match::No, None));
    }
}
