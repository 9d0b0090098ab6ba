//! Teams of organizations and their members.

use super::organizations::{MemberView, administer_organization, member_view, view_organization};
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::organization::{MAX_TEAM_DESCRIPTION, Membership, Team, TeamMembership};
use crate::domain::random;
use crate::domain::text;
use crate::service::Service;
use crate::service::access::{Authority, Call, Permit, find_organization, find_user};
use crate::service::error::{Error, Kind};
use crate::service::ledger::Deed;
use crate::service::page::{Page, PageQuery};
use crate::store::State;

/// A team as it is shown.
#[derive(Clone, Debug)]
pub struct TeamView {
    /// The team.
    pub team: Team,
    /// The name of its organization.
    pub organization: Option<Name>,
    /// How many members it has.
    pub members: usize,
    /// Whether the caller is one of them.
    pub caller_is_member: bool,
}

/// Changes of a team; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct TeamUpdate {
    /// Must be the present name, which never changes.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// The team of this name or identifier in an organization.
pub(super) fn find_team(state: &State, organization: Id, name_or_id: &str) -> Result<Team, Error> {
    let by_id = name_or_id.parse::<Id>().ok().and_then(|id| state.team(id));
    let by_id = by_id.filter(|team| team.organization == organization);
    let by_name = || Name::parse(name_or_id).ok().and_then(|name| state.team_named(organization, &name));
    let found = by_id.or_else(by_name).map(|team| Team::clone(team));
    found.ok_or_else(|| {
        let organization = state.account(organization).map(|it| format!("{}/", it.name)).unwrap_or_default();
        Error::not_found(Kind::Team, format!("{organization}{name_or_id}"))
    })
}

/// A team as the caller sees it.
pub(super) fn team_view(authority: &Authority<'_>, team: Team) -> TeamView {
    TeamView {
        organization: authority.state().account(team.organization).map(|it| it.name.clone()),
        members: authority.state().group_size(team.id).members,
        caller_is_member: is_callers(authority, team.id),
        team,
    }
}

/// Whether the caller is a member of a team.
pub(super) fn is_callers(authority: &Authority<'_>, team: Id) -> bool {
    authority.account().is_some_and(|account| authority.state().is_in_team(team, account.id))
}

fn check_description(description: &str) -> Result<(), Error> {
    text::check_line(description, 0..=MAX_TEAM_DESCRIPTION).map_err(|reason| Error::invalid("description", reason))
}

/// The team, for callers who may see its members and grants: its members, the organization's and system
/// administrators.
pub(in crate::service) fn view_team(
    authority: &Authority<'_>,
    organization: &str,
    team: &str,
) -> Result<(Permit, Team), Error> {
    let (_, organization) = view_organization(authority, organization)?;
    let team = find_team(authority.state(), organization.id, team)?;
    Ok((authority.see_team(&team)?, team))
}

fn administer_team(authority: &Authority<'_>, organization: &str, team: &str) -> Result<(Permit, Team), Error> {
    let (permit, organization) = administer_organization(authority, organization)?;
    Ok((permit, find_team(authority.state(), organization, team)?))
}

impl Service {
    /// A page of the teams of an organization.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but the organization's members and system administrators.
    pub fn list_teams(
        &self,
        call: &Call,
        organization: &str,
        query: &PageQuery<Name>,
    ) -> Result<Page<TeamView, Name>, Error> {
        self.view(call, Act::TeamList, organization, |authority| {
            let (_, organization) = view_organization(authority, organization)?;
            let state = authority.state();
            let teams = state.teams_by_name(organization.id, query.order, query.after.as_ref());
            let teams = teams.map(|team| team_view(authority, Team::clone(team)));
            let count = state.group_size(organization.id).teams;
            Ok(Page::of(teams, |view| &view.team.name, query.limit, Some(count)))
        })
    }

    /// The teams of a member.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but that member, the organization's and system administrators.
    pub fn teams_of_member(&self, call: &Call, organization: &str, user: &str) -> Result<Vec<TeamView>, Error> {
        self.view(call, Act::OrganizationMember, organization, |authority| {
            authority.account_data()?;
            let state = authority.state();
            let organization = find_organization(state, organization)?;
            authority.see_teams_of(organization, user)?;
            let found = find_user(state, user)?;
            if state.member(organization.id, found.id).is_none() {
                return Err(Error::not_found(Kind::Member, user));
            }
            let teams = state.teams_of(found.id).filter(|team| team.organization == organization.id);
            let mut teams: Vec<_> = teams.map(|team| team_view(authority, team.as_ref().clone())).collect();
            teams.sort_by(|one, other| one.team.name.cmp(&other.team.name));
            Ok(teams)
        })
    }

    /// One team.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but the organization's members and system administrators.
    pub fn view_team(&self, call: &Call, organization: &str, team: &str) -> Result<TeamView, Error> {
        self.view(call, Act::TeamView, &format!("{organization}/{team}"), |authority| {
            let (_, organization) = view_organization(authority, organization)?;
            let team = find_team(authority.state(), organization.id, team)?;
            Ok(team_view(authority, team))
        })
    }

