//! The two ways into the store. A caller's change asks for permission, does the work, then writes the audit record, all
//! in one transaction on the writer's thread. Upkeep is what dockpass writes for itself, each case by name.

use std::fmt;

use super::deed::{Deed, audited_account, audited_repository, label};
use super::ending;
use super::pace::Pace;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditRecord, Occurrence, Outcome};
use crate::domain::grant::GrantTarget;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::source;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Administered, Allowed, Authority, Call, Permit, Used};
use crate::service::error::Error;
use crate::store::{Present, Share, State, Txn, WriteAccess};

/// New passwords of an account a minute: far more than anybody sets.
const PASSWORDS_PER_MINUTE: u32 = 30;
/// Requests of a source a minute that revoke access tokens by their secrets.
const REVOCATIONS_PER_MINUTE: u32 = 60;

/// The right to change the store. Only this module can use it, so no change gets past the two ways above.
pub(in crate::service) struct Writing(WriteAccess);

impl Writing {
    pub(in crate::service) fn new(access: WriteAccess) -> Self {
        Self(access)
    }
}

/// The writes that need no permit, since dockpass makes them for itself and not for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Upkeep {
    /// The first account, on the first start.
    FirstAccount,
    /// A correct password, hashed again with today's parameters.
    PasswordHash,
    /// The addresses that accounts signed in from.
    KnownAddresses,
    /// The rotations that are repeated no more, since the secrets that they made were used.
    FirstUses,
    /// The pulls and pushes counted so far.
    Pulls,
    /// Denials, sign-ins and other events that are recorded later than they happen.
    AuditEvents,
    /// The removal of old records from the audit log.
    AuditRemoval,
    /// Warnings of access tokens that end soon.
    Warnings,
}

impl fmt::Display for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstAccount => "the first account",
            Self::PasswordHash => "the new hash of a password",
            Self::KnownAddresses => "the addresses of sign-ins",
            Self::FirstUses => "the first uses of new secrets",
            Self::Pulls => "the counts of pulls and pushes",
            Self::AuditEvents => "events of the audit log",
            Self::AuditRemoval => "the removal of old audit records",
            Self::Warnings => "warnings of ends",
        })
    }
}

/// A change in progress. It reaches the store only with a [`Permit`].
pub(in crate::service) struct Change<'w, 's> {
    txn: &'w mut Txn<'s>,
    used: Used,
    call: Call,
    /// The main deed, as far as it is known yet.
    deed: Deed,
    /// Further deeds of the same change, each with a record of its own.
    others: Vec<Deed>,
    is_skipped: bool,
    /// It ends a secret at once.
    ends_secret: bool,
    /// Whose room it takes if it has to be made on a full disk, before the change.
    share: Option<Share>,
    /// The label of the caller's access token, before the change.
    label: Option<String>,
}

