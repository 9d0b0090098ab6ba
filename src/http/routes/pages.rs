//! The web pages: every path that a browser may open, reload or bookmark. One document serves them all and draws what the
//! path names; what stands there comes from the API, by the person's own session.

use actix_web::http::Method;

use super::Route;
use crate::http::docs;

/// Path, name of the operation, what a person finds there.
const PAGES: [(&str, &str, &str); 17] = [
    ("/", "openPages", "The web pages; leads to the access tokens"),
    ("/sign-in", "openSignIn", "Sign in"),
    ("/profile", "openProfile", "Your account"),
    ("/profile/password", "openPassword", "Set a new password"),
    ("/profile/access-tokens", "openAccessTokens", "Your access tokens"),
    ("/profile/access-tokens/{id}", "openAccessToken", "An access token, by its `hashedToken`; `new` makes one"),
    ("/repositories", "openRepositories", "The repositories that you see"),
    ("/repositories/{namespace}", "openNamespace", "The repositories of a namespace"),
    ("/repositories/{namespace}/{reponame}", "openRepository", "A repository"),
    ("/organizations", "openOrganizations", "Organizations"),
    ("/organizations/{name}", "openOrganization", "An organization, its members and teams"),
    ("/organizations/{name}/teams/{team}", "openTeam", "A team, its members and access"),
    ("/people", "openPeople", "The users, for administrators"),
    ("/people/{name}", "openPerson", "A user, for administrators"),
    (
        "/people/{name}/access-tokens/{id}",
        "openAccessTokenOfPerson",
        "An access token of a user, by its `hashedToken`; `new` makes one; for administrators",
    ),
    ("/audit", "openAudit", "The audit log, for administrators"),
    ("/registry", "openRegistry", "How a registry is connected, for administrators"),
];

/// Whether a path is that of a page.
pub(in crate::http) fn is_page(path: &str) -> bool {
    PAGES.iter().any(|(page, _, _)| *page == path)
}

pub(super) fn pages() -> Vec<Route> {
    let route = |(path, operation, summary): (&'static str, &'static str, &'static str)| {
        Route::new(Method::GET, path, operation, summary).public().sends("text/html").to(docs::app)
    };
    PAGES.into_iter().map(route).collect()
}
