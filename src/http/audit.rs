//! `/api/v0/audit`: the audit log and its chain.

use actix_web::HttpResponse;
use actix_web::http::header::ACCEPT;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::failure::{Code, Failure};
use super::page::{self, PageQuery};
use super::request::Request;
use crate::api;
use crate::domain::audit::{AuditHead, LoggedRecord};
use crate::service::{AuditFilter, Service};

/// The media type of an export: one record a line.
const LINES: &str = "application/x-ndjson";

/// What to check the chain against.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyAudit {
    /// An end that was noted elsewhere: number, colon, hash.
    #[serde(default)]
    pub(super) head: Option<String>,
}

fn hex(hash: [u8; 32]) -> String {
    blake3::Hash::from_bytes(hash).to_hex().to_string()
}

/// A page as [`api::AuditRecords`] has it, with each record as it stands in the log.
#[derive(Serialize)]
struct Page {
    records: Vec<Box<RawValue>>,
}

fn shown_head(head: AuditHead) -> api::AuditHead {
    api::AuditHead { seq: head.seq, hash: hex(head.hash) }
}

/// `GET /api/v0/audit`
pub(super) async fn list(request: Request) -> Result<HttpResponse, Failure> {
    let page = PageQuery::read(&request)?;
    let before = page.start.map(|start| start.parse::<u64>()).transpose();
    let before = before.map_err(|_| Failure::invalid("pageStart", "not the start of a page"))?;
    let asked = |name: &str| request.query_value(name).filter(|text| !text.is_empty());
    let filter = AuditFilter {
        actor: asked("actor"),
        action: asked("action"),
        object: asked("object"),
        outcome: asked("outcome"),
        since: request.query_time("since")?,
        until: request.query_time("until")?,
    };
    if !matches!(filter.outcome.as_deref(), None | Some("success" | "denied")) {
        return Err(Failure::invalid("outcome", "success or denied"));
    }
    let listed = request.block(move |service, call| service.list_audit(call, &filter, before, page.size));
    let (records, next) = listed.await?;
    let lines = records.iter().map(LoggedRecord::shown);
    let next = next.map(|seq| seq.to_string());
    let accepts = request.http.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains(LINES) {
        return Ok(export(lines, next));
    }
    let records: Result<Vec<_>, _> = lines.map(RawValue::from_string).collect();
    let records = records.map_err(|error| Failure::internal(&error))?;
    Ok(page::answer(Page { records }, next, None))
}

fn export(lines: impl Iterator<Item = String>, next: Option<String>) -> HttpResponse {
    let lines: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Next-Page-Start", next.unwrap_or_default()));
    response.content_type(LINES).body(lines)
}

/// `GET /api/v0/audit/head`
pub(super) async fn head(request: Request) -> Result<HttpResponse, Failure> {
    let head = request.block(Service::audit_head).await?;
    Ok(HttpResponse::Ok().json(shown_head(head)))
}

/// `POST /api/v0/audit/verify`
pub(super) async fn verify(request: Request) -> Result<HttpResponse, Failure> {
    request.run(Service::check_signed_in)?;
    let noted = request.json::<VerifyAudit>()?.head.map(|text| read_head(&text)).transpose()?;
    let found = request.block(move |service, call| service.verify_audit(call, noted)).await?;
    Ok(HttpResponse::Ok().json(api::AuditVerification {
        records: found.records,
        head: shown_head(found.head),
        problem: found.problem,
    }))
}

fn read_head(text: &str) -> Result<AuditHead, Failure> {
    let wrong = || Failure::new(Code::InvalidParameters, "head: the number and the hash that `audit head` printed");
    let (seq, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash = blake3::Hash::from_hex(hash).map_err(|_| wrong())?;
    Ok(AuditHead { seq: seq.parse().map_err(|_| wrong())?, hash: *hash.as_bytes() })
}
