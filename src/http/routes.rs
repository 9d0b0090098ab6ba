//! The one table of routes: what is served, by whom it is handled, and what its documentation says.
//!
//! actix registers from it, the OpenAPI document is made from it, and the tests walk it: a path cannot be served
//! undocumented or escape the authorization matrix.

use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, ResponseError, guard, web};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::failure::{Code, Failure};
use super::{
    accounts, audit, docs, grants, operation, organizations, registry, repositories, search, team_grants, tokens,
};
use crate::api;

/// A query or form parameter: name, kind, what it does. The kind is a type of JSON Schema, `strings` for a string that
/// may be repeated, or the possible values with `|` between them.
pub(super) type Parameter = (&'static str, &'static str, &'static str);

type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// One method of one path.
pub struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// Name of the operation, unique.
    pub(super) operation: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: Vec<Parameter>,
    pub(super) form: Vec<Parameter>,
    /// Those of the query or the form that cannot be left out.
    pub(super) needed: Vec<&'static str>,
    pub(super) body: Option<MakeSchema>,
    pub(super) status: u16,
    pub(super) answer: Option<MakeSchema>,
    /// Media types of the answer.
    pub(super) media: Vec<&'static str>,
    pub(super) codes: Vec<Code>,
    /// Whether it answers without credentials.
    pub(super) is_public: bool,
    make: Box<dyn Fn() -> actix_web::Route>,
}

impl Route {
    fn new(method: Method, path: &'static str, operation: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            operation,
            summary,
            query: Vec::new(),
            form: Vec::new(),
            needed: Vec::new(),
            body: None,
            status: 200,
            answer: None,
            media: Vec::new(),
            codes: Vec::new(),
            is_public: false,
            make: Box::new(actix_web::Route::new),
        }
    }

    fn query(mut self, parameters: &[Parameter]) -> Self {
        self.query.extend_from_slice(parameters);
        self
    }

    fn form(mut self, parameters: &[Parameter]) -> Self {
        self.form.extend_from_slice(parameters);
        self
    }

    fn needs(mut self, name: &'static str) -> Self {
        self.needed.push(name);
        self
    }

    fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    fn gives<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(SchemaGenerator::subschema_for::<T>);
        self.sends("application/json")
    }

    fn sends(mut self, media: &'static str) -> Self {
        self.media.push(media);
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn fails(mut self, codes: &[Code]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    fn to<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.make = Box::new(move || actix_web::Route::new().to(handler.clone()));
        self
    }

    /// The method, for tests that walk the table.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path with its parts in braces, for tests that walk the table.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Whether it answers without credentials, for tests that walk the table.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.is_public
    }
}

/// Registers every route, and errors in the one envelope for everything else.
pub(super) fn register(config: &mut web::ServiceConfig) {
    let mut routes = table();
    while let Some(path) = routes.first().map(|route| route.path) {
        let (here, rest): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.path == path);
        routes = rest;
        config.service(resource(path, &here));
    }
    config.default_service(web::to(no_such_path));
}

fn resource(path: &'static str, routes: &[Route]) -> actix_web::Resource {
    // One trailing slash is ignored, with and without one being the same resource.
    let plain = path.trim_end_matches('/').to_owned();
    let mut resource = web::resource([plain.clone(), format!("{plain}/")]);
    let mut allowed: Vec<&str> = Vec::new();
    for route in routes {
        allowed.push(route.method.as_str());
        resource = match route.method {
            Method::GET => resource.route((route.make)().guard(guard::Any(guard::Get()).or(guard::Head()))),
            ref method => resource.route((route.make)().guard(guard::Method(method.clone()))),
        };
    }
    let allowed = allowed.join(", ");
    resource.default_service(web::to(move || {
        let allowed = allowed.clone();
        async move { wrong_method(&allowed) }
    }))
}

