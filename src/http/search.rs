//! `docker search`, `podman search`, and completion: search by a part of the name, among what the caller sees.

use actix_web::http::header::USER_AGENT;

use super::accounts;
use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::repositories;
use super::request::{Checked, Open, Request, header};
use crate::api::operations::search as op;
use crate::api::{self, Code, Number};
use crate::domain::name::Namespace;
use crate::service::{Found, RepositoryView, Search};

/// Results of a search: by default (0 asks for it, too), and at most.
const DEFAULT_RESULTS: usize = 25;
const MAX_RESULTS: usize = 100;
/// Longest search text, in bytes.
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

fn text(name: &'static str, asked: Option<String>) -> Result<String, Failure> {
    let text = asked.unwrap_or_default();
    if text.len() > MAX_TEXT { Err(Failure::invalid(name, format!("at most {MAX_TEXT} bytes"))) } else { Ok(text) }
}

fn limit(name: &'static str, asked: Number) -> Result<usize, Failure> {
    match asked.0.filter(|text| !text.is_empty()) {
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
pub(super) async fn ping(_request: Open<op::PingSearch>) -> Replied<op::PingSearch> {
    Ok(Reply::new(&true).header(("X-Docker-Registry-Standalone", "true")))
}

/// Answers 404 to podman without credentials: podman then searches the catalogue with its credentials. After a 200 it
/// would stop at the public names.
pub(super) async fn docker_v1(request: Request<op::DockerSearchV1>) -> Replied<op::DockerSearchV1> {
    let is_podman = header(&request.http, USER_AGENT).starts_with("containers/");
    if request.call.caller.is_anonymous() && is_podman {
        return Err(Failure::new(Code::NotFound, "search by the catalogue, /v2/_catalog"));
    }
    found(&request, request.query()?).await.map(|found| Reply::new(&found))
}

pub(super) async fn docker(request: Request<op::DockerSearch>) -> Replied<op::DockerSearch> {
    found(&request, request.query()?).await.map(|found| Reply::new(&found))
}

async fn found(request: &Checked, asked: op::SearchQuery) -> Result<api::SearchResults, Failure> {
    let (query, limit) = (text("q", asked.text)?, limit("n", asked.limit)?);
    let search = Search { text: query.clone(), namespace: None, limit, repositories: true, accounts: false };
    let found = request.read_long(move |service, call| service.search(call, &search)).await?;
    let results: Vec<_> = found.repositories.iter().map(shown).collect();
    let num_results = results.len();
    Ok(api::SearchResults { num_results, query, page: 1, num_pages: 1, page_size: limit, results })
}

pub(super) async fn autocomplete(request: Request<op::Autocomplete>) -> Replied<op::Autocomplete> {
    let asked = request.query()?;
    let namespace = asked.namespace.map(|text| Namespace::parse(&text)).transpose();
    if asked.text.0.is_none() {
        return Err(Failure::invalid("query", "needed"));
    }
    let search = Search {
        text: text("query", asked.text.0)?,
        namespace: namespace.map_err(|error| Failure::invalid("namespace", error))?,
        limit: limit("limit", asked.limit)?,
        repositories: asked.repositories.unwrap_or(true),
        accounts: asked.accounts.unwrap_or(true),
    };
    let found: Found = request.read_long(move |service, call| service.search(call, &search)).await?;
    Ok(Reply::new(&api::Autocomplete {
        account_results: found.accounts.iter().map(accounts::shown).collect(),
        repository_results: found.repositories.iter().map(repositories::shown).collect(),
    }))
}
