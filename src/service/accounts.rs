//! Users: making, viewing, changing, deactivating, deleting, passwords. Organizations have their place in the records.

use super::Service;
use super::authority::{Authority, OwnPassword, Permit};
use super::caller::{Call, PasswordProof};
use super::change::{Change, Deed};
use super::error::{Error, Kind, Obstacle};
use super::page::{NamedPage, NamedQuery};
use crate::domain::account::{Account, AccountKind, MAX_FULL_NAME};
use crate::domain::grant::GrantTarget;
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace};
use crate::domain::password;
use crate::domain::random;
use crate::domain::secret::Password;
use crate::domain::time::Timestamp;
use crate::store::{GroupSize, State};

/// What a new user shall be.
#[derive(Debug)]
pub struct NewUser {
    /// Name, also its namespace.
    pub name: Name,
    /// Name in full.
    pub full_name: String,
    /// Password; a service account has none.
    pub password: Option<Password>,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Whether it is a system administrator.
    pub is_admin: bool,
    /// Whether it takes over repositories already known under its name.
    pub adopt_repositories: bool,
}

/// What changes of an account. Absent stays.
#[derive(Clone, Debug, Default)]
pub struct AccountUpdate {
    /// Another name in full.
    pub full_name: Option<String>,
    /// Whether it may sign in.
    pub is_active: Option<bool>,
    /// Whether it is a system administrator.
    pub is_admin: Option<bool>,
}

/// Which accounts a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AccountFilter {
    /// Every one.
    #[default]
    All,
    /// Users.
    Users,
    /// Organizations.
    Organizations,
    /// System administrators.
    Admins,
    /// Users who are no system administrators.
    NonAdmins,
    /// Users who may sign in.
    ActiveUsers,
    /// Users who may not.
    InactiveUsers,
}

impl AccountFilter {
    fn matches(self, account: &Account) -> bool {
        let is_user = !account.is_organization();
        match self {
            Self::All => true,
            Self::Users => is_user,
            Self::Organizations => !is_user,
            Self::Admins => is_user && account.is_admin,
            Self::NonAdmins => is_user && !account.is_admin,
            Self::ActiveUsers => is_user && account.is_active,
            Self::InactiveUsers => is_user && !account.is_active,
        }
    }
}

/// An account as a caller may see it.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// Whether the caller sees more than name, id, full name and kind.
    pub shows_inner: bool,
    /// Until when sign-in by password has to wait.
    pub locked_until: Option<Timestamp>,
    /// How many members and teams an organization has; none for users.
    pub size: Option<GroupSize>,
}

/// Which page of which accounts.
#[derive(Clone, Debug)]
pub struct AccountQuery {
    /// Of which sort.
    pub filter: AccountFilter,
    /// Whose name or full name contains this, upper and lower case alike.
    pub contains: Option<String>,
    /// Which page.
    pub page: NamedQuery,
}

impl AccountQuery {
    /// Whether an account is meant; `contains` in lower case.
    fn matches(&self, contains: Option<&str>, account: &Account) -> bool {
        let is_named =
            |text: &str| account.name.as_str().contains(text) || account.full_name.to_lowercase().contains(text);
        self.filter.matches(account) && contains.is_none_or(is_named)
    }
}

/// A page of accounts, with what the whole list holds.
#[derive(Debug)]
pub struct AccountPage {
    /// The accounts of the page, by name.
    pub accounts: Vec<AccountView>,
    /// The name to go on after; none on the last page.
    pub next: Option<Name>,
    /// How many accounts are meant.
    pub count: usize,
    /// How many users there are.
    pub users: usize,
    /// How many organizations there are.
    pub organizations: usize,
}

/// The account of this name or identifier: no identifier is a name.
pub(super) fn find<'s>(state: &'s State, name_or_id: &str) -> Result<&'s Account, Error> {
    let by_id = name_or_id.parse::<Id>().ok().and_then(|id| state.account(id));
    let found = by_id.or_else(|| state.account_named(name_or_id));
    found.map(AsRef::as_ref).ok_or_else(|| Error::not_found(Kind::Account, name_or_id))
}

pub(super) fn check_full_name(full_name: &str) -> Result<(), Error> {
    if full_name.chars().count() > MAX_FULL_NAME {
        return Err(Error::invalid("fullName", format!("at most {MAX_FULL_NAME} characters")));
    }
    if full_name.chars().any(char::is_control) {
        return Err(Error::invalid("fullName", "no control characters"));
    }
    Ok(())
}

