//! `…/teamAccess` and `…/teams/{team}/repositoryAccess`: what teams may do, with DTR's names and codes.

use super::failure::Failure;
use super::grants::{asked_level, shown_repository, shown_target};
use super::page;
use super::reply::{Replied, Reply};
use super::repositories::{namespace, repository};
use super::request::{Checked, Request};
use crate::api::operations::grants as op;
use crate::api::{self, Nothing, Operation, Paged};
use crate::domain::access::AccessLevel;
use crate::domain::grant::GrantTarget;
use crate::service::{Call, Service, TargetView, TeamGrant, TeamView};

fn shown_team(view: &TeamView) -> api::GrantTeam {
    let client_user_is_member = view.caller_is_member;
    api::GrantTeam { id: view.team.id.to_string(), name: view.team.name.to_string(), client_user_is_member }
}

fn shown(target: &TargetView, grant: &TeamGrant) -> api::TeamAccess {
    let (repository, namespace) = shown_target(target);
    api::TeamAccess { access_level: grant.level, team: shown_team(&grant.team), repository, namespace }
}

pub(super) async fn list_on_repository(request: Request<op::ListTeamAccess>) -> Replied<op::ListTeamAccess> {
    let [namespace, rest] = request.parts()?;
    let target = GrantTarget::Repository(repository(&namespace, &rest)?);
    Ok(Reply::new(&list(&request, target).await?))
}

pub(super) async fn list_on_namespace(
    request: Request<op::ListNamespaceTeamAccess>,
) -> Replied<op::ListNamespaceTeamAccess> {
    let [text] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    Ok(Reply::new(&list(&request, target).await?))
}

async fn list(request: &Checked, target: GrantTarget) -> Result<api::TeamAccessList, Failure> {
    // A list without pages.
    let (target, grants) = request.block(move |service, call| service.list_team_grants(call, &target)).await?;
    let (repository, namespace) = shown_target(&target);
    let team_access_list = grants.iter().map(|grant| shown(&target, grant)).collect();
    Ok(api::TeamAccessList { repository, namespace, team_access_list })
}

pub(super) async fn view_on_namespace(
    request: Request<op::ViewNamespaceTeamAccess>,
) -> Replied<op::ViewNamespaceTeamAccess> {
    let [text, team] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    let (target, grant) = request.run(|service, call| service.view_team_grant(call, &target, &team))?;
    Ok(Reply::new(&shown(&target, &grant)))
}

pub(super) async fn put_on_repository(request: Request<op::SetTeamAccess>) -> Replied<op::SetTeamAccess> {
    let [namespace, rest, team] = request.parts()?;
    let target = GrantTarget::Repository(repository(&namespace, &rest)?);
    put(&request, target, team).await
}

pub(super) async fn put_on_namespace(
    request: Request<op::SetNamespaceTeamAccess>,
) -> Replied<op::SetNamespaceTeamAccess> {
    let [text, team] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    put(&request, target, team).await
}

async fn put<O>(request: &Request<O>, target: GrantTarget, team: String) -> Replied<O>
where
    O: Operation<Body = api::SetAccess, Answer = api::TeamAccess>,
{
    let level = asked_level(request, &target)?;
    let set = request.block(move |service, call| service.put_team_grant(call, &target, &team, level));
    let (target, grant) = set.await?;
    Ok(Reply::new(&shown(&target, &grant)))
}

pub(super) async fn delete_on_repository(request: Request<op::DeleteTeamAccess>) -> Replied<op::DeleteTeamAccess> {
    let [namespace, rest, team] = request.parts()?;
    let target = GrantTarget::Repository(repository(&namespace, &rest)?);
    delete(&request, target, team).await
}

pub(super) async fn delete_on_namespace(
    request: Request<op::DeleteNamespaceTeamAccess>,
) -> Replied<op::DeleteNamespaceTeamAccess> {
    let [text, team] = request.parts()?;
    let target = GrantTarget::Namespace(namespace(&text)?);
    delete(&request, target, team).await
}

async fn delete<O>(request: &Request<O>, target: GrantTarget, team: String) -> Replied<O>
where
    O: Operation<Answer = Nothing>,
{
    request.block(move |service, call| service.delete_team_grant(call, &target, &team)).await?;
    Ok(Reply::new(&Nothing))
}

pub(super) async fn repositories_of_team(
    request: Request<op::ListRepositoriesOfTeam>,
) -> Replied<op::ListRepositoriesOfTeam> {
    let [organization, team] = request.parts()?;
    let page = request.query()?;
    let read = move |service: &Service, call: &Call| {
        service.repositories_of_team(call, &organization, &team, page.start.as_ref(), page.size)
    };
    let list = request.read_list(page::is_long(page.size), read).await?;
    let entry = |(repository, level): &(std::sync::Arc<_>, AccessLevel)| api::RepositoryLevel {
        access_level: *level,
        repository: shown_repository(repository),
    };
    let repository_access_list = list.repositories.iter().map(entry).collect();
    let page = api::TeamRepositories { team: shown_team(&list.team), repository_access_list };
    Ok(Reply::new(&Paged { page, next: list.next.map(|name| name.to_string()), count: None }))
}
