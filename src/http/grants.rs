//! `…/userAccess`, `…/teamAccess`, `…/access` and `repositoryAccess`: who has which access to a repository or a
//! namespace, with DTR's names and codes.

use std::sync::Arc;

use super::failure::Failure;
use super::page;
use super::repeated::{OF_THE_PATH, must_be, must_be_named};
use super::reply::{Replied, Reply, Write};
use super::repositories::{namespace, repository};
use super::request::Request;
use crate::api::operations::grants as op;
use crate::api::{self, Nothing, Operation};
use crate::domain::access::GrantLevel;
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::repository::Repository;
use crate::service::{AccessView, Call, GrantList, GrantView, ReachView, Service, TargetView};

/// What the path of an operation on grants names: the target, and the user or team; empty if the path names neither.
type GrantPath = (GrantTarget, String);

/// An operation on the grants of users or on those of teams.
pub(super) trait OnGrants: Operation {
    /// Whether these are grants of users or of teams.
    const KIND: GranteeKind;

    /// Reads the path.
    fn place(request: &Request<Self>) -> Result<GrantPath, Failure>
    where
        Self: Sized;
}

fn one_on_repository([namespace, rest, grantee]: [String; 3]) -> Result<GrantPath, Failure> {
    Ok((GrantTarget::Repository(repository(&namespace, &rest)?), grantee))
}

fn one_on_namespace([text, grantee]: [String; 2]) -> Result<GrantPath, Failure> {
    Ok((GrantTarget::Namespace(namespace(&text)?), grantee))
}

fn all_on_repository([namespace, rest]: [String; 2]) -> Result<GrantPath, Failure> {
    one_on_repository([namespace, rest, String::new()])
}

fn all_on_namespace([text]: [String; 1]) -> Result<GrantPath, Failure> {
    one_on_namespace([text, String::new()])
}

/// Implements [`OnGrants`] for operations: each row gives the kind of grantee and the function that reads the path.
macro_rules! on_grants {
    ($($operation:ident $kind:ident $place:ident;)*) => {$(
        impl OnGrants for op::$operation {
            const KIND: GranteeKind = GranteeKind::$kind;

            fn place(request: &Request<Self>) -> Result<GrantPath, Failure> {
                $place(request.parts()?)
            }
        }
    )*};
}

on_grants! {
    ListUserAccess User all_on_repository;
    SetUserAccess User one_on_repository;
    DeleteUserAccess User one_on_repository;
    ListNamespaceUserAccess User all_on_namespace;
    SetNamespaceUserAccess User one_on_namespace;
    DeleteNamespaceUserAccess User one_on_namespace;
    ListTeamAccess Team all_on_repository;
    SetTeamAccess Team one_on_repository;
    DeleteTeamAccess Team one_on_repository;
    ListNamespaceTeamAccess Team all_on_namespace;
    ViewNamespaceTeamAccess Team one_on_namespace;
    SetNamespaceTeamAccess Team one_on_namespace;
    DeleteNamespaceTeamAccess Team one_on_namespace;
}

fn shown_team(id: Id, name: &Name, organization: Option<&Name>, client_user_is_member: bool) -> api::GrantTeam {
    let organization = organization.map(ToString::to_string);
    api::GrantTeam { id: id.to_string(), name: name.to_string(), organization, client_user_is_member }
}

pub(super) fn shown_repository(repository: &Repository) -> api::GrantRepository {
    api::GrantRepository {
        namespace: repository.name.namespace_str().to_owned(),
        name: repository.name.rest().to_owned(),
        id: repository.id.to_string(),
    }
}

fn shown_target(target: &TargetView) -> (Option<api::GrantRepository>, Option<String>) {
    match target {
        TargetView::Repository(repository) => (Some(shown_repository(repository)), None),
        TargetView::Namespace(namespace) => (None, Some(namespace.to_string())),
    }
}

impl From<GrantView> for api::UserAccess {
    fn from(GrantView { target, grantee, name, level, is_active, .. }: GrantView) -> Self {
        let (repository, namespace) = shown_target(&target);
        let user = api::GrantUser { name: name.to_string(), id: grantee.id().to_string(), is_active: Some(is_active) };
        Self { access_level: level, user, repository, namespace }
    }
}

impl From<GrantView> for api::TeamAccess {
    fn from(GrantView { target, grantee, name, organization, caller_is_member, level, .. }: GrantView) -> Self {
        let (repository, namespace) = shown_target(&target);
        let team = shown_team(grantee.id(), &name, organization.as_ref(), caller_is_member);
        Self { access_level: level, team, repository, namespace }
    }
}

impl From<GrantList> for api::UserAccessList {
    fn from(GrantList { target, grants }: GrantList) -> Self {
        let (repository, namespace) = shown_target(&target);
        Self { repository, namespace, user_access_list: grants.into_iter().map(Into::into).collect() }
    }
}

impl From<GrantList> for api::TeamAccessList {
    fn from(GrantList { target, grants }: GrantList) -> Self {
        let (repository, namespace) = shown_target(&target);
        Self { repository, namespace, team_access_list: grants.into_iter().map(Into::into).collect() }
    }
}