impl Service {
    /// A page of accounts by name.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn list_accounts(&self, call: &Call, query: &AccountQuery) -> Result<AccountPage, Error> {
        self.view(call, "account.list", "", |authority| {
            authority.administrator()?;
            let state = authority.state();
            let NamedQuery { order, after, limit } = &query.page;
            let contains = query.contains.as_ref().map(|text| text.to_lowercase());
            let matching = |after| {
                let accounts = state.accounts_by_name(*order, after);
                accounts.filter(|account| query.matches(contains.as_deref(), account))
            };
            let count = match query.filter {
                AccountFilter::All if contains.is_none() => state.users_count() + state.organizations_count(),
                AccountFilter::Users if contains.is_none() => state.users_count(),
                AccountFilter::Organizations if contains.is_none() => state.organizations_count(),
                // Few enough, and asked by administrators only: counted.
                AccountFilter::All
                | AccountFilter::Users
                | AccountFilter::Organizations
                | AccountFilter::Admins
                | AccountFilter::NonAdmins
                | AccountFilter::ActiveUsers
                | AccountFilter::InactiveUsers => matching(None).count(),
            };
            let shown = matching(after.as_ref()).map(|account| self.shown(state, account, call));
            let NamedPage { entries: accounts, next, count } =
                NamedPage::of(shown, |view| &view.account.name, *limit, count);
            let (users, organizations) = (state.users_count(), state.organizations_count());
            Ok(AccountPage { accounts, next, count, users, organizations })
        })
    }

    fn shown(&self, state: &State, account: &Account, call: &Call) -> AccountView {
        let locked_until = self.throttle.locked_until(account.name.as_str(), call.now);
        let size = account.is_organization().then(|| state.group_size(account.id));
        AccountView { account: account.clone(), shows_inner: true, locked_until, size }
    }

    /// One account, as far as the caller may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn view_account(&self, call: &Call, name_or_id: &str) -> Result<AccountView, Error> {
        self.view(call, "account.view", name_or_id, |authority| {
            authority.account_data()?;
            let account = find(authority.state(), name_or_id)?;
            let shown = self.shown(authority.state(), account, call);
            let size = shown.size.filter(|_| authority.see_organization(account).is_ok());
            Ok(AccountView { shows_inner: authority.sees_inner(account), size, ..shown })
        })
    }

    /// Refuses who may make no account, before what is asked for is looked at.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn check_may_create_account(&self, call: &Call) -> Result<(), Error> {
        self.view(call, "account.create", "", |authority| authority.create_account(false, false).map(drop))
    }

    /// Refuses who may change nothing of an account, before what is asked for is looked at.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`]
    pub fn check_may_update_account(&self, call: &Call, name_or_id: &str) -> Result<(), Error> {
        self.view(call, "account.update", name_or_id, |authority| find_to_update(authority, name_or_id).map(drop))
    }

    /// Refuses who may not set the password of an account, before what is asked for is looked at.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for an organization, which has none.
    pub fn check_may_change_password(&self, call: &Call, name_or_id: &str) -> Result<(), Error> {
        self.view(call, "account.changePassword", name_or_id, |authority| {
            authority.signed_in()?;
            let account = find_for_password(authority, name_or_id)?;
            permit_password(authority, account).map(drop)
        })
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Obstacle::NamespaceInUse`], [`Error::Invalid`] for a weak password.
    pub fn create_user(&self, call: &Call, new: NewUser) -> Result<AccountView, Error> {
        let deed = Deed::new("account.create", &new.name);
        let (is_admin, has_password) = (new.is_admin, new.password.is_some());
        // Asked twice: here, so that strangers cost no hash; and at the moment of the change.
        self.view(call, deed.action, &deed.object, |authority| {
            authority.create_account(is_admin, has_password).map(drop)
        })?;
        check_full_name(&new.full_name)?;
        let password = new.password.as_ref().map(|password| self.hash_new("password", password)).transpose()?;
        let account = Account {
            id: Id::new(call.now, random::bytes()?),
            name: new.name,
            kind: AccountKind::User,
            full_name: new.full_name,
            is_active: new.is_active,
            is_admin: new.is_admin,
            password,
            password_set_by_admin: has_password,
            created_at: call.now.whole_seconds(),
        };
        let adopt = new.adopt_repositories;
        let made = self.change(call, deed, move |change| create(change, account, adopt))?;
        Ok(AccountView { account: made, shows_inner: true, locked_until: None, size: None })
    }

    /// The hash of a password that may be set, given in this field.
    fn hash_new(&self, field: &'static str, password: &Password) -> Result<String, Error> {
        password::check(password).map_err(|weak| Error::invalid(field, weak))?;
        self.passwords.hash(password)
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`]; [`Error::Denied`] where only administrators may. An organization's own
    /// administrators change its full name and nothing else.
    pub fn update_account(&self, call: &Call, name_or_id: &str, update: AccountUpdate) -> Result<AccountView, Error> {
        let asked = name_or_id.to_owned();
        let (account, shows_inner) =
            self.change(call, Deed::new("account.update", name_or_id), move |change| apply(change, &asked, update))?;
        Ok(AccountView { shows_inner, ..self.shown(&self.store.state(), &account, call) })
    }

    /// Deletes an account with its access tokens and grants; with its repositories, or leaving them without owner.
    /// With nothing to delete, `false`.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`]; [`Error::Denied`] to all but administrators.
    pub fn delete_account(&self, call: &Call, name_or_id: &str, with_repositories: bool) -> Result<bool, Error> {
        let known = self.store.state();
        let account = find(&known, name_or_id).ok().map(|account| (account.id, account.name.clone()));
        let addresses: Vec<_> = account.iter().flat_map(|(id, _)| self.throttle.known(*id)).map(|(at, _)| at).collect();
        let asked = name_or_id.to_owned();
        let deleted = self.change(call, Deed::new("account.delete", name_or_id), move |change| {
            let permit = change.authority()?.administrator()?;
            let Ok(account) = find(change.state(), &asked).cloned() else {
                change.was_idle();
                return Ok(false);
            };
            keep_an_admin(change, account.id)?;
            if with_repositories {
                delete_repositories(change, &permit, &account.name);
            }
            change.txn(&permit).remove_account(account.id, &addresses);
            Ok(true)
        })?;
        if let Some((id, name)) = account.filter(|_| deleted) {
            self.throttle.forget(name.as_str(), id);
        }
        Ok(deleted)
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
        let deed = Deed::new("account.changePassword", name_or_id);
        self.check_may_change_password(call, name_or_id)?;
        let shown = self.check_old_password(call, name_or_id, old)?;
        let hash = self.hash_new("newPassword", new)?;
        let asked = name_or_id.to_owned();
        let account = self.change(call, deed, move |change| set_password(change, &asked, shown, hash))?;
        self.throttle.lift(account.name.as_str());
        self.forget_initial_password(&account);
        Ok(self.shown(&self.store.state(), &account, call))
    }

    /// Whoever changes its own password by password shows the old one again; the proof of it, where it is needed.
    fn check_old_password(
        &self,
        call: &Call,
        name_or_id: &str,
        old: Option<&Password>,
    ) -> Result<Option<PasswordProof>, Error> {
        let state = self.store.state();
        let authority = Authority::of(&state, &call.caller, call.now)?;
        let account = find(&state, name_or_id)?;
        let OwnPassword::WithOld(_) = authority.own_password(account) else { return Ok(None) };
        let old = old.ok_or_else(|| Error::invalid("oldPassword", "your present password is needed"))?;
        let name = account.name.as_str();
        let proof = self.check_password(name, Some(account), old, call.caller.address, call.now)?;
        if proof.is_none() {
            self.audit_denied(call, "account.changePassword", name);
            return Err(Error::invalid("oldPassword", "this is not your present password"));
        }
        Ok(proof)
    }

    fn audit_denied(&self, call: &Call, action: &'static str, object: &str) {
        self.note_denial(call, action, object, &Err::<(), _>(Error::Denied("")));
    }

    /// Lets everybody try again to sign in to an account by password.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn unlock(&self, call: &Call, name_or_id: &str) -> Result<(), Error> {
        let asked = name_or_id.to_owned();
        let name = self.change(call, Deed::new("account.unlock", name_or_id), move |change| {
            change.authority()?.administrator()?;
            Ok(find(change.state(), &asked)?.name.clone())
        })?;
        self.throttle.lift(name.as_str());
        Ok(())
    }
}

