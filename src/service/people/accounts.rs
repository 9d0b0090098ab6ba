//! Users: making, viewing, changing, deactivating; organizations, too, where they are accounts like any other.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::domain::account::{Account, AccountKind, MAX_FULL_NAME};
use crate::domain::act::Act;
use crate::domain::bcrypt_hash::BcryptHash;
use crate::domain::grant::GrantTarget;
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace};
use crate::domain::password;
use crate::domain::random;
use crate::domain::repository::Repository;
use crate::domain::secret::Password;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, Permit, find, is_of_another};
use crate::service::content::{BUNDLE, give_back};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::ledger::{Change, Deed};
use crate::service::sign_in::SessionEnds;
use crate::store::{GroupSize, State};

/// The user to make.
#[derive(Debug)]
pub struct NewUser {
    /// Name, also its namespace.
    pub name: Name,
    /// Name in full.
    pub full_name: String,
    /// Password; a service account has none.
    pub password: Option<Password>,
    /// The hash that another program keeps of its password, in the place of that.
    pub imported: Option<BcryptHash>,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Whether it is a system administrator.
    pub is_admin: bool,
    /// Whether it takes over repositories already known under its name.
    pub adopt_repositories: bool,
}

/// Changes of an account; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct AccountUpdate {
    /// Must be the present name, which never changes.
    pub name: Option<String>,
    /// Must be the present kind, whether it is an organization, which never changes.
    pub is_organization: Option<bool>,
    /// New full name.
    pub full_name: Option<String>,
    /// Whether it may sign in.
    pub is_active: Option<bool>,
    /// Whether it is a system administrator.
    pub is_admin: Option<bool>,
    /// Whether the access tokens that others made for it go on when it becomes an administrator.
    pub keep_tokens: bool,
}

/// What a change of an account did.
#[derive(Debug)]
pub struct UpdatedAccount {
    /// The account as it is now.
    pub view: AccountView,
    /// The access tokens that others made for it, if it became an administrator, as they were before: the active ones
    /// were stopped by that, or kept.
    pub made_by_others: Vec<Arc<AccessToken>>,
}

/// An account as a caller may see it.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// Whether the caller sees more than name, id, full name and kind.
    pub shows_inner: bool,
    /// What its record does not tell; nothing, if the caller sees no more than that.
    pub present: AccountPresent,
    /// How many members and teams an organization has; none for users, and for callers who may not see them.
    pub size: Option<GroupSize>,
    /// Whether the caller administers an organization; none as for `size`.
    pub administers: Option<bool>,
}

/// What the record of an account does not tell of it: how it is at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountPresent {
    /// Until when sign-in by password has to wait.
    pub locked_until: Option<Timestamp>,
    /// When it last signed in, by password or with an access token, as far as that is known. A sign-in by password before
    /// the start is known to the day.
    pub last_sign_in: Option<Timestamp>,
    /// How many access tokens it has; those of an organization are robots.
    pub tokens: usize,
}

/// The names by which sign-in by password has to wait, and until when.
pub(super) type Locked = HashMap<String, Timestamp>;

fn check_full_name(full_name: &str) -> Result<(), Error> {
    text::check_line(full_name, 0..=MAX_FULL_NAME).map_err(|reason| Error::invalid("fullName", reason))
}

fn whole_view(state: &State, account: &Account, present: AccountPresent) -> AccountView {
    let size = account.is_organization().then(|| state.group_size(account.id));
    // Whoever makes, changes or lists organizations administers them.
    let administers = account.is_organization().then_some(true);
    AccountView { account: account.clone(), shows_inner: true, present, size, administers }
}

impl Service {
    /// Until when somebody waits to sign in to the account; none if nobody does.
    pub(super) fn locked_until(&self, name: &Name, call: &Call) -> Option<Timestamp> {
        let moment = self.clock.moment();
        Some(self.throttle.locked_until(name.as_str(), moment)?.on(call.now, moment))
    }

    /// Until when somebody waits, of all accounts at once: for lists.
    pub(super) fn locked(&self, call: &Call) -> Locked {
        let moment = self.clock.moment();
        let locked = self.throttle.locked(moment).into_iter();
        locked.map(|(name, until)| (name, until.on(call.now, moment))).collect()
    }

    /// How an account is at present.
    pub(super) fn account_present(&self, state: &State, account: &Account, call: &Call) -> AccountPresent {
        self.present_until(state, account, self.locked_until(&account.name, call))
    }

    /// The same of one of many.
    pub(super) fn present_of(&self, state: &State, account: &Account, locked: &Locked) -> AccountPresent {
        self.present_until(state, account, locked.get(account.name.as_str()).copied())
    }

