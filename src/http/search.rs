//! `docker search`, `podman search`, and completion: repositories that the caller sees, by a part of the name.

use actix_web::HttpResponse;
use actix_web::http::header::USER_AGENT;

use super::accounts;
use super::failure::{Code, Failure};
use super::repositories;
use super::request::{Plain, Request, Visit};
use crate::api;
use crate::domain::name::Namespace;
use crate::service::{Found, RepositoryView, Search};

/// Results of a search unless said otherwise (0 says nothing), and at most.
const DEFAULT_RESULTS: usize = 25;
const MAX_RESULTS: usize = 100;
/// Longest text that is searched for, in bytes.
const MAX_TEXT: usize = 255;

fn shown(view: &RepositoryView) -> api::SearchResult {
    api::SearchResult {
        name: view.repository.name.to_string(),
        description: view.repository.short_description.clone(),
        star_count: 0,
        is_official: false,
        is_trusted: false,
        is_automated: false,
    }
}

fn text(request: &Request, name: &'static str) -> Result<String, Failure> {
    let text = request.query_value(name).unwrap_or_default();
    if text.len() > MAX_TEXT { Err(Failure::invalid(name, format!("at most {MAX_TEXT} bytes"))) } else { Ok(text) }
}

fn limit(request: &Request, name: &'static str) -> Result<usize, Failure> {
    match request.query_value(name).filter(|text| !text.is_empty()) {
        None => Ok(DEFAULT_RESULTS),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(match text.parse() {
            Ok(0) => DEFAULT_RESULTS,
            Ok(limit) => MAX_RESULTS.min(limit),
            Err(_) => MAX_RESULTS,
        }),
        Some(_) => Err(Failure::invalid(name, format!("a number, at most {MAX_RESULTS}"))),
    }
}

/// `GET /v1/_ping`: docker asks it before it searches (reference 2.2, quirk 22).
pub(super) async fn ping(_request: Plain) -> HttpResponse {
    HttpResponse::Ok().insert_header(("X-Docker-Registry-Standalone", "true")).json(true)
}

/// `GET /v1/search`. Without credentials podman gets 404: it then goes on to the catalogue with its credentials, where a
/// 200 would stop it with the public names.
pub(super) async fn docker_v1(Visit(request): Visit) -> Result<HttpResponse, Failure> {
    let agent = request.http.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if request.call.caller.is_anonymous() && agent.starts_with("containers/") {
        return Err(Failure::new(Code::NotFound, "search by the catalogue, /v2/_catalog"));
    }
    answer(request).await
}

/// `GET /api/v0/index/dockersearch`
pub(super) async fn docker(Visit(request): Visit) -> Result<HttpResponse, Failure> {
    answer(request).await
}

async fn answer(request: Request) -> Result<HttpResponse, Failure> {
    let (query, limit) = (text(&request, "q")?, limit(&request, "n")?);
    let search = Search { text: query.clone(), namespace: None, limit, repositories: true, accounts: false };
    let found = request.block(move |service, call| service.search(call, &search)).await?;
    let results: Vec<_> = found.repositories.iter().map(shown).collect();
    let num_results = results.len();
    Ok(HttpResponse::Ok().json(api::SearchResults {
        num_results,
        query,
        page: 1,
        num_pages: 1,
        page_size: limit,
        results,
    }))
}

/// `GET /api/v0/index/autocomplete`
pub(super) async fn autocomplete(Visit(request): Visit) -> Result<HttpResponse, Failure> {
    let included = |name: &str| match request.query_value(name) {
        None => Ok(true),
        Some(_) => request.query_flag(name),
    };
    let namespace = request.query_value("namespace").filter(|text| !text.is_empty());
    let namespace = namespace.map(|text| Namespace::parse(&text)).transpose();
    let search = Search {
        text: text(&request, "query")?,
        namespace: namespace.map_err(|error| Failure::invalid("namespace", error))?,
        limit: limit(&request, "limit")?,
        repositories: included("includeRepositories")?,
        accounts: included("includeAccounts")?,
    };
    if request.query_value("query").is_none() {
        return Err(Failure::invalid("query", "needed"));
    }
    let found: Found = request.block(move |service, call| service.search(call, &search)).await?;
    Ok(HttpResponse::Ok().json(api::Autocomplete {
        account_results: found.accounts.iter().map(accounts::shown).collect(),
        repository_results: found.repositories.iter().map(repositories::shown).collect(),
    }))
}