pub(super) fn create(change: &mut Change<'_, '_>, account: Account, adopt: bool) -> Result<Account, Error> {
    let permit = change.authority()?.create_account(account.is_admin, account.password.is_some())?;
    if change.state().account_named(account.name.as_str()).is_some() {
        return Err(Error::AlreadyExists { kind: Kind::Account, name: account.name.to_string() });
    }
    let namespace = Namespace::Of(account.name.clone());
    if change.state().namespace_size(&namespace) > 0 && !adopt {
        return Err(Error::Conflict(Obstacle::NamespaceInUse));
    }
    // Whoever had access to the whole namespace of an earlier account has none to this one's.
    let txn = change.txn(&permit);
    txn.remove_grants_on(&GrantTarget::Namespace(namespace));
    txn.put_account(account.clone())?;
    Ok(account)
}

/// The account that is to be changed, with the permit to change its full name; who may change no other learns nothing of
/// which exist.
fn find_to_update<'s>(authority: &Authority<'s>, name_or_id: &str) -> Result<(Permit, &'s Account), Error> {
    authority.account_data()?;
    let found = find(authority.state(), name_or_id);
    let account = found.map_err(|missing| authority.administrator().err().unwrap_or(missing))?;
    Ok((authority.rename_account(account)?, account))
}

