//! What registries and their clients ask.

use actix_web::http::Method;

use super::{Parameter, Route};
use crate::api;
use crate::http::failure::Code;
use crate::http::{events, registry};
use crate::registry::events::Envelope;

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

pub(super) fn registry_paths() -> Vec<Route> {
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

pub(super) fn notification_paths() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/api/v0/registry/events",
            "takeNotifications",
            "Take the registry's notifications; their own secret opens it, without it there is nothing here",
        )
        .hidden()
        .takes::<Envelope>()
        .fails(&[Code::NotFound])
        .to(events::take),
    ]
}
