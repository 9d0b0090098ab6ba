//! The words of `dockpass setup`: what a site may be, and who speaks TLS there.

use super::words::words;

words! {
    /// What a site is to be.
    pub enum SiteLayout {
        /// dockpass before the registry, whose API it serves itself.
        Gateway = "gateway",
        /// dockpass beside a registry, which checks registry tokens itself.
        TokenServer = "token-server",
        /// dockpass alone on this machine, to be looked at.
        Evaluation = "evaluation",
    }
}

words! {
    /// Who speaks TLS with the clients.
    pub enum TlsChoice {
        /// dockpass, with a certificate of a CA that it makes.
        SelfSigned = "self-signed",
        /// dockpass, with a certificate of the site's.
        Files = "files",
        /// A proxy before it.
        Proxy = "proxy",
        /// Nobody: the server is for this machine alone.
        None = "none",
    }
}
