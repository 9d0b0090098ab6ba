//! Which patterns of an access token reach nothing: most often a slip of the pen, such as a forgotten `/*`.

use super::access_tokens::owner_for;
use super::which::{WhichToken, find_remembered};
use crate::domain::access::AccessLevel;
use crate::domain::act::Act;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::token::Pattern;
use crate::service::Service;
use crate::service::access::{Call, Questioned};
use crate::service::error::Error;
use crate::store::State;

impl Service {
    /// Refuses names that were given alone as patterns and by which the owner reaches nothing: whoever writes `alice` means
    /// `alice/*` more likely than a repository without a namespace. A system administrator's word is taken as it stands: the
    /// repository may be made, or given, afterwards.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::Denied`] to who may make no access tokens for that owner.
    pub fn may_be_meant(&self, call: &Call, username: Option<&str>, names: &[RepositoryName]) -> Result<(), Error> {
        self.view(call, Act::TokenCreate, username.unwrap_or_default(), |authority| {
            let owner = owner_for(authority, username)?;
            if authority.is_administrator() {
                return Ok(());
            }
            let state = authority.state();
            let as_owner = Questioned::account(authority, owner, None);
            let in_vain = names.iter().find(|name| !reaches(state, &as_owner, &Pattern::Exact((*name).clone())));
            match in_vain {
                Some(name) => Err(Error::invalid("repositories", meant(name, owner.name.as_str()))),
                None => Ok(()),
            }
        })
    }

    /// The patterns of an access token by which its owner reaches nothing at present: no repository that it sees, and no
    /// place where it may make one. Empty for an inactive owner, who reaches nothing at all.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the caller may not see.
    pub fn unreached_patterns(&self, call: &Call, hash: &str) -> Result<Vec<Pattern>, Error> {
        self.view(call, Act::TokenView, hash, |authority| {
            authority.signed_in()?;
            let token = find_remembered(authority, &WhichToken::from(hash))?;
            authority.view_token(token)?;
            let state = authority.state();
            let Some(owner) = state.account(token.owner) else { return Ok(Vec::new()) };
            let owner = Questioned::account(authority, owner, None);
            if !owner.faults().is_empty() {
                return Ok(Vec::new());
            }
            let patterns = token.limits.patterns.iter();
            Ok(patterns.filter(|pattern| !reaches(state, &owner, pattern)).cloned().collect())
        })
    }
}

fn meant(name: &RepositoryName, owner: &str) -> String {
    format!(
        "`{name}` alone is the repository `_/{name}`, which has no namespace and is not there, or {owner} has no access to \
         it; the repositories of {name} are `{name}/*`, and `_/{name}` is taken as it is"
    )
}

/// Whether an account reaches anything by this pattern.
fn reaches(state: &State, owner: &Questioned<'_>, pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Exact(name) if state.repository(name).is_some() => owner.level(name).is_some(),
        Pattern::Exact(name) => may_make(state, owner, name),
        Pattern::Below(prefix) => {
            let some = RepositoryName::parse(&format!("{prefix}/x"));
            owner.sees_below(prefix) || some.is_ok_and(|name| may_make(state, owner, &name))
        }
    }
}

/// Whether an account may make repositories in the namespace of this name, which has an owner. A push makes none without a
/// namespace.
fn may_make(state: &State, owner: &Questioned<'_>, name: &RepositoryName) -> bool {
    let namespace = match name.namespace() {
        Namespace::Empty => return false,
        Namespace::Of(namespace) => namespace,
    };
    state.account_named(namespace.as_str()).is_some() && owner.may_create(name, AccessLevel::Push)
}
