//! What records are handed to: a syslog server, or a webhook.

use std::time::Duration;

use super::parcel::{Fault, Parcel};
use super::syslog_sink::SyslogSink;
use super::webhook_sink::WebhookSink;
use crate::domain::audit::AuditHead;

/// A receiver.
pub(super) enum Sink {
    /// A syslog server.
    Syslog(Box<SyslogSink>),
    /// A webhook.
    Webhook(Box<WebhookSink>),
}

impl Sink {
    /// Hands these on.
    pub(super) async fn deliver(&mut self, parcels: &[Parcel]) -> Result<(), Fault> {
        match self {
            Self::Syslog(sink) => sink.deliver(parcels).await,
            Self::Webhook(sink) => sink.deliver(parcels).await,
        }
    }

    /// Waits for something new.
    pub(super) async fn idle(&mut self, time: Duration) -> Result<(), Fault> {
        match self {
            Self::Syslog(sink) => sink.idle(time).await,
            Self::Webhook(_) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }

    /// The last record that the receiver has, as far as that can be known; none before the first.
    pub(super) fn acknowledged(&mut self) -> Option<AuditHead> {
        match self {
            Self::Syslog(sink) => sink.acknowledged(),
            Self::Webhook(sink) => sink.acknowledged(),
        }
    }

    /// Forgets what was sent and not acknowledged: it is sent again.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Syslog(sink) => sink.reset(),
            Self::Webhook(_) => {}
        }
    }

    /// Ends in order.
    pub(super) async fn end(&mut self) {
        match self {
            Self::Syslog(sink) => sink.end().await,
            Self::Webhook(_) => {}
        }
    }
}
