//! `…/teamAccess` and `…/teams/{team}/repositoryAccess`: what teams may do, with DTR's names and codes.

use actix_web::HttpResponse;

use super::failure::Failure;
use super::grants::{asked_level, shown_repository, shown_target};
use super::page::{self, PageQuery};
use super::repositories::{namespace, repository};
use super::request::Request;
use crate::api;
use crate::domain::access::AccessLevel;
use crate::domain::grant::GrantTarget;
use crate::domain::name::RepositoryName;
use crate::service::{Call, Service, TargetView, TeamGrant, TeamView};

fn shown_team(view: &TeamView) -> api::GrantTeam {
    let client_user_is_member = view.caller_is_member;
    api::GrantTeam { id: view.team.id.to_string(), name: view.team.name.to_string(), client_user_is_member }
}

fn shown(target: &TargetView, grant: &TeamGrant) -> api::TeamAccess {
    let (repository, namespace) = shown_target(target);
    api::TeamAccess { access_level: grant.level, team: shown_team(&grant.team), repository, namespace }
}

/// `GET /api/v0/repositories/{namespace}/{reponame}/teamAccess`
pub(super) async fn list_on_repository(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Repository(repository(&request)?);
    list(request, target).await
}

/// `GET /api/v0/repositoryNamespaces/{namespace}/teamAccess`
pub(super) async fn list_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Namespace(namespace(&request)?);
    list(request, target).await
}

async fn list(request: Request, target: GrantTarget) -> Result<HttpResponse, Failure> {
    // A list without pages.
    let (target, grants) = request.block(move |service, call| service.list_team_grants(call, &target)).await?;
    let (repository, namespace) = shown_target(&target);
    let team_access_list = grants.iter().map(|grant| shown(&target, grant)).collect();
    Ok(HttpResponse::Ok().json(api::TeamAccessList { repository, namespace, team_access_list }))
}

/// `GET /api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}`
pub(super) async fn view_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let (target, team) = (GrantTarget::Namespace(namespace(&request)?), request.part("team")?);
    let (target, grant) = request.run(|service, call| service.view_team_grant(call, &target, &team))?;
    Ok(HttpResponse::Ok().json(shown(&target, &grant)))
}

/// `PUT /api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}`
pub(super) async fn put_on_repository(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Repository(repository(&request)?);
    put(request, target).await
}

/// `PUT /api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}`
pub(super) async fn put_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Namespace(namespace(&request)?);
    put(request, target).await
}

async fn put(request: Request, target: GrantTarget) -> Result<HttpResponse, Failure> {
    let team = request.part("team")?;
    request.run(|service, call| service.check_may_grant(call, &target))?;
    let level = asked_level(&request)?;
    let set = request.block(move |service, call| service.put_team_grant(call, &target, &team, level));
    let (target, grant) = set.await?;
    Ok(HttpResponse::Ok().json(shown(&target, &grant)))
}

/// `DELETE /api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}`
pub(super) async fn delete_on_repository(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Repository(repository(&request)?);
    delete(request, target).await
}

/// `DELETE /api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}`
pub(super) async fn delete_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Namespace(namespace(&request)?);
    delete(request, target).await
}

async fn delete(request: Request, target: GrantTarget) -> Result<HttpResponse, Failure> {
    let team = request.part("team")?;
    request.block(move |service, call| service.delete_team_grant(call, &target, &team)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/v0/accounts/{name}/teams/{team}/repositoryAccess`
pub(super) async fn repositories_of_team(request: Request) -> Result<HttpResponse, Failure> {
    let (organization, team) = (request.part("name")?, request.part("team")?);
    let page = PageQuery::read(&request)?;
    let (is_long, size) = (page.is_long(), page.size);
    let after = page.start.map(|start| RepositoryName::parse(&start)).transpose();
    let after = after.map_err(|_| Failure::invalid("pageStart", "not the start of a page"))?;
    let read = move |service: &Service, call: &Call| {
        service.repositories_of_team(call, &organization, &team, after.as_ref(), size)
    };
    let list = request.read(is_long, read).await?;
    let entry = |(repository, level): &(std::sync::Arc<_>, AccessLevel)| api::RepositoryLevel {
        access_level: *level,
        repository: shown_repository(repository),
    };
    let repository_access_list = list.repositories.iter().map(entry).collect();
    let body = api::TeamRepositories { team: shown_team(&list.team), repository_access_list };
    Ok(page::answer(body, list.next.map(|name| name.to_string()), None))
}
