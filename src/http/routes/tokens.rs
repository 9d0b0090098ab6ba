//! Access tokens.

use actix_web::http::Method;

use super::{COUNT, PAGE, Parameter, Route};
use crate::api;
use crate::http::failure::Code;
use crate::http::tokens;

const USERNAME: &[Parameter] = &[("username", "string", "Whose; your own if omitted. Another's: administrators.")];
const CLEAN_UP: &[Parameter] = &[
    ("usedbefore", "string", "Last used before this time or date; never used ones count by their making."),
    ("generatedby", "auto|manual|all", "How they came to be; if omitted, `all` to list, `auto` to clean up."),
];

pub(super) fn access_tokens() -> Vec<Route> {
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
