//! The words of the labels. Each list is closed: what comes from outside is sorted into one of its words, or is `other`.

use crate::domain::distribution::Verb;
use crate::domain::words::words;

use super::client::ClientFamily;

/// A label: its words, and which of them a value is.
pub trait Label: Copy + 'static {
    /// How many values there are.
    const VALUES: usize;

    /// Which one it is, counted from 0.
    fn place(self) -> usize;

    /// Adds name and word of the value at a place.
    fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>);
}

/// A set of labels, in their order.
pub trait Labels: Copy + 'static {
    /// How many sets of values there are.
    const SETS: usize;

    /// Which one it is, counted from 0.
    fn place(self) -> usize;

    /// Adds names and words of the set at a place.
    fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>);
}

impl Labels for () {
    const SETS: usize = 1;

    fn place(self) -> usize {
        0
    }

    fn write(_place: usize, _pairs: &mut Vec<(&'static str, &'static str)>) {}
}

impl<A: Label> Labels for (A,) {
    const SETS: usize = A::VALUES;

    fn place(self) -> usize {
        self.0.place()
    }

    fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>) {
        A::write(place, pairs);
    }
}

impl<A: Label, B: Label> Labels for (A, B) {
    const SETS: usize = A::VALUES * B::VALUES;

    fn place(self) -> usize {
        self.0.place() * B::VALUES + self.1.place()
    }

    fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>) {
        A::write(place / B::VALUES, pairs);
        B::write(place % B::VALUES, pairs);
    }
}

impl<A: Label, B: Label, C: Label> Labels for (A, B, C) {
    const SETS: usize = A::VALUES * B::VALUES * C::VALUES;

    fn place(self) -> usize {
        (self.0, self.1).place() * C::VALUES + self.2.place()
    }

    fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>) {
        <(A, B)>::write(place / C::VALUES, pairs);
        C::write(place % C::VALUES, pairs);
    }
}

/// A word of a list, by its place.
fn word(words: &[&'static str], place: usize) -> &'static str {
    words.get(place).copied().unwrap_or_default()
}

/// Makes labels of lists of words.
macro_rules! labels {
    ($($name:literal $label:ident;)*) => {$(
        impl Label for $label {
            const VALUES: usize = $label::WORDS.len();

            fn place(self) -> usize {
                self as usize
            }

            fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>) {
                pairs.push(($name, word($label::WORDS, place)));
            }
        }
    )*};
}

labels! {
    "grant" Grant;
    "client" ClientFamily;
    "reason" SignInFailure;
    "reason" Refusal;
    "reason" UpstreamError;
    "method" VerbClass;
    "outcome" GatewayOutcome;
}

words! {
    /// What a registry token was asked for with.
    pub enum Grant {
        /// A password.
        Password = "password",
        /// An access token.
        AccessToken = "access_token",
        /// A refresh token, as docker keeps from other token servers; there are none here.
        RefreshToken = "refresh_token",
        /// Nothing.
        Anonymous = "anonymous",
        /// Anything else, or what could not be read.
        Other = "other",
    }
}

words! {
    /// What became of a request for a registry token: the reason; the outcome follows from it.
    pub enum TokenAnswer {
        /// It was issued, for all that was asked for.
        Granted = "none",
        /// It was issued, for less than was asked for.
        Narrowed = "less_than_asked",
        /// The credentials are not right.
        WrongCredentials = "wrong_credentials",
        /// The caller may not do this, whatever is asked for.
        NotAllowed = "not_allowed",
        /// Too many wrong passwords, or too many requests at once.
        TooManyRequests = "too_many_requests",
        /// No service of this registry.
        UnknownService = "unknown_service",
        /// Another grant type than `password`.
        UnsupportedGrant = "unsupported_grant",
        /// A request that makes no sense.
        Invalid = "invalid_request",
        /// No change is accepted at present, and one is needed.
        Unavailable = "unavailable",
        /// A fault of dockpass.
        Internal = "internal",
    }
}

impl TokenAnswer {
    /// Every value, in the order of the words.
    const ALL: [Self; 10] = [
        Self::Granted,
        Self::Narrowed,
        Self::WrongCredentials,
        Self::NotAllowed,
        Self::TooManyRequests,
        Self::UnknownService,
        Self::UnsupportedGrant,
        Self::Invalid,
        Self::Unavailable,
        Self::Internal,
    ];

    fn outcome(self) -> &'static str {
        match self {
            Self::Granted | Self::Narrowed => "issued",
            Self::WrongCredentials
            | Self::NotAllowed
            | Self::TooManyRequests
            | Self::UnknownService
            | Self::UnsupportedGrant
            | Self::Invalid => "refused",
            Self::Unavailable | Self::Internal => "failed",
        }
    }
}

