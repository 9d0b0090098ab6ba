//! The programs for which there is a configuration that makes them trust dockpass.

use super::words::words;

words! {
    /// What there is a configuration for.
    pub enum Program {
        /// CNCF Distribution, formerly Docker Registry, 2.8 and 3.x.
        Distribution = "distribution",
        /// Project zot.
        Zot = "zot",
        /// nginx, as the reverse proxy before dockpass and its registry.
        Nginx = "nginx",
        /// Caddy, in the same place.
        Caddy = "caddy",
        /// Traefik 3, in the same place.
        Traefik = "traefik",
    }
}

impl Program {
    /// Whether it is a proxy; otherwise it is a registry.
    #[must_use]
    pub fn is_proxy(self) -> bool {
        match self {
            Self::Nginx | Self::Caddy | Self::Traefik => true,
            Self::Distribution | Self::Zot => false,
        }
    }
}

words! {
    /// Who stands before the registry, and who checks its requests.
    pub enum Layout {
        /// dockpass itself: every request comes to it, and it passes those of the registry on.
        Gateway = "gateway",
        /// A proxy, which asks dockpass about each request of the registry before it passes it on.
        ForwardAuth = "forward-auth",
        /// The registry itself, by the registry tokens that dockpass signs.
        TokenServer = "token-server",
    }
}

impl Layout {
    /// The sections of a registry's configuration that matter to dockpass: the registry needs accounts only where it checks
    /// requests itself, and tells what happens only where dockpass does not pass it on.
    #[must_use]
    pub fn sections(self) -> &'static [Section] {
        match self {
            Self::Gateway => &[Section::Storage, Section::Http],
            Self::ForwardAuth => &[Section::Storage, Section::Http, Section::Notifications],
            Self::TokenServer => &[Section::Storage, Section::Http, Section::Auth, Section::Notifications],
        }
    }
}

words! {
    /// A part of a registry's configuration, as Distribution calls it.
    pub enum Section {
        /// Where it keeps what it holds.
        Storage = "storage",
        /// Where it listens.
        Http = "http",
        /// Whom it believes.
        Auth = "auth",
        /// Whom it tells what happens.
        Notifications = "notifications",
    }
}

/// Stands in a registry's configuration for the secret of its notifications, where that may not be told.
pub const SECRET_PLACEHOLDER: &str = "SECRET";
