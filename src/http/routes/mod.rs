//! The one table of routes: what is served, by whom it is handled, and what its documentation says.
//!
//! actix registers from it, the OpenAPI document is made from it, and the tests walk it: a path cannot be served
//! undocumented or escape the authorization matrix.

mod access;
mod accounts;
mod operation;
mod pages;
mod registry;
mod repositories;
mod tokens;

use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{FromRequest, HttpResponse, Responder, ResponseError, guard, web};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::failure::{Code, Failure};
use super::nothing;
pub(super) use pages::is_page;

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
    /// Whether, without its own secret, it answers as if it were not there.
    pub(super) is_hidden: bool,
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
            is_hidden: false,
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

    fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self.public()
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

/// Registers every route, and for everything else that nothing is there.
pub(super) fn register(config: &mut web::ServiceConfig) {
    let mut routes = table();
    while let Some(path) = routes.first().map(|route| route.path) {
        let (here, rest): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.path == path);
        routes = rest;
        config.service(resource(path, &here));
    }
    config.default_service(web::to(nothing::answer));
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
    if routes.iter().any(|route| route.is_hidden) {
        return resource.default_service(web::to(nothing::answer));
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

const PAGE: &[Parameter] = &[
    ("pageStart", "string", "Where the page begins: `X-Next-Page-Start` of the page before."),
    ("pageSize", "integer", "At most so many entries; 10 if omitted, 0 for all."),
];
const ORDER: &[Parameter] = &[("order", "asc|desc", "Which way, by name; asc if omitted.")];
const COUNT: &[Parameter] = &[("count", "boolean", "Whether `X-Resource-Count` tells how many the whole list has.")];

/// Every route.
#[must_use]
pub fn table() -> Vec<Route> {
    [
        tokens::access_tokens(),
        repositories::repositories(),
        repositories::tag_paths(),
        access::access(),
        accounts::accounts(),
        accounts::sessions(),
        accounts::organizations(),
        accounts::teams(),
        access::team_access(),
        repositories::search_paths(),
        operation::audit_log(),
        registry::registry_paths(),
        registry::notification_paths(),
        operation::operation_paths(),
        operation::admin_paths(),
        operation::document_paths(),
        pages::pages(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