impl Label for TokenAnswer {
    const VALUES: usize = Self::ALL.len();

    fn place(self) -> usize {
        self as usize
    }

    fn write(place: usize, pairs: &mut Vec<(&'static str, &'static str)>) {
        pairs.push(("outcome", Self::ALL.get(place).map_or("", |answer| answer.outcome())));
        pairs.push(("reason", word(Self::WORDS, place)));
    }
}

words! {
    /// Why a sign-in was refused.
    pub enum SignInFailure {
        /// Nobody has this name.
        UnknownAccount = "unknown_account",
        /// Another password than the account's, or it has none.
        WrongPassword = "wrong_password",
        /// The account is inactive.
        InactiveAccount = "inactive_account",
        /// Too many wrong passwords, or too many sign-ins at once.
        Throttled = "throttled",
        /// There is no such access token.
        UnknownToken = "unknown_token",
        /// The access token is not this user's.
        OtherName = "other_name",
        /// A rotation has replaced the secret of the access token.
        ReplacedSecret = "replaced_secret",
        /// The access token was ended for good.
        TokenRevoked = "token_revoked",
        /// The access token's end has come.
        TokenExpired = "token_expired",
        /// The access token was deactivated.
        TokenInactive = "token_inactive",
        /// One that made the access token no longer counts.
        TokenStopped = "token_stopped",
        /// Nobody could tell: a fault of dockpass.
        Internal = "internal",
    }
}

words! {
    /// Why a request was refused, or failed; by the status of the answer.
    pub enum Refusal {
        /// It makes no sense (400, 415 and what has no word of its own).
        Invalid = "invalid",
        /// It shows no credentials, or wrong ones (401).
        Unauthenticated = "unauthenticated",
        /// Its caller may not do that (403).
        NotAllowed = "not_allowed",
        /// There is nothing, or nothing that the caller sees (404).
        NotFound = "not_found",
        /// The path has other methods (405).
        OtherMethod = "other_method",
        /// The present state rules it out (409, 412).
        Conflict = "conflict",
        /// It is too large (413, 414, 431).
        TooLarge = "too_large",
        /// Too many of them (429).
        TooManyRequests = "too_many_requests",
        /// No change is accepted, or there is no room (503).
        Unavailable = "unavailable",
        /// The registry behind the gateway (502, 504).
        Upstream = "upstream",
        /// A fault of dockpass (500 and other failures).
        Internal = "internal",
    }
}

impl Refusal {
    /// Why an answer with this status refuses; none if it does not.
    #[must_use]
    pub fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            ..400 => return None,
            401 => Self::Unauthenticated,
            403 => Self::NotAllowed,
            404 => Self::NotFound,
            405 => Self::OtherMethod,
            409 | 412 => Self::Conflict,
            413 | 414 | 431 => Self::TooLarge,
            429 => Self::TooManyRequests,
            503 => Self::Unavailable,
            502 | 504 => Self::Upstream,
            400..500 => Self::Invalid,
            500.. => Self::Internal,
        })
    }
}