    /// Makes a team.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Error::NotFound`]; [`Error::Denied`] to all but the organization's and system
    /// administrators.
    pub fn create_team(
        &self,
        call: &Call,
        organization: &str,
        name: &Name,
        description: String,
    ) -> Result<TeamView, Error> {
        let id = Id::new(call.now, random::bytes()?);
        let (asked, name) = (organization.to_owned(), name.clone());
        self.change(call, Deed::new(Act::TeamCreate, format!("{organization}/{name}")), move |change| {
            let (permit, organization) = administer_organization(&change.authority()?, &asked)?;
            check_description(&description)?;
            let (name, description) = (name.clone(), description.clone());
            let created_at = change.call().now.whole_seconds();
            let team = Team { id, organization, name, description, created_at };
            if !change.txn(&permit).put_team(team.clone())? {
                return Err(Error::AlreadyExists { kind: Kind::Team, name: team.name.to_string() });
            }
            Ok(team_view(&change.authority()?, team))
        })
    }

    /// Changes a team's description.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for another name; [`Error::Denied`] to all but the organization's and
    /// system administrators.
    pub fn update_team(
        &self,
        call: &Call,
        organization: &str,
        team: &str,
        update: TeamUpdate,
    ) -> Result<TeamView, Error> {
        let deed = Deed::new(Act::TeamUpdate, format!("{organization}/{team}"));
        let (organization, team) = (organization.to_owned(), team.to_owned());
        self.change(call, deed, move |change| {
            let (permit, mut team) = administer_team(&change.authority()?, &organization, &team)?;
            check_description(update.description.as_deref().unwrap_or_default())?;
            if update.name.as_ref().is_some_and(|name| name != team.name.as_str()) {
                return Err(Error::invalid("name", "names never change"));
            }
            team.description = update.description.clone().unwrap_or(team.description);
            change.txn(&permit).put_team(team.clone())?;
            Ok(team_view(&change.authority()?, team))
        })
    }

    /// Deletes a team with its grants; idempotent.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the organization; [`Error::Denied`] to all but its administrators and system
    /// administrators.
    pub fn delete_team(&self, call: &Call, organization: &str, team: &str) -> Result<(), Error> {
        let deed = Deed::new(Act::TeamDelete, format!("{organization}/{team}"));
        let (organization, team) = (organization.to_owned(), team.to_owned());
        self.change(call, deed, move |change| {
            let (permit, organization) = administer_organization(&change.authority()?, &organization)?;
            let Ok(team) = find_team(change.state(), organization, &team) else {
                change.skip_record();
                return Ok(());
            };
            Ok(change.txn(&permit).remove_team(team.id)?)
        })
    }

    /// A page of the members of a team.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but its members, the organization's and system administrators.
    pub fn list_team_members(
        &self,
        call: &Call,
        organization: &str,
        team: &str,
        query: &PageQuery<Name>,
    ) -> Result<Page<MemberView, Name>, Error> {
        self.view(call, Act::TeamMembers, &format!("{organization}/{team}"), |authority| {
            let (_, team) = view_team(authority, organization, team)?;
            let state = authority.state();
            let users = state.members_by_name(team.id, query.order, query.after.as_ref());
            let members = users.filter_map(|user| member_view(authority, team.organization, user));
            let locked = self.locked(call);
            let members = members.map(|member| self.member_of(member, state, &locked));
            let count = state.group_size(team.id).members;
            Ok(Page::of(members, |member| &member.user.name, query.limit, Some(count)))
        })
    }

    /// One member of a team.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but its members, the organization's and system administrators.
    pub fn view_team_member(
        &self,
        call: &Call,
        organization: &str,
        team: &str,
        user: &str,
    ) -> Result<MemberView, Error> {
        self.view(call, Act::TeamMembers, &format!("{organization}/{team}"), |authority| {
            let (_, team) = view_team(authority, organization, team)?;
            let state = authority.state();
            let found = find_user(state, user)?;
            let member = member_view(authority, team.organization, found.id);
            let member = member.filter(|_| state.is_in_team(team.id, found.id));
            let member = member.ok_or_else(|| Error::not_found(Kind::Member, user))?;
            Ok(self.member_now(member, call))
        })
    }

    /// Adds a user to a team, and so to the organization.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but the organization's and system administrators.
    pub fn put_team_member(
        &self,
        call: &Call,
        organization: &str,
        team: &str,
        user: &str,
    ) -> Result<MemberView, Error> {
        let deed = Deed::new(Act::TeamPutMember, format!("{organization}/{team} {user}"));
        let (organization, team, user) = (organization.to_owned(), team.to_owned(), user.to_owned());
        let put = self.change(call, deed, move |change| {
            let (permit, team) = administer_team(&change.authority()?, &organization, &team)?;
            let user = find_user(change.state(), &user)?.id;
            let organization = team.organization;
            if change.state().member(organization, user).is_none() {
                change.txn(&permit).put_member(Membership { organization, user, is_admin: false })?;
            }
            change.txn(&permit).put_team_member(TeamMembership { team: team.id, user })?;
            member_view(&change.authority()?, organization, user).ok_or_else(|| Error::not_found(Kind::Member, user))
        })?;
        Ok(self.member_now(put, call))
    }

    /// Removes a user from a team; idempotent.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but the organization's and system administrators.
    pub fn delete_team_member(&self, call: &Call, organization: &str, team: &str, user: &str) -> Result<(), Error> {
        let deed = Deed::new(Act::TeamDeleteMember, format!("{organization}/{team} {user}"));
        let (organization, team, user) = (organization.to_owned(), team.to_owned(), user.to_owned());
        self.change(call, deed, move |change| {
            let (permit, team) = administer_team(&change.authority()?, &organization, &team)?;
            let user = find_user(change.state(), &user)?.id;
            if !change.state().is_in_team(team.id, user) {
                change.skip_record();
                return Ok(());
            }
            change.txn(&permit).remove_team_member(TeamMembership { team: team.id, user });
            Ok(())
        })
    }
}
