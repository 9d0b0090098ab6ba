//! The error codes of the API: one table.

/// Declares each code with its name and its status in one row.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $name:literal $status:literal;)*) => {
        /// A stable code of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// The name in the envelope, in upper case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Code::$code => $name,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Code::$code => $status,)* }
            }
        }
    };
}

codes! {
    /// No credentials, or none that stand.
    NotAuthenticated "NOT_AUTHENTICATED" 401;
    /// The same, on the registry's own paths.
    Unauthorized "UNAUTHORIZED" 401;
    /// Not allowed.
    NotAuthorized "NOT_AUTHORIZED" 403;
    /// No such user or organization.
    NoSuchAccount "NO_SUCH_ACCOUNT" 404;
    /// No such user.
    NoSuchUser "NO_SUCH_USER" 404;
    /// No such repository, or none that the caller sees.
    NoSuchRepository "NO_SUCH_REPOSITORY" 404;
    /// No such access token, or none that the caller sees.
    NoSuchApiToken "NO_SUCH_API_TOKEN" 404;
    /// No such robot, or none that the caller sees.
    NoSuchRobot "NO_SUCH_ROBOT" 404;
    /// The registry has no such tag.
    NoSuchTag "NO_SUCH_TAG" 404;
    /// The repository has no such tag, and none with this digest.
    NoSuchRef "NO_SUCH_REF" 404;
    /// No such session, or one that has ended.
    NoSuchSession "NO_SUCH_SESSION" 404;
    /// No such team.
    NoSuchTeam "NO_SUCH_TEAM" 404;
    /// The user is no member.
    NoSuchMember "NO_SUCH_MEMBER" 404;
    /// No such grant to a team on a namespace.
    NoSuchTeamAccess "NO_SUCH_NAMESPACE_TEAM_ACCESS" 404;
    /// The name is taken.
    TeamExists "TEAM_EXISTS" 400;
    /// The name is taken.
    RobotExists "ROBOT_EXISTS" 409;
    /// No such path.
    NotFound "NOT_FOUND" 404;
    /// The path has other methods.
    NotAllowed "NOT_ALLOWED" 405;
    /// The name is taken.
    AccountExists "ACCOUNT_EXISTS" 400;
    /// The name is taken.
    RepositoryExists "REPOSITORY_EXISTS" 400;
    /// The body is no JSON.
    InvalidJson "INVALID_JSON" 400;
    /// A parameter or a field cannot be accepted.
    InvalidParameters "INVALID_PARAMETERS" 400;
    /// Only a gateway before the registry could do this, and there is none.
    GatewayRequired "GATEWAY_REQUIRED" 409;
    /// A setting that cannot be had, or that the configuration fixes.
    InvalidSettings "INVALID_SETTINGS" 400;
    /// Neither public nor private.
    InvalidVisibility "INVALID_REPOSITORY_VISIBILITY" 400;
    /// Not a service of this registry.
    ServiceUnknown "SERVICE_UNKNOWN" 400;
    /// A grant type that is not offered.
    UnsupportedGrantType "UNSUPPORTED_GRANT_TYPE" 400;
    /// A page size that is no number.
    PaginationNumberInvalid "PAGINATION_NUMBER_INVALID" 400;
    /// The body is not JSON by its content type.
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" 415;
    /// The body is too large.
    TooLarge "REQUEST_TOO_LARGE" 413;
    /// The address of a request, or what it asks, is too long.
    AddressTooLong "URI_TOO_LONG" 414;
    /// The head of a request is too large.
    HeadTooLarge "REQUEST_HEAD_TOO_LARGE" 431;
    /// The last administrator who can sign in stays.
    LastAdministrator "LAST_ADMINISTRATOR" 409;
    /// A limit is reached.
    LimitReached "LIMIT_REACHED" 409;
    /// Repositories are known under the name of a new account.
    NamespaceInUse "NAMESPACE_IN_USE" 409;
    /// The access token, or the secret whose hash names it, is not active.
    NotRotatable "API_TOKEN_NOT_ACTIVE" 409;
    /// An access token that was ended for good stays so.
    Revoked "API_TOKEN_REVOKED" 409;
    /// The registry needs another setting first.
    NeedsFixedKey "NEEDS_FIXED_KEY" 409;
    /// The configuration does not fit a proxy before dockpass.
    NeedsProxySettings "NEEDS_PROXY_SETTINGS" 409;
    /// The registry deletes by manifest, and other tags point to it.
    TagSharesManifest "TAG_SHARES_MANIFEST" 409;
    /// The address of the registry is not configured.
    NeedsRegistryUrl "NEEDS_REGISTRY_URL" 409;
    /// The registry is configured to delete nothing.
    DeletionDisabled "DELETION_DISABLED" 409;
    /// Not allowed, in the word that clients of registries know.
    Denied "DENIED" 403;
    /// The tag is immutable, and points to something else.
    TagImmutable "TAG_IMMUTABLE" 409;
    /// The registry behind the gateway cannot be reached, or gives no answer that can be passed on.
    UpstreamFailed "UPSTREAM_FAILED" 502;
    /// The registry behind the gateway does not answer in time.
    UpstreamTimedOut "UPSTREAM_TIMED_OUT" 504;
    /// Too many wrong passwords, or too many sign-ins at once.
    TooManyRequests "TOO_MANY_REQUESTS" 429;
    /// Changes are not accepted at present.
    Unavailable "UNAVAILABLE" 503;
    /// The disk failed or was full when the change was written: it may have been made.
    OutcomeUnknown "OUTCOME_UNKNOWN" 503;
    /// A fault of dockpass.
    Internal "INTERNAL_ERROR" 500;
}
