//! `…/userAccess`, `…/access` and `repositoryAccess`: who may what with a repository or a namespace.

use actix_web::HttpResponse;

use super::failure::Failure;
use super::repositories::{namespace, repository};
use super::request::Request;
use crate::api;
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::grant::GrantTarget;
use crate::domain::repository::Repository;
use crate::service::{AccessView, Reason, TargetView, UserGrant};

fn shown_user(user: &Account) -> api::GrantUser {
    api::GrantUser { name: user.name.to_string(), id: user.id.to_string() }
}

pub(super) fn shown_repository(repository: &Repository) -> api::GrantRepository {
    api::GrantRepository {
        namespace: repository.name.namespace_str().to_owned(),
        name: repository.name.rest().to_owned(),
        id: repository.id.to_string(),
    }
}

pub(super) fn shown_target(target: &TargetView) -> (Option<api::GrantRepository>, Option<String>) {
    match target {
        TargetView::Repository(repository) => (Some(shown_repository(repository)), None),
        TargetView::Namespace(namespace) => (None, Some(namespace.to_string())),
    }
}

fn shown(target: &TargetView, grant: &UserGrant) -> api::UserAccess {
    let (repository, namespace) = shown_target(target);
    api::UserAccess { access_level: grant.level, user: shown_user(&grant.user), repository, namespace }
}

/// `GET /api/v0/repositories/{namespace}/{reponame}/userAccess`
pub(super) async fn list_on_repository(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Repository(repository(&request)?);
    list(request, target).await
}

/// `GET /api/v0/repositoryNamespaces/{namespace}/userAccess`
pub(super) async fn list_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Namespace(namespace(&request)?);
    list(request, target).await
}

async fn list(request: Request, target: GrantTarget) -> Result<HttpResponse, Failure> {
    // A list without pages.
    let (target, grants) = request.block(move |service, call| service.list_user_grants(call, &target)).await?;
    let (repository, namespace) = shown_target(&target);
    let user_access_list = grants.iter().map(|grant| shown(&target, grant)).collect();
    Ok(HttpResponse::Ok().json(api::UserAccessList { repository, namespace, user_access_list }))
}

/// `PUT /api/v0/repositories/{namespace}/{reponame}/userAccess/{username}`
pub(super) async fn put_on_repository(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Repository(repository(&request)?);
    put(request, target).await
}

/// `PUT /api/v0/repositoryNamespaces/{namespace}/userAccess/{username}`
pub(super) async fn put_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Namespace(namespace(&request)?);
    put(request, target).await
}

async fn put(request: Request, target: GrantTarget) -> Result<HttpResponse, Failure> {
    let user = request.part("username")?;
    request.run(|service, call| service.check_may_grant(call, &target))?;
    let level = asked_level(&request)?;
    let set = request.block(move |service, call| service.put_user_grant(call, &target, &user, level));
    let (target, grant) = set.await?;
    Ok(HttpResponse::Ok().json(shown(&target, &grant)))
}

/// `DELETE /api/v0/repositories/{namespace}/{reponame}/userAccess/{username}`
pub(super) async fn delete_on_repository(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Repository(repository(&request)?);
    delete(request, target).await
}

/// `DELETE /api/v0/repositoryNamespaces/{namespace}/userAccess/{username}`
pub(super) async fn delete_on_namespace(request: Request) -> Result<HttpResponse, Failure> {
    let target = GrantTarget::Namespace(namespace(&request)?);
    delete(request, target).await
}

async fn delete(request: Request, target: GrantTarget) -> Result<HttpResponse, Failure> {
    let user = request.part("username")?;
    request.block(move |service, call| service.delete_user_grant(call, &target, &user)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The level that the body asks for.
pub(super) fn asked_level(request: &Request) -> Result<AccessLevel, Failure> {
    let body: api::SetAccess = request.json()?;
    body.access_level.parse().map_err(|error| Failure::invalid("accessLevel", error))
}

fn shown_reason(view: &AccessView) -> api::AccessReason {
    let reason = match view.reason {
        Reason::Owner => "owner",
        Reason::OrganizationAdmin => "organizationAdmin",
        Reason::TeamRepositoryGrant => "teamRepositoryGrant",
        Reason::TeamNamespaceGrant => "teamNamespaceGrant",
        Reason::RepositoryGrant => "repositoryGrant",
        Reason::NamespaceGrant => "namespaceGrant",
        Reason::Public => "public",
    };
    let subject = view.subject.clone().unwrap_or_else(|| "everybody".to_owned());
    api::AccessReason { subject, access_level: view.level, reason: reason.to_owned() }
}

/// `GET /api/v0/repositories/{namespace}/{reponame}/access`
pub(super) async fn reasons(request: Request) -> Result<HttpResponse, Failure> {
    let name = repository(&request)?;
    let (repository, access) = request.block(move |service, call| service.repository_access(call, &name)).await?;
    let access = access.iter().map(shown_reason).collect();
    Ok(HttpResponse::Ok().json(api::RepositoryAccess { repository: shown_repository(&repository), access }))
}

/// `GET /api/v0/accounts/{name}/repositoryAccess/{namespace}/{reponame}`
pub(super) async fn of_user(request: Request) -> Result<HttpResponse, Failure> {
    let (user, name) = (request.part("name")?, repository(&request)?);
    let (user, repository, level) = request.run(|service, call| service.access_of(call, &user, &name))?;
    Ok(HttpResponse::Ok().json(api::UserAccess {
        access_level: level,
        user: shown_user(&user),
        repository: Some(shown_repository(&repository)),
        namespace: None,
    }))
}
