//! Organizations: making them, their members and administrators.

use super::accounts::{AccountPresent, AccountView, Locked};
use crate::domain::account::{Account, AccountKind};
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::organization::MemberFilter;
use crate::domain::organization::Membership;
use crate::domain::random;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, Permit, find, find_organization, find_user};
use crate::service::error::{Error, Kind};
use crate::service::ledger::Deed;
use crate::service::page::{Page, PageQuery};
use crate::store::{GroupSize, State};

/// The organization to make.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Name, also its namespace.
    pub name: Name,
    /// Name in full.
    pub full_name: String,
    /// Whether it takes over repositories already known under its name.
    pub adopt_repositories: bool,
}

/// A member of an organization or a team.
#[derive(Clone, Debug)]
pub struct MemberView {
    /// The user.
    pub user: Account,
    /// Whether the user administers the organization.
    pub is_admin: bool,
    /// Whether the caller sees more of the user than name, id, full name and kind.
    pub shows_inner: bool,
    /// Whether the user may sign in; none if the caller may not know.
    pub is_active: Option<bool>,
    /// What the user's record does not tell; nothing, if the caller sees no more than that.
    pub present: AccountPresent,
}

/// An organization that a user belongs to.
#[derive(Clone, Debug)]
pub struct MembershipView {
    /// The organization, as far as the caller may see it.
    pub organization: AccountView,
    /// Whether the user administers it.
    pub is_admin: bool,
}

/// A user as a member of the organization, without what is so at `present`, which is not known here.
pub(super) fn member_view(authority: &Authority<'_>, organization: Id, user: Id) -> Option<MemberView> {
    let is_admin = authority.state().member(organization, user)?;
    let (organization, user) = (authority.state().account(organization)?, authority.state().account(user)?);
    let shows_inner = authority.sees_inner(user);
    let may_know = shows_inner || authority.administer_organization(organization).is_ok();
    let is_active = may_know.then_some(user.is_active);
    Some(MemberView {
        user: Account::clone(user),
        is_admin,
        shows_inner,
        is_active,
        present: AccountPresent::default(),
    })
}

impl MemberFilter {
    fn matches(self, is_admin: bool) -> bool {
        match self {
            Self::All => true,
            Self::Admins => is_admin,
            Self::NonAdmins => !is_admin,
        }
    }

    fn count(self, size: GroupSize) -> usize {
        match self {
            Self::All => size.members,
            Self::Admins => size.admins,
            Self::NonAdmins => size.members.saturating_sub(size.admins),
        }
    }
}

impl Service {
    /// Adds how a member is at present, if the caller sees that.
    pub(super) fn member_now(&self, view: MemberView, call: &Call) -> MemberView {
        if !view.shows_inner {
            return view;
        }
        let present = self.account_present(&self.store.state(), &view.user, call);
        MemberView { present, ..view }
    }

    /// The same of one of many.
    pub(super) fn member_of(&self, view: MemberView, state: &State, locked: &Locked) -> MemberView {
        if !view.shows_inner {
            return view;
        }
        let present = self.present_of(state, &view.user, locked);
        MemberView { present, ..view }
    }

    /// Makes an organization.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`crate::service::Obstacle::NamespaceInUse`]; [`Error::Denied`] to all but
    /// administrators.
    pub fn create_organization(&self, call: &Call, new: NewOrganization) -> Result<AccountView, Error> {
        let deed = Deed::new(Act::AccountCreate, &new.name);
        let account = Account {
            id: Id::new(call.now, random::bytes()?),
            name: new.name,
            kind: AccountKind::Organization,
            full_name: new.full_name,
            is_active: true,
            is_admin: false,
            password: None,
            password_set_by_admin: false,
            created_at: call.now.whole_seconds(),
            generation: 0,
        };
        let adopt = new.adopt_repositories;
        let made = self.make_account(call, &deed, account, adopt)?;
        Ok(self.shown(&self.store.state(), &made, call))
    }

    /// A page of the members of an organization.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but its members and system administrators.
    pub fn list_members(
        &self,
        call: &Call,
        organization: &str,
        filter: MemberFilter,
        query: &PageQuery<Name>,
    ) -> Result<Page<MemberView, Name>, Error> {
        self.view(call, Act::OrganizationMembers, organization, |authority| {
            let (_, organization) = view_organization(authority, organization)?;
            let state = authority.state();
            let count = filter.count(state.group_size(organization.id));
            let users = state.members_by_name(organization.id, query.order, query.after.as_ref());
            let members = users.filter_map(|user| member_view(authority, organization.id, user));
            let members = members.filter(|member| filter.matches(member.is_admin));
            let locked = self.locked(call);
            let members = members.map(|member| self.member_of(member, state, &locked));
            Ok(Page::of(members, |member| &member.user.name, query.limit, Some(count)))
        })
    }

