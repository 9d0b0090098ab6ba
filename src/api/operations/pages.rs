//! The web pages: every path that a browser may open, reload or bookmark. One document serves them all: it draws the
//! page that the path names, with data that it gets from the API by the user's own session.

use crate::api::Document;
use crate::api::operation::operations;

/// Declares the pages: name of the operation, path, what a person finds there.
macro_rules! pages {
    ($($name:ident $path:literal $text:literal;)*) => {
        operations! { Pages:
            $(#[doc = $text] $name = Get $path 200 { answer: Document, access: Open, media: ["text/html"], })*
        }
    };
}

pages! {
    OpenPages "/" "The web pages; leads to the access tokens";
    OpenSignIn "/sign-in" "Sign in";
    OpenProfile "/profile" "Your account";
    OpenPassword "/profile/password" "Set a new password";
    OpenAccessTokens "/profile/access-tokens" "Your access tokens";
    OpenAccessToken "/profile/access-tokens/{id}" "An access token, by its `hashedToken`; `new` makes one";
    OpenRepositories "/repositories" "The repositories that you see";
    OpenNamespace "/repositories/{namespace}" "The repositories of a namespace";
    OpenRepository "/repositories/{namespace}/{reponame}" "A repository";
    OpenTag "/repositories/{namespace}/{reponame}/tags/{tag}" "A tag of a repository";
    OpenOrganizations "/organizations" "Organizations";
    OpenOrganization "/organizations/{name}" "An organization, its members, teams and robots";
    OpenNewRobot "/organizations/{name}/new-robot" "Makes a robot of an organization, for its administrators";
    OpenRobot "/organizations/{name}/robots/{robot}" "A robot of an organization, for its administrators";
    OpenTeam "/organizations/{name}/teams/{team}" "A team, its members and access";
    OpenPeople "/people" "The users, for administrators";
    OpenPerson "/people/{name}" "A user, for administrators";
    OpenLeaver "/people/{name}/leave" "What is to be ended when a user leaves, for administrators";
    OpenAccessTokenOfPerson "/people/{name}/access-tokens/{id}" "An access token of a user, by its `hashedToken`; `new` makes one; for administrators";
    OpenAudit "/audit" "The audit log, for administrators";
    OpenRegistry "/registry" "How a registry is connected, for administrators";
    OpenDoctor "/doctor" "The examination of the whole site, for administrators";
    OpenSettings "/settings" "The settings of the site, for administrators";
}