    fn present_until(&self, state: &State, account: &Account, locked_until: Option<Timestamp>) -> AccountPresent {
        AccountPresent {
            locked_until,
            last_sign_in: self.last_sign_in(account),
            tokens: state.tokens_count_of(account.id),
        }
    }

    /// When somebody signed in to the account by a password, or used one of its access tokens, for the last time.
    pub(in crate::service) fn last_sign_in(&self, account: &Account) -> Option<Timestamp> {
        // Both clocks are read here: the request came some time ago.
        let (now, moment) = (self.clock.now(), self.clock.moment());
        let by_password = self.throttle.last_sign_in(account.id).map(|at| at.on(now, moment).whole_seconds());
        by_password.max(self.last_uses.last(account.id))
    }

    pub(super) fn shown(&self, state: &State, account: &Account, call: &Call) -> AccountView {
        whole_view(state, account, self.account_present(state, account, call))
    }

    /// The same of one of many.
    pub(super) fn shown_of(&self, state: &State, account: &Account, locked: &Locked) -> AccountView {
        whole_view(state, account, self.present_of(state, account, locked))
    }

    /// One account, as far as the caller may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub fn view_account(&self, call: &Call, name_or_id: &str) -> Result<AccountView, Error> {
        self.view(call, Act::AccountView, name_or_id, |authority| {
            authority.account_data()?;
            Ok(self.seen(authority, find(authority.state(), name_or_id)?, call))
        })
    }

    /// An account, as far as the caller may see it.
    pub(in crate::service) fn seen(&self, authority: &Authority<'_>, account: &Account, call: &Call) -> AccountView {
        let state = authority.state();
        let shows_inner = authority.sees_inner(account);
        let present = if shows_inner { self.account_present(state, account, call) } else { AccountPresent::default() };
        let sees_size = account.is_organization() && authority.see_organization(account).is_ok();
        let size = sees_size.then(|| state.group_size(account.id));
        let administers = sees_size.then(|| authority.administer_organization(account).is_ok());
        AccountView { account: account.clone(), shows_inner, present, size, administers }
    }

    /// Refuses callers who may not make accounts, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn may_create_account(&self, call: &Call) -> Result<Allowed, Error> {
        self.gate(call, Act::AccountCreate, "", |authority| authority.create_account(false, false))
    }

    /// Refuses callers who may not change this account at all, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`]
    pub fn may_update_account(&self, call: &Call, name_or_id: &str) -> Result<Allowed, Error> {
        self.gate(call, Act::AccountUpdate, name_or_id, |authority| {
            find_to_update(authority, name_or_id).map(|(permit, ..)| permit)
        })
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Obstacle::NamespaceInUse`], [`Error::Invalid`] for a weak password.
    pub fn create_user(&self, call: &Call, new: NewUser) -> Result<AccountView, Error> {
        let deed = Deed::new(Act::AccountCreate, &new.name);
        let (is_admin, is_chosen) = (new.is_admin, new.password.is_some());
        let has_password = is_chosen || new.imported.is_some();
        // Checked here, so that strangers cost no password hash, and again in the change.
        self.view(call, deed.act, &deed.object, |authority| {
            authority.create_account(is_admin, has_password).map(drop)
        })?;
        if new.password.is_some() && new.imported.is_some() {
            return Err(Error::invalid("passwordHash", "there is a password beside it"));
        }
        check_full_name(&new.full_name)?;
        let password = new.password.as_ref().map(|password| self.hash_new(call, "password", password)).transpose()?;
        let password = password.or_else(|| new.imported.map(|hash| hash.reveal().to_owned()));
        let account = Account {
            id: Id::new(call.now, random::bytes()?),
            name: new.name,
            kind: AccountKind::User,
            full_name: new.full_name,
            is_active: new.is_active,
            is_admin: new.is_admin,
            password,
            // What was imported, its owner has chosen.
            password_set_by_admin: is_chosen,
            created_at: call.now.whole_seconds(),
            generation: 0,
        };
        let adopt = new.adopt_repositories;
        let made = self.make_account(call, &deed, account, adopt)?;
        Ok(AccountView {
            account: made,
            shows_inner: true,
            present: AccountPresent::default(),
            size: None,
            administers: None,
        })
    }

    /// Hashes a new password; a weak one is refused under the name of `field`.
    pub(super) fn hash_new(&self, call: &Call, field: &'static str, password: &Password) -> Result<String, Error> {
        password::check(password).map_err(|weak| Error::invalid(field, weak))?;
        self.passwords.hash(password, call.caller.address)
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`]; [`Error::Denied`] where only administrators may: an organization's own
    /// administrators may change its full name, and nothing else.
    pub fn update_account(
        &self,
        call: &Call,
        name_or_id: &str,
        update: AccountUpdate,
    ) -> Result<UpdatedAccount, Error> {
        let (asked, deed) = (name_or_id.to_owned(), Deed::new(Act::AccountUpdate, name_or_id));
        let Applied { account, shows_inner, made_by_others } =
            self.change_ending_sessions(call, deed, move |change, ends| apply(change, ends, &asked, &update))?;
        let view = AccountView { shows_inner, ..self.shown(&self.store.state(), &account, call) };
        Ok(UpdatedAccount { view, made_by_others })
    }
}

