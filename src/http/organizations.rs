//! `/enzi/v0/accounts/{name}/members` and `…/teams`: who belongs to an organization and to its teams;
//! `…/organizations`: what a user belongs to.

use super::accounts;
use super::failure::Failure;
use super::page;
use super::repeated::{must_be_named, must_name};
use super::reply::{Replied, Reply};
use super::request::Request;
use crate::api::operations::organizations as op;
use crate::api::{self, Nothing, Paged};
use crate::domain::act::Act;
use crate::domain::name::Name;
use crate::domain::organization::Team;
use crate::service::{Call, MemberView, MembershipView, Page, Service, TeamUpdate, TeamView};

fn shown(member: &MemberView) -> api::Member {
    api::Member { member: accounts::shown_user(member), is_admin: member.is_admin, is_active: member.is_active }
}

fn shown_team(team: &Team, members_count: usize) -> api::Team {
    api::Team {
        id: team.id.to_string(),
        org_id: team.organization.to_string(),
        name: team.name.to_string(),
        description: team.description.clone(),
        members_count,
    }
}

fn shown_view(view: &TeamView) -> api::Team {
    shown_team(&view.team, view.members)
}

fn shown_members(list: &Page<MemberView, Name>) -> Paged<api::Members> {
    page::paged(list, |next_page_start, resource_count| api::Members {
        members: list.entries.iter().map(shown).collect(),
        next_page_start,
        resource_count,
    })
}

pub(super) async fn list_members(request: Request<op::ListMembers>) -> Replied<op::ListMembers> {
    let [organization] = request.parts()?;
    let (which, order, page) = request.query()?;
    let (filter, page) = (which.filter.unwrap_or_default(), page::by_name(&order, page));
    // Of each member whom the caller may know it looks at each access token.
    let read = move |service: &Service, call: &Call| service.list_members(call, &organization, filter, &page);
    let list = request.read_long(read).await?;
    Ok(Reply::new(&shown_members(&list)))
}

pub(super) async fn view_member(request: Request<op::ViewMember>) -> Replied<op::ViewMember> {
    let [organization, user] = request.parts()?;
    let member = request.run(|service, call| service.view_member(call, &organization, &user))?;
    Ok(Reply::new(&shown(&member)))
}

/// The role that a body gives to the member whom the path names.
fn role(body: api::PutMember, user: &str) -> Result<Option<bool>, Failure> {
    must_name("name", body.name.as_deref(), user)?;
    must_be_named("member", body.member.as_ref(), user)?;
    Ok(body.is_admin)
}

pub(super) async fn put_member(request: Request<op::PutMember>) -> Replied<op::PutMember> {
    let [organization, user] = request.parts()?;
    let gate = |service: &Service, call: &Call| {
        service.may_change_organization(call, Act::OrganizationPutMember, &organization)
    };
    let is_admin = role(request.body(gate)?, &user)?;
    let put = request.block(move |service, call| service.put_member(call, &organization, &user, is_admin)).await?;
    Ok(Reply::new(&shown(&put)))
}

pub(super) async fn delete_member(request: Request<op::DeleteMember>) -> Replied<op::DeleteMember> {
    let [organization, user] = request.parts()?;
    request.block(move |service, call| service.delete_member(call, &organization, &user)).await?;
    Ok(Reply::new(&Nothing))
}

pub(super) async fn list_teams_of_member(request: Request<op::ListTeamsOfMember>) -> Replied<op::ListTeamsOfMember> {
    let [organization, user] = request.parts()?;
    // This list has no pages.
    let teams = request.block(move |service, call| service.teams_of_member(call, &organization, &user)).await?;
    let member_teams = teams.iter().map(|view| api::MemberTeam { team: shown_view(view) }).collect();
    Ok(Reply::new(&api::MemberTeams { member_teams, next_page_start: String::new() }))
}

pub(super) async fn list_organizations_of_user(
    request: Request<op::ListOrganizationsOfUser>,
) -> Replied<op::ListOrganizationsOfUser> {
    let [user] = request.parts()?;
    let (order, page) = request.query()?;
    let page = page::by_name(&order, page);
    let is_long = page::is_long(page.limit);
    let list =
        request.read_list(is_long, move |service, call| service.organizations_of_user(call, &user, &page)).await?;
    let shown = |MembershipView { organization, is_admin }: &MembershipView| api::MemberOrg {
        org: accounts::shown(organization),
        is_admin: *is_admin,
    };
    Ok(Reply::new(&page::paged(&list, |next_page_start, resource_count| api::MemberOrgs {
        member_orgs: list.entries.iter().map(shown).collect(),
        next_page_start,
        resource_count,
    })))
}

