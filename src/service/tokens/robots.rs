//! Robots: the credentials of machines that belong to an organization. A robot is an access token whose owner is the
//! organization's account, with a name; all but its making, its list and its finding is that of access tokens.
//!
//! It has whatever the organization owns, within its level and its patterns, and nothing else: no grants, no namespace,
//! no administration, no session. Who belongs to the organization today is nothing to it. Its secret is no better than what
//! asked for it: an access token that made or rotated it stops it, also by being deleted.

use std::sync::Arc;

use super::access_tokens::{Expiry, Made, TokenView, about, check_label, end, put};
use super::preview::{ReachPreview, preview};
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::random;
use crate::domain::secret::TokenText;
use crate::domain::token::{Limits, MAX_PATTERNS, Pattern};
use crate::domain::user_name::UserName;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, Permit, Questioned, find_organization};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::ledger::Deed;
use crate::service::page::{Page, PageQuery};

/// The robot to make.
#[derive(Clone, Debug)]
pub struct NewRobot {
    /// The name or identifier of its organization.
    pub organization: String,
    /// Its name in it.
    pub name: Name,
    /// What people call it; its user name, if none.
    pub label: Option<String>,
    /// Its end.
    pub expiry: Expiry,
    /// The highest level that it reaches.
    pub cap: AccessLevel,
    /// The repositories that it reaches; all in the organization's namespace, if none.
    pub patterns: Vec<Pattern>,
}

impl Service {
    /// Refuses callers who may not make, or see, an organization's robots, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the organization's and system administrators; [`Error::NotFound`].
    pub fn may_manage_robots(&self, call: &Call, act: Act, organization: &str) -> Result<Allowed, Error> {
        self.gate(call, act, organization, |authority| Ok(administered(authority, organization)?.1))
    }

    /// Makes a robot. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`Error::Denied`] for more than the caller's own credential has, and to all but the organization's and system
    /// administrators; [`Error::AlreadyExists`], [`Obstacle::Limit`], [`Error::Invalid`].
    pub fn create_robot(&self, call: &Call, new: NewRobot) -> Result<(TokenView, TokenText), Error> {
        let text = TokenText::from_random(random::bytes()?);
        let (id, hash) = (Id::new(call.now, random::bytes()?), text.hash());
        let label = new.label.as_deref().map(|label| self.check_label(label)).transpose()?;
        let (live, most, max_label) = (self.settings.live.clone(), self.settings.max_robots, self.settings.max_label);
        let deed = Deed::new(Act::RobotCreate, format!("{}/{}", new.organization, new.name));
        let token = self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (organization, _) = administered(&authority, &new.organization)?;
            let limits = limits(&authority, organization, new.cap, &new.patterns)?;
            let expires_at = end(&live.at(authority.state()), new.expiry, false, &authority)?;
            let permit = authority.create_robot(organization, &limits, expires_at)?;
            has_place(&authority, organization, &new.name, most)?;
            let name = UserName { account: organization.name.clone(), robot: Some(new.name.clone()) };
            let label = match &label {
                Some(label) => label.clone(),
                None => check_label(&name.to_string(), max_label)?,
            };
            let made = Made { id, hash, label, limits, expires_at };
            let token = made.token(&authority, organization, &change.call().user_agent);
            let token = token.with(|it| it.robot = name.robot);
            put(change, &permit, &token)?;
            change.record_as(about(Act::TokenCreate, change, &token));
            Ok(Arc::new(token))
        })?;
        let view = self.changed_token(&token, call.now);
        Ok((view.ok_or_else(|| Error::not_found(Kind::Robot, hash))?, text))
    }

    /// What a robot of this organization with this cap and these patterns would reach at present.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the organization's and system administrators; [`Error::NotFound`]; [`Error::Invalid`] for
    /// what a robot cannot have.
    pub fn preview_robot_reach(
        &self,
        call: &Call,
        organization: &str,
        cap: AccessLevel,
        patterns: &[Pattern],
    ) -> Result<ReachPreview, Error> {
        self.view(call, Act::RobotReach, organization, |authority| {
            let (organization, _) = administered(authority, organization)?;
            let limits = limits(authority, organization, cap, patterns)?;
            Ok(preview(&Questioned::account(authority, organization, None), &limits))
        })
    }

    /// A page of the robots of an organization, by name.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the organization's and system administrators; [`Error::NotFound`].
    pub fn list_robots(
        &self,
        call: &Call,
        organization: &str,
        page: &PageQuery<Name>,
    ) -> Result<Page<TokenView, Name>, Error> {
        self.view(call, Act::RobotList, organization, |authority| {
            let (organization, _) = administered(authority, organization)?;
            let robots = authority.state().tokens_of(organization.id, None);
            let mut robots: Vec<_> = robots.filter_map(|token| Some((token.robot.as_ref()?, token))).collect();
            robots.sort_by_key(|(name, _)| *name);
            let named = page.order.walk(robots.into_iter());
            let Page { entries, next, count } = Page::counted(named, |(name, _)| *name, page);
            let entries = entries.into_iter().filter_map(|(_, token)| self.shown_token(authority, token)).collect();
            Ok(Page { entries, next, count })
        })
    }
}

/// The organization, to those who may administer its robots.
fn administered<'s>(authority: &Authority<'s>, organization: &str) -> Result<(&'s Account, Permit), Error> {
    authority.signed_in()?;
    authority.account_data()?;
    let organization = find_organization(authority.state(), organization)?;
    Ok((organization, authority.administer_robots(Ok(organization))?))
}

/// The limits of a new robot. A pattern that it may not have gets one answer, whether or not there is anything of that name.
fn limits(
    authority: &Authority<'_>,
    organization: &Account,
    cap: AccessLevel,
    patterns: &[Pattern],
) -> Result<Limits, Error> {
    if cap >= AccessLevel::Admin {
        let reason = "a robot administers nothing: read-only, push or read-write";
        return Err(Error::invalid("accessLevel", reason));
    }
    if patterns.len() > MAX_PATTERNS {
        return Err(Error::invalid("repositories", format!("at most {MAX_PATTERNS}")));
    }
    if let Some(foreign) = patterns.iter().find(|pattern| !authority.may_be_of_robot(organization, pattern)) {
        let reason = format!(
            "`{foreign}`: a robot of {0} reaches what lies below {0}/, and repositories that {0} owns, by their names",
            organization.name
        );
        return Err(Error::invalid("repositories", reason));
    }
    let whole = || RepositoryName::parse(organization.name.as_str()).map(Pattern::Below).map_err(Error::internal);
    let patterns = if patterns.is_empty() { vec![whole()?] } else { patterns.to_vec() };
    Ok(Limits { cap, patterns: patterns.into() })
}

/// Refuses a robot whose name is taken, and one too many.
fn has_place(authority: &Authority<'_>, organization: &Account, name: &Name, most: usize) -> Result<(), Error> {
    let state = authority.state();
    if state.robot(organization.id, name.as_str()).is_some() {
        return Err(Error::AlreadyExists { kind: Kind::Robot, name: format!("{}/{name}", organization.name) });
    }
    let count = state.tokens_of(organization.id, None).filter(|token| token.is_robot()).count();
    if count >= most {
        return Err(Error::Conflict(Obstacle::Limit("robots of an organization")));
    }
    Ok(())
}