/// Changes an account; the new one, and whether who asks sees its inner part.
fn apply(change: &mut Change<'_, '_>, asked: &str, update: AccountUpdate) -> Result<(Account, bool), Error> {
    let authority = change.authority()?;
    let (mut permit, account) = find_to_update(&authority, asked)?;
    let shows_inner = authority.sees_inner(account);
    let mut account = account.clone();
    if update.is_active.is_some() || update.is_admin.is_some() {
        permit = authority.administrator()?;
    }
    if account.is_organization() && update.is_active == Some(false) {
        return Err(Error::invalid("isActive", "an organization is always active: it never signs in"));
    }
    if update.is_admin == Some(true) && !account.is_admin {
        if account.is_organization() {
            return Err(Error::invalid("isAdmin", "an organization is no administrator"));
        }
        permit = authority.make_administrator()?;
    }
    check_full_name(update.full_name.as_deref().unwrap_or_default())?;
    note_switches(change, &account, &update);
    let was_active_admin = account.is_active_admin();
    account.full_name = update.full_name.unwrap_or(account.full_name);
    account.is_active = update.is_active.unwrap_or(account.is_active);
    account.is_admin = update.is_admin.unwrap_or(account.is_admin);
    if was_active_admin && !account.is_active_admin() {
        keep_an_admin(change, account.id)?;
    }
    change.txn(&permit).put_account(account.clone())?;
    Ok((account, shows_inner))
}

/// What is switched has a record of its own: a demotion must not look like another full name.
fn note_switches(change: &mut Change<'_, '_>, account: &Account, update: &AccountUpdate) {
    let switched = |was: bool, shall: Option<bool>, on: &'static str, off: &'static str| {
        shall.filter(|shall| *shall != was).map(|shall| if shall { on } else { off })
    };
    let admin = switched(account.is_admin, update.is_admin, "account.promote", "account.demote");
    let active = switched(account.is_active, update.is_active, "account.activate", "account.deactivate");
    admin.into_iter().chain(active).for_each(|action| change.also(Deed::new(action, &account.name)));
}

/// The last active administrator can neither be deleted, deactivated nor demoted.
fn keep_an_admin(change: &Change<'_, '_>, account: Id) -> Result<(), Error> {
    if change.state().is_last_admin(account) { Err(Error::Conflict(Obstacle::LastAdministrator)) } else { Ok(()) }
}

fn delete_repositories(change: &mut Change<'_, '_>, permit: &Permit, namespace: &Name) {
    let repositories = super::visible::namespace(change.state(), &Namespace::Of(namespace.clone()));
    let names: Vec<_> = repositories.map(|repository| repository.name.clone()).collect();
    let txn = change.txn(permit);
    names.iter().for_each(|name| txn.remove_repository(name));
    txn.remove_grants_on(&GrantTarget::Namespace(Namespace::Of(namespace.clone())));
    names.into_iter().for_each(|name| change.also(Deed::new("repository.delete", name)));
}

/// The account whose password is asked for; who may not set others' learns nothing of which exist.
fn find_for_password<'s>(authority: &Authority<'s>, name_or_id: &str) -> Result<&'s Account, Error> {
    let found = find(authority.state(), name_or_id);
    found.map_err(|missing| authority.administrator().err().unwrap_or(missing))
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

/// Sets the password, if the one that was shown for it is still the present one.
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
    let set_by_admin = matches!(own, OwnPassword::NotOwn);
    if matches!(own, OwnPassword::WithOld(_)) && !shown.is_some_and(|shown| shown.holds(&account)) {
        return Err(Error::invalid("oldPassword", "this is not your present password"));
    }
    let account = Account { password: Some(hash), password_set_by_admin: set_by_admin, ..account };
    // Whoever has a password needs no temporary one: none is left that could set it once more.
    delete_temporary_passwords(change, &permit, account.id);
    change.txn(&permit).put_account(account.clone())?;
    Ok(account)
}

/// A temporary password sets the password once: it goes, with the account's others, and all that was made with them.
fn delete_temporary_passwords(change: &mut Change<'_, '_>, permit: &Permit, owner: Id) {
    let temporary: Vec<Id> =
        change.state().tokens_of(owner, None).filter(|token| token.temporary_password).map(|token| token.id).collect();
    for token in temporary {
        for deleted in super::tokens::delete_with_descendants(change, permit, token, true) {
            change.also(Deed::new("token.delete", deleted.id));
        }
    }
}