    /// One member of an organization.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but its members and system administrators.
    pub fn view_member(&self, call: &Call, organization: &str, user: &str) -> Result<MemberView, Error> {
        self.view(call, Act::OrganizationMember, organization, |authority| {
            let (_, organization) = view_organization(authority, organization)?;
            let found = find_user(authority.state(), user)?;
            let member = member_view(authority, organization.id, found.id);
            let member = member.ok_or_else(|| Error::not_found(Kind::Member, user))?;
            Ok(self.member_now(member, call))
        })
    }

    /// Refuses callers who may not change the members of an organization and its teams, before the body is read. `act`
    /// is what would be done.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but the organization's and system administrators.
    pub fn may_change_organization(&self, call: &Call, act: Act, organization: &str) -> Result<Allowed, Error> {
        self.gate(call, act, organization, |authority| {
            administer_organization(authority, organization).map(|(permit, _)| permit)
        })
    }

    /// Adds a member, or changes whether it administers the organization.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but the organization's and system administrators.
    pub fn put_member(
        &self,
        call: &Call,
        organization: &str,
        user: &str,
        is_admin: Option<bool>,
    ) -> Result<MemberView, Error> {
        let role = match is_admin {
            Some(true) => " admin",
            Some(false) => " no admin",
            None => "",
        };
        let deed = Deed::new(Act::OrganizationPutMember, format!("{organization} {user}{role}"));
        let (organization, user) = (organization.to_owned(), user.to_owned());
        let put = self.change(call, deed, move |change| {
            let (permit, organization) = administer_organization(&change.authority()?, &organization)?;
            let account = find_user(change.state(), &user)?.clone();
            let user = account.id;
            change.about_account(&account);
            let is_admin = is_admin.or(change.state().member(organization, user)).unwrap_or(false);
            change.txn(&permit).put_member(Membership { organization, user, is_admin })?;
            member_view(&change.authority()?, organization, user).ok_or_else(|| Error::not_found(Kind::Member, user))
        })?;
        Ok(self.member_now(put, call))
    }

    /// Removes a member from an organization, and so from its teams; idempotent. Everybody may remove themselves, also
    /// after they have left.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] for other users, to all but the organization's and system
    /// administrators.
    pub fn delete_member(&self, call: &Call, organization: &str, user: &str) -> Result<(), Error> {
        let deed = Deed::new(Act::OrganizationDeleteMember, format!("{organization} {user}"));
        let (organization, user) = (organization.to_owned(), user.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let permit = authority.account_data()?;
            let (permit, organization) = if authority.is_called(&user) {
                (permit, find_organization(change.state(), &organization)?.id)
            } else {
                administer_organization(&authority, &organization)?
            };
            let account = find_user(change.state(), &user)?.clone();
            let user = account.id;
            change.about_account(&account);
            if change.state().member(organization, user).is_none() {
                change.skip_record();
                return Ok(());
            }
            change.txn(&permit).remove_member(organization, user);
            Ok(())
        })
    }

    /// A page of the organizations that a user belongs to.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for an organization's name; [`Error::Denied`] to all but the user and system
    /// administrators.
    pub fn organizations_of_user(
        &self,
        call: &Call,
        user: &str,
        query: &PageQuery<Name>,
    ) -> Result<Page<MembershipView, Name>, Error> {
        self.view(call, Act::AccountOrganizations, user, |authority| {
            authority.account_data()?;
            let state = authority.state();
            let found = find(state, user).ok().filter(|account| !account.is_organization());
            let found = found.ok_or_else(|| Error::not_found(Kind::User, user))?;
            authority.self_or_administrator(found)?;
            let memberships = state.organizations_of_by_name(found.id, query.order, query.after.as_ref());
            let views = memberships.filter_map(|(organization, is_admin)| {
                let organization = self.seen(authority, state.account(organization)?, call);
                Some(MembershipView { organization, is_admin })
            });
            let count = state.organizations_count_of(found.id);
            Ok(Page::of(views, |view| &view.organization.account.name, query.limit, Some(count)))
        })
    }
}

/// The organization, for callers who may see its members: the members and system administrators.
pub(super) fn view_organization<'s>(
    authority: &Authority<'s>,
    name_or_id: &str,
) -> Result<(Permit, &'s Account), Error> {
    authority.account_data()?;
    let organization = find_organization(authority.state(), name_or_id)?;
    Ok((authority.see_organization(organization)?, organization))
}

/// The organization, for callers who may change its members: its administrators and system administrators.
pub(super) fn administer_organization(authority: &Authority<'_>, name_or_id: &str) -> Result<(Permit, Id), Error> {
    authority.account_data()?;
    let organization = find_organization(authority.state(), name_or_id)?;
    Ok((authority.administer_organization(organization)?, organization.id))
}
