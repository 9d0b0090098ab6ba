//! What an account, a team or an access token reaches: every repository, with the level and each thing that gives it, by
//! name. A page costs what it shows.

use super::view::{ReachedView, shown};
use crate::domain::act::Act;
use crate::domain::grant::Grantee;
use crate::domain::name::RepositoryName;
use crate::domain::token::Shown;
use crate::service::Service;
use crate::service::access::{Authority, Call, Questioned, find_user, granted_to, visible};
use crate::service::error::{Error, Kind};
use crate::service::page::Page;
use crate::service::people::view_team;
use crate::service::tokens::{WhichToken, find_token};

/// What somebody reaches.
#[derive(Debug)]
pub struct AccessList {
    /// Why nothing of it can be used at present; none if it can.
    pub unusable: Option<String>,
    /// A page of it.
    pub page: Page<ReachedView, RepositoryName>,
}

impl Service {
    /// A page of what a user reaches, for that user and for administrators.
    ///
    /// # Errors
    /// [`Error::Denied`] to others; [`Error::NotFound`]; [`Error::Invalid`] for an organization.
    pub fn list_access_of_account(
        &self,
        call: &Call,
        user: &str,
        after: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<AccessList, Error> {
        self.view(call, Act::RepositoryAccessOf, user, |authority| {
            authority.account_data()?;
            if !authority.is_called(user) {
                authority.administrator()?;
            }
            let account = find_user(authority.state(), user)?;
            Ok(reached(authority, &Questioned::account(authority, account, None), after, limit))
        })
    }

    /// A page of what an access token reaches, for those who may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Hidden`] for what the caller may not see.
    pub fn list_access_of_token(
        &self,
        call: &Call,
        hash: &str,
        after: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<AccessList, Error> {
        self.view(call, Act::TokenView, hash, |authority| {
            authority.signed_in()?;
            let token = find_token(authority, &WhichToken::from(hash))?;
            authority.view_token(token)?;
            let owner = authority.state().account(token.owner);
            let owner = owner.ok_or_else(|| Error::not_found(Kind::AccessToken, hash))?;
            let questioned = Questioned::account(authority, owner, Some((token, Shown::Current)));
            Ok(reached(authority, &questioned, after, limit))
        })
    }

    /// A page of what was granted to a team, one by one and with the namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but its members, the organization's and system administrators.
    pub fn list_access_of_team(
        &self,
        call: &Call,
        organization: &str,
        team: &str,
        after: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<AccessList, Error> {
        self.view(call, Act::TeamRepositories, &format!("{organization}/{team}"), |authority| {
            let (_, team) = view_team(authority, organization, team)?;
            let (state, grantee) = (authority.state(), Grantee::Team(team.id));
            let found = visible::of_grantee(state, grantee, after).filter_map(|repository| {
                let sources: Vec<_> = granted_to(state, grantee, &repository.name).collect();
                let level = sources.iter().map(|source| source.level).max()?;
                Some(ReachedView {
                    repository: repository.clone(),
                    level,
                    sources: shown(authority, &repository.name, &sources),
                })
            });
            Ok(AccessList { unusable: None, page: Page::of(found, |it| &it.repository.name, limit, None) })
        })
    }
}

fn reached(
    authority: &Authority<'_>,
    questioned: &Questioned<'_>,
    after: Option<&RepositoryName>,
    limit: usize,
) -> AccessList {
    let found = questioned.repositories(after).filter_map(|repository| {
        let level = questioned.level(&repository.name)?;
        let sources = shown(authority, &repository.name, &questioned.sources(&repository.name));
        Some(ReachedView { repository: repository.clone(), level, sources })
    });
    let unusable = questioned.faults().first().map(ToString::to_string);
    AccessList { unusable, page: Page::of(found, |it| &it.repository.name, limit, None) }
}
