//! `/enzi/v0/accounts/{name}/members` and `…/teams`: who belongs to an organization and to its teams;
//! `…/organizations`: what a user belongs to.

use actix_web::HttpResponse;

use super::accounts;
use super::failure::Failure;
use super::page;
use super::request::Request;
use crate::api;
use crate::domain::act::Act;
use crate::domain::name::Name;
use crate::domain::organization::Team;
use crate::service::{Call, MemberFilter, MemberView, MembershipView, NamedPage, Service, TeamUpdate, TeamView};

fn shown(member: &MemberView) -> api::Member {
    api::Member { member: accounts::shown_user(member), is_admin: member.is_admin }
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

fn members_answer(list: &NamedPage<MemberView>) -> HttpResponse {
    let next = list.next.as_ref().map(ToString::to_string);
    let members = list.entries.iter().map(shown).collect();
    let next_page_start = next.clone().unwrap_or_default();
    page::answer(api::Members { members, next_page_start, resource_count: list.count }, next, Some(list.count))
}

fn read_filter(text: &str) -> Result<MemberFilter, Failure> {
    match text {
        "" | "all" => Ok(MemberFilter::All),
        "admins" => Ok(MemberFilter::Admins),
        "non-admins" => Ok(MemberFilter::NonAdmins),
        _ => Err(Failure::invalid("filter", "admins, non-admins or all")),
    }
}

/// Refuses who may not do this with an organization, before the body is looked at.
fn may_change(request: &Request, act: Act, organization: &str) -> Result<(), Failure> {
    request.run(|service, call| service.check_may_change_organization(call, act, organization))
}

/// `GET /enzi/v0/accounts/{name}/members`
pub(super) async fn list_members(request: Request) -> Result<HttpResponse, Failure> {
    let organization = request.part("name")?;
    let page = page::by_name(&request)?;
    let filter = read_filter(&request.query_value("filter").unwrap_or_default())?;
    let is_long = page::is_long(page.limit) || filter != MemberFilter::All;
    let read = move |service: &Service, call: &Call| service.list_members(call, &organization, filter, &page);
    let list = request.read(is_long, read).await?;
    Ok(members_answer(&list))
}

/// `GET /enzi/v0/accounts/{name}/members/{member}`
pub(super) async fn view_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, user) = (request.part("name")?, request.part("member")?);
    let member = request.run(|service, call| service.view_member(call, &organization, &user))?;
    Ok(HttpResponse::Ok().json(shown(&member)))
}

/// `PUT /enzi/v0/accounts/{name}/members/{member}`
pub(super) async fn put_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, user) = (request.part("name")?, request.part("member")?);
    may_change(&request, Act::OrganizationPutMember, &organization)?;
    let is_admin = request.json::<api::PutMember>()?.is_admin;
    let put = request.block(move |service, call| service.put_member(call, &organization, &user, is_admin)).await?;
    Ok(HttpResponse::Ok().json(shown(&put)))
}

