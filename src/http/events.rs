//! `/api/v0/registry/events`: the registry's notifications. It has a secret of its own; without it, the path answers
//! like an unknown one.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, web};

use super::App;
use super::failure::Failure;
use super::not_found;
use super::pools::Work;
use super::reply::{Replied, Reply};
use super::request::{self, Arrival, FromArrival, Received};
use crate::api::operations::registry as op;
use crate::api::{Envelope, Nothing};
use crate::service::{Call, Caller, News};

/// Largest body, in bytes: an event lists every layer of its manifest.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Longest secret that is checked, in bytes.
const MAX_SECRET: usize = 512;

/// A request that has shown the secret of notifications.
pub(super) struct Delivery {
    received: Received,
    envelope: Envelope,
    caller: Caller,
}

impl FromArrival for Delivery {
    type Operation = op::TakeNotifications;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        let app = request::app(&arrival.http)?;
        let caller = shown_secret(&arrival.http).and_then(|secret| app.service.authenticate_registry(secret));
        let caller = caller.ok_or_else(|| not_found::failure(&arrival.http))?;
        let (received, envelope) = Received::read(arrival, MAX_BODY).await?.with_body()?;
        Ok(Self { received, envelope, caller })
    }
}

fn shown_secret(http: &HttpRequest) -> Option<&str> {
    let mut values = http.headers().get_all(AUTHORIZATION);
    let (value, more) = (values.next()?, values.next());
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    let is_right = scheme.eq_ignore_ascii_case("bearer") && secret.len() <= MAX_SECRET && more.is_none();
    is_right.then_some(secret)
}

/// Answers once the notices are durable; only the counts of pulls wait in memory.
pub(super) async fn take(delivery: Delivery) -> Replied<op::TakeNotifications> {
    let Delivery { received, envelope, caller } = delivery;
    let app: &web::Data<App> = &received.app;
    app.received.note(received.now);
    app.heard.note(envelope.events.as_deref().unwrap_or_default());
    let call = Call { caller, now: received.now, user_agent: received.user_agent() };
    for notice in envelope.notices(received.now) {
        let call = call.clone();
        let pushed = match &notice.news {
            News::Pushed { tag, .. } => Some((notice.repository.clone(), tag.clone())),
            News::Pulled { .. } | News::TagDeleted(_) | News::ManifestDeleted(_) | News::RepositoryDeleted => None,
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
