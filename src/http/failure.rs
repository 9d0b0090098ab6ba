//! Every error that leaves over HTTP: how the failures of the layers below map to the codes of `api`.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;

use crate::api::operations::accounts::NAMESPACE_IN_USE;
use crate::api::{Code, ErrorAnswer, ErrorEntry, SettingSource};
use crate::causes::with_causes;
use crate::domain::secret::without_secrets;
use crate::registry::NeighbourError;
use crate::service::{Error, Kind, Obstacle};

/// An error on its way out: all that the client is told. Internal causes go to the log alone.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) message: String,
    detail: Value,
    retry_after: Option<i64>,
    challenge: Option<String>,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: without_secrets(&message.into()),
            detail: Value::Null,
            retry_after: None,
            challenge: None,
        }
    }

    /// A value that cannot be accepted.
    pub(super) fn invalid(field: &str, reason: impl fmt::Display) -> Self {
        Self::new(Code::InvalidParameters, format!("{field}: {reason}"))
            .with_detail(serde_json::json!({ "field": field }))
    }

    /// A value that a setting cannot have.
    pub(super) fn invalid_setting(field: &str, reason: impl fmt::Display) -> Self {
        Self::new(Code::InvalidSettings, format!("{field}: {reason}"))
            .with_detail(serde_json::json!({ "field": field }))
    }

    /// A setting that the configuration fixes; the detail names the key and where it is set.
    pub(super) fn fixed_setting(field: &str, key: &str, from: SettingSource, reason: impl fmt::Display) -> Self {
        let detail = serde_json::json!({ "field": field, "key": key, "from": from });
        Self::invalid_setting(field, reason).with_detail(detail)
    }

    fn with_detail(mut self, detail: Value) -> Self {
        self.detail = cleaned(detail);
        self
    }

    /// Adds the challenge that tells a client how to sign in.
    pub(super) fn with_challenge(mut self, challenge: String) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Says after how many seconds it may be tried again.
    pub(super) fn retrying_after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same failure by another code.
    pub(super) fn with_code(self, code: Code) -> Self {
        Self { code, ..self }
    }

    /// The same failure with the code that clients of registries know.
    pub(super) fn for_registry(mut self) -> Self {
        if self.code == Code::NotAuthenticated {
            self.code = Code::Unauthorized;
        }
        self
    }

    /// A fault of dockpass: the source goes to the log, under a number that the client gets.
    pub(super) fn internal(source: &(dyn std::error::Error + 'static)) -> Self {
        let number = crate::domain::random::bytes::<4>().map_or(0, u32::from_be_bytes);
        log::error!("internal error {number:08x}: {}", with_causes(source));
        let message = "an internal error; its cause is in the server's log";
        Self::new(Code::Internal, message).with_detail(serde_json::json!({ "log": format!("{number:08x}") }))
    }

    fn answer(&self, oauth_error: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(challenge) = &self.challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge.as_str()));
        }
        let entry = ErrorEntry {
            code: self.code.name().to_owned(),
            message: self.message.clone(),
            detail: self.detail.clone(),
        };
        response.json(ErrorAnswer {
            errors: vec![entry],
            error: oauth_error.map(str::to_owned),
            error_description: oauth_error.map(|_| self.message.clone()),
        })
    }

    /// The answer with the OAuth 2.0 fields beside the envelope (RFC 6749, 5.2): docker reads one form, other clients
    /// the other.
    fn oauth_answer(&self) -> HttpResponse {
        let error = match (self.code, self.code.status()) {
            (Code::UnsupportedGrantType, _) => "unsupported_grant_type",
            (_, 401) => "invalid_grant",
            (_, 429 | 503) => "temporarily_unavailable",
            (_, 500..) => "server_error",
            (_, _) => "invalid_request",
        };
        self.answer(Some(error))
    }
}

