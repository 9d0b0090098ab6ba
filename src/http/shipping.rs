//! What goes out of the audit log by itself, as the configuration has it, and how that is told.

use super::App;
use crate::api;
use crate::config::Config;
use crate::shipping::{ShippingSettings, SyslogSettings, WayState, WebhookSettings};

/// Where it goes.
pub(super) fn settings(config: &Config) -> ShippingSettings {
    let audit = &config.audit;
    let syslog = audit.syslog.clone().map(|server| SyslogSettings { server, ca: audit.syslog_ca.clone() });
    let webhook = audit.webhook_url.clone().zip(audit.webhook_secret_file.clone());
    let webhook = webhook.map(|(url, secret_file)| WebhookSettings { url, secret_file, ca: audit.webhook_ca.clone() });
    ShippingSettings { head_file: audit.head_file.clone(), syslog, webhook }
}

/// What strangers are told where something does not go out.
const STUCK: &str = "the audit log is not handed on as the configuration says";

impl App {
    /// What strangers are told of it; none if all goes out.
    pub(super) fn shipping_warning(&self) -> Option<&'static str> {
        self.shipping.states().iter().any(|way| way.trouble.is_some()).then_some(STUCK)
    }

    /// The same for administrators.
    pub(super) fn shown_shipping(&self) -> Vec<api::AuditWay> {
        self.shipping.states().into_iter().map(shown).collect()
    }
}

fn shown(way: WayState) -> api::AuditWay {
    let WayState { kind, place, behind, trouble, .. } = way;
    api::AuditWay { key: kind.key().to_owned(), place, behind, trouble }
}