fn wrong_method(allowed: &str) -> HttpResponse {
    let mut response = Failure::new(Code::NotAllowed, format!("this path has {allowed}")).error_response();
    if let Ok(value) = allowed.parse() {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

async fn no_such_path(request: HttpRequest) -> HttpResponse {
    let has_hidden_slash = request.path().to_ascii_lowercase().contains("%2f");
    let failure = if has_hidden_slash {
        Failure::invalid("path", "`%2F` stands for a slash in repository names only")
    } else {
        Failure::new(Code::NotFound, "there is nothing at this path")
    };
    failure.error_response()
}

const PAGE: &[Parameter] = &[
    ("pageStart", "string", "Where the page begins: `X-Next-Page-Start` of the page before."),
    ("pageSize", "integer", "At most so many entries; 10 if omitted, 0 for all."),
];
const COUNT: &[Parameter] = &[("count", "boolean", "Whether `X-Resource-Count` tells how many the whole list has.")];
const USERNAME: &[Parameter] = &[("username", "string", "Whose; your own if omitted. Another's: administrators.")];
const CLEAN_UP: &[Parameter] = &[
    ("usedbefore", "string", "Last used before this time or date; never used ones count by their making."),
    ("generatedby", "auto|manual|all", "How they came to be; if omitted, `all` to list, `auto` to clean up."),
];
const TOKEN_REQUEST: &[Parameter] = &[
    ("service", "string", "The registry's service; the first configured one if omitted."),
    ("scope", "strings", "What is asked for, as `repository:ns/name:pull,push`; may be repeated, or hold several."),
];
const GRANT: &[Parameter] = &[
    ("grant_type", "password", "The only one."),
    ("username", "string", "The account's name."),
    ("password", "string", "Its password, or an access token."),
    ("client_id", "string", "Not read."),
];

/// Every route.
#[must_use]
pub fn table() -> Vec<Route> {
    [
        access_tokens(),
        repositories(),
        access(),
        accounts(),
        organizations(),
        teams(),
        team_access(),
        search_paths(),
        audit_log(),
        registry_paths(),
        operation_paths(),
        document_paths(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn access_tokens() -> Vec<Route> {
    use Code::{LimitReached, NoSuchApiToken, NoSuchUser, NotRotatable};
    let (all, one) = ("/api/v0/api_tokens", "/api/v0/api_tokens/{hashedtoken}");
    vec![
        Route::new(
            Method::GET,
            all,
            "listAccessTokens",
            "List access tokens, newest first; with filters, what a clean-up would delete",
        )
        .query(USERNAME)
        .query(CLEAN_UP)
        .query(PAGE)
        .query(COUNT)
        .gives::<Vec<api::ApiToken>>()
        .fails(&[NoSuchUser])
        .to(tokens::list),
        Route::new(Method::POST, all, "createAccessToken", "Make an access token; its secret is in this answer only")
            .query(USERNAME)
            .takes::<api::CreateApiToken>()
            .gives::<api::NewApiToken>()
            .fails(&[NoSuchUser, LimitReached])
            .to(tokens::create),
        Route::new(
            Method::DELETE,
            all,
            "cleanUpAccessTokens",
            "Delete access tokens that were not used since; answers the deleted ones",
        )
        .query(USERNAME)
        .query(CLEAN_UP)
        .needs("usedbefore")
        .gives::<Vec<api::ApiToken>>()
        .fails(&[NoSuchUser])
        .to(tokens::clean_up),
        Route::new(Method::GET, one, "viewAccessToken", "View an access token")
            .gives::<api::ApiToken>()
            .fails(&[NoSuchApiToken])
            .to(tokens::view),
        Route::new(Method::PATCH, one, "updateAccessToken", "Rename an access token, switch it off or on")
            .takes::<api::UpdateApiToken>()
            .gives::<api::ApiToken>()
            .fails(&[NoSuchApiToken])
            .to(tokens::update),
        Route::new(Method::DELETE, one, "deleteAccessToken", "Delete an access token and those that it made")
            .fails(&[NoSuchApiToken])
            .to(tokens::delete),
        Route::new(
            Method::POST,
            "/api/v0/api_tokens/{hashedtoken}/rotate",
            "rotateAccessToken",
            "Give an access token a new secret",
        )
        .takes::<api::RotateApiToken>()
        .gives::<api::NewApiToken>()
        .fails(&[NoSuchApiToken, NotRotatable])
        .to(tokens::rotate),
    ]
}

fn repositories() -> Vec<Route> {
    use Code::{InvalidVisibility, LimitReached, NoSuchAccount, NoSuchRepository, RepositoryExists};
    const SEARCH: &[Parameter] = &[("q", "string", "Only names that contain this.")];
    let (all, namespace, one) =
        ("/api/v0/repositories", "/api/v0/repositories/{namespace}", "/api/v0/repositories/{namespace}/{reponame}");
    vec![
        Route::new(Method::GET, all, "listRepositories", "List the repositories that you see, by name")
            .query(SEARCH)
            .query(PAGE)
            .query(COUNT)
            .gives::<api::Repositories>()
            .to(repositories::list),
        Route::new(
            Method::GET,
            namespace,
            "listRepositoriesOfNamespace",
            "List the repositories of a namespace that you see",
        )
        .query(SEARCH)
        .query(PAGE)
        .query(COUNT)
        .gives::<api::Repositories>()
        .fails(&[NoSuchAccount])
        .to(repositories::list_namespace),
        Route::new(Method::POST, namespace, "createRepository", "Make a repository")
            .takes::<api::CreateRepository>()
            .status(201)
            .gives::<api::Repository>()
            .fails(&[InvalidVisibility, RepositoryExists, NoSuchAccount, LimitReached])
            .to(repositories::create),
        Route::new(Method::GET, one, "viewRepository", "View a repository; a `/` in its name is sent as `%2F`")
            .gives::<api::Repository>()
            .fails(&[NoSuchRepository])
            .to(repositories::view),
        Route::new(Method::PATCH, one, "updateRepository", "Change description and visibility")
            .takes::<api::UpdateRepository>()
            .gives::<api::Repository>()
            .fails(&[InvalidVisibility, NoSuchRepository])
            .to(repositories::update),
        Route::new(Method::DELETE, one, "deleteRepository", "Delete a repository's record")
            .status(204)
            .fails(&[NoSuchRepository])
            .to(repositories::delete),
    ]
}

fn access() -> Vec<Route> {
    use Code::{NoSuchAccount, NoSuchRepository, NoSuchUser};
    let (on_one, on_one_user) = (
        "/api/v0/repositories/{namespace}/{reponame}/userAccess",
        "/api/v0/repositories/{namespace}/{reponame}/userAccess/{username}",
    );
    let (on_all, on_all_user) = (
        "/api/v0/repositoryNamespaces/{namespace}/userAccess",
        "/api/v0/repositoryNamespaces/{namespace}/userAccess/{username}",
    );
    let missing = &[NoSuchRepository, NoSuchUser];
    let missing_namespace = &[NoSuchAccount, NoSuchUser];
    let of_user = "/api/v0/accounts/{name}/repositoryAccess/{namespace}/{reponame}";
    let reasons = "/api/v0/repositories/{namespace}/{reponame}/access";
    vec![
        Route::new(Method::GET, on_one, "listUserAccess", "List the users who were given access to a repository")
            .gives::<api::UserAccessList>()
            .fails(missing)
            .to(grants::list_on_repository),
        Route::new(Method::PUT, on_one_user, "setUserAccess", "Give a user access to a repository")
            .takes::<api::SetAccess>()
            .gives::<api::UserAccess>()
            .fails(missing)
            .to(grants::put_on_repository),
        Route::new(Method::DELETE, on_one_user, "deleteUserAccess", "Take a user's access to a repository")
            .status(204)
            .fails(missing)
            .to(grants::delete_on_repository),
        Route::new(
            Method::GET,
            on_all,
            "listNamespaceUserAccess",
            "List the users who were given access to a namespace",
        )
        .gives::<api::UserAccessList>()
        .fails(missing_namespace)
        .to(grants::list_on_namespace),
        Route::new(Method::PUT, on_all_user, "setNamespaceUserAccess", "Give a user access to all of a namespace")
            .takes::<api::SetAccess>()
            .gives::<api::UserAccess>()
            .fails(missing_namespace)
            .to(grants::put_on_namespace),
        Route::new(Method::DELETE, on_all_user, "deleteNamespaceUserAccess", "Take a user's access to a namespace")
            .status(204)
            .fails(missing_namespace)
            .to(grants::delete_on_namespace),
        Route::new(Method::GET, reasons, "listAccess", "List who has access to a repository, and why")
            .gives::<api::RepositoryAccess>()
            .fails(&[NoSuchRepository])
            .to(grants::reasons),
        Route::new(Method::GET, of_user, "viewRepositoryAccess", "View what a user may do with a repository")
            .gives::<api::UserAccess>()
            .fails(missing)
            .to(grants::of_user),
    ]
}

fn accounts() -> Vec<Route> {
    use Code::{AccountExists, LastAdministrator, NamespaceInUse, NoSuchAccount};
    const LIST: &[Parameter] = &[
        ("filter", "all|users|orgs|admins|non-admins|active-users|inactive-users", "Which; all if omitted."),
        ("start", "string", "Where the page begins: `nextPageStart` of the page before."),
        ("limit", "integer", "At most so many entries; 10 if omitted, 0 for all."),
    ];
    let (all, one) = ("/enzi/v0/accounts", "/enzi/v0/accounts/{name}");
    vec![
        Route::new(Method::GET, all, "listAccounts", "List accounts, by name")
            .query(LIST)
            .gives::<api::Accounts>()
            .to(accounts::list),
        Route::new(
            Method::POST,
            all,
            "createAccount",
            "Make a user, or an organization; a user without a password is a service account",
        )
        .takes::<api::CreateAccount>()
        .status(201)
        .gives::<api::Account>()
        .fails(&[AccountExists, NamespaceInUse])
        .to(accounts::create),
        Route::new(Method::GET, one, "viewAccount", "View an account, by name or id")
            .gives::<api::Account>()
            .fails(&[NoSuchAccount])
            .to(accounts::view),
        Route::new(Method::PATCH, one, "updateAccount", "Change an account")
            .takes::<api::UpdateAccount>()
            .gives::<api::Account>()
            .fails(&[NoSuchAccount, LastAdministrator])
            .to(accounts::update),
        Route::new(Method::DELETE, one, "deleteAccount", "Delete an account; its repositories stay, without owner")
            .status(204)
            .fails(&[LastAdministrator])
            .to(accounts::delete),
        Route::new(Method::POST, "/enzi/v0/accounts/{name}/changePassword", "changePassword", "Set a password")
            .takes::<api::ChangePassword>()
            .gives::<api::Account>()
            .fails(&[NoSuchAccount])
            .to(accounts::change_password),
        Route::new(
            Method::DELETE,
            "/api/v0/accounts/{name}",
            "deleteAccountAndRepositories",
            "Delete an account with its repositories",
        )
        .status(204)
        .fails(&[LastAdministrator])
        .to(accounts::delete_with_repositories),
        Route::new(
            Method::DELETE,
            "/api/v0/accounts/{name}/lock",
            "unlockAccount",
            "Lift the wait after wrong passwords",
        )
        .status(204)
        .fails(&[NoSuchAccount])
        .to(accounts::unlock),
    ]
}

const NAMED_PAGE: &[Parameter] = &[
    ("start", "string", "Where the page begins: `nextPageStart` of the page before."),
    ("limit", "integer", "At most so many entries; 10 if omitted, 0 for all."),
];

fn organizations() -> Vec<Route> {
    use Code::{InvalidParameters, NoSuchAccount, NoSuchMember, NoSuchUser};
    const FILTER: &[Parameter] = &[("filter", "string", "`admins`, `non-admins` or `all`.")];
    let (all, one) = ("/enzi/v0/accounts/{name}/members", "/enzi/v0/accounts/{name}/members/{member}");
    let missing = &[NoSuchAccount, NoSuchUser, NoSuchMember];
    vec![
        Route::new(Method::GET, all, "listMembers", "List the members of an organization, by name")
            .query(FILTER)
            .query(NAMED_PAGE)
            .gives::<api::Members>()
            .fails(&[InvalidParameters, NoSuchAccount])
            .to(organizations::list_members),
        Route::new(Method::GET, one, "viewMember", "View a member of an organization")
            .gives::<api::Member>()
            .fails(missing)
            .to(organizations::view_member),
        Route::new(
            Method::PUT,
            one,
            "putMember",
            "Add a member, or make it an administrator of the organization or not",
        )
        .takes::<api::PutMember>()
        .gives::<api::Member>()
        .fails(&[InvalidParameters, NoSuchAccount, NoSuchUser])
        .to(organizations::put_member),
        Route::new(Method::DELETE, one, "deleteMember", "Remove a member, and so from the organization's teams")
            .status(204)
            .fails(&[NoSuchAccount, NoSuchUser])
            .to(organizations::delete_member),
        Route::new(
            Method::GET,
            "/enzi/v0/accounts/{name}/members/{member}/teams",
            "listTeamsOfMember",
            "List the teams of a member",
        )
        .gives::<api::MemberTeams>()
        .fails(missing)
        .to(organizations::list_teams_of_member),
    ]
}

fn teams() -> Vec<Route> {
    use Code::{InvalidParameters, NoSuchAccount, NoSuchMember, NoSuchTeam, NoSuchUser, TeamExists};
    let (all, one) = ("/enzi/v0/accounts/{name}/teams", "/enzi/v0/accounts/{name}/teams/{team}");
    let (members, member) =
        ("/enzi/v0/accounts/{name}/teams/{team}/members", "/enzi/v0/accounts/{name}/teams/{team}/members/{member}");
    let missing = &[NoSuchAccount, NoSuchTeam];
    vec![
        Route::new(Method::GET, all, "listTeams", "List the teams of an organization, by name")
            .query(NAMED_PAGE)
            .gives::<api::Teams>()
            .fails(&[InvalidParameters, NoSuchAccount])
            .to(organizations::list_teams),
        Route::new(Method::POST, all, "createTeam", "Make a team")
            .takes::<api::CreateTeam>()
            .status(201)
            .gives::<api::Team>()
            .fails(&[InvalidParameters, NoSuchAccount, TeamExists])
            .to(organizations::create_team),
        Route::new(Method::GET, one, "viewTeam", "View a team")
            .gives::<api::Team>()
            .fails(missing)
            .to(organizations::view_team),
        Route::new(Method::PATCH, one, "updateTeam", "Change what a team says it is for")
            .takes::<api::UpdateTeam>()
            .gives::<api::Team>()
            .fails(missing)
            .fails(&[InvalidParameters])
            .to(organizations::update_team),
        Route::new(Method::DELETE, one, "deleteTeam", "Delete a team with its grants")
            .status(204)
            .fails(&[NoSuchAccount])
            .to(organizations::delete_team),
        Route::new(Method::GET, members, "listTeamMembers", "List the members of a team, by name")
            .query(NAMED_PAGE)
            .gives::<api::Members>()
            .fails(missing)
            .fails(&[InvalidParameters])
            .to(organizations::list_team_members),
        Route::new(Method::GET, member, "viewTeamMember", "View a member of a team")
            .gives::<api::Member>()
            .fails(missing)
            .fails(&[NoSuchMember])
            .to(organizations::view_team_member),
        Route::new(Method::PUT, member, "putTeamMember", "Add a user to a team, and so to the organization")
            .takes::<api::PutMember>()
            .gives::<api::Member>()
            .fails(missing)
            .fails(&[InvalidParameters, NoSuchUser])
            .to(organizations::put_team_member),
        Route::new(Method::DELETE, member, "deleteTeamMember", "Remove a user from a team")
            .status(204)
            .fails(missing)
            .fails(&[NoSuchUser])
            .to(organizations::delete_team_member),
    ]
}

fn team_access() -> Vec<Route> {
    use Code::{InvalidParameters, NoSuchAccount, NoSuchRepository, NoSuchTeam, NoSuchTeamAccess};
    let (on_one, on_one_team) = (
        "/api/v0/repositories/{namespace}/{reponame}/teamAccess",
        "/api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}",
    );
    let (on_all, on_all_team) = (
        "/api/v0/repositoryNamespaces/{namespace}/teamAccess",
        "/api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}",
    );
    let missing = &[InvalidParameters, NoSuchRepository, NoSuchTeam];
    let missing_namespace = &[InvalidParameters, NoSuchAccount, NoSuchTeam];
    vec![
        Route::new(Method::GET, on_one, "listTeamAccess", "List the teams that were given access to a repository")
            .gives::<api::TeamAccessList>()
            .fails(&[NoSuchRepository])
            .to(team_grants::list_on_repository),
        Route::new(Method::PUT, on_one_team, "setTeamAccess", "Give a team access to a repository")
            .takes::<api::SetAccess>()
            .gives::<api::TeamAccess>()
            .fails(missing)
            .to(team_grants::put_on_repository),
        Route::new(Method::DELETE, on_one_team, "deleteTeamAccess", "Take a team's access to a repository")
            .status(204)
            .fails(missing)
            .to(team_grants::delete_on_repository),
        Route::new(
            Method::GET,
            on_all,
            "listNamespaceTeamAccess",
            "List the teams that were given access to a namespace",
        )
        .gives::<api::TeamAccessList>()
        .fails(&[NoSuchAccount])
        .to(team_grants::list_on_namespace),
        Route::new(Method::GET, on_all_team, "viewNamespaceTeamAccess", "View a team's access to a namespace")
            .gives::<api::TeamAccess>()
            .fails(missing_namespace)
            .fails(&[NoSuchTeamAccess])
            .to(team_grants::view_on_namespace),
        Route::new(Method::PUT, on_all_team, "setNamespaceTeamAccess", "Give a team access to all of a namespace")
            .takes::<api::SetAccess>()
            .gives::<api::TeamAccess>()
            .fails(missing_namespace)
            .to(team_grants::put_on_namespace),
        Route::new(Method::DELETE, on_all_team, "deleteNamespaceTeamAccess", "Take a team's access to a namespace")
            .status(204)
            .fails(missing_namespace)
            .to(team_grants::delete_on_namespace),
        Route::new(
            Method::GET,
            "/api/v0/accounts/{name}/teams/{team}/repositoryAccess",
            "listRepositoriesOfTeam",
            "List the repositories that a team was given access to",
        )
        .query(PAGE)
        .gives::<api::TeamRepositories>()
        .fails(&[InvalidParameters, NoSuchAccount, NoSuchTeam])
        .to(team_grants::repositories_of_team),
    ]
}

fn search_paths() -> Vec<Route> {
    use Code::{InvalidParameters, NotFound};
    const DOCKER: &[Parameter] = &[
        ("q", "string", "A part of the name."),
        ("n", "integer", "At most so many; 25 if omitted, never more than 100."),
    ];
    const COMPLETE: &[Parameter] = &[
        ("query", "string", "A part of the name."),
        ("includeRepositories", "boolean", "Whether repositories are searched; true if omitted."),
        ("includeAccounts", "boolean", "Whether accounts are searched; true if omitted."),
        ("namespace", "string", "Only repositories of this namespace."),
        ("limit", "integer", "At most so many of each; 25 if omitted, never more than 100."),
    ];
    vec![
        Route::new(Method::GET, "/v1/_ping", "pingSearch", "Whether `docker search` can be asked")
            .public()
            .to(search::ping),
        Route::new(
            Method::GET,
            "/v1/search",
            "dockerSearchV1",
            "What `docker search` asks; anonymous callers find public repositories",
        )
        .query(DOCKER)
        .gives::<api::SearchResults>()
        .fails(&[InvalidParameters, NotFound])
        .public()
        .to(search::docker_v1),
        Route::new(
            Method::GET,
            "/api/v0/index/dockersearch",
            "dockerSearch",
            "Search repositories; anonymous callers find public ones",
        )
        .query(DOCKER)
        .gives::<api::SearchResults>()
        .fails(&[InvalidParameters])
        .public()
        .to(search::docker),
        Route::new(
            Method::GET,
            "/api/v0/index/autocomplete",
            "autocomplete",
            "Complete the name of a repository or an account",
        )
        .query(COMPLETE)
        .needs("query")
        .gives::<api::Autocomplete>()
        .fails(&[InvalidParameters])
        .public()
        .to(search::autocomplete),
    ]
}

fn audit_log() -> Vec<Route> {
    const FILTER: &[Parameter] = &[
        ("actor", "string", "Only what this account did."),
        ("action", "string", "Only this action, as `token.create`."),
        ("object", "string", "Only what was done to this."),
        ("outcome", "success|denied", "Only what ended so."),
        ("since", "string", "Not before this time or date."),
        ("until", "string", "Before this time or date."),
    ];
    vec![
        Route::new(
            Method::GET,
            "/api/v0/audit",
            "listAudit",
            "List the audit log, newest first; one record a line with `Accept: application/x-ndjson`",
        )
        .query(FILTER)
        .query(PAGE)
        .gives::<api::AuditRecords>()
        .sends("application/x-ndjson")
        .to(audit::list),
        Route::new(
            Method::GET,
            "/api/v0/audit/head",
            "viewAuditHead",
            "View the end of the audit chain, to be noted elsewhere",
        )
        .gives::<api::AuditHead>()
        .to(audit::head),
        Route::new(
            Method::POST,
            "/api/v0/audit/verify",
            "verifyAudit",
            "Check the audit chain; over the local socket only",
        )
        .takes::<audit::VerifyAudit>()
        .gives::<api::AuditVerification>()
        .to(audit::verify),
    ]
}

fn registry_paths() -> Vec<Route> {
    use Code::{PaginationNumberInvalid, ServiceUnknown, TooManyRequests, Unauthorized, UnsupportedGrantType};
    const CATALOG: &[Parameter] = &[
        ("n", "integer", "At most so many names; 100 if omitted, never more than 1,000."),
        ("last", "string", "The last name of the page before."),
    ];
    let endpoint = "/auth/token";
    vec![
        Route::new(
            Method::GET,
            endpoint,
            "getRegistryToken",
            "Get a registry token; without credentials, one for anonymous pulls",
        )
        .query(TOKEN_REQUEST)
        .gives::<api::RegistryToken>()
        .fails(&[ServiceUnknown, Unauthorized, TooManyRequests])
        .public()
        .to(registry::token),
        Route::new(Method::POST, endpoint, "postRegistryToken", "Get a registry token, by an OAuth 2.0 form")
            .form(GRANT)
            .form(TOKEN_REQUEST)
            .needs("grant_type")
            .gives::<api::RegistryToken>()
            .fails(&[ServiceUnknown, UnsupportedGrantType, Unauthorized, TooManyRequests])
            .public()
            .to(registry::token_by_form),
        Route::new(Method::GET, "/auth/keys", "getKeys", "The public keys of registry tokens, as a JSON Web Key Set")
            .public()
            .sends("application/json")
            .to(registry::keys),
        Route::new(Method::GET, "/auth/ca.pem", "getCertificate", "What the registry's `rootcertbundle` holds")
            .public()
            .sends("application/x-pem-file")
            .to(registry::certificate),
        Route::new(
            Method::GET,
            "/v2/",
            "checkRegistryToken",
            "Whether a credential is good; with the challenge that says where to get one",
        )
        .sends("application/json")
        .to(registry::base),
        Route::new(
            Method::GET,
            "/v2/_catalog",
            "listCatalog",
            "List the repositories that you see, as the registry names them",
        )
        .query(CATALOG)
        .gives::<api::Catalog>()
        .fails(&[PaginationNumberInvalid])
        .to(registry::catalog),
    ]
}

fn operation_paths() -> Vec<Route> {
    use Code::{NeedsFixedKey, NotFound};
    const STRICT: &[Parameter] = &[("strict", "boolean", "Whether the status is 503 when changes are not accepted.")];
    const CONFIGURATION: &[Parameter] = &[
        ("for", "distribution|zot", "The registry."),
        ("certificate", "string", "Where the certificate lies on the registry's machine."),
    ];
    let registry = "/api/v0/admin/registry";
    vec![
        Route::new(Method::GET, "/health", "getHealth", "Whether requests are answered and changes accepted")
            .query(STRICT)
            .gives::<api::Health>()
            .public()
            .to(operation::health),
        Route::new(Method::GET, "/_ping", "ping", "Whether requests are answered")
            .public()
            .sends("text/plain")
            .to(operation::ping),
        Route::new(Method::GET, "/ca.pem", "getTlsCertificate", "The CA of the self-signed TLS certificate")
            .fails(&[NotFound])
            .public()
            .sends("application/x-pem-file")
            .to(operation::tls_certificate),
        Route::new(Method::GET, "/api/v0/admin/version", "getVersion", "Which dockpass this is")
            .gives::<api::Version>()
            .to(operation::version),
        Route::new(Method::GET, registry, "viewRegistry", "View the registry side: issuer, services, certificates")
            .gives::<api::RegistryState>()
            .to(operation::registry),
        Route::new(
            Method::GET,
            "/api/v0/admin/registry/config",
            "getRegistryConfiguration",
            "Get the configuration of a registry, ready to paste",
        )
        .query(CONFIGURATION)
        .needs("for")
        .gives::<api::RegistryConfiguration>()
        .fails(&[NeedsFixedKey])
        .to(operation::registry_configuration),
        Route::new(
            Method::POST,
            "/api/v0/admin/registry/rotate-key",
            "rotateSigningKey",
            "Replace the key that signs registry tokens; over the local socket only",
        )
        .gives::<api::RegistryState>()
        .to(operation::rotate_key),
    ]
}

fn document_paths() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/api/v0/openapi.json", "getOpenApi", "This document")
            .public()
            .sends("application/json")
            .to(docs::document),
        Route::new(Method::GET, "/api/v0/docs", "getDocs", "This document, to be read")
            .public()
            .sends("text/html")
            .to(docs::page),
        Route::new(Method::GET, "/", "getStart", "Leads to the readable document").status(302).public().to(docs::start),
        Route::new(Method::GET, "/assets/{file}", "getAsset", "The files of the pages")
            .fails(&[Code::NotFound])
            .public()
            .sends("text/css")
            .sends("text/javascript")
            .to(docs::asset),
    ]
}
