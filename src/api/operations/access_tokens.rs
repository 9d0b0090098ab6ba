//! Access tokens.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Counting, Paged, Paging};
use crate::domain::time::Timestamp;
use crate::domain::token::TokenState;
use crate::domain::token_order::{TokenOrder, TokenPlace};
use crate::domain::words::words;

parameters! {
    /// Whose access tokens.
    OfUser {
        /// Whose; your own if omitted. Another's: administrators.
        username "username": Option<String>,
    }
}

parameters! {
    /// Which access tokens a list shows, or a clean-up takes.
    Selection {
        /// Whose; your own if omitted, or everybody's in an administrator's list without `usedbefore`. Another's:
        /// administrators.
        username "username": Option<String>,
        /// Everybody's, for administrators, instead of `username`. A clean-up then takes those of some accounts at a time, each
        /// account's all together: repeat it until it answers none.
        everybody "everybody": Option<bool>,
        /// Last used before this time or date; never used ones count by their making. A list with it shows exactly what a
        /// clean-up with the same parameters deletes: none that made another one which stays, or a robot.
        used_before "usedbefore": Option<Timestamp>,
        /// How they came to be; if omitted, `auto` with `usedbefore` and `all` without.
        generated_by "generatedby": Option<Making>,
        /// Only those in this state.
        state "state": Option<TokenState>,
        /// Only those that are accepted (`active`) and end before this time or date.
        expires_before "expiresbefore": Option<Timestamp>,
        /// Only those last used before this time or date; never used ones count by their making. Unlike `usedbefore` it
        /// makes of a list no preview of a clean-up.
        unused_since "unusedsince": Option<Timestamp>,
        /// Only those that were never used, or with `false` only those that were.
        never_used "neverused": Option<bool>,
        /// Only those without limits, which may do all that their account may, or with `false` only those with some.
        unlimited "unlimited": Option<bool>,
    }
}

parameters! {
    /// Whose access tokens are counted.
    Counted {
        /// Whose; your own if omitted, or everybody's for an administrator. Another's: administrators.
        username "username": Option<String>,
        /// Everybody's, for administrators, instead of `username`.
        everybody "everybody": Option<bool>,
    }
}

parameters! {
    /// Until when an end counts as near.
    Near {
        /// Up to when an end counts as near, a time or a date; if omitted, 14 days from now.
        expires_before "expiresbefore": Option<Timestamp>,
    }
}

parameters! {
    /// In which order a list of access tokens is, and of whose making.
    Ranking {
        /// In which order: `end` has those first that ended or end first, and those without an end last; `newest` if omitted.
        /// Not together with `usedbefore`.
        sort "sort": Option<TokenOrder>,
        /// Only those of other accounts, robots aside, that were made with an access token of this one: administrators.
        made_with "madewith": Option<String>,
        /// Only robots with a secret that this account asked for, by making or rotating them, the present one or a replaced one
        /// that lives on: administrators. Not together with `madewith`.
        secret_by "secretby": Option<String>,
    }
}

words! {
    /// How access tokens came to be, as a filter.
    pub enum Making {
        /// Nobody asked for them.
        Auto = "auto",
        /// Somebody did.
        Manual = "manual",
        /// Either.
        All = "all",
    }
}

/// The header with which a rotation may be repeated.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

operations! { AccessTokens:
    /// List access tokens; with `usedbefore`, what a clean-up would delete; with another filter a page may have fewer than asked for
    ListAccessTokens = Get "/api/v0/api_tokens" 200 {
        act: TokenList,
        query: (Selection, Ranking, Paging<TokenPlace>, Counting),
        answer: Paged<Vec<api::ApiToken>>,
        codes: [NoSuchUser],
    }

    /// Make an access token; its secret is in this answer only
    CreateAccessToken = Post "/api/v0/api_tokens" 200 {
        act: TokenCreate,
        query: OfUser,
        body: api::CreateApiToken,
        answer: api::NewApiToken,
        codes: [NoSuchUser, LimitReached],
    }

    /// Delete access tokens that were not used since; answers those that it deleted, and refuses other parameters
    CleanUpAccessTokens = Delete "/api/v0/api_tokens" 200 {
        act: TokenCleanUp,
        query: Selection,
        answer: Vec<api::ApiToken>,
        needs: ["usedbefore"],
        codes: [NoSuchUser, LastAdministrator],
    }

    /// Tell which access token a secret belongs to, and which of its secrets that is
    IdentifyAccessToken = Post "/api/v0/api_tokens/identify" 200 {
        act: TokenView,
        body: api::IdentifyApiToken,
        answer: api::IdentifiedApiToken,
        codes: [NoSuchApiToken],
    }

    /// End access tokens for good by their secrets, without signing in; the answer does not tell which texts were any
    RevokeAccessTokens = Post "/api/v0/api_tokens/revoke" 202 {
        act: TokenRevoke,
        body: api::RevokeApiTokens,
        access: Anybody,
        codes: [NotAuthenticated, NotAuthorized, TooManyRequests],
    }

    /// Count access tokens: all, and those that a list with one filter shows
    CountAccessTokens = Get "/api/v0/api_tokens/counts" 200 {
        act: TokenList,
        query: (Counted, Near),
        answer: api::ApiTokenCounts,
        codes: [NoSuchUser],
    }

    /// See what an access token with these limits would reach at present; makes none
    PreviewTokenReach = Post "/api/v0/api_tokens/reach" 200 {
        act: TokenReach,
        query: OfUser,
        body: api::PreviewReach,
        answer: api::LimitedReach,
        codes: [NoSuchUser],
    }

    /// View an access token, also by the hash of one of the last four secrets that have ended
    ViewAccessToken = Get "/api/v0/api_tokens/{hashedtoken}" 200 {
        act: TokenView,
        answer: api::ApiToken,
        headers: [(
            "If-None-Match",
            "The `ETag` of an answer: if nothing has changed since, not even the last use, the answer is 304 without a body.",
        )],
        codes: [NoSuchApiToken],
    }

    /// Rename an access token, switch it off or on; by the hash of an ended secret, off only
    UpdateAccessToken = Patch "/api/v0/api_tokens/{hashedtoken}" 200 {
        act: TokenUpdate,
        body: api::UpdateApiToken,
        answer: api::ApiToken,
        codes: [NoSuchApiToken, NotRotatable, LastAdministrator, Revoked],
    }

    /// Delete an access token and those that it made; also by the hash of an ended secret
    DeleteAccessToken = Delete "/api/v0/api_tokens/{hashedtoken}" 200 {
        act: TokenDelete,
        codes: [NoSuchApiToken, LastAdministrator],
    }

    /// End the secret that a rotation of an access token replaced, before its time; does nothing where there is none
    EndTokenOverlap = Delete "/api/v0/api_tokens/{hashedtoken}/overlap" 200 {
        act: TokenEndOverlap,
        answer: api::ApiToken,
        codes: [NoSuchApiToken],
    }

    /// Give an access token a new secret
    RotateAccessToken = Post "/api/v0/api_tokens/{hashedtoken}/rotate" 200 {
        act: TokenRotate,
        body: api::RotateApiToken,
        answer: api::NewApiToken,
        headers: [(
            IDEMPOTENCY_KEY,
            "22 to 255 visible ASCII characters that nobody can guess, drawn anew for each rotation, such as a random UUID. An \
             access token that rotates itself may send the same request again within ten minutes, with the secret that was \
             replaced: the secret of the lost answer ends, and another is answered. That is over with the first use of the \
             new secret, with a deactivation, and with the next rotation.",
        )],
        codes: [NoSuchApiToken, NotRotatable, Revoked],
    }
}
