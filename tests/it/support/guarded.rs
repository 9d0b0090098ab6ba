//! A registry without accounts, and before it a proxy that asks dockpass about each request: nginx by `auth_request`, Caddy by
//! `forward_auth`. Both are set up with what `dockpass registry config --layout forward-auth` prints.

use super::{
    caddy::Caddy,
    clients::Clients,
    http::Http,
    nginx::Nginx,
    pair::{Pair, addresses},
    tls::SiteCertificate,
};

/// The proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Nginx,
    Caddy,
}

/// One that runs.
#[derive(Debug)]
enum Running {
    Nginx(#[expect(dead_code, reason = "kept for its process")] Nginx),
    Caddy(#[expect(dead_code, reason = "kept for its process")] Caddy),
}

/// dockpass, its registry, and the proxy before both.
#[derive(Debug)]
pub(crate) struct Guarded {
    _proxy: Running,
    pub(crate) pair: Pair,
    pub(crate) certificate: SiteCertificate,
    /// `host:port` of all, as clients know it.
    pub(crate) authority: String,
}

impl Guarded {
    /// All run, and these users exist.
    pub(crate) fn with_users(by: By, names: &[&str]) -> Self {
        let addresses = addresses();
        let [tls, _] = addresses;
        let certificate = SiteCertificate::of(&tls.ip().to_string());
        let server =
            format!("public_url = \"https://{tls}\"\nbehind_proxy = true\ntrusted_proxies = [\"127.0.0.1\"]\n");
        let mut pair = Pair::behind(&server, &certificate.authority()).in_layout("forward-auth");
        pair.start_dockpass();
        let program = match by {
            By::Nginx => "nginx",
            By::Caddy => "caddy",
        };
        let command = ["registry", "config", "--for", program, "--layout", "forward-auth"];
        let printed = pair.dockpass().cli(&command).must_succeed().stdout;
        let proxy = match by {
            By::Nginx => Running::Nginx(Nginx::start(&printed, &certificate, addresses, None)),
            By::Caddy => Running::Caddy(Caddy::start(&printed, &certificate, tls)),
        };
        pair.start_registry();
        names.iter().for_each(|name| pair.add_user(name));
        Self { _proxy: proxy, pair, certificate, authority: tls.to_string() }
    }

    /// The HTTP API of both, without credentials.
    pub(crate) fn http(&self) -> Http {
        Http::at(&format!("https://{}", self.authority)).trusting(&self.certificate.authority())
    }

    /// `host:port/name`, as clients take it.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.authority)
    }

    /// A computer that trusts the site's authority.
    pub(crate) fn clients(&self) -> Clients {
        let clients = Clients::with_tls();
        clients.trust(&self.authority, &self.certificate.authority());
        clients
    }

    /// The same, after a sign-in.
    pub(crate) fn clients_of(&self, user: &str, secret: &str) -> Clients {
        let clients = self.clients();
        clients.skopeo_login(&self.authority, user, secret).must_succeed();
        clients
    }
}
