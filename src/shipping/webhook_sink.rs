//! A webhook that records are sent to: one event a request, in order, over a connection that stays open. Any 2xx takes it. No
//! redirect is followed.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Uri};

use super::cloud_event::{Event, MEDIA_TYPE, SigningSecret, event, gap};
use super::parcel::{Fault, Parcel};
use super::prepare::Webhook;
use crate::causes::with_causes;
use crate::domain::audit::AuditHead;
use crate::domain::time::Clock;
use crate::net::{Answer, Client, Limits, Plain};

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for an answer, and the most of it that is read, in bytes.
const LIMITS: Limits = Limits { time: Duration::from_secs(30), size: 64 * 1024 };
/// Longest wait that a receiver can ask for.
const LONGEST_WAIT: u64 = 300;
/// The user agent.
const AGENT: &str = concat!("dockpass/", env!("CARGO_PKG_VERSION"));

/// The webhook.
pub(super) struct WebhookSink {
    client: Client,
    uri: Uri,
    secret: Arc<SigningSecret>,
    /// The URL of this dockpass.
    source: String,
    clock: Clock,
    acknowledged: Option<AuditHead>,
}

impl WebhookSink {
    /// Prepares it for the runtime of this thread.
    pub(super) fn new(webhook: &Webhook, source: String, clock: Clock) -> Self {
        let client = Client::new(Arc::clone(&webhook.tls), Plain::ThisMachine, CONNECT);
        let (uri, secret) = (webhook.uri.clone(), Arc::clone(&webhook.secret));
        Self { client, uri, secret, source, clock, acknowledged: None }
    }

    pub(super) async fn deliver(&mut self, parcels: &[Parcel]) -> Result<(), Fault> {
        for parcel in parcels {
            let event = match parcel {
                Parcel::Record(logged) => event(logged, &self.source),
                Parcel::Gap { first, last } => gap(*first, *last, &self.source, self.clock.now()),
            };
            self.send(event.map_err(|error| Fault::new(error.to_string()))?).await?;
            self.acknowledged = parcel.head().or(self.acknowledged);
        }
        Ok(())
    }

    async fn send(&self, event: Event) -> Result<(), Fault> {
        let at = self.clock.now().seconds();
        let request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(USER_AGENT, AGENT)
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", self.secret.signature(&event, at));
        let request = request.body(Full::from(event.body)).map_err(|error| Fault::new(error.to_string()))?;
        let answered = self.client.send(request, LIMITS).await.map_err(|failure| Fault::new(with_causes(&failure)))?;
        if answered.status.is_success() {
            return Ok(());
        }
        let what = if answered.status.is_redirection() { ", and no redirect is followed" } else { "" };
        let text = format!("it answers with status {}{what}", answered.status.as_u16());
        Err(Fault { text, retry_after: retry_after(&answered) })
    }

    pub(super) fn acknowledged(&self) -> Option<AuditHead> {
        self.acknowledged
    }
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn a_receiver_may_ask_for_five_minutes_of_patience_and_no_more() {
        let asked = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers, body: hyper::body::Bytes::new() })
        };
        for (value, seconds) in [("7", 7), (" 300 ", 300), ("301", 300), ("18446744073709551615", 300)] {
            assert_eq!(asked(value), Some(Duration::from_secs(seconds)), "{value}");
        }
        for none in ["", "-1", "soon", "99999999999999999999", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert_eq!(asked(none), None, "{none}");
        }
    }
}
