//! Setting passwords, and lifting the lockout after wrong ones.

use std::sync::Arc;

use super::accounts::AccountView;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::secret::Password;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, OwnPassword, PasswordProof, Permit, find};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};
use crate::service::sign_in::Shown;
use crate::service::tokens;

impl Service {
    /// Refuses callers who may not set the password of an account, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for an organization, which has none.
    pub fn may_change_password(&self, call: &Call, name_or_id: &str) -> Result<Allowed, Error> {
        self.gate(call, Act::AccountChangePassword, name_or_id, |authority| {
            find_to_set_password(authority, name_or_id).map(|(permit, _)| permit)
        })
    }

    /// Sets a password: one's own with the old one or a temporary password, another's as administrator.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::Invalid`] for a weak or wrong password, [`Error::TooManyRequests`].
    pub fn change_password(
        &self,
        call: &Call,
        name_or_id: &str,
        old: Option<&Password>,
        new: &Password,
    ) -> Result<AccountView, Error> {
        let deed = Deed::new(Act::AccountChangePassword, name_or_id).free(true);
        let (account, needs_old) = self.view(call, deed.act, name_or_id, |authority| {
            let (_, account) = find_to_set_password(authority, name_or_id)?;
            Ok((Arc::new(account.clone()), matches!(authority.own_password(account), OwnPassword::WithOld(_))))
        })?;
        let shown = if needs_old { Some(self.check_old_password(call, &account, old)?) } else { None };
        if needs_old {
            self.count_password(call)?;
        }
        let hash = self.hash_new(call, "newPassword", new)?;
        let asked = name_or_id.to_owned();
        let account = self.change(call, deed, move |change| set_password(change, &asked, shown, hash.clone()))?;
        self.throttle.lift(account.name.as_str());
        self.forget_initial_password(&account);
        Ok(self.shown(&self.store.state(), &account, call))
    }

    /// Checks the old password, which callers who signed in by password show again to change it; answers the proof.
    fn check_old_password(
        &self,
        call: &Call,
        account: &Arc<Account>,
        old: Option<&Password>,
    ) -> Result<PasswordProof, Error> {
        let password = old.ok_or_else(|| Error::invalid("oldPassword", "your present password is needed"))?;
        let name = account.name.as_str();
        let shown = Shown { username: name, password, address: call.caller.address, now: call.now };
        let proof = self.check_password(&shown, account)?;
        proof.ok_or_else(|| {
            let deed = Deed::new(Act::AccountChangePassword, name);
            self.note_denial(call, &deed, &Err::<(), _>(Error::Denied("the old password was wrong")));
            Error::invalid("oldPassword", "this is not your present password")
        })
    }

    /// Lifts the lockout of an account after wrong passwords.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn unlock(&self, call: &Call, name_or_id: &str) -> Result<(), Error> {
        let asked = name_or_id.to_owned();
        let name = self.change(call, Deed::new(Act::AccountUnlock, name_or_id), move |change| {
            change.authority()?.administrator()?;
            Ok(find(change.state(), &asked)?.name.clone())
        })?;
        self.throttle.lift(name.as_str());
        Ok(())
    }
}

/// The account whose password is to be set. Callers who may not set others' passwords do not learn which accounts
/// exist.
fn find_for_password<'s>(authority: &Authority<'s>, name_or_id: &str) -> Result<&'s Account, Error> {
    let found = find(authority.state(), name_or_id);
    found.map_err(|missing| authority.administrator().err().unwrap_or(missing))
}

/// The account whose password the caller may set.
fn find_to_set_password<'s>(authority: &Authority<'s>, name_or_id: &str) -> Result<(Permit, &'s Account), Error> {
    authority.signed_in()?;
    let account = find_for_password(authority, name_or_id)?;
    Ok((permit_password(authority, account)?, account))
}

fn permit_password(authority: &Authority<'_>, account: &Account) -> Result<Permit, Error> {
    if account.is_organization() {
        authority.administrator()?;
        return Err(Error::invalid("name", "an organization has no password"));
    }
    match authority.own_password(account) {
        OwnPassword::NotOwn => authority.set_password_of(account),
        OwnPassword::WithOld(permit) | OwnPassword::Temporary(permit) => Ok(permit),
        OwnPassword::Never(error) => Err(error),
    }
}

/// Sets the password. An old one that has to be shown must still be the present one: it may have changed since its
/// check.
fn set_password(
    change: &mut Change<'_, '_>,
    asked: &str,
    shown: Option<PasswordProof>,
    hash: String,
) -> Result<Account, Error> {
    let authority = change.authority()?;
    let account = find_for_password(&authority, asked)?.clone();
    let permit = permit_password(&authority, &account)?;
    let own = authority.own_password(&account);
    // Who sets an administrator's password at the server is one: nobody is to be asked for another.
    let is_own = !matches!(own, OwnPassword::NotOwn) || (account.is_active_admin() && authority.local().is_ok());
    if matches!(own, OwnPassword::WithOld(_)) && !shown.is_some_and(|shown| shown.holds(&account)) {
        return Err(Error::invalid("oldPassword", "this is not your present password"));
    }
    let account = account.with_password(hash, !is_own);
    // With a password set, no temporary one may be left that could set it again.
    delete_temporary_passwords(change, &permit, account.id)?;
    change.txn(&permit).put_account(account.clone())?;
    change.about_account(&account);
    Ok(account)
}

/// A temporary password sets the password only once: deletes all those of the account, and all access tokens made with
/// them.
fn delete_temporary_passwords(change: &mut Change<'_, '_>, permit: &Permit, owner: Id) -> Result<(), Error> {
    let temporary: Vec<Id> = change.state().temporary_passwords_of(owner).collect();
    for deleted in tokens::delete_with_descendants(change, permit, temporary, true)? {
        change.record_also(tokens::about(Act::TokenDelete, change, &deleted));
    }
    Ok(())
}
