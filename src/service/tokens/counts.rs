//! How many access tokens there are, by what a list can be filtered by: each number is that of the list with that filter.
//!
//! It costs a look at each of the access tokens that are counted.

use super::selection::{TokenFilter, listed_tokens};
use crate::domain::act::Act;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenState;
use crate::metrics::Tokens;
use crate::service::Service;
use crate::service::access::{Call, standing};
use crate::service::error::Error;

/// Within what time an end is soon, and within what it is not far: as the metrics say it, and in seconds.
const SOON: (&str, i64) = ("7d", 7 * DAY);
const LATER: (&str, i64) = ("30d", 30 * DAY);
const DAY: i64 = 24 * 60 * 60;

/// How many access tokens there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// All of them.
    pub total: usize,
    /// Ended for good.
    pub revoked: usize,
    /// Their end has come.
    pub expired: usize,
    /// Deactivated.
    pub inactive: usize,
    /// Their account is inactive.
    pub account_inactive: usize,
    /// Stopped with an access token that made them.
    pub stopped: usize,
    /// Accepted.
    pub active: usize,
    /// Accepted, and their end comes before the moment that was asked for.
    pub expiring: usize,
    /// Never used.
    pub never_used: usize,
    /// Without limits.
    pub unlimited: usize,
}

impl TokenCounts {
    fn add(&mut self, state: TokenState, [is_expiring, is_never_used, is_unlimited]: [bool; 3]) {
        let of_state = match state {
            TokenState::Revoked => &mut self.revoked,
            TokenState::Expired => &mut self.expired,
            TokenState::Inactive => &mut self.inactive,
            TokenState::AccountInactive => &mut self.account_inactive,
            TokenState::Stopped => &mut self.stopped,
            TokenState::Active => &mut self.active,
        };
        *of_state += 1;
        self.total += 1;
        self.expiring += usize::from(is_expiring);
        self.never_used += usize::from(is_never_used);
        self.unlimited += usize::from(is_unlimited);
    }

    fn by_state(&self) -> Vec<(TokenState, usize)> {
        vec![
            (TokenState::Active, self.active),
            (TokenState::Inactive, self.inactive),
            (TokenState::Expired, self.expired),
            (TokenState::Revoked, self.revoked),
            (TokenState::AccountInactive, self.account_inactive),
            (TokenState::Stopped, self.stopped),
        ]
    }
}

impl Service {
    /// Counts the access tokens of a user or, for an administrator who names none or asks for `everybody`, everybody's:
    /// those that a list for the same caller shows. Ends before `expires_before` count as near.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account or of everybody, to all but administrators; [`Error::NotFound`];
    /// [`Error::Invalid`] for everybody's and a user's at once.
    pub fn count_tokens(
        &self,
        call: &Call,
        username: Option<String>,
        everybody: bool,
        expires_before: Timestamp,
    ) -> Result<TokenCounts, Error> {
        let object = username.clone().unwrap_or_default();
        let whose = TokenFilter { username, everybody, ..TokenFilter::default() };
        let expiring = TokenFilter { expires_before: Some(expires_before), ..TokenFilter::default() };
        let never_used = TokenFilter { never_used: Some(true), ..TokenFilter::default() };
        let unlimited = TokenFilter { unlimited: Some(true), ..TokenFilter::default() };
        self.view(call, Act::TokenList, &object, |authority| {
            let (state, usage, now) = (authority.state(), self.store.usage(), call.now);
            let mut counts = TokenCounts::default();
            for token in listed_tokens(authority, &whose)? {
                let selects = |filter: &TokenFilter| filter.selects(state, usage, token, now);
                let standing = standing(state, token, now).state;
                counts.add(standing, [&expiring, &never_used, &unlimited].map(selects));
            }
            Ok(counts)
        })
    }

    /// Counts everybody's for the metrics, which say nothing of any one of them. For a thread that serves no requests.
    #[must_use]
    pub fn token_figures(&self, now: Timestamp) -> Tokens {
        let (state, usage) = (self.store.state(), self.store.usage());
        let ending =
            |seconds| TokenFilter { expires_before: Some(now.plus_seconds(seconds)), ..TokenFilter::default() };
        let (soon, later) = (ending(SOON.1), ending(LATER.1));
        let (mut counts, mut ending_soon) = (TokenCounts::default(), 0);
        for token in state.tokens_before(None) {
            let selects = |filter: &TokenFilter| filter.selects(&state, usage, token, now);
            counts.add(standing(&state, token, now).state, [selects(&later), false, false]);
            ending_soon += usize::from(selects(&soon));
        }
        Tokens { by_state: counts.by_state(), ending_within: [(SOON.0, ending_soon), (LATER.0, counts.expiring)] }
    }
}
