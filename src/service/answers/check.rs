//! Why somebody may, or may not, do something with a repository: the decision of the token endpoint, with all that led to it.
//!
//! Everybody asks for themselves and for their access tokens; whoever administers a repository, for everybody on it;
//! administrators, for all. Who does not see the repository gets one answer, whether it is there or not.

use super::view::{CutView, SourceView, shown};
use crate::domain::access::{AccessLevel, Action, Cut, Reason};
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::scope::RepositoryScope;
use crate::domain::secret::TokenHash;
use crate::domain::token::{AccessToken, Shown};
use crate::domain::user_name::UserName;
use crate::service::Service;
use crate::service::access::{Authority, Call, Questioned, find_user};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::tokens::{WhichToken, find_token};

/// What is asked.
#[derive(Clone, Debug)]
pub struct AskedAccess {
    /// Who: a user's name or identifier, or the user name of a robot. Without it the owner of the access token, or else the caller as it signed in.
    pub user: Option<String>,
    /// The hash of the access token that would be shown.
    pub token: Option<String>,
    /// What would be done.
    pub action: Action,
    /// To what.
    pub repository: RepositoryName,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct CheckedAccess {
    /// Who.
    pub user: UserName,
    /// With which access token, if with one.
    pub token: Option<Id>,
    /// Whether it may.
    pub is_allowed: bool,
    /// Whether a repository of this name is there; none to a caller who does not see it.
    pub is_there: Option<bool>,
    /// Whether everybody may, without signing in.
    pub is_for_everybody: bool,
    /// Whether a push would make the repository first.
    pub makes: bool,
    /// The level, after the access token's limits; none without any.
    pub level: Option<AccessLevel>,
    /// Each thing that gives access, before these limits.
    pub sources: Vec<SourceView>,
    /// Each thing that stands against the action; empty if it may.
    pub cuts: Vec<CutView>,
}

/// Who is asked about.
struct Subject<'s> {
    account: &'s Account,
    token: Option<(&'s AccessToken, Shown)>,
    /// Whether the caller may know all of it, as of itself.
    is_told: bool,
}

impl Subject<'_> {
    fn user_name(&self) -> UserName {
        let name = &self.account.name;
        self.token.map_or_else(|| name.clone().into(), |(token, _)| token.user_name(name))
    }
}

impl Service {
    /// Whether somebody would be granted an action on a repository at this moment, and why.
    ///
    /// # Errors
    /// [`Error::Hidden`] and [`Error::Denied`] to those who ask for another and do not administer the repository;
    /// [`Error::NotFound`] for a user or an access token; [`Error::Invalid`] for an organization, for an access token of
    /// another user than is named, or if nobody is named where no account asks.
    pub fn check_access(&self, call: &Call, asked: &AskedAccess) -> Result<CheckedAccess, Error> {
        let name = &asked.repository;
        self.view(call, Act::RepositoryAccessOf, name.as_str(), |authority| {
            let subject = subject(authority, asked)?;
            if authority.level(name).is_none() {
                return Ok(unseen(&subject));
            }
            Ok(self.explained(authority, &subject, asked))
        })
    }

    fn explained(&self, authority: &Authority<'_>, subject: &Subject<'_>, asked: &AskedAccess) -> CheckedAccess {
        let state = authority.state();
        // Who is a system administrator is told to nobody else: they are left out, as where a repository's access is listed.
        let told = Account { is_admin: subject.account.is_admin && subject.is_told, ..subject.account.clone() };
        let questioned = Questioned::account(authority, &told, subject.token);
        let scope = RepositoryScope {
            name: asked.repository.clone(),
            actions: asked.action.alone(),
            pushes: asked.action == Action::Push,
        };
        let explanation = questioned.explain(&scope, self.settings.live.at(state).create_on_push);
        let mut cuts: Vec<CutView> = explanation.cuts.iter().map(CutView::from).collect();
        let is_on_it = explanation.sources.iter().any(|source| source.reason != Reason::Public);
        withhold(authority, &mut cuts, subject.is_told || is_on_it);
        if explanation.makes && cuts.is_empty() {
            let place = self.has_place_for_push(state, &questioned, &asked.repository, authority.now());
            cuts.extend(place.err().map(|error| CutView { cut: Cut::NotMade, text: not_made(&error) }));
        }
        CheckedAccess {
            user: subject.user_name(),
            token: subject.token.map(|(token, _)| token.id),
            is_allowed: cuts.is_empty(),
            is_there: Some(state.repository(&asked.repository).is_some()),
            is_for_everybody: questioned.is_for_everybody(&scope),
            makes: explanation.makes && cuts.is_empty(),
            level: explanation.level,
            sources: shown(authority, &asked.repository, &explanation.sources),
            cuts,
        }
    }
}

