//! The one table of routes: a handler for each operation of the API. A handler takes and returns the types of its
//! operation, or it does not compile. The number of paths does not slow the lookup of one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use tokio::time::{Instant, sleep};

use super::connections::Respond;
use super::cross_origin::CrossOrigin;
use super::failure::Failure;
use super::reply::Reply;
use super::request::{Arrival, FromArrival, app};
use super::{App, SharedApp};
use super::{
    accounts, address, admin, answers, audit, body, docs, doctor, events, gateway, grants, headers, keeping, metrics,
    not_found, operation, organizations, registry, repositories, request_log, robots, search, session, settings,
    slashes, tags, tokens, verify,
};
use crate::api::operations::grants as op;
use crate::api::{Code, Described, Method, Operation, operations};
use crate::correlation;
use crate::metrics::Refusal;

/// The method that every path has.
const OPTIONS: &str = "OPTIONS";

/// One route.
struct Route {
    operation: Described,
    serve: Serve,
}

/// What serves a route.
type Serve = Box<dyn Fn(Arrival) -> Serving + Send + Sync>;
type Serving = Pin<Box<dyn Future<Output = HttpResponse>>>;

/// The route of a handler.
fn route<A, F, R, E>(handler: F) -> Route
where
    A: FromArrival + 'static,
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
    R: Future<Output = Result<Reply<A::Operation>, E>> + 'static,
    E: ResponseError,
{
    let is_hidden = A::Operation::FACTS.access.is_hidden();
    let is_page = A::Operation::FACTS.media.contains(&"text/html");
    let serve = move |arrival: Arrival| -> Serving {
        let http = arrival.http.clone();
        Box::pin(async move {
            let request = match A::read(arrival).await {
                Ok(request) => request,
                // A path that is hidden answers a browser as an unknown one does, too.
                Err(failure) if is_hidden && failure.code == Code::NotFound => return not_found::answer(&http),
                Err(failure) => return Box::pin(held_back(failure.error_response(), &http)).await,
            };
            match handler(request).await {
                // So does a page that is none.
                Err(failure) if is_page && failure.status_code() == StatusCode::NOT_FOUND => not_found::answer(&http),
                Ok(reply) => reply.and_warning(body::warning(&http).as_deref()).into_response(),
                Err(failure) => Box::pin(held_back(failure.error_response(), &http)).await,
            }
        })
    };
    Route { operation: Described::of::<A::Operation>(), serve: Box::new(serve) }
}

/// The route of a page. All pages are one document.
fn page(operation: Described) -> Route {
    let serve = |arrival: Arrival| -> Serving {
        Box::pin(async move { docs::app(&arrival.http).unwrap_or_else(|failure| failure.error_response()) })
    };
    Route { operation, serve: Box::new(serve) }
}

fn routes() -> Vec<Route> {
    let pages = operations::pages::all().into_iter().map(page).collect();
    [of_content(), of_people(), of_the_site(), pages].into_iter().flatten().collect()
}

/// Access tokens, repositories, tags, grants and search.
fn of_content() -> Vec<Route> {
    vec![
        route(tokens::list),
        route(tokens::create),
        route(tokens::clean_up),
        route(tokens::identify),
        route(tokens::revoke),
        route(tokens::counts),
        route(tokens::preview_reach),
        route(tokens::view),
        route(tokens::update),
        route(tokens::delete),
        route(tokens::end_overlap),
        route(tokens::rotate),
        route(repositories::list),
        route(repositories::list_namespace),
        route(repositories::create),
        route(repositories::view),
        route(repositories::activity),
        route(repositories::update),
        route(repositories::delete),
        route(repositories::transfer),
        route(repositories::transfer_all),
        route(tags::list),
        route(tags::view),
        route(tags::manifests),
        route(tags::delete),
        route(grants::list::<op::ListUserAccess>),
        route(grants::put::<op::SetUserAccess>),
        route(grants::delete::<op::DeleteUserAccess>),
        route(grants::list::<op::ListNamespaceUserAccess>),
        route(grants::put::<op::SetNamespaceUserAccess>),
        route(grants::delete::<op::DeleteNamespaceUserAccess>),
        route(grants::reasons),
        route(grants::of_user),
        route(grants::reach),
        route(grants::list::<op::ListTeamAccess>),
        route(grants::put::<op::SetTeamAccess>),
        route(grants::delete::<op::DeleteTeamAccess>),
        route(grants::list::<op::ListNamespaceTeamAccess>),
        route(grants::view_of_team),
        route(grants::put::<op::SetNamespaceTeamAccess>),
        route(grants::delete::<op::DeleteNamespaceTeamAccess>),
        route(grants::repositories_of_team),
        route(answers::check),
        route(answers::of_account),
        route(answers::of_team),
        route(answers::of_token),
        route(answers::tokens_of),
        route(search::ping),
        route(search::docker_v1),
        route(search::docker),
        route(search::autocomplete),
    ]
}

