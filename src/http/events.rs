//! `/api/v0/registry/events`: the registry's notifications. It has a secret of its own; without it, the path answers
//! like an unknown one.

use actix_web::{HttpRequest, web};

use super::App;
use super::failure::Failure;
use super::not_found;
use super::pools::Work;
use super::reply::{Replied, Reply};
use super::request::{self, Arrival, FromArrival, Received};
use super::request_log;
use crate::api::operations::registry as op;
use crate::api::{Code, Envelope, Nothing};
use crate::registry::cloud_events::Attributes;
use crate::registry::events::Understood;
use crate::registry::refusal::NotUnderstood;
use crate::service::{Call, Caller, News, Notice};

/// Largest body, in bytes: an event lists every layer of its manifest.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Longest attribute of a CloudEvent that is read, in bytes.
const MAX_ATTRIBUTE: usize = 256;

/// A request that has shown the secret of notifications.
pub(super) struct Delivery {
    received: Received,
    notices: Vec<Notice>,
    caller: Caller,
}

impl FromArrival for Delivery {
    type Operation = op::TakeNotifications;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        let app = request::app(&arrival.http)?;
        let caller = request::bearer_secret(&arrival.http).and_then(|secret| app.service.authenticate_registry(secret));
        let caller = caller.ok_or_else(|| not_found::failure(&arrival.http))?;
        request_log::note_caller(&arrival.http, &caller);
        let read = read(arrival).await.inspect_err(|failure| {
            app.received.note_refused();
            log::warn!("a notification of the registry is refused: {}", failure.message);
        });
        read.map(|(received, notices)| Self { received, notices, caller })
    }
}

/// Reads a delivery and understands it.
async fn read(arrival: Arrival) -> Result<(Received, Vec<Notice>), Failure> {
    let (received, envelope): (Received, Envelope) = Received::read(arrival, MAX_BODY).await?.with_body()?;
    let app = &received.app;
    app.heard.note(envelope.events.as_deref().unwrap_or_default());
    let fingerprint = envelope.fingerprint();
    let understood = match envelope.understood(attributes(&received.http), received.now) {
        Ok(understood) => understood,
        Err(reason) if app.received.is_repeated(fingerprint) => {
            log::warn!("a notification that was refused came again; it is passed over: {reason}");
            Understood::default()
        }
        Err(reason) => return Err(reason.into()),
    };
    app.received.tell(&understood);
    Ok((received, understood.notices))
}

impl From<NotUnderstood> for Failure {
    fn from(reason: NotUnderstood) -> Self {
        Self::new(Code::InvalidParameters, format!("this notification is not understood: {reason}"))
    }
}

/// What the headers say of a CloudEvent.
fn attributes(http: &HttpRequest) -> Attributes {
    let header = |name: &str| {
        let text = http.headers().get(name)?.to_str().ok()?;
        (!text.is_empty() && text.len() <= MAX_ATTRIBUTE).then(|| text.to_owned())
    };
    Attributes { kind: header("ce-type"), id: header("ce-id"), source: header("ce-source"), time: header("ce-time") }
}

/// Answers once the notices are durable; only the counts of pulls wait in memory.
pub(super) async fn take(delivery: Delivery) -> Replied<op::TakeNotifications> {
    let Delivery { received, notices, caller } = delivery;
    let app: &web::Data<App> = &received.app;
    app.received.note(received.now);
    let call = Call { caller, now: received.now, user_agent: received.user_agent() };
    for notice in notices {
        let call = call.clone();
        let pushed = match &notice.news {
            News::Pushed { tag, .. } => Some((notice.repository.clone(), tag.clone())),
            News::Pulled { .. }
            | News::TagDeleted(_)
            | News::ManifestDeleted(_)
            | News::RepositoryDeleted
            | News::RepositoryMade => None,
        };
        let is_news =
            app.block(&received.http, Work::Change, move |service| service.take_notice(&call, notice)).await?;
        // The manifest is fetched later: the registry is waiting for this answer.
        if let (true, Some((name, tag)), Some(neighbour)) = (is_news, pushed, &app.neighbour) {
            neighbour.describe_soon(name, tag);
        }
    }
    Ok(Reply::new(&Nothing))
}
