//! Accounts, members, teams.

use actix_web::http::Method;

use super::{ORDER, Parameter, Route};
use crate::api;
use crate::http::failure::Code;
use crate::http::{accounts, organizations, session};

const NAMED_PAGE: &[Parameter] = &[
    ("start", "string", "Where the page begins: `nextPageStart` of the page before."),
    ("limit", "integer", "At most so many entries; 10 if omitted, 0 for all."),
];

const ACCOUNTS: &[Parameter] = &[
    (
        "filter",
        "all|users|orgs|admins|non-admins|active-users|inactive-users|service-accounts",
        "Which; all if omitted. A service account is a user without a password.",
    ),
    ("contains", "string", "Only those whose name or full name contains this, upper and lower case alike."),
];

pub(super) fn accounts() -> Vec<Route> {
    use Code::{AccountExists, LastAdministrator, NamespaceInUse, NoSuchAccount};
    let (all, one) = ("/enzi/v0/accounts", "/enzi/v0/accounts/{name}");
    vec![
        Route::new(Method::GET, all, "listAccounts", "List accounts, by name")
            .query(ACCOUNTS)
            .query(ORDER)
            .query(NAMED_PAGE)
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
            "Delete an account with its repositories; a `Warning` header says if the registry keeps the content",
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

pub(super) fn sessions() -> Vec<Route> {
    let path = "/api/v0/session";
    vec![
        Route::new(Method::POST, path, "openSession", "Sign in for a browser; the answer sets its cookie")
            .takes::<api::OpenSession>()
            .gives::<api::Session>()
            .fails(&[Code::NotAuthenticated, Code::NotAuthorized, Code::LimitReached, Code::TooManyRequests])
            .public()
            .to(session::open),
        Route::new(Method::GET, path, "viewSession", "View the session").gives::<api::Session>().to(session::view),
        Route::new(Method::DELETE, path, "closeSession", "Sign out").status(204).to(session::close),
    ]
}

pub(super) fn organizations() -> Vec<Route> {
    use Code::{InvalidParameters, NoSuchAccount, NoSuchMember, NoSuchUser};
    const FILTER: &[Parameter] = &[("filter", "string", "`admins`, `non-admins` or `all`.")];
    let (all, one) = ("/enzi/v0/accounts/{name}/members", "/enzi/v0/accounts/{name}/members/{member}");
    let missing = &[NoSuchAccount, NoSuchUser, NoSuchMember];
    vec![
        Route::new(Method::GET, all, "listMembers", "List the members of an organization, by name")
            .query(FILTER)
            .query(ORDER)
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
            "/enzi/v0/accounts/{name}/organizations",
            "listOrganizationsOfUser",
            "List the organizations that a user belongs to, by name",
        )
        .query(ORDER)
        .query(NAMED_PAGE)
        .gives::<api::MemberOrgs>()
        .fails(&[InvalidParameters, NoSuchUser])
        .to(organizations::list_organizations_of_user),
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

pub(super) fn teams() -> Vec<Route> {
    use Code::{InvalidParameters, NoSuchAccount, NoSuchMember, NoSuchTeam, NoSuchUser, TeamExists};
    let (all, one) = ("/enzi/v0/accounts/{name}/teams", "/enzi/v0/accounts/{name}/teams/{team}");
    let (members, member) =
        ("/enzi/v0/accounts/{name}/teams/{team}/members", "/enzi/v0/accounts/{name}/teams/{team}/members/{member}");
    let missing = &[NoSuchAccount, NoSuchTeam];
    vec![
        Route::new(Method::GET, all, "listTeams", "List the teams of an organization, by name")
            .query(ORDER)
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
            .query(ORDER)
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