impl<'s> Change<'_, 's> {
    /// The caller, looked up in the very state that the change acts on. A replaced secret changes nothing.
    pub(in crate::service) fn authority(&self) -> Result<Authority<'_>, Error> {
        let authority = self.authority_to_push()?;
        authority.present_secret()?;
        Ok(authority)
    }

    /// The same for what a push changes, which a replaced secret may.
    pub(in crate::service) fn authority_to_push(&self) -> Result<Authority<'_>, Error> {
        Authority::of(self.txn.state(), &self.used, &self.call.caller, self.call.now)
    }

    /// The state, with what this change has written so far.
    pub(in crate::service) fn state(&self) -> &State {
        self.txn.state()
    }

    /// The first uses of secrets that the state does not have yet.
    pub(in crate::service) fn used(&self) -> &Used {
        &self.used
    }

    /// For how long an administrator can sign in, with what this change has written so far.
    pub(in crate::service) fn administered(&self) -> Administered {
        Administered::in_state(self.state(), self.call.now)
    }

    /// Refuses this change if it has taken the last administrator who could sign in `before` it; see
    /// [`Administered::kept`].
    pub(in crate::service) fn keep_administered(
        &self,
        before: Administered,
        field: Option<&'static str>,
    ) -> Result<(), Error> {
        before.kept(self.state(), self.call.now, field)
    }

    /// The transaction to write to.
    pub(in crate::service) fn txn(&mut self, _permit: &Permit) -> &mut Txn<'s> {
        self.txn
    }

    /// Who calls, and when.
    pub(in crate::service) fn call(&self) -> &Call {
        &self.call
    }

    /// Adds a further deed, which gets a record of its own.
    pub(in crate::service) fn record_also(&mut self, deed: Deed) {
        self.others.push(deed);
    }

    /// Replaces the main deed by one that says more.
    pub(in crate::service) fn record_as(&mut self, deed: Deed) {
        self.deed = deed;
    }

    /// Names the account that the deed concerns.
    pub(in crate::service) fn about_account(&mut self, account: &Account) {
        self.deed.concerned.account = Some(audited_account(account));
    }

    /// Names the repository that the deed concerns.
    pub(in crate::service) fn about_repository(&mut self, name: &RepositoryName) {
        self.deed.concerned.repository = Some(audited_repository(self.txn.state(), name));
    }

    /// Names the repository that the deed concerns, if the grant is on one.
    pub(in crate::service) fn about_target(&mut self, target: &GrantTarget) {
        match target {
            GrantTarget::Namespace(_) => {}
            GrantTarget::Repository(name) => self.about_repository(name),
        }
    }

    /// Nothing had to be done: the main deed gets no record. Further deeds keep theirs.
    pub(in crate::service) fn skip_record(&mut self) {
        self.is_skipped = true;
    }

    /// Says that the change ends access tokens of this account by what they showed, whoever calls: on a full disk it takes
    /// the room of these.
    pub(in crate::service) fn by_holder_of(&mut self, owner: Id) {
        self.share = Some(ending::share_of_holder(owner));
    }

    /// Says that a rotation ends the replaced secret at once.
    pub(in crate::service) fn end_secret(&mut self) {
        self.ends_secret = true;
    }

    /// The audit record of a deed of this change, without its number.
    pub(in crate::service) fn record_of(&self, deed: &Deed) -> AuditRecord {
        AuditRecord::of(&self.entry(deed), 0, Occurrence::once(self.call.now))
    }

    fn entry(&self, deed: &Deed) -> AuditEntry {
        let entry = deed.entry(&self.call.caller, Outcome::Success);
        AuditEntry { credential_label: self.label.clone(), ..entry }
    }

    fn record(self) -> Result<(), Error> {
        let main = Some(&self.deed).filter(|_| !self.is_skipped);
        let deeds = main.into_iter().chain(&self.others);
        let is_ending = ending::is_ending(deeds.clone().map(|deed| deed.act), self.ends_secret);
        let entries: Vec<AuditEntry> = deeds.map(|deed| self.entry(deed)).collect();
        if let Some(share) = self.share.filter(|_| is_ending) {
            self.txn.mark_ending(share);
        }
        let once = Occurrence::once(self.call.now);
        Ok(entries.iter().try_for_each(|entry| self.txn.audit(entry, once))?)
    }
}

impl Service {
    /// The state, and the first uses of secrets that it does not have yet.
    pub(in crate::service) fn present(&self) -> (Used, Present) {
        self.first_uses.before(|| self.store.present())
    }

