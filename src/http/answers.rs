//! `/api/v0/access/check`, `…/access` of accounts, teams and access tokens, `…/tokens` of repositories.

use super::failure::Failure;
use super::grants::shown_repository;
use super::page;
use super::reply::{Replied, Reply};
use super::repositories::repository;
use super::request::Request;
use super::tokens;
use crate::api;
use crate::api::operations::answers as op;
use crate::domain::name::RepositoryName;
use crate::service::{AccessList, AskedAccess, Call, CutView, ReachedView, ReachingToken, Service, SourceView};

fn shown_source(source: &SourceView) -> api::AccessSource {
    let [team, organization] = [&source.team, &source.organization].map(|name| name.as_ref().map(ToString::to_string));
    api::AccessSource { access_level: source.level, reason: source.reason, team, organization }
}

fn shown_cut(cut: &CutView) -> api::AccessCut {
    api::AccessCut { cut: cut.cut, text: cut.text.clone() }
}

fn shown_reached(view: &ReachedView) -> api::ReachedRepository {
    api::ReachedRepository {
        repository: shown_repository(&view.repository),
        access_level: view.level,
        sources: view.sources.iter().map(shown_source).collect(),
    }
}

fn shown_list(list: &AccessList) -> api::Paged<api::ReachedRepositories> {
    let repositories = list.page.entries.iter().map(shown_reached).collect();
    page::paged(&list.page, |_, _| api::ReachedRepositories { unusable: list.unusable.clone(), repositories })
}

fn shown_token(view: &ReachingToken) -> api::ReachingToken {
    api::ReachingToken {
        username: view.owner.to_string(),
        access_level: view.level,
        state: view.state,
        limited: view.is_limited,
        last_used_here: view.last_used.map(|at| at.to_string()),
        token: view.token.as_deref().map(tokens::shown),
    }
}

pub(super) async fn check(request: Request<op::CheckAccess>) -> Replied<op::CheckAccess> {
    let op::AskedAccess { user, token, action, repository } = request.exact_query()?;
    let action = action.ok_or_else(|| Failure::invalid("action", "needed: pull, push or delete"))?;
    let repository = repository.ok_or_else(|| Failure::invalid("repository", "needed: NAMESPACE/NAME"))?;
    let repository =
        RepositoryName::parse_shown(&repository).map_err(|reason| Failure::invalid("repository", reason))?;
    let asked = AskedAccess { user, token, action, repository };
    let found = request.run(|service, call| service.check_access(call, &asked))?;
    Ok(Reply::new(&api::AccessCheck {
        allowed: found.is_allowed,
        user: found.user.to_string(),
        token: found.token.map(|id| id.to_string()),
        action,
        repository: asked.repository.shown(),
        access_level: found.level,
        repository_exists: found.is_there,
        allowed_anonymously: found.is_for_everybody,
        makes_repository: found.makes,
        sources: found.sources.iter().map(shown_source).collect(),
        cuts: found.cuts.iter().map(shown_cut).collect(),
    }))
}

pub(super) async fn of_account(request: Request<op::ListAccessOfAccount>) -> Replied<op::ListAccessOfAccount> {
    let [user] = request.parts()?;
    let page = request.query()?;
    let read = move |service: &Service, call: &Call| {
        service.list_access_of_account(call, &user, page.start.as_ref(), page.size)
    };
    Ok(Reply::new(&shown_list(&request.read_list(page::is_long(page.size), read).await?)))
}

pub(super) async fn of_team(request: Request<op::ListAccessOfTeam>) -> Replied<op::ListAccessOfTeam> {
    let [organization, team] = request.parts()?;
    let page = request.query()?;
    let read = move |service: &Service, call: &Call| {
        service.list_access_of_team(call, &organization, &team, page.start.as_ref(), page.size)
    };
    Ok(Reply::new(&shown_list(&request.read_list(page::is_long(page.size), read).await?)))
}

pub(super) async fn of_token(request: Request<op::ListAccessOfToken>) -> Replied<op::ListAccessOfToken> {
    let [hash] = request.parts()?;
    let page = request.query()?;
    let read =
        move |service: &Service, call: &Call| service.list_access_of_token(call, &hash, page.start.as_ref(), page.size);
    Ok(Reply::new(&shown_list(&request.read_list(page::is_long(page.size), read).await?)))
}

pub(super) async fn tokens_of(request: Request<op::ListTokensOfRepository>) -> Replied<op::ListTokensOfRepository> {
    let [namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let page = request.query()?;
    // Of one that nobody reaches, very many are passed over.
    let read = move |service: &Service, call: &Call| service.list_tokens_reaching(call, &name, page.start, page.size);
    let list = request.read_list(true, read).await?;
    let repository = shown_repository(&list.repository);
    let tokens = list.page.entries.iter().map(shown_token).collect();
    Ok(Reply::new(&page::paged(&list.page, |_, _| api::ReachingTokens { repository, tokens })))
}
