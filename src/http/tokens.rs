//! `/api/v0/api_tokens`: access tokens, with DTR's paths, names and codes.

use std::sync::Arc;

use actix_web::HttpResponse;

use super::failure::Failure;
use super::page::{self, PageQuery};
use super::request::Request;
use crate::api;
use crate::domain::access::AccessLevel;
use crate::domain::id::Id;
use crate::domain::secret::TokenText;
use crate::domain::time::Timestamp;
use crate::domain::token::{GeneratedBy, Limits, MAX_PATTERNS, Pattern};
use crate::service::{Call, Expiry, NewToken, Service, TokenFilter, TokenView};

/// The record as the API shows it.
fn shown(view: &TokenView) -> api::ApiToken {
    let token = &view.token;
    api::ApiToken {
        hashed_token: token.hash.to_string(),
        token_label: token.label.clone(),
        is_active: token.is_active,
        last_used: view.usage.map_or(Timestamp::NEVER, |usage| usage.at).to_string(),
        created_at: token.created_at.to_string(),
        generated_by: token.generated_by,
        creator_ua: token.creator_ua.to_string(),
        id: token.id.to_string(),
        username: view.owner.to_string(),
        expires_at: token.expires_at.map(|end| end.to_string()),
        access_level: token.limits.cap,
        repositories: token.limits.patterns.iter().map(ToString::to_string).collect(),
        last_used_ip: view.usage.map(|usage| usage.address.to_string()),
        parent: token.parent.map(|parent| parent.to_string()),
        temporary_password: token.temporary_password,
    }
}

fn new_secret(view: &TokenView, text: &TokenText, previous: Option<(String, Timestamp)>) -> HttpResponse {
    let (previous_hashed_token, previous_until) = match previous {
        Some((hash, until)) => (Some(hash), Some(until.to_string())),
        None => (None, None),
    };
    let token = text.reveal().to_owned();
    HttpResponse::Ok().json(api::NewApiToken { token, previous_hashed_token, previous_until, record: shown(view) })
}

/// Reads the cap and the patterns that are asked for.
fn limits(level: Option<AccessLevel>, patterns: Option<Vec<String>>) -> Result<Limits, Failure> {
    let patterns = patterns.unwrap_or_default();
    if patterns.len() > MAX_PATTERNS {
        return Err(Failure::invalid("repositories", format!("at most {MAX_PATTERNS}")));
    }
    let read = |text: &String| {
        let reason = "names like ns/name, or ns/* for all below; there is no other wildcard";
        Pattern::parse(text).map_err(|_| Failure::invalid("repositories", reason))
    };
    let patterns: Arc<[Pattern]> = patterns.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Limits { cap: level.unwrap_or(AccessLevel::Admin), patterns })
}

fn expiry(asked: api::Nullable<String>) -> Result<Expiry, Failure> {
    match asked {
        None => Ok(Expiry::Default),
        Some(None) => Ok(Expiry::Never),
        Some(Some(text)) => {
            let end = Timestamp::parse(&text).map_err(|error| Failure::invalid("expiresAt", error))?;
            Ok(Expiry::At(end.whole_seconds()))
        }
    }
}

fn filter(request: &Request, generated_by: &str) -> Result<TokenFilter, Failure> {
    let asked = request.query_value("generatedby");
    let generated_by = match asked.as_deref().unwrap_or(generated_by) {
        "all" | "" => None,
        "auto" => Some(GeneratedBy::Auto),
        "manual" => Some(GeneratedBy::Manual),
        _ => return Err(Failure::invalid("generatedby", "auto, manual or all")),
    };
    let username = request.query_value("username").filter(|name| !name.is_empty());
    Ok(TokenFilter { username, used_before: request.query_time("usedbefore")?, generated_by })
}

