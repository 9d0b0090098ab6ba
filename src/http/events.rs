//! `/api/v0/registry/events`: the registry's notifications. Its own secret opens it; to everybody else there is nothing.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web};

use super::App;
use super::failure::Failure;
use super::nothing;
use super::request::{self, Extracted, Plain};
use crate::registry::events::Envelope;
use crate::service::{Call, Caller, News};

/// Largest body, in bytes: an event names every layer of its manifest.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Longest secret that is looked at, in bytes.
const MAX_SECRET: usize = 512;

/// A request with the secret of the notifications.
pub(super) struct Delivery {
    plain: Plain,
    caller: Caller,
}

impl FromRequest for Delivery {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (http, mut payload) = (http.clone(), payload.take());
        Box::pin(async move {
            let app = request::app(&http)?;
            let caller = shown_secret(&http).and_then(|secret| app.service.authenticate_registry(secret));
            let caller = caller.ok_or_else(|| nothing::failure(&http))?;
            let plain = Plain::read(http, &mut payload, MAX_BODY).await?;
            Ok(Self { plain, caller })
        })
    }
}

fn shown_secret(http: &HttpRequest) -> Option<&str> {
    let mut values = http.headers().get_all(AUTHORIZATION);
    let (value, more) = (values.next()?, values.next());
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    let is_right = scheme.eq_ignore_ascii_case("bearer") && secret.len() <= MAX_SECRET && more.is_none();
    is_right.then_some(secret)
}

/// `POST /api/v0/registry/events`: answered when what it tells is durable; counts of pulls alone wait in memory.
pub(super) async fn take(delivery: Delivery) -> Result<HttpResponse, Failure> {
    let Delivery { plain, caller } = delivery;
    let envelope: Envelope = plain.json()?;
    let app: &web::Data<App> = &plain.app;
    app.received.note(plain.now);
    let call = Call { caller, now: plain.now, user_agent: plain.user_agent() };
    for notice in envelope.notices(plain.now) {
        let call = call.clone();
        let pushed = match &notice.news {
            News::Pushed { tag, .. } => Some((notice.repository.clone(), tag.clone())),
            News::Pulled { .. } | News::TagDeleted(_) | News::ManifestDeleted(_) | News::RepositoryDeleted => None,
        };
        let is_news = request::block(&app.service, move |service| service.take_notice(&call, notice)).await?;
        // What the manifest says is read later: the registry waits for this answer.
        if let (true, Some((name, tag)), Some(neighbour)) = (is_news, pushed, &app.neighbour) {
            neighbour.describe_soon(name, tag);
        }
    }
    Ok(HttpResponse::Ok().finish())
}
