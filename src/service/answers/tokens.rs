//! Which access tokens, robots among them, reach a repository, by what its owner was given: those that only pull it because everybody does are
//! not among them.
//!
//! Administrators see each. Whoever administers the repository sees whose it is, its level, its state and its last use
//! there, and of those without limits one line a person: what else somebody has is no concern of theirs.

use std::sync::Arc;

use super::walk::{Step, page_of, people};
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::owner_place::{OwnerPlace, Within};
use crate::domain::repository::Repository;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, TokenState};
use crate::domain::token_uses::TokenUses;
use crate::service::Service;
use crate::service::access::{Authority, Call, Questioned, standing};
use crate::service::error::{Error, Kind};
use crate::service::page::Page;
use crate::service::tokens::TokenView;

/// An access token that reaches a repository, or all of a person's that have no limits.
#[derive(Clone, Debug)]
pub struct ReachingToken {
    /// Whose.
    pub owner: Name,
    /// What it may do there.
    pub level: AccessLevel,
    /// Its state; of several, the best.
    pub state: TokenState,
    /// Whether it has a cap or patterns.
    pub is_limited: bool,
    /// When it was last used there, as far as that is kept; of several, the last of them.
    pub last_used: Option<Timestamp>,
    /// The access token itself, for administrators.
    pub token: Option<Box<TokenView>>,
}

/// The access tokens that reach a repository.
#[derive(Debug)]
pub struct ReachingTokens {
    /// The repository.
    pub repository: Arc<Repository>,
    /// A page of them: by owner, the eldest account first, and each one's newest first. It may have fewer entries than
    /// were asked for and still be followed by others.
    pub page: Page<ReachingToken, OwnerPlace>,
}

impl Service {
    /// A page of the access tokens that reach a repository.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Hidden`], [`Error::Denied`] without admin access.
    pub fn list_tokens_reaching(
        &self,
        call: &Call,
        name: &RepositoryName,
        after: Option<OwnerPlace>,
        limit: usize,
    ) -> Result<ReachingTokens, Error> {
        self.view(call, Act::RepositoryAccess, name.as_str(), |authority| {
            authority.administer_repository(name)?;
            let repository = authority.state().repository(name);
            let repository = repository.ok_or_else(|| Error::not_found(Kind::Repository, name))?;
            let sees_all = authority.is_administrator();
            let from = after.map_or(Id::MIN, |after| after.owner);
            let uses = &self.token_uses(authority.state(), repository);
            let steps = people(authority.state(), name, sees_all, from).flat_map(|owner| {
                let within = after.filter(|after| after.owner == owner).map(|after| after.within);
                let account = authority.state().account(owner);
                let done = Step { place: OwnerPlace { owner, within: Within::All }, row: None };
                let steps = match account.filter(|_| within != Some(Within::All)) {
                    None => Box::new(std::iter::empty()) as Steps<'_>,
                    Some(account) if sees_all => self.each(authority, account, name, uses, within),
                    Some(account) => by_person(authority, account, name, uses, within),
                };
                steps.chain(std::iter::once(done))
            });
            Ok(ReachingTokens { repository: Arc::clone(repository), page: page_of(steps, limit) })
        })
    }

    /// Each access token of an account, newest first, as administrators see it.
    fn each<'a>(
        &'a self,
        authority: &'a Authority<'_>,
        account: &'a Account,
        name: &'a RepositoryName,
        uses: &'a TokenUses,
        within: Option<Within>,
    ) -> Steps<'a> {
        let state = authority.state();
        let before = match within {
            Some(Within::Token(id)) => Some(id),
            Some(Within::Count(_) | Within::All) | None => None,
        };
        let Some(level) = Questioned::account(authority, account, None).own_level(name) else {
            return Box::new(std::iter::empty());
        };
        let steps = state.tokens_of(account.id, before).map(move |token| {
            let level = token.limits.limit(Some(level), name);
            let view = level.and_then(|level| Some((level, self.shown_token(authority, token)?)));
            let row = view.map(|(level, view)| ReachingToken {
                token: Some(Box::new(view)),
                ..row(authority, account, token, level, uses)
            });
            Step { place: OwnerPlace { owner: account.id, within: Within::Token(token.id) }, row }
        });
        Box::new(steps)
    }
}

/// What is looked at, one after the other.
type Steps<'a> = Box<dyn Iterator<Item = Step<ReachingToken>> + 'a>;

fn row(
    authority: &Authority<'_>,
    account: &Account,
    token: &AccessToken,
    level: AccessLevel,
    uses: &TokenUses,
) -> ReachingToken {
    ReachingToken {
        owner: account.name.clone(),
        level,
        state: standing(authority.state(), token, authority.now()).state,
        is_limited: token.limits.is_capped(),
        last_used: uses.last(token.id),
        token: None,
    }
}

/// The access tokens of an account as whoever administers the repository sees them: nothing that names one of them, not
/// even where the next page begins.
fn by_person<'a>(
    authority: &Authority<'_>,
    account: &Account,
    name: &RepositoryName,
    uses: &TokenUses,
    within: Option<Within>,
) -> Steps<'a> {
    let plain = Account { is_admin: false, ..account.clone() };
    let Some(level) = Questioned::account(authority, &plain, None).own_level(name) else {
        return Box::new(std::iter::empty());
    };
    let reaching = authority.state().tokens_of(account.id, None).filter_map(|token| {
        let level = token.limits.limit(Some(level), name)?;
        Some(row(authority, account, token, level, uses))
    });
    let (limited, unlimited): (Vec<_>, Vec<_>) = reaching.partition(|row| row.is_limited);
    let last_used = unlimited.iter().filter_map(|row| row.last_used).max();
    let whole = unlimited.into_iter().max_by_key(|row| row.state == TokenState::Active);
    let whole = whole.map(|row| ReachingToken { last_used, ..row });
    let shown = match within {
        Some(Within::Count(count)) => count,
        Some(Within::Token(_) | Within::All) | None => 0,
    };
    let owner = account.id;
    let rows = whole.into_iter().chain(limited).zip(1..).skip(usize::try_from(shown).unwrap_or(usize::MAX));
    Box::new(
        rows.map(move |(row, count)| Step {
            place: OwnerPlace { owner, within: Within::Count(count) },
            row: Some(row),
        }),
    )
}