impl Service {
    /// Makes an account, which takes over what nobody owns in its namespace if it is to `adopt` that. Repositories whose
    /// owner is gone are let go of before, a bundle at a time: as long as nobody has the namespace that gives them to nobody.
    pub(super) fn make_account(
        &self,
        call: &Call,
        deed: &Deed,
        account: Account,
        adopt: bool,
    ) -> Result<Account, Error> {
        self.change_by_steps(call, deed, move |change, _: Option<()>| {
            check_full_name(&account.full_name)?;
            if adopt && release(change, &account)?.is_continue() {
                change.skip_record();
                return Ok(ControlFlow::Continue(()));
            }
            create(change, account.clone(), adopt).map(ControlFlow::Break)
        })
    }
}

/// Writes of one bundle of the repositories in the namespace of a new account, whose owner is gone, that they follow the
/// namespace again, each with an audit record of its own; `Continue` if more are left.
fn release(change: &mut Change<'_, '_>, account: &Account) -> Result<ControlFlow<()>, Error> {
    let permit = change.authority()?.create_account(account.is_admin, account.password.is_some())?;
    let (state, namespace) = (change.state(), Namespace::Of(account.name.clone()));
    if state.account_named(account.name.as_str()).is_some() || !state.has_transferred(&namespace) {
        return Ok(ControlFlow::Break(()));
    }
    let orphans = state.orphans_within(&namespace).filter_map(|name| state.repository(name));
    let orphans: Vec<Arc<Repository>> = orphans.take(BUNDLE).cloned().collect();
    // What an earlier account of this name granted there does not come back with them.
    change.txn(&permit).remove_grants_on(&GrantTarget::Namespace(namespace.clone()));
    let mut rows = 0;
    for orphan in orphans {
        if rows >= BUNDLE {
            break;
        }
        rows += give_back(change, &permit, &orphan, &account.name)?;
    }
    let has_more = change.state().orphans_within(&namespace).next().is_some();
    Ok(if has_more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
}

fn create(change: &mut Change<'_, '_>, account: Account, adopt: bool) -> Result<Account, Error> {
    let permit = change.authority()?.create_account(account.is_admin, account.password.is_some())?;
    check_full_name(&account.full_name)?;
    if change.state().account_named(account.name.as_str()).is_some() {
        return Err(Error::AlreadyExists { kind: Kind::Account, name: account.name.to_string() });
    }
    let namespace = Namespace::Of(account.name.clone());
    // What somebody else was given is no obstacle, and is not taken over.
    let is_used = change.state().unowned_within(&namespace) > 0;
    // The registry may still hold deleted content, and a new account of that name would find it.
    if (is_used || change.state().has_deleted_content(&account.name)) && !adopt {
        return Err(Error::Conflict(Obstacle::NamespaceInUse));
    }
    // Grants on the namespace of an earlier account of this name do not carry over.
    let txn = change.txn(&permit);
    txn.remove_grants_on(&GrantTarget::Namespace(namespace));
    txn.put_account(account.clone())?;
    change.about_account(&account);
    Ok(account)
}

/// The account to change, with the permit to change its full name. Callers who may not change others' accounts do not
/// learn which exist.
fn find_to_update<'s>(authority: &Authority<'s>, name_or_id: &str) -> Result<(Permit, &'s Account), Error> {
    authority.account_data()?;
    let found = find(authority.state(), name_or_id);
    let account = found.map_err(|missing| authority.administrator().err().unwrap_or(missing))?;
    Ok((authority.rename_account(account)?, account))
}

struct Applied {
    account: Account,
    /// Whether the caller sees its inner part.
    shows_inner: bool,
    made_by_others: Vec<Arc<AccessToken>>,
}