pub(super) async fn list_teams(request: Request<op::ListTeams>) -> Replied<op::ListTeams> {
    let [organization] = request.parts()?;
    let (order, page) = request.query()?;
    let page = page::by_name(&order, page);
    let is_long = page::is_long(page.limit);
    let list = request.read_list(is_long, move |service, call| service.list_teams(call, &organization, &page)).await?;
    Ok(Reply::new(&page::paged(&list, |next_page_start, resource_count| api::Teams {
        teams: list.entries.iter().map(shown_view).collect(),
        next_page_start,
        resource_count,
    })))
}

pub(super) async fn create_team(request: Request<op::CreateTeam>) -> Replied<op::CreateTeam> {
    let [organization] = request.parts()?;
    let body = request.body(|service, call| service.may_change_organization(call, Act::TeamCreate, &organization))?;
    let name = Name::parse(&body.name).map_err(|error| Failure::invalid("name", error))?;
    let description = body.description.unwrap_or_default();
    let made = request.block(move |service, call| service.create_team(call, &organization, &name, description));
    Ok(Reply::new(&shown_view(&made.await?)))
}

pub(super) async fn view_team(request: Request<op::ViewTeam>) -> Replied<op::ViewTeam> {
    let [organization, team] = request.parts()?;
    let view = request.run(|service, call| service.view_team(call, &organization, &team))?;
    Ok(Reply::new(&shown_view(&view)))
}

pub(super) async fn update_team(request: Request<op::UpdateTeam>) -> Replied<op::UpdateTeam> {
    let [organization, team] = request.parts()?;
    let api::UpdateTeam { name, description } =
        request.body(|service, call| service.may_change_organization(call, Act::TeamUpdate, &organization))?;
    let update = TeamUpdate { name: name.filter(|name| !name.is_empty()), description };
    let updated = request.block(move |service, call| service.update_team(call, &organization, &team, update));
    Ok(Reply::new(&shown_view(&updated.await?)))
}

pub(super) async fn delete_team(request: Request<op::DeleteTeam>) -> Replied<op::DeleteTeam> {
    let [organization, team] = request.parts()?;
    request.block(move |service, call| service.delete_team(call, &organization, &team)).await?;
    Ok(Reply::new(&Nothing))
}

pub(super) async fn list_team_members(request: Request<op::ListTeamMembers>) -> Replied<op::ListTeamMembers> {
    let [organization, team] = request.parts()?;
    let (order, page) = request.query()?;
    let page = page::by_name(&order, page);
    let read = move |service: &Service, call: &Call| service.list_team_members(call, &organization, &team, &page);
    let list = request.read_long(read).await?;
    Ok(Reply::new(&shown_members(&list)))
}

pub(super) async fn view_team_member(request: Request<op::ViewTeamMember>) -> Replied<op::ViewTeamMember> {
    let [organization, team, user] = request.parts()?;
    let member = request.run(|service, call| service.view_team_member(call, &organization, &team, &user))?;
    Ok(Reply::new(&shown(&member)))
}

pub(super) async fn put_team_member(request: Request<op::PutTeamMember>) -> Replied<op::PutTeamMember> {
    let [organization, team, user] = request.parts()?;
    let body =
        request.body(|service, call| service.may_change_organization(call, Act::TeamPutMember, &organization))?;
    let is_admin = role(body, &user)?;
    let put = request.block(move |service, call| service.put_team_member(call, &organization, &team, &user)).await?;
    let warning = is_admin.unwrap_or(false).then_some("isAdmin is ignored: a team has no administrators of its own");
    Ok(Reply::new(&shown(&put)).warning(warning))
}

pub(super) async fn delete_team_member(request: Request<op::DeleteTeamMember>) -> Replied<op::DeleteTeamMember> {
    let [organization, team, user] = request.parts()?;
    request.block(move |service, call| service.delete_team_member(call, &organization, &team, &user)).await?;
    Ok(Reply::new(&Nothing))
}