/// `DELETE /enzi/v0/accounts/{name}/members/{member}`
pub(super) async fn delete_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, user) = (request.part("name")?, request.part("member")?);
    request.block(move |service, call| service.delete_member(call, &organization, &user)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /enzi/v0/accounts/{name}/members/{member}/teams`
pub(super) async fn list_teams_of_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, user) = (request.part("name")?, request.part("member")?);
    // A list without pages.
    let teams = request.block(move |service, call| service.teams_of_member(call, &organization, &user)).await?;
    let member_teams = teams.iter().map(|view| api::MemberTeam { team: shown_view(view) }).collect();
    Ok(HttpResponse::Ok().json(api::MemberTeams { member_teams, next_page_start: String::new() }))
}

/// `GET /enzi/v0/accounts/{name}/organizations`
pub(super) async fn list_organizations_of_user(request: Request) -> Result<HttpResponse, Failure> {
    let user = request.part("name")?;
    let page = page::by_name(&request)?;
    let is_long = page::is_long(page.limit);
    let list = request.read(is_long, move |service, call| service.organizations_of_user(call, &user, &page)).await?;
    let next = list.next.as_ref().map(ToString::to_string);
    let shown = |MembershipView { organization, is_admin }: &MembershipView| api::MemberOrg {
        org: accounts::shown(organization),
        is_admin: *is_admin,
    };
    let body = api::MemberOrgs {
        member_orgs: list.entries.iter().map(shown).collect(),
        next_page_start: next.clone().unwrap_or_default(),
        resource_count: list.count,
    };
    Ok(page::answer(body, next, Some(list.count)))
}

/// `GET /enzi/v0/accounts/{name}/teams`
pub(super) async fn list_teams(request: Request) -> Result<HttpResponse, Failure> {
    let organization = request.part("name")?;
    let page = page::by_name(&request)?;
    let is_long = page::is_long(page.limit);
    let list = request.read(is_long, move |service, call| service.list_teams(call, &organization, &page)).await?;
    let next = list.next.as_ref().map(ToString::to_string);
    let teams = list.entries.iter().map(shown_view).collect();
    let next_page_start = next.clone().unwrap_or_default();
    let body = api::Teams { teams, next_page_start, resource_count: list.count };
    Ok(page::answer(body, next, Some(list.count)))
}

/// `POST /enzi/v0/accounts/{name}/teams`
pub(super) async fn create_team(request: Request) -> Result<HttpResponse, Failure> {
    let organization = request.part("name")?;
    may_change(&request, Act::TeamCreate, &organization)?;
    let body: api::CreateTeam = request.json()?;
    let name = Name::parse(&body.name).map_err(|error| Failure::invalid("name", error))?;
    let description = body.description.unwrap_or_default();
    let made = request.block(move |service, call| service.create_team(call, &organization, &name, description));
    Ok(HttpResponse::Created().json(shown_view(&made.await?)))
}

/// `GET /enzi/v0/accounts/{name}/teams/{team}`
pub(super) async fn view_team(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team) = (request.part("name")?, request.part("team")?);
    let view = request.run(|service, call| service.view_team(call, &organization, &team))?;
    Ok(HttpResponse::Ok().json(shown_view(&view)))
}

/// `PATCH /enzi/v0/accounts/{name}/teams/{team}`
pub(super) async fn update_team(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team) = (request.part("name")?, request.part("team")?);
    may_change(&request, Act::TeamUpdate, &organization)?;
    let api::UpdateTeam { name, description, .. } = request.json()?;
    let update = TeamUpdate { name: name.filter(|name| !name.is_empty()), description };
    let updated = request.block(move |service, call| service.update_team(call, &organization, &team, update));
    Ok(HttpResponse::Ok().json(shown_view(&updated.await?)))
}

/// `DELETE /enzi/v0/accounts/{name}/teams/{team}`
pub(super) async fn delete_team(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team) = (request.part("name")?, request.part("team")?);
    request.block(move |service, call| service.delete_team(call, &organization, &team)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /enzi/v0/accounts/{name}/teams/{team}/members`
pub(super) async fn list_team_members(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team) = (request.part("name")?, request.part("team")?);
    let page = page::by_name(&request)?;
    let is_long = page::is_long(page.limit);
    let read = move |service: &Service, call: &Call| service.list_team_members(call, &organization, &team, &page);
    let list = request.read(is_long, read).await?;
    Ok(members_answer(&list))
}

/// `GET /enzi/v0/accounts/{name}/teams/{team}/members/{member}`
pub(super) async fn view_team_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team, user) = (request.part("name")?, request.part("team")?, request.part("member")?);
    let member = request.run(|service, call| service.view_team_member(call, &organization, &team, &user))?;
    Ok(HttpResponse::Ok().json(shown(&member)))
}

/// `PUT /enzi/v0/accounts/{name}/teams/{team}/members/{member}`
pub(super) async fn put_team_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team, user) = (request.part("name")?, request.part("team")?, request.part("member")?);
    may_change(&request, Act::TeamPutMember, &organization)?;
    // Team administrators are no part of the model; the body is read to refuse what it does not know.
    let api::PutMember { .. } = request.json()?;
    let put = request.block(move |service, call| service.put_team_member(call, &organization, &team, &user)).await?;
    Ok(HttpResponse::Ok().json(shown(&put)))
}

/// `DELETE /enzi/v0/accounts/{name}/teams/{team}/members/{member}`
pub(super) async fn delete_team_member(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team, user) = (request.part("name")?, request.part("team")?, request.part("member")?);
    request.block(move |service, call| service.delete_team_member(call, &organization, &team, &user)).await?;
    Ok(HttpResponse::NoContent().finish())
}