words! {
    /// What kind of request goes through the gateway.
    pub enum VerbClass {
        /// `GET` and `HEAD`.
        Read = "read",
        /// `POST`, `PUT` and `PATCH`.
        Write = "write",
        /// `DELETE`.
        Delete = "delete",
    }
}

impl From<Verb> for VerbClass {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get | Verb::Head => Self::Read,
            Verb::Post | Verb::Put | Verb::Patch => Self::Write,
            Verb::Delete => Self::Delete,
        }
    }
}

words! {
    /// What became of a request at the gateway.
    pub enum GatewayOutcome {
        /// It was served.
        Passed = "passed",
        /// What it asks for is not there: clients look before they push.
        NotFound = "not_found",
        /// dockpass wants credentials, or others.
        Unauthenticated = "unauthenticated",
        /// dockpass or the registry does not allow it.
        NotAllowed = "not_allowed",
        /// It makes no sense to dockpass or to the registry, or broke off.
        Invalid = "invalid",
        /// There was no room for it, or no change is accepted.
        Unavailable = "unavailable",
        /// The registry does not answer as it should.
        UpstreamFailed = "upstream_failed",
        /// A fault of dockpass.
        Internal = "internal",
    }
}

impl GatewayOutcome {
    /// What an answer with this status means: [`Refusal`] sorts them. A fault with another status than 500 is the registry's.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match Refusal::of_status(status) {
            None => Self::Passed,
            Some(Refusal::Unauthenticated) => Self::Unauthenticated,
            Some(Refusal::NotAllowed) => Self::NotAllowed,
            Some(Refusal::NotFound) => Self::NotFound,
            Some(Refusal::TooManyRequests | Refusal::Unavailable) => Self::Unavailable,
            Some(Refusal::Invalid | Refusal::OtherMethod | Refusal::Conflict | Refusal::TooLarge) => Self::Invalid,
            Some(Refusal::Internal) if status == 500 => Self::Internal,
            Some(Refusal::Internal | Refusal::Upstream) => Self::UpstreamFailed,
        }
    }
}

words! {
    /// Why the registry behind the gateway gave no usable answer.
    pub enum UpstreamError {
        /// It cannot be reached, or breaks off.
        Unreachable = "unreachable",
        /// It does not answer in time.
        TimedOut = "timed_out",
        /// It refuses what dockpass shows to it.
        Refused = "refused",
        /// It, or a proxy before it, answers with a fault that clients cannot read.
        Fault = "fault",
        /// Its storage gives nothing.
        Storage = "storage",
        /// It gives an answer that makes no sense.
        Senseless = "senseless",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_stand_in_the_order_of_their_words() {
        assert_eq!(TokenAnswer::ALL.map(TokenAnswer::as_str), TokenAnswer::WORDS);
        assert!(TokenAnswer::ALL.iter().enumerate().all(|(place, answer)| answer.place() == place));
    }

    #[test]
    fn every_status_has_its_reason() {
        assert!((100..400).all(|status| Refusal::of_status(status).is_none()));
        assert!((400..600).all(|status| Refusal::of_status(status).is_some()));
        let of = |status| Refusal::of_status(status).map(Refusal::as_str);
        assert_eq!(
            [418, 401, 404, 500, 599].map(of),
            ["invalid", "unauthenticated", "not_found", "internal", "internal"].map(Some)
        );
        let of = |status| GatewayOutcome::of_status(status).as_str();
        assert_eq!([200, 307, 404, 416, 502].map(of), ["passed", "passed", "not_found", "invalid", "upstream_failed"]);
        assert_eq!(
            [401, 403, 409, 413, 429, 500, 501, 503, 504].map(of),
            [
                "unauthenticated",
                "not_allowed",
                "invalid",
                "invalid",
                "unavailable",
                "internal",
                "upstream_failed",
                "unavailable",
                "upstream_failed"
            ]
        );
    }
}