/// Accounts, sessions, organizations and their robots.
fn of_people() -> Vec<Route> {
    vec![
        route(accounts::list),
        route(accounts::create),
        route(accounts::view),
        route(accounts::update),
        route(accounts::delete),
        route(accounts::change_password),
        route(accounts::delete_with_repositories),
        route(accounts::unlock),
        route(session::open),
        route(session::view),
        route(session::close),
        route(session::list),
        route(session::end),
        route(session::end_others),
        route(organizations::list_members),
        route(organizations::view_member),
        route(organizations::put_member),
        route(organizations::delete_member),
        route(organizations::list_organizations_of_user),
        route(organizations::list_teams_of_member),
        route(organizations::list_teams),
        route(organizations::create_team),
        route(organizations::view_team),
        route(organizations::update_team),
        route(organizations::delete_team),
        route(organizations::list_team_members),
        route(organizations::view_team_member),
        route(organizations::put_team_member),
        route(organizations::delete_team_member),
        route(robots::list),
        route(robots::create),
        route(robots::preview_reach),
        route(robots::view),
        route(robots::update),
        route(robots::delete),
        route(robots::rotate),
        route(robots::activity),
    ]
}

/// The registry, the audit log and the server itself.
fn of_the_site() -> Vec<Route> {
    vec![
        route(audit::list),
        route(audit::of_token),
        route(audit::of_account),
        route(audit::head),
        route(audit::verify),
        route(keeping::back_up),
        route(keeping::note_backup),
        route(keeping::check),
        route(operation::health),
        route(operation::ping),
        route(metrics::read),
        route(operation::tls_certificate),
        route(operation::tls_certificate_of_dtr),
        route(operation::cluster_status),
        route(operation::version),
        route(doctor::examine),
        route(settings::view),
        route(settings::update),
        route(admin::registry),
        route(admin::registry_configuration),
        route(admin::registry_host),
        route(admin::begin_comparison),
        route(admin::stop_comparison),
        route(admin::rotate_key),
        route(docs::document),
        route(docs::page),
        route(docs::manual),
        route(docs::chapter),
        route(docs::asset),
        route(docs::asset_in_folder),
        route(registry::token),
        route(registry::token_by_form),
        route(registry::keys),
        route(registry::certificate),
        route(registry::base),
        route(registry::catalog),
        route(verify::verify),
        route(events::take),
    ]
}

/// Every route by path and method.
pub(super) struct Router {
    resources: matchit::Router<Resource>,
    /// The paths that read something of a repository, those with the most behind its name first.
    reads: Vec<&'static str>,
}

/// The methods of one path.
struct Resource(Vec<Route>);

impl Router {
    /// Builds the table.
    ///
    /// # Errors
    /// If two paths cannot be told apart.
    pub(super) fn new() -> Result<Self, matchit::InsertError> {
        let mut resources: BTreeMap<&str, Vec<Route>> = BTreeMap::new();
        for route in routes() {
            resources.entry(route.operation.facts.path).or_default().push(route);
        }
        let (mut by_path, mut reads) = (matchit::Router::new(), Vec::new());
        for (path, routes) in resources {
            let is_read = routes.iter().any(|route| route.operation.facts.method == Method::Get);
            reads.extend(Some(path).filter(|path| is_read && slashes::may_have(path)));
            by_path.insert(without_slash(path), Resource(routes))?;
        }
        reads.sort_by_key(|path| std::cmp::Reverse(slashes::precedence(path)));
        Ok(Self { resources: by_path, reads })
    }

    async fn answer(&self, http: HttpRequest, mut payload: Payload) -> HttpResponse {
        let asked = http.clone();
        // Percent-decoded, except for `%2F`, `%25` and `%2B`.
        let path = without_slash(asked.match_info().as_str());
        let found = self.resources.at(path);
        if http.method() == actix_web::http::Method::OPTIONS {
            return options(found.ok().map(|found| found.value));
        }
        let Ok(found) = found else {
            // On the heap: no other request needs the memory of this, which would be moved about with each.
            return match Box::pin(gateway::answer(&http, &mut payload)).await {
                Some(answer) => Box::pin(held_back(answer, &http)).await,
                None => self.answer_other(http, payload, path).await,
            };
        };
        let Some(route) = found.value.route(http.method()) else { return found.value.wrong_method(&http) };
        let parts = found.params.iter().map(|(_, part)| part.to_owned()).collect();
        (route.serve)(Arrival { http, payload, parts }).await
    }

    /// Answers a request whose path no route has, unless that is for the slashes in a repository's name.
    async fn answer_other(&self, http: HttpRequest, payload: Payload, path: &str) -> HttpResponse {
        match self.read_with_slashes(http.method(), path) {
            Some((route, parts)) => (route.serve)(Arrival { http, payload, parts }).await,
            None => not_found::answer(&http),
        }
    }

    /// The route that reads what is at such a path, and the variable parts.
    fn read_with_slashes(&self, method: &actix_web::http::Method, path: &str) -> Option<(&Route, Vec<String>)> {
        let is_read = matches!(*method, actix_web::http::Method::GET | actix_web::http::Method::HEAD);
        if !is_read || not_found::instead_of(path).is_some() {
            return None;
        }
        let fits = |template: &&'static str| slashes::parts(template, path).map(|parts| (*template, parts));
        let (template, parts) = self.reads.iter().find_map(fits)?;
        // A template fits itself: what stands in its braces is as good as any other part.
        let route = self.resources.at(template).ok()?.value.route(method)?;
        Some((route, parts))
    }
}