    /// Reads the state under the rule `allow`, and records a denial.
    pub(in crate::service) fn view<T>(
        &self,
        call: &Call,
        act: Act,
        object: &str,
        allow: impl FnOnce(&Authority<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (used, state) = self.present();
        let result = Authority::of(&state, &used, &call.caller, call.now);
        let result = result.and_then(|authority| allow(&authority));
        self.note_denial(call, &Deed::new(act, object), &result);
        result
    }

    /// Lets a caller's body be read if the rule `allow` permits what it asks for, as far as that is known before.
    pub(in crate::service) fn gate(
        &self,
        call: &Call,
        act: Act,
        object: &str,
        allow: impl FnOnce(&Authority<'_>) -> Result<Permit, Error>,
    ) -> Result<Allowed, Error> {
        self.view(call, act, object, |authority| {
            let permit = allow(authority)?;
            authority.present_secret()?;
            Ok(Allowed::by(permit))
        })
    }

    /// Makes a change and records it, or its denial. `work` may run more than once, then on a newer state. Nothing is
    /// asked of the writer for an account that changes too much.
    pub(in crate::service) fn change<T: Send + 'static>(
        &self,
        call: &Call,
        deed: Deed,
        work: impl Fn(&mut Change<'_, '_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.count_change(call, &deed)?;
        let (caller, begun, first_uses) = (call.clone(), deed.clone(), self.first_uses.clone());
        let result = self.store.write(&self.writing.0, move |txn| {
            // The writer's state has whatever was written and forgotten by now.
            let (used, txn) = first_uses.before(|| txn);
            let label = label(txn.state(), &caller.caller);
            let share = ending::share(txn.state(), &caller.caller);
            let mut change = Change {
                txn,
                used,
                call: caller.clone(),
                deed: begun.clone(),
                others: Vec::new(),
                is_skipped: false,
                ends_secret: false,
                share,
                label,
            };
            let value = work(&mut change)?;
            change.record()?;
            Ok(value)
        });
        self.note_denial(call, &deed, &result);
        result
    }

    /// Removes what the audit log shall not keep.
    pub(in crate::service) fn shorten_audit(&self, now: Timestamp) {
        match self.store.shorten_audit(&self.writing.0, self.settings.audit_keep, now) {
            Ok(0) => {}
            Ok(count) => log::info!("{count} old records were removed from the audit log"),
            Err(error) => log::warn!("{} could not be written: {error}", Upkeep::AuditRemoval),
        }
    }

    /// Has the store written anew if most of its files is free.
    pub(in crate::service) fn give_space_back(&self) {
        if let Err(error) = self.store.give_space_back(&self.writing.0) {
            log::warn!("disk space that the store does not need was not given back: {error}");
        }
    }

    /// Counts a change of an account. Endings are free, so that nobody is kept from them; so are administrators.
    pub(in crate::service) fn count_change(&self, call: &Call, deed: &Deed) -> Result<(), Error> {
        if deed.is_free { Ok(()) } else { self.count(call, &self.pace, self.settings.changes_per_minute) }
    }

    /// Counts a new password of one who has shown the old one. Apart from changes, so that no access token uses up this room.
    pub(in crate::service) fn count_password(&self, call: &Call) -> Result<(), Error> {
        self.count(call, &self.password_pace, PASSWORDS_PER_MINUTE)
    }

    /// Counts a request that revokes access tokens by their secrets, which needs no account, where it comes from.
    pub(in crate::service) fn count_revocation(&self, call: &Call) -> Result<(), Error> {
        let Some(address) = call.caller.address else { return Ok(()) };
        let counted = self.revocation_pace.count(source::of(address), REVOCATIONS_PER_MINUTE, call.now);
        counted.map_err(|retry_after| Error::TooManyRequests { retry_after })
    }

    fn count(&self, call: &Call, pace: &Pace, limit: u32) -> Result<(), Error> {
        let Some(account) = call.caller.account() else { return Ok(()) };
        let is_free = self.store.state().account(account).is_some_and(|account| account.is_active_admin());
        if is_free {
            return Ok(());
        }
        pace.count(account, limit, call.now).map_err(|retry_after| Error::TooManyChanges { retry_after })
    }

    /// Writes upkeep, which needs no permit. A failure is logged as well.
    pub(in crate::service) fn keep<T: Send + 'static>(
        &self,
        upkeep: Upkeep,
        work: impl Fn(&mut Txn<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let kept = self.store.write(&self.writing.0, work);
        if let Err(error) = &kept {
            log::warn!("{upkeep} could not be written: {error}");
        }
        kept
    }
}
