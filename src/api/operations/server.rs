//! Health, version, settings, and the documents.

use super::registry::PEM;
use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Document};

parameters! {
    /// How health is told.
    HealthQuery {
        /// Whether the status is 503 when `healthy` is false. It is 200 while the registry behind the gateway does not answer:
        /// a restart of dockpass mends nothing there, and would end what goes through; whoever watches that reads
        /// `registryAnswers`.
        strict "strict": Option<bool>,
    }
}

operations! { Server:
    /// Whether requests are answered and changes accepted
    GetHealth = Get "/health" 200 {
        query: HealthQuery,
        answer: api::Health,
        access: Open,
        other_status: 503,
    }

    /// Whether requests are answered
    Ping = Get "/_ping" 200 {
        answer: Document,
        access: Open,
        media: ["text/plain; charset=utf-8"],
    }

    /// Read the metrics, as OpenMetrics, or in the older text of Prometheus for those who ask for that; their own secret opens
    /// it, without it there is nothing here
    GetMetrics = Get "/metrics" 200 {
        answer: Document,
        access: Metrics,
        media: ["application/openmetrics-text; version=1.0.0; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8"],
        codes: [NotFound],
    }

    /// The CA of the self-signed TLS certificate
    GetTlsCertificate = Get "/ca.pem" 200 {
        answer: Document,
        access: Open,
        media: [PEM],
        codes: [NotFound],
    }

    /// The same CA, at the path that DTR has it at
    GetCa = Get "/ca" 200 {
        answer: Document,
        access: Open,
        media: [PEM],
        codes: [NotFound],
    }

    /// Whether all replicas are healthy, in the form of DTR; there is one replica, `dockpass`
    ViewClusterStatus = Get "/api/v0/meta/cluster_status" 200 {
        act: ServerClusterStatus,
        answer: api::ClusterStatus,
    }

    /// Which dockpass this is, and how it runs
    GetVersion = Get "/api/v0/admin/version" 200 {
        act: ServerVersion,
        answer: api::Version,
    }

    /// Examine the whole site: whether clients, the registry and the disk find all as it should be, and what to do where they do
    /// not. It asks the public URL and the registry, and answers within some 20 seconds
    ExamineSite = Get "/api/v0/admin/doctor" 200 {
        act: ServerExamine,
        answer: api::Examination,
    }

    /// View the settings that may change while the server runs
    ViewSettings = Get "/api/v0/meta/settings" 200 {
        act: SettingsView,
        answer: api::Settings,
    }

    /// Change settings; what the configuration sets stays
    UpdateSettings = Post "/api/v0/meta/settings" 202 {
        act: SettingsUpdate,
        body: api::UpdateSettings,
        answer: api::Settings,
        codes: [InvalidSettings],
    }

    /// This document
    GetOpenApi = Get "/api/v0/openapi.json" 200 {
        answer: Document,
        access: Open,
        media: ["application/json"],
    }

    /// This document, to be read
    GetDocs = Get "/api/v0/docs" 200 {
        answer: Document,
        access: Open,
        media: ["text/html"],
    }

    /// The manual: its table of contents
    GetManual = Get "/manual" 200 {
        answer: Document,
        access: Open,
        media: ["text/html"],
    }

    /// A chapter of the manual
    GetManualChapter = Get "/manual/{chapter}" 200 {
        answer: Document,
        access: Open,
        media: ["text/html"],
        codes: [NotFound],
    }

    /// The files of the pages, below the hash of them all
    GetAsset = Get "/assets/{hash}/{file}" 200 {
        answer: Document,
        access: Open,
        media: ["text/css", "text/javascript"],
        codes: [NotFound],
    }

    /// The files of the pages that stand in a folder
    GetAssetInFolder = Get "/assets/{hash}/{folder}/{file}" 200 {
        answer: Document,
        access: Open,
        media: ["text/javascript"],
        codes: [NotFound],
    }
}
