//! The registry: what its clients get, and its configuration.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::registry::{CertificateRole, Counts, Outcome, Phase};
use crate::domain::upstream::{Redirects, UpstreamAuth};

/// The answer of the token endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct RegistryToken {
    /// The registry token; absent from the answer to a form if it is very long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Arc<str>>,
    /// The same token, for OAuth 2.0 clients; absent from other answers if it is very long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Arc<str>>,
    /// Seconds of life, from `issued_at`.
    pub expires_in: i64,
    /// When it was issued.
    #[schemars(extend("format" = "date-time"))]
    pub issued_at: String,
    /// The granted scope; only for POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl RegistryToken {
    /// The same as serde writes it, without looking at each letter of the token: none of an encoded token, a time or a scope is
    /// one that JSON escapes.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { token, access_token, expires_in, issued_at, scope } = self;
        let long = [token, access_token].into_iter().flatten().map(|token| token.len()).sum::<usize>();
        let mut json = String::with_capacity(long + scope.as_ref().map_or(0, String::len) + 160);
        json.push('{');
        for (name, text) in [("token", token.as_deref()), ("access_token", access_token.as_deref())] {
            if let Some(text) = text {
                json.extend(["\"", name, "\":\"", text, "\","]);
            }
        }
        json.extend(["\"expires_in\":", &expires_in.to_string(), ",\"issued_at\":\"", issued_at, "\""]);
        if let Some(scope) = scope {
            json.extend([",\"scope\":\"", scope, "\""]);
        }
        json.push('}');
        json
    }
}

/// An object without fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Empty {}

/// A page of the catalogue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Catalog {
    /// Repository names, as the registry knows them.
    pub repositories: Vec<String>,
}

/// How clients reach the registry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryHost {
    /// Host, and perhaps port, as an image reference begins; null where dockpass does not know it.
    pub public_host: Option<String>,
}

/// The present state of the registry side.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryState {
    /// `iss` of registry tokens.
    pub issuer: String,
    /// Accepted values of `service`.
    pub services: Vec<String>,
    /// Where clients get registry tokens.
    pub realm: String,
    /// The certificates in use, each with its role.
    pub certificates: Vec<Certificate>,
    /// Where dockpass reaches the registry; null where that is not configured.
    pub url: Option<String>,
    /// How clients reach the registry; null where that is neither set nor follows from the configuration.
    pub public_host: Option<String>,
    /// What most clients call it, as its notifications tell, if that is something else: a proposal, since whoever pulls
    /// chooses it.
    pub public_host_seen: Option<String>,
    /// What some clients would refuse of `realm`; null if nothing.
    pub realm_warning: Option<String>,
    /// The registry's notifications since the start.
    pub notifications: Notifications,
    /// The comparison with the registry that is at work, or the last one since the start; null without `url`.
    pub comparison: Option<Comparison>,
    /// The gateway before the registry; null where there is none, and clients reach the registry by themselves.
    #[serde(default)]
    pub gateway: Option<GatewayState>,
}

/// The gateway, and the registry behind it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayState {
    /// What dockpass shows to the registry; never the credentials themselves.
    pub auth: UpstreamAuth,
    /// What becomes of the registry's redirects to its storage.
    pub redirects: Redirects,
    /// Seconds that a registry token for the gateway lives. Each use of one is checked against what holds then.
    pub token_lifetime: i64,
    /// Requests of clients that are at the registry now.
    pub requests: u64,
    /// Most requests of clients that may be there at a time.
    pub max_requests: u64,
    /// Why the registry does not answer as it should; null if it does.
    pub trouble: Option<String>,
    /// Whether the registry keeps the blobs of one repository from those who may pull from another. A blob that nobody else
    /// has is pushed to it, asked for under another name, and deleted.
    pub blobs_apart: Finding,
    /// Whether others get nothing from the registry without credentials, past dockpass.
    pub closed_to_others: Finding,
}

/// What dockpass has found out about the registry by itself: once after the start, and then once a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What came out.
    pub outcome: Outcome,
    /// When it looked; null if it has not since the start.
    #[schemars(extend("format" = "date-time"))]
    pub found_at: Option<String>,
    /// What is wrong, or why it is not known; empty if all is well.
    pub reason: String,
}

/// The registry's notifications since the start.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notifications {
    /// How many deliveries were taken.
    pub received: u64,
    /// How many were refused: not understood, too large, or never whole. The server's log has the reasons.
    pub refused: u64,
    /// When the last one was taken; null if none was.
    #[schemars(extend("format" = "date-time"))]
    pub last_received: Option<String>,
}

/// A comparison of what is known with what the registry has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Its phase.
    pub state: Phase,
    /// When it began; null if there was none.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: Option<String>,
    /// When it ended; null if it has not.
    #[schemars(extend("format" = "date-time"))]
    pub finished_at: Option<String>,
    /// Repositories that were known when it began.
    pub known: u64,
    /// What it has found so far.
    #[serde(flatten)]
    pub counts: Counts,
    /// What could not be read, and why: at most 100 repositories and tags.
    pub left_out: Vec<LeftOut>,
    /// Why it failed; empty if it did not.
    pub error: String,
}

/// What a comparison could not read, and left as it is known.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The repository, as `namespace/name`.
    pub repository: String,
    /// One tag of it; null if nothing of it could be read.
    pub tag: Option<String>,
    /// Why.
    pub reason: String,
}

/// A certificate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// What it is for.
    pub role: CertificateRole,
    /// When it begins to hold.
    #[schemars(extend("format" = "date-time"))]
    pub not_before: String,
    /// When it ends.
    #[schemars(extend("format" = "date-time"))]
    pub not_after: String,
    /// SHA-256 fingerprint, lower-case hexadecimal.
    pub sha256: String,
}

/// The configuration of a registry, or of the proxy before it, ready to paste.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryConfiguration {
    /// What it is for: `distribution`, `zot` or `nginx`.
    #[serde(rename = "for")]
    pub registry: String,
    /// The configuration file's name.
    pub file_name: String,
    /// The configuration file.
    pub configuration: String,
    /// The certificate file's name; null for nginx, which needs no certificate of dockpass.
    pub certificate_name: Option<String>,
    /// The certificate file; null for nginx.
    pub certificate: Option<String>,
    /// The name of the file with the keys of registry tokens, which stands beside the certificate; null where no registry
    /// needs one.
    pub keys_name: Option<String>,
    /// That file, a JSON Web Key Set.
    pub keys: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_token_is_written_as_serde_writes_it() {
        let (token, scope) =
            (Arc::<str>::from("eyJ0-_.eyJ9.x"), "repository:a/b:pull,push registry:catalog:*".to_owned());
        for (token, access_token, scope) in [
            (Some(Arc::clone(&token)), Some(Arc::clone(&token)), None),
            (Some(Arc::clone(&token)), None, Some(scope.clone())),
            (None, Some(Arc::clone(&token)), Some(scope)),
            (None, Some(token), Some(String::new())),
        ] {
            let issued_at = "2026-11-30T12:00:00Z".to_owned();
            let answer = RegistryToken { token, access_token, expires_in: 900, issued_at, scope };
            assert_eq!(answer.json(), serde_json::to_string(&answer).unwrap());
        }
    }
}