/// `GET /api/v0/api_tokens`
pub(super) async fn list(request: Request) -> Result<HttpResponse, Failure> {
    let page = PageQuery::read(&request)?;
    let filter = filter(&request, "all")?;
    let before = page.start.as_deref().map(str::parse::<Id>).transpose();
    let before = before.map_err(|_| Failure::invalid("pageStart", "not the start of a page"))?;
    let is_long = page.is_long() || filter.used_before.is_some() || filter.generated_by.is_some();
    let read =
        move |service: &Service, call: &Call| service.list_tokens(call, &filter, before, page.size, page.with_count);
    let list = request.read(is_long, read).await?;
    let records: Vec<_> = list.tokens.iter().map(shown).collect();
    Ok(page::answer(records, list.next.map(|id| id.to_string()), list.count))
}

/// `POST /api/v0/api_tokens`
pub(super) async fn create(request: Request) -> Result<HttpResponse, Failure> {
    // Before the body: who is not signed in learns nothing of what a body may hold.
    request.run(Service::check_signed_in)?;
    let body: api::CreateApiToken = request.json()?;
    let new = NewToken {
        username: request.query_value("username").filter(|name| !name.is_empty()),
        label: body.token_label,
        expiry: expiry(body.expires_at)?,
        limits: limits(body.access_level, body.repositories)?,
        is_temporary: body.temporary_password.unwrap_or(false),
    };
    let (view, text) = request.block(move |service, call| service.create_token(call, new)).await?;
    Ok(new_secret(&view, &text, None))
}

/// `DELETE /api/v0/api_tokens`
pub(super) async fn clean_up(request: Request) -> Result<HttpResponse, Failure> {
    request.run(Service::check_signed_in)?;
    let filter = filter(&request, "auto")?;
    if filter.used_before.is_none() {
        return Err(Failure::invalid("usedbefore", "needed: a time or a date"));
    }
    let removed = request.block(move |service, call| service.clean_up_tokens(call, &filter)).await?;
    Ok(HttpResponse::Ok().json(removed.iter().map(shown).collect::<Vec<_>>()))
}

/// `GET /api/v0/api_tokens/{hashedtoken}`
pub(super) async fn view(request: Request) -> Result<HttpResponse, Failure> {
    let hash = request.part("hashedtoken")?;
    let view = request.run(|service, call| service.view_token(call, &hash))?;
    Ok(HttpResponse::Ok().json(shown(&view)))
}

/// `PATCH /api/v0/api_tokens/{hashedtoken}`
pub(super) async fn update(request: Request) -> Result<HttpResponse, Failure> {
    let hash = request.part("hashedtoken")?;
    request.run(|service, call| service.view_token(call, &hash))?;
    let api::UpdateApiToken { token_label, is_active } = request.json()?;
    let updated =
        request.block(move |service, call| service.update_token(call, &hash, token_label.as_deref(), is_active));
    Ok(HttpResponse::Ok().json(shown(&updated.await?)))
}

/// `DELETE /api/v0/api_tokens/{hashedtoken}`
pub(super) async fn delete(request: Request) -> Result<HttpResponse, Failure> {
    let hash = request.part("hashedtoken")?;
    request.block(move |service, call| service.delete_token(call, &hash)).await?;
    Ok(HttpResponse::Ok().finish())
}

/// `POST /api/v0/api_tokens/{hashedtoken}/rotate`
pub(super) async fn rotate(request: Request) -> Result<HttpResponse, Failure> {
    let hash = request.part("hashedtoken")?;
    request.run(|service, call| service.view_token(call, &hash))?;
    let overlap = i64::from(request.json::<api::RotateApiToken>()?.overlap.unwrap_or(0));
    let now = request.now;
    let rotated = request.block(move |service, call| {
        let before = service.view_token(call, &hash)?.token.hash;
        let (view, text) = service.rotate_token(call, &hash, overlap)?;
        Ok((before, view, text))
    });
    let (before, view, text) = rotated.await?;
    let until = view.token.previous.map_or(now, |previous| previous.until);
    Ok(new_secret(&view, &text, Some((before.to_string(), until))))
}