impl Respond for Router {
    type OfWorker = gateway::WorkerRelay;

    fn of_worker(&self, app: &App) -> Self::OfWorker {
        gateway::of_worker(app)
    }

    /// Answers a request, with the headers that every answer has.
    async fn respond(&self, http: HttpRequest, payload: Payload) -> HttpResponse {
        let app = app(&http).ok();
        let correlation = request_log::correlation(&http, app.as_ref().map(|app| app.get_ref()));
        if let Some(app) = &app {
            request_log::begin(&http, app, &correlation);
        }
        let answering = self.answer_safely(http, payload, app);
        let mut response = correlation::within(Arc::clone(&correlation), answering).await;
        request_log::carry(response.headers_mut(), &correlation.id);
        response
    }
}

impl Router {
    async fn answer_safely(&self, http: HttpRequest, payload: Payload, app: Option<SharedApp>) -> HttpResponse {
        let is_registry = not_found::is_registry_path(http.path());
        let is_https = app.as_ref().is_some_and(|app| app.is_https);
        let origins = app.as_ref().map(|app| &app.config.server.allowed_origins);
        let cross_origin = origins.and_then(|origins| CrossOrigin::of(&http, origins));
        let mut response = self.answer(http, payload).await;
        if let Some(app) = &app {
            let status = response.status().as_u16();
            app.metrics.requests.count(());
            Refusal::of_status(status).into_iter().for_each(|refusal| app.metrics.refusals.count((refusal,)));
        }
        headers::add(response.headers_mut(), is_https, is_registry);
        if let Some(cross_origin) = cross_origin {
            cross_origin.add(response.headers_mut());
        }
        response
    }
}

/// The answer, an answer 429 after as long as whoever made this request has to wait for it.
async fn held_back(response: HttpResponse, http: &HttpRequest) -> HttpResponse {
    if response.status() == StatusCode::TOO_MANY_REQUESTS
        && let Ok(app) = app(http)
        && let Some(source) = address::source(http, &app)
    {
        sleep(app.refusals.wait(source, Instant::now())).await;
    }
    response
}

/// Answers `OPTIONS`, as health checks and browsers ask it, at every path and at `*`: with the methods that there are. It
/// tells nothing of what is there, and so asks for nothing.
fn options(resource: Option<&Resource>) -> HttpResponse {
    let allowed = resource.filter(|resource| !resource.is_hidden()).map(Resource::allowed);
    HttpResponse::NoContent().insert_header((ALLOW, allowed.unwrap_or_else(|| OPTIONS.to_owned()))).finish()
}

/// Drops one trailing slash: a path with one and without one is the same.
fn without_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some(rest) if !rest.is_empty() && !rest.ends_with('/') => rest,
        Some(_) | None => path,
    }
}

impl Resource {
    fn route(&self, method: &actix_web::http::Method) -> Option<&Route> {
        let method = if method == actix_web::http::Method::HEAD { Method::Get.as_str() } else { method.as_str() };
        self.0.iter().find(|route| route.operation.facts.method.as_str() == method)
    }

    /// Whether there is nothing at this path without a secret.
    fn is_hidden(&self) -> bool {
        self.0.iter().any(|route| route.operation.facts.access.is_hidden())
    }

    /// The methods of the path, as `Allow` names them: `HEAD` is answered where `GET` is, `OPTIONS` everywhere.
    fn allowed(&self) -> String {
        let methods: Vec<_> = self.0.iter().map(|route| route.operation.facts.method.as_str()).collect();
        let head = methods.contains(&Method::Get.as_str()).then_some("HEAD");
        methods.into_iter().chain(head).chain([OPTIONS]).collect::<Vec<_>>().join(", ")
    }

    fn wrong_method(&self, http: &HttpRequest) -> HttpResponse {
        if self.is_hidden() {
            return not_found::answer(http);
        }
        let allowed = self.allowed();
        let mut response = Failure::new(Code::NotAllowed, format!("this path has {allowed}")).error_response();
        if let Ok(value) = HeaderValue::from_str(&allowed) {
            response.headers_mut().insert(ALLOW, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_has_its_route_and_every_route_its_operation() {
        let name = |operation: &Described| operation.facts.name;
        let routes: Vec<&str> = routes().iter().map(|route| name(&route.operation)).collect();
        let operations: Vec<&str> = operations::all().iter().map(name).collect();
        assert_eq!(routes.iter().collect::<BTreeSet<_>>(), operations.iter().collect::<BTreeSet<_>>());
        assert_eq!(routes.len(), operations.len(), "an operation has two routes");
        assert!(Router::new().is_ok());
    }

    #[test]
    fn one_slash_at_the_end_is_ignored() {
        for (path, same) in [("/", "/"), ("/v2/", "/v2"), ("/v2", "/v2"), ("//", "//"), ("/v2//", "/v2//")] {
            assert_eq!(without_slash(path), same);
        }
    }
}
