//! `/api/v0/audit`: the audit log and its chain, and what of it an owner may see.

use actix_web::http::header::ACCEPT;
use serde::Serialize;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::page;
use super::reply::{Replied, Reply};
use super::request::{Request, header};
use crate::api::operations::audit as op;
use crate::api::{self, Code, Paged};
use crate::domain::audit::{AuditAnchor, AuditHead, AuditRecord, LoggedRecord, NotedHead};
use crate::domain::name::RepositoryName;
use crate::domain::sealed_number::SealedNumber;
use crate::service::{AuditFilter, AuditPage, AuditPlace, Call, Page, Service};

/// The header with the head of the log, beside lines, which have no room for it.
const HEAD: &str = "X-Audit-Head";

/// A page in the form of [`api::AuditRecords`], with the text of each record taken from the log instead of serialized
/// anew.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    records: Vec<Box<RawValue>>,
    head: u64,
    head_hash: String,
    reached: String,
}

pub(super) fn shown_head(head: AuditHead) -> api::AuditHead {
    api::AuditHead { seq: head.seq, hash: head.hash_text() }
}

pub(super) async fn list(request: Request<op::ListAudit>) -> Replied<op::ListAudit> {
    let (which, op::FromRecord { after }, page) = request.query()?;
    let repository = which.repository.as_deref().map(RepositoryName::parse_shown).transpose();
    let repository = repository.map_err(|error| Failure::invalid("repository", error))?;
    let filter = AuditFilter {
        repository,
        actor: which.actor,
        action: which.action,
        object: which.object,
        token: which.token,
        account: which.account,
        credential: which.credential,
        outcome: which.outcome,
        since: which.since,
        until: which.until,
    };
    let place = AuditPlace { after, start: page.start, limit: page.size };
    let listed = request.read_long(move |service, call| service.list_audit(call, &filter, place));
    let AuditPage { page: Page { entries, next, .. }, head, reached } = listed.await?;
    let shown = if head.is_some() { LoggedRecord::shown } else { LoggedRecord::shown_apart };
    let lines = entries.iter().map(shown);
    let next = next.map(|next| next.to_string());
    if header(&request.http, ACCEPT).contains(op::LINES) {
        let lines = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
        let reply = Reply::lines(op::LINES, lines, next.as_deref());
        return Ok(match head {
            Some(head) => reply.header((HEAD, head.to_string())),
            None => reply,
        });
    }
    let records: Result<Vec<_>, _> = lines.map(RawValue::from_string).collect();
    let records = records.map_err(|error| Failure::internal(&error))?;
    let listed = Listed {
        records,
        head: head.map_or(0, |head| head.seq),
        head_hash: head.map(|head| head.hash_text()).unwrap_or_default(),
        reached: reached.to_string(),
    };
    Ok(Reply::written(&listed, next.as_deref()))
}

pub(super) fn of_activity(which: op::WhichActivity) -> AuditFilter {
    let op::WhichActivity { action, outcome, since, until } = which;
    AuditFilter { action, outcome, since, until, ..AuditFilter::default() }
}

pub(super) fn activities(page: &Page<AuditRecord, SealedNumber>) -> Paged<api::OwnRecords> {
    page::paged(page, |_, _| api::OwnRecords {
        records: page.entries.iter().cloned().map(api::OwnRecord::from).collect(),
    })
}

pub(super) async fn of_token(request: Request<op::ListTokenActivity>) -> Replied<op::ListTokenActivity> {
    let [hash] = request.parts()?;
    let (which, page) = request.query()?;
    let filter = of_activity(which);
    let read =
        move |service: &Service, call: &Call| service.token_activity(call, &hash, &filter, page.start, page.size);
    Ok(Reply::new(&activities(&request.read_long(read).await?)))
}

pub(super) async fn of_account(request: Request<op::ListAccountActivity>) -> Replied<op::ListAccountActivity> {
    let [name] = request.parts()?;
    let (which, page) = request.query()?;
    let filter = of_activity(which);
    let read =
        move |service: &Service, call: &Call| service.account_activity(call, &name, &filter, page.start, page.size);
    Ok(Reply::new(&activities(&request.read_long(read).await?)))
}

pub(super) async fn head(request: Request<op::ViewAuditHead>) -> Replied<op::ViewAuditHead> {
    let head = request.block(Service::audit_head).await?;
    Ok(Reply::new(&shown_head(head)))
}

pub(super) async fn verify(request: Request<op::VerifyAudit>) -> Replied<op::VerifyAudit> {
    let noted = request.body(Service::may_verify_audit)?.head.map(|text| read_head(&text)).transpose()?;
    let found = request.block(move |service, call| service.verify_audit(call, noted)).await?;
    Ok(Reply::new(&api::AuditVerification {
        records: found.records,
        removed: found.removed,
        anchor: found.anchor.map(shown_anchor),
        head: shown_head(found.head),
        noted: found.noted.map(shown_noted),
        problem: found.problem,
    }))
}

fn shown_anchor(AuditAnchor { head, at }: AuditAnchor) -> api::AuditAnchor {
    api::AuditAnchor { seq: head.seq, hash: head.hash_text(), time: at }
}

fn shown_noted(noted: NotedHead) -> api::AuditNoted {
    match noted {
        NotedHead::There => api::AuditNoted::There,
        NotedHead::SummedUp => api::AuditNoted::SummedUp,
        NotedHead::Missing => api::AuditNoted::Missing,
    }
}

fn read_head(text: &str) -> Result<AuditHead, Failure> {
    let wrong = |_| Failure::new(Code::InvalidParameters, "head: the number and the hash that `audit head` printed");
    text.parse().map_err(wrong)
}