fn apply(
    change: &mut Change<'_, '_>,
    ends: &mut SessionEnds,
    asked: &str,
    update: &AccountUpdate,
) -> Result<Applied, Error> {
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
    let is_promoted = update.is_admin == Some(true) && !account.is_admin;
    if is_promoted {
        if account.is_organization() {
            return Err(Error::invalid("isAdmin", "an organization is no administrator"));
        }
        permit = authority.make_administrator()?;
    }
    check_kept(&account, update)?;
    check_full_name(update.full_name.as_deref().unwrap_or_default())?;
    note_switches(change, &account, update);
    let (was_active_admin, before) = (account.is_active_admin(), change.administered());
    account.full_name = update.full_name.clone().unwrap_or(account.full_name);
    account.is_active = update.is_active.unwrap_or(account.is_active);
    account.is_admin = update.is_admin.unwrap_or(account.is_admin);
    let field = Some(if account.is_active { "isAdmin" } else { "isActive" });
    if was_active_admin && !account.is_active_admin() {
        keep_an_admin(change, account.id, field)?;
    }
    change.txn(&permit).put_account(account.clone())?;
    change.keep_administered(before, field)?;
    change.about_account(&account);
    if !account.is_active {
        ends.of_account(account.id);
        close_rotations(change, &permit, account.id)?;
    }
    let made_by_others = if is_promoted { made_by_others(change.state(), &account) } else { Vec::new() };
    if !update.keep_tokens {
        for token in made_by_others.iter().filter(|token| token.is_active) {
            stop(change, &permit, token)?;
            ends.of_token(token.id);
        }
    }
    Ok(Applied { account, shows_inner, made_by_others })
}

/// The access tokens of an account whose secret others may know, since they made them. They rise with it, the inactive
/// ones once somebody activates them.
fn made_by_others(state: &State, account: &Account) -> Vec<Arc<AccessToken>> {
    state.tokens_of(account.id, None).filter(|token| is_of_another(state, token)).cloned().collect()
}

fn stop(change: &mut Change<'_, '_>, permit: &Permit, token: &AccessToken) -> Result<(), Error> {
    change.txn(permit).put_token(token.clone().switched(false))?;
    let deed = Deed::of_token(Act::TokenDeactivate, change.state(), token);
    change.record_also(deed);
    Ok(())
}

/// Lets no rotation of the account's access tokens be repeated any more, also when it is activated again.
fn close_rotations(change: &mut Change<'_, '_>, permit: &Permit, account: Id) -> Result<(), Error> {
    let of_account = change.state().tokens_of(account, None);
    let open: Vec<_> = of_account.filter(|token| token.retry.is_some()).cloned().collect();
    for token in open {
        change.txn(permit).put_token(token.with(|it| it.retry = None))?;
    }
    Ok(())
}

/// Clients send back what they got. A different name or kind would change nothing, so it is refused.
fn check_kept(account: &Account, update: &AccountUpdate) -> Result<(), Error> {
    if update.name.as_deref().is_some_and(|name| name != account.name.as_str()) {
        return Err(Error::invalid("name", "names never change"));
    }
    if update.is_organization.is_some_and(|is| is != account.is_organization()) {
        return Err(Error::invalid("isOrg", "users stay users, and organizations organizations"));
    }
    Ok(())
}

/// Gives each switch an audit record of its own: a demotion must not look like a change of the full name. What is switched
/// and nothing else has no further record.
fn note_switches(change: &mut Change<'_, '_>, account: &Account, update: &AccountUpdate) {
    let switched = |was: bool, shall: Option<bool>, on: Act, off: Act| {
        shall.filter(|shall| *shall != was).map(|shall| if shall { on } else { off })
    };
    let admin = switched(account.is_admin, update.is_admin, Act::AccountPromote, Act::AccountDemote);
    let active = switched(account.is_active, update.is_active, Act::AccountActivate, Act::AccountDeactivate);
    let mut deeds = admin.into_iter().chain(active).map(|act| Deed::new(act, &account.name).about_account(account));
    let is_renamed = update.full_name.as_ref().is_some_and(|name| *name != account.full_name);
    if !is_renamed {
        deeds.next().into_iter().for_each(|first| change.record_as(first));
    }
    deeds.for_each(|deed| change.record_also(deed));
}

/// Refuses to delete, deactivate or demote the last active administrator, also where it cannot sign in: it could be
/// given an access token. `field` is what would change; none for a deletion.
pub(super) fn keep_an_admin(change: &Change<'_, '_>, account: Id, field: Option<&'static str>) -> Result<(), Error> {
    if change.state().is_last_admin(account) {
        Err(Error::Conflict(Obstacle::LastAdministrator { field }))
    } else {
        Ok(())
    }
}
