//! What the registry and its clients ask for, and how to connect a registry.

use crate::api::operation::operations;
use crate::api::query::{ParameterKind, as_sent, parameters};
use crate::api::{self, Document, Form, Number, Text};
use crate::domain::program::{Layout, Program};

/// The media type of certificates.
pub const PEM: &str = "application/x-pem-file";

parameters! {
    /// Which registry token is asked for.
    TokenRequest {
        /// The registry's service; the first configured one if omitted.
        service "service": Text,
        /// What is asked for, as `repository:ns/name:pull,push`; may be repeated, or hold several.
        scopes "scope": Vec<String>,
    }
}

as_sent! {
    /// How a form shows who asks. There is one way, and another has a code of its own.
    GrantType: ParameterKind::Word(&["password"])
}

parameters! {
    /// Credentials in a form, as OAuth 2.0 has them.
    Grant {
        /// The only one.
        grant_type "grant_type": GrantType,
        /// The account's name.
        username "username": Text,
        /// Its password, or an access token.
        password "password": Text,
        /// Not read.
        client_id "client_id": Text,
    }
}

parameters! {
    /// A page of the catalogue.
    CatalogPage {
        /// At most so many names; 100 if omitted, never more than 1,000.
        size "n": Number,
        /// The last name of the page before.
        last "last": Option<String>,
    }
}

parameters! {
    /// Which configuration.
    WhichConfiguration {
        /// The registry, or the proxy before it.
        program "for": Option<Program>,
        /// Who stands before the registry and checks its requests: dockpass (`gateway`), a proxy that asks dockpass
        /// (`forward-auth`), or the registry itself (`token-server`). By default `gateway` where `registry.upstream` is set,
        /// otherwise `token-server`.
        layout "layout": Option<Layout>,
        /// Where the certificate lies on the registry's machine; nothing to a proxy.
        certificate "certificate": Option<String>,
        /// Only these parts of a registry's configuration, to be put into one that is there: `storage`, `http`, `auth`,
        /// `notifications`. All if omitted.
        only "only": Vec<String>,
        /// Where the registry listens, an IP address and a port; by default where `registry.url` says.
        address "addr": Option<String>,
        /// The directory in which the registry keeps what it holds, an absolute path.
        storage "storage": Option<String>,
    }
}

operations! { Registry:
    /// Get a registry token; without credentials, one for anonymous pulls
    GetRegistryToken = Get "/auth/token" 200 {
        query: TokenRequest,
        answer: api::RegistryToken,
        access: Open,
        codes: [
            ServiceUnknown, Unauthorized, NotAuthorized, TooManyRequests, AddressTooLong, HeadTooLarge, Unavailable
        ],
    }

    /// Get a registry token, by an OAuth 2.0 form
    PostRegistryToken = Post "/auth/token" 200 {
        query: TokenRequest,
        body: Form<(Grant, TokenRequest)>,
        answer: api::RegistryToken,
        access: Open,
        needs: ["grant_type"],
        codes: [
            ServiceUnknown, UnsupportedGrantType, Unauthorized, NotAuthorized, TooManyRequests, TooLarge, Unavailable
        ],
    }

    /// The public keys of registry tokens, as a JSON Web Key Set
    GetKeys = Get "/auth/keys" 200 {
        answer: Document,
        access: Open,
        media: ["application/json"],
    }

    /// What the registry's `rootcertbundle` holds
    GetCertificate = Get "/auth/ca.pem" 200 {
        answer: Document,
        access: Open,
        media: [PEM],
    }

    /// Whether a credential is good; with the challenge that says where to get one
    CheckRegistryToken = Get "/v2/" 200 {
        answer: api::Empty,
        access: Registry,
    }

    /// Whether a request of the registry may be passed on; for the proxy before it, elsewhere there is nothing here
    VerifyRequest = Get "/auth/verify" 200 {
        access: Proxy,
        headers: [
            ("X-Original-URI", "Path and query of the request, as they came to the proxy."),
            ("X-Original-Method", "Its method."),
            ("X-Forwarded-Uri", "The same as X-Original-URI."),
            ("X-Forwarded-Method", "The same as X-Original-Method.")
        ],
        codes: [NotFound, Unauthorized, NotAuthorized, Denied, Unavailable, OutcomeUnknown],
    }

    /// List the repositories that you see, as the registry names them
    ListCatalog = Get "/v2/_catalog" 200 {
        act: RegistryCatalog,
        query: CatalogPage,
        answer: api::Catalog,
        access: Registry,
        codes: [PaginationNumberInvalid],
    }

    /// Take the registry's notifications; their own secret opens it, without it there is nothing here
    TakeNotifications = Post "/api/v0/registry/events" 200 {
        act: RegistryNotify,
        body: api::Envelope,
        access: Notifications,
        codes: [NotFound, Unavailable, OutcomeUnknown],
    }

    /// Find out how clients reach the registry
    ViewRegistryHost = Get "/api/v0/registry/host" 200 {
        act: RegistryHost,
        answer: api::RegistryHost,
    }

    /// View the registry side: issuer, services, certificates
    ViewRegistry = Get "/api/v0/admin/registry" 200 {
        act: RegistryView,
        answer: api::RegistryState,
    }

    /// Get the configuration of a registry, or of a proxy before it and dockpass, ready to paste
    GetRegistryConfiguration = Get "/api/v0/admin/registry/config" 200 {
        act: RegistryView,
        query: WhichConfiguration,
        answer: api::RegistryConfiguration,
        needs: ["for"],
        codes: [NeedsFixedKey, NeedsProxySettings],
    }

    /// Begin a comparison with the registry, unless one is at work; then a `Warning` header says so
    BeginComparison = Post "/api/v0/admin/registry/sync" 202 {
        act: RegistrySync,
        answer: api::RegistryState,
        codes: [NeedsRegistryUrl],
    }

    /// Stop the comparison with the registry that is at work
    StopComparison = Delete "/api/v0/admin/registry/sync" 202 {
        act: RegistryStopSync,
        answer: api::RegistryState,
        codes: [NeedsRegistryUrl],
    }

    /// Replace the key that signs registry tokens; over the local socket only
    RotateSigningKey = Post "/api/v0/admin/registry/rotate-key" 200 {
        act: RegistryRotateKey,
        answer: api::RegistryState,
    }
}