/// The detail without secrets: what it names, a client chose, as it chose what the message repeats.
fn cleaned(detail: Value) -> Value {
    match detail {
        Value::String(text) => Value::String(without_secrets(&text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, cleaned(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => detail,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(None)
    }
}

/// A failure on its way out of the token endpoint.
#[derive(Debug)]
pub(super) struct OauthFailure(Failure);

impl From<Failure> for OauthFailure {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for OauthFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for OauthFailure {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.oauth_answer()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => {
                Self::new(Code::NotAuthenticated, "wrong user name, password or access token, or none")
            }
            Error::Denied(reason) => Self::new(Code::NotAuthorized, reason),
            Error::Capped(reason) => Self::new(Code::NotAuthorized, reason),
            Error::NotFound { kind, name } => not_found(kind, &name),
            // Whoever may not see it learns nothing of the reason.
            Error::Hidden { kind, name, reason: _ } => hidden(kind, &name),
            Error::AlreadyExists { kind, name } => {
                let (code, what) = taken(kind);
                // The detail blames the name: the client has to choose another.
                Self::new(code, format!("this {what} exists already: {name}"))
                    .with_detail(serde_json::json!({ "field": "name", "name": name }))
            }
            Error::Invalid { field: "service", reason } => Self::new(Code::ServiceUnknown, reason),
            Error::Invalid { field, reason } => Self::invalid(field, reason),
            Error::Setting { field, reason } => Self::invalid_setting(field, reason),
            Error::Conflict(obstacle) => in_the_way(obstacle),
            Error::TooManyRequests { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(Code::TooManyRequests, format!("too many attempts; try again in {retry_after} seconds"))
            },
            Error::TooManyChanges { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(
                    Code::TooManyRequests,
                    format!("this account changes too much; try again in {retry_after} seconds"),
                )
            },
            // To repeat it blindly could do it twice: no time to retry after is said.
            Error::Unavailable(reason) if reason.may_be_made() => {
                Self::new(Code::OutcomeUnknown, format!("{reason}; look before you send it again"))
            }
            Error::Unavailable(reason) => Self {
                retry_after: Some(5),
                ..Self::new(Code::Unavailable, format!("no change is accepted now: {reason}"))
            },
            Error::Unread => Self {
                retry_after: Some(5),
                ..Self::new(Code::Unavailable, "what is asked for cannot be read now: the store is being opened again")
            },
            Error::Internal(source) => Self::internal(source.as_ref()),
        }
    }
}

impl From<NeighbourError> for Failure {
    fn from(error: NeighbourError) -> Self {
        let text = error.to_string();
        match error {
            NeighbourError::Service(error) => error.into(),
            NeighbourError::SharesManifest { others } => {
                Self::new(Code::TagSharesManifest, text).with_detail(serde_json::json!({ "tags": others }))
            }
            NeighbourError::DeletionDisabled => Self::new(Code::DeletionDisabled, text),
            NeighbourError::Upstream(error) => {
                // Where the registry is, is for the operator, not for clients.
                log::warn!("the registry was of no help: {}", with_causes(&error));
                Self { retry_after: Some(5), ..Self::new(Code::Unavailable, error.without_place()) }
            }
            NeighbourError::UnreadTag { cause, .. } => {
                log::warn!("{text}: {}", with_causes(&cause));
                Self::new(Code::Unavailable, format!("{text}: {}", cause.without_place()))
            }
            NeighbourError::Endless(_) | NeighbourError::Ending => Self::new(Code::Unavailable, text),
        }
    }
}

fn not_found(kind: Kind, name: &str) -> Failure {
    let (code, what) = missing(kind);
    about_name(code, &format!("no such {what}"), name)
}

fn about_name(code: Code, what: &str, name: &str) -> Failure {
    Failure::new(code, format!("{what}: {name}")).with_detail(serde_json::json!({ "name": name }))
}

/// One answer, whether it is there or not. A repository's says that: the name may be right all the same.
fn hidden(kind: Kind, name: &str) -> Failure {
    match kind {
        Kind::Repository => about_name(missing(kind).0, "not there, or no access", name),
        Kind::Account
        | Kind::User
        | Kind::AccessToken
        | Kind::Robot
        | Kind::Organization
        | Kind::Team
        | Kind::Member
        | Kind::TeamGrant
        | Kind::Session => not_found(kind, name),
    }
}

fn missing(kind: Kind) -> (Code, &'static str) {
    match kind {
        Kind::Account => (Code::NoSuchAccount, "account"),
        Kind::User => (Code::NoSuchUser, "user"),
        Kind::Repository => (Code::NoSuchRepository, "repository"),
        Kind::AccessToken => (Code::NoSuchApiToken, "access token"),
        Kind::Robot => (Code::NoSuchRobot, "robot"),
        Kind::Organization => (Code::NoSuchAccount, "organization"),
        Kind::Team => (Code::NoSuchTeam, "team"),
        Kind::Member => (Code::NoSuchMember, "member"),
        Kind::TeamGrant => (Code::NoSuchTeamAccess, "grant to this team"),
        Kind::Session => (Code::NoSuchSession, "session"),
    }
}

fn taken(kind: Kind) -> (Code, &'static str) {
    match kind {
        Kind::Account | Kind::User => (Code::AccountExists, "account"),
        Kind::Repository => (Code::RepositoryExists, "repository"),
        Kind::AccessToken => (Code::InvalidParameters, "access token"),
        Kind::Robot => (Code::RobotExists, "robot"),
        Kind::Team => (Code::TeamExists, "team"),
        Kind::TeamGrant => (Code::InvalidParameters, "grant"),
        Kind::Organization => (Code::AccountExists, "organization"),
        Kind::Member => (Code::InvalidParameters, "member"),
        Kind::Session => (Code::InvalidParameters, "session"),
    }
}

/// Why tags are not immutable where no gateway is.
const NOT_HELD: &str = "tags cannot be immutable here, since the registry takes every push itself: set registry.upstream in the \
                        configuration of the server, so that pushes go through dockpass";

fn in_the_way(obstacle: Obstacle) -> Failure {
    match obstacle {
        Obstacle::LastAdministrator { field } => Failure {
            detail: field.map_or(Value::Null, |field| serde_json::json!({ "field": field })),
            ..Failure::new(
                Code::LastAdministrator,
                "nobody would be left who can sign in as an administrator for good: with a password, or with an access token \
                 that counts, is not narrowed and does not end; give an administrator one of these first",
            )
        },
        Obstacle::Limit(what) => Failure::new(Code::LimitReached, format!("the limit is reached: {what}")),
        Obstacle::NamespaceInUse => Failure::new(Code::NamespaceInUse, NAMESPACE_IN_USE),
        Obstacle::BeingDeleted => Failure {
            retry_after: Some(5),
            ..Failure::new(Code::Unavailable, "content of a deleted repository of this name is still being deleted")
        },
        Obstacle::DeletedLately { retry_after } => Failure {
            retry_after: Some(retry_after),
            ..Failure::new(
                Code::NamespaceInUse,
                format!(
                    "a repository of this name was deleted lately, and not by this namespace's owner of today: registry \
                     tokens for it may still live; the name is free again in {retry_after} seconds"
                ),
            )
        },
        Obstacle::NotRotatable => {
            Failure::new(Code::NotRotatable, "an inactive or expired access token gets no new secret")
        }
        Obstacle::Revoked => Failure::new(
            Code::Revoked,
            "whoever held this access token ended it for good: it is never activated again and gets no new secret; make \
             another one",
        ),
        Obstacle::NoGateway => Failure {
            detail: serde_json::json!({ "field": "immutableTags" }),
            ..Failure::new(Code::GatewayRequired, NOT_HELD)
        },
        Obstacle::SecretEnded { token } => Failure::new(
            Code::NotRotatable,
            format!("this is the hash of a secret that has ended; its access token is {token}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::upstream::UpstreamError;
    use crate::service::{Trouble, WriteError};

    #[test]
    fn a_change_that_may_come_back_is_said_to_be_unknown() {
        for trouble in [Trouble::Full, Trouble::ReadOnly, Trouble::Closed, Trouble::Broken, Trouble::Vanished] {
            let failure = Failure::from(Error::Unavailable(WriteError::Unknown(trouble)));
            assert_eq!((failure.code, failure.status_code()), (Code::OutcomeUnknown, StatusCode::SERVICE_UNAVAILABLE));
            assert!(
                failure.message.contains("not known whether") && !failure.message.contains("no change is accepted now")
            );
            assert_eq!(failure.error_response().headers().get(RETRY_AFTER), None);
            let failure = Failure::from(Error::Unavailable(WriteError::Refused(trouble)));
            assert_eq!((failure.code, failure.retry_after), (Code::Unavailable, Some(5)));
        }
    }

    #[test]
    fn the_registrys_own_reason_is_told_and_not_where_it_is() {
        let place = "http://10.0.0.7:5000".to_owned();
        let failure = Failure::from(NeighbourError::Upstream(UpstreamError::Refused { place, status: 401 }));
        assert!(failure.message.starts_with("the registry does not trust dockpass's"), "{}", failure.message);
        assert!(failure.message.contains("status 401") && !failure.message.contains("10.0.0.7"));
        assert_eq!((failure.code, failure.retry_after), (Code::Unavailable, Some(5)));
    }

    #[test]
    fn a_name_whose_content_is_being_deleted_is_free_again_soon() {
        let failure = Failure::from(Error::Conflict(Obstacle::BeingDeleted));
        assert_eq!((failure.code, failure.status_code()), (Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE));
        let answer = failure.error_response();
        assert_eq!(answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()), Some("5"));
    }
}
