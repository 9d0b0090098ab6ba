//! `…/userAccess`, `…/access` and `repositoryAccess`: who may what with a repository or a namespace.

use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::repositories::{namespace, repository};
use super::request::{Checked, Request};
use crate::api::operations::grants as op;
use crate::api::{self, Nothing, Operation};
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

pub(super) async fn list_on_repository(request: Request<op::ListUserAccess>) -> Replied<op::ListUserAccess> {
    let [namespace, rest] = request.parts()?;
    let target = GrantTarget::Repository(repository(&namespace, &rest)?);
    Ok(Reply::new(&list(&request, target).await?))
}

pub(super) async fn list_on_namespace(
    request: Request<op::ListNamespaceUserAccess>,
) -> Replied<op::ListNamespaceUserAccess> {
    let [text] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    Ok(Reply::new(&list(&request, target).await?))
}

async fn list(request: &Checked, target: GrantTarget) -> Result<api::UserAccessList, Failure> {
    // A list without pages.
    let (target, grants) = request.block(move |service, call| service.list_user_grants(call, &target)).await?;
    let (repository, namespace) = shown_target(&target);
    let user_access_list = grants.iter().map(|grant| shown(&target, grant)).collect();
    Ok(api::UserAccessList { repository, namespace, user_access_list })
}

pub(super) async fn put_on_repository(request: Request<op::SetUserAccess>) -> Replied<op::SetUserAccess> {
    let [namespace, rest, user] = request.parts()?;
    let target = GrantTarget::Repository(repository(&namespace, &rest)?);
    put(&request, target, user).await
}

pub(super) async fn put_on_namespace(
    request: Request<op::SetNamespaceUserAccess>,
) -> Replied<op::SetNamespaceUserAccess> {
    let [text, user] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    put(&request, target, user).await
}

async fn put<O>(request: &Request<O>, target: GrantTarget, user: String) -> Replied<O>
where
    O: Operation<Body = api::SetAccess, Answer = api::UserAccess>,
{
    let level = asked_level(request, &target)?;
    let set = request.block(move |service, call| service.put_user_grant(call, &target, &user, level));
    let (target, grant) = set.await?;
    Ok(Reply::new(&shown(&target, &grant)))
}

pub(super) async fn delete_on_repository(request: Request<op::DeleteUserAccess>) -> Replied<op::DeleteUserAccess> {
    let [namespace, rest, user] = request.parts()?;
    let target = GrantTarget::Repository(repository(&namespace, &rest)?);
    delete(&request, target, user).await
}

pub(super) async fn delete_on_namespace(
    request: Request<op::DeleteNamespaceUserAccess>,
) -> Replied<op::DeleteNamespaceUserAccess> {
    let [text, user] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    delete(&request, target, user).await
}

async fn delete<O>(request: &Request<O>, target: GrantTarget, user: String) -> Replied<O>
where
    O: Operation<Answer = Nothing>,
{
    request.block(move |service, call| service.delete_user_grant(call, &target, &user)).await?;
    Ok(Reply::new(&Nothing))
}

/// The level that the body asks for.
pub(super) fn asked_level<O>(request: &Request<O>, target: &GrantTarget) -> Result<AccessLevel, Failure>
where
    O: Operation<Body = api::SetAccess>,
{
    let body = request.body(|service, call| service.may_grant(call, target))?;
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

pub(super) async fn reasons(request: Request<op::ListAccess>) -> Replied<op::ListAccess> {
    let [namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let (repository, access) = request.block(move |service, call| service.repository_access(call, &name)).await?;
    let access = access.iter().map(shown_reason).collect();
    Ok(Reply::new(&api::RepositoryAccess { repository: shown_repository(&repository), access }))
}

pub(super) async fn of_user(request: Request<op::ViewRepositoryAccess>) -> Replied<op::ViewRepositoryAccess> {
    let [user, namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let (user, repository, level) = request.run(|service, call| service.access_of(call, &user, &name))?;
    Ok(Reply::new(&api::UserAccess {
        access_level: level,
        user: shown_user(&user),
        repository: Some(shown_repository(&repository)),
        namespace: None,
    }))
}