/// Takes away what is not the caller's to know, and leaves what decides.
fn withhold(authority: &Authority<'_>, cuts: &mut Vec<CutView>, knows_state: bool) {
    // Who is inactive is told of those who were given something here. Of others, who have what everybody has, it is not, or
    // whoever administers a public repository could ask it of everybody.
    if !knows_state {
        cuts.retain(|it| it.cut != Cut::AccountInactive);
    }
    // What its owner has beyond its limits is no concern of a narrowed access token.
    if authority.only_token().is_some() && cuts.iter().any(|it| matches!(it.cut, Cut::Pattern | Cut::Cap)) {
        cuts.retain(|it| !matches!(it.cut, Cut::Level | Cut::NoAccess));
    }
}

/// Who is asked about, for a caller who may ask that.
fn subject<'s>(authority: &Authority<'s>, asked: &AskedAccess) -> Result<Subject<'s>, Error> {
    authority.signed_in()?;
    match (asked.user.as_deref(), asked.token.as_deref()) {
        (user, Some(hash)) => with_token(authority, user, hash),
        (None, None) => {
            let own = authority.signed();
            let own = own.ok_or_else(|| Error::invalid("user", "needed here: the local administrator is no user"))?;
            Ok(Subject { account: own.0, token: own.1, is_told: true })
        }
        (Some(user), None) => {
            if let Some((organization, name)) = user.split_once('/') {
                return robot(authority, organization, name);
            }
            if authority.is_called(user) {
                authority.account_data()?;
            } else {
                authority.administer_repository(&asked.repository)?;
            }
            let account = find_user(authority.state(), user)?;
            Ok(Subject { account, token: None, is_told: authority.sees_inner(account) })
        }
    }
}

/// An access token, for those who may see it.
fn with_token<'s>(authority: &Authority<'s>, user: Option<&str>, hash: &str) -> Result<Subject<'s>, Error> {
    let token = find_token(authority, &WhichToken::from(hash))?;
    authority.view_token(token)?;
    let missing = || Error::not_found(Kind::AccessToken, hash);
    // By its identifier it is asked about as with its present secret.
    let shown = TokenHash::parse(hash)
        .map_or(Some(Shown::Current), |hash| authority.used().shown_by(token, &hash, authority.now()));
    let account = authority.state().account(token.owner).ok_or_else(missing)?;
    let is_other = user.is_some_and(|user| !token.is_called(&account.name, user) && account.id.to_string() != user);
    if is_other {
        return Err(Error::invalid("user", "the access token belongs to another user"));
    }
    Ok(Subject { account, token: Some((token, shown.ok_or_else(missing)?)), is_told: true })
}

/// A robot with its present secret, for those who may see it.
fn robot<'s>(authority: &Authority<'s>, organization: &str, name: &str) -> Result<Subject<'s>, Error> {
    let which = WhichToken::Robot { organization: organization.to_owned(), name: name.to_owned() };
    let token = find_token(authority, &which)?;
    let account = authority.state().account(token.owner);
    let account = account.ok_or_else(|| Error::not_found(Kind::Robot, &which))?;
    Ok(Subject { account, token: Some((token, Shown::Current)), is_told: true })
}

/// The one answer to a caller who does not see the repository.
fn unseen(subject: &Subject<'_>) -> CheckedAccess {
    let user = subject.user_name();
    let text = format!("not there, or no access for {user}");
    CheckedAccess {
        token: subject.token.map(|(token, _)| token.id),
        is_allowed: false,
        is_there: None,
        is_for_everybody: false,
        makes: false,
        level: None,
        sources: Vec::new(),
        cuts: vec![CutView { cut: Cut::Hidden, text }],
        user,
    }
}

/// Why a push makes no repository although it may.
fn not_made(error: &Error) -> String {
    let why = match error {
        Error::NotFound { .. } => "nobody has its namespace".to_owned(),
        Error::Conflict(Obstacle::Limit(what)) => format!("the limit is reached: {what}"),
        Error::Conflict(Obstacle::DeletedLately { retry_after }) => {
            format!("another owner's of this name was deleted lately; the name is free in {retry_after} seconds")
        }
        Error::Conflict(Obstacle::BeingDeleted) => "what the registry held of this name is being deleted".to_owned(),
        other => other.to_string(),
    };
    format!("there is no such repository, and a push cannot make it: {why}")
}
