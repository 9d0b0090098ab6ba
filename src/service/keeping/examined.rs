//! What the use-cases know for an examination of the whole site: what is old, ended or unused.

use crate::domain::act::Act;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, ENDS_SOON, TokenState};
use crate::service::Service;
use crate::service::access::{Call, standing};
use crate::service::error::Error;
use crate::store::{State, UserSort};

const DAY: i64 = 24 * 60 * 60;
/// A secret that is older than this is old, in seconds.
pub const OLD: i64 = 365 * DAY;
/// An access token that expired before that may be deleted, in seconds.
pub const LONG_EXPIRED: i64 = 30 * DAY;
/// An account that was not used for this time is unused, in seconds.
pub const UNUSED: i64 = 90 * DAY;
/// Names that are told of what there may be many of.
const NAMED: usize = 5;

/// How many there are, and the names of the first few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Few {
    /// How many.
    pub count: usize,
    /// Some of them.
    pub first: Vec<String>,
}

/// What is old, ended or unused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExaminedSite {
    /// When the site was made; none if that is not known.
    pub made_at: Option<Timestamp>,
    /// Access tokens that are accepted, were never rotated, and are older than [`OLD`].
    pub old_tokens: usize,
    /// When the oldest of them was made.
    pub oldest_token: Option<Timestamp>,
    /// Access tokens that expired within [`LONG_EXPIRED`].
    pub expired: usize,
    /// Those that expired before that.
    pub long_expired: usize,
    /// Accepted ones that end within [`ENDS_SOON`].
    pub ending: usize,
    /// Active users who have neither signed in nor used an access token within [`UNUSED`], and are older than that.
    pub unused: Few,
}

impl Few {
    fn note(&mut self, name: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(name.to_owned());
        }
    }
}

impl Service {
    /// Looks through memory for what is old, ended or unused. For a thread that serves no requests.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn examine(&self, call: &Call) -> Result<ExaminedSite, Error> {
        self.view(call, Act::ServerExamine, "", |authority| {
            authority.administrator()?;
            let state = authority.state();
            let mut found = ExaminedSite {
                made_at: state.meta().map(|meta| meta.created_at),
                unused: self.unused(state, call.now),
                ..ExaminedSite::default()
            };
            state.tokens_before(None).for_each(|token| found.note(state, token, call.now));
            Ok(found)
        })
    }

    fn unused(&self, state: &State, now: Timestamp) -> Few {
        let long_ago = now.plus_seconds(-UNUSED);
        let mut unused = Few::default();
        for user in state.users_by_name(UserSort::Active, Order::Ascending, None) {
            let last = self.last_sign_in(user).unwrap_or(user.created_at);
            if last.max(user.created_at) < long_ago {
                unused.note(user.name.as_str());
            }
        }
        unused
    }
}

impl ExaminedSite {
    fn note(&mut self, state: &State, token: &AccessToken, now: Timestamp) {
        let ended_before = |moment: Timestamp| token.expires_at.is_some_and(|end| end < moment);
        match standing(state, token, now).state {
            TokenState::Expired if ended_before(now.plus_seconds(-LONG_EXPIRED)) => self.long_expired += 1,
            TokenState::Expired => self.expired += 1,
            TokenState::Active => {
                self.ending += usize::from(ended_before(now.plus_seconds(ENDS_SOON)));
                if token.generation == 0 && token.created_at < now.plus_seconds(-OLD) {
                    self.old_tokens += 1;
                    let oldest = self.oldest_token.map_or(token.created_at, |oldest| oldest.min(token.created_at));
                    self.oldest_token = Some(oldest);
                }
            }
            TokenState::Revoked | TokenState::Inactive | TokenState::AccountInactive | TokenState::Stopped => {}
        }
    }
}