/// Lists all grants at once: these lists have no pages.
pub(super) async fn list<O>(request: Request<O>) -> Replied<O>
where
    O: OnGrants<Answer: From<GrantList> + Write>,
{
    let (target, _) = O::place(&request)?;
    let list = request.block(move |service, call| service.list_grants(call, &target, O::KIND)).await?;
    Ok(Reply::new(&list.into()))
}

pub(super) async fn view_of_team(
    request: Request<op::ViewNamespaceTeamAccess>,
) -> Replied<op::ViewNamespaceTeamAccess> {
    let (target, team) = OnGrants::place(&request)?;
    let grant = request.run(|service, call| service.view_team_grant(call, &target, &team))?;
    Ok(Reply::new(&grant.into()))
}

pub(super) async fn put<O>(request: Request<O>) -> Replied<O>
where
    O: OnGrants<Body = api::SetAccess, Answer: From<GrantView> + Write>,
{
    let (target, name) = O::place(&request)?;
    let body = request.body(|service, call| service.may_grant(call, &target))?;
    must_repeat(&body, &target, O::KIND, &name)?;
    let level = GrantLevel::read(&body.access_level).map_err(|error| Failure::invalid("accessLevel", error))?;
    let put = request.block(move |service, call| service.put_grant(call, &target, O::KIND, &name, level));
    Ok(Reply::new(&put.await?.into()))
}

/// Refuses a body that repeats something else than the path says.
fn must_repeat(body: &api::SetAccess, target: &GrantTarget, kind: GranteeKind, grantee: &str) -> Result<(), Failure> {
    match kind {
        GranteeKind::User => must_be_named("user", body.user.as_ref(), grantee)?,
        GranteeKind::Team => must_be_named("team", body.team.as_ref(), grantee)?,
    }
    let (other, told) = match kind {
        GranteeKind::User => ("team", body.team.is_some()),
        GranteeKind::Team => ("user", body.user.is_some()),
    };
    if told {
        return Err(Failure::invalid(other, "the path names another kind"));
    }
    let (namespace, name) = match target {
        GrantTarget::Repository(name) => (name.namespace_str(), Some(name.rest())),
        GrantTarget::Namespace(namespace) => (namespace.as_str(), None),
    };
    must_be("namespace", body.namespace.as_deref(), namespace, OF_THE_PATH)?;
    let Some(repository) = &body.repository else { return Ok(()) };
    must_be("repository", repository.namespace.as_deref(), namespace, OF_THE_PATH)?;
    must_be("repository", repository.name.as_deref(), name.unwrap_or_default(), OF_THE_PATH)
}

pub(super) async fn delete<O: OnGrants<Answer = Nothing>>(request: Request<O>) -> Replied<O> {
    let (target, name) = O::place(&request)?;
    request.block(move |service, call| service.delete_grant(call, &target, O::KIND, &name)).await?;
    Ok(Reply::new(&Nothing))
}

fn shown_reason(view: &AccessView) -> api::AccessReason {
    let subject = view.subject.clone().unwrap_or_else(|| "everybody".to_owned());
    let organization = view.organization.as_ref().map(ToString::to_string);
    let AccessView { level: access_level, reason, is_active, .. } = *view;
    api::AccessReason { subject, access_level, reason, organization, is_active }
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
    let access = request.run(|service, call| service.access_of(call, &user, &name))?;
    Ok(Reply::new(&access.into()))
}

pub(super) async fn reach(request: Request<op::ListAccessOfUser>) -> Replied<op::ListAccessOfUser> {
    let [user] = request.parts()?;
    let on = request.query()?.on.map(|text| text.parse::<GrantTarget>()).transpose();
    let on = on.map_err(|error| Failure::invalid("on", error))?;
    let reach = request.block(move |service, call| service.reach_of(call, &user, on.as_ref())).await?;
    let entry = |view: &ReachView| api::Reached {
        on: view.target.to_string(),
        access_level: view.level,
        reason: view.reason,
        team: view.team.as_ref().map(ToString::to_string),
        organization: view.organization.as_ref().map(ToString::to_string),
    };
    Ok(Reply::new(&api::AccountAccess {
        user: api::GrantUser { name: reach.user.to_string(), id: reach.id.to_string(), is_active: reach.is_active },
        is_administrator: reach.is_administrator,
        access: reach.entries.iter().map(entry).collect(),
    }))
}

pub(super) async fn repositories_of_team(
    request: Request<op::ListRepositoriesOfTeam>,
) -> Replied<op::ListRepositoriesOfTeam> {
    let [organization, team] = request.parts()?;
    let page = request.query()?;
    let read = move |service: &Service, call: &Call| {
        service.repositories_of_team(call, &organization, &team, page.start.as_ref(), page.size)
    };
    let (team, list) = request.read_list(page::is_long(page.size), read).await?;
    let entry = |(repository, level): &(Arc<_>, GrantLevel)| api::RepositoryLevel {
        access_level: (*level).into(),
        repository: shown_repository(repository),
    };
    let repository_access_list = list.entries.iter().map(entry).collect();
    let team = shown_team(team.team.id, &team.team.name, team.organization.as_ref(), team.caller_is_member);
    Ok(Reply::new(&page::paged(&list, |_, _| api::TeamRepositories { team, repository_access_list })))
}
