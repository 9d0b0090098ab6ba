//! The configuration file of nginx, which puts dockpass and its registry under one host name with TLS. By itself it decides
//! nothing about access; with forward authentication it asks dockpass, by `auth_request`, about each request of the registry.
//!
//! Measured with nginx 1.22: `proxy_pass` without a path passes the request's own bytes on, `%2F` included, while
//! locations are found by the decoded path. The answer to `auth_request` lets the request pass (2xx), stops it with the
//! same status and challenge (401, 403), or makes a 500 of it.

use super::proxy::{self, NOT_FROM_REGISTRY, SYSTEM_ROOTS, TO_BROWSERS, authority, host};
use super::{Program, ProxyFacts, PublicName, SnippetError};
use crate::domain::program::Layout;

/// `dockpass.conf`.
pub(super) fn text(layout: Layout, facts: &ProxyFacts<'_>) -> Result<String, SnippetError> {
    let public = proxy::check(Program::Nginx, facts)?;
    Ok([head(layout, public), log(), server(layout, public, facts), redirect(public)].concat())
}

fn head(layout: Layout, public: PublicName<'_>) -> String {
    let authority = authority(public);
    let who = proxy::role("nginx", layout);
    format!(
        "# nginx before dockpass and its registry: both at https://{authority}, with TLS.\n\
         # On Debian this is /etc/nginx/conf.d/dockpass.conf. Put your certificate into the two lines that begin with\n\
         # ssl_certificate, then: nginx -t && systemctl reload nginx\n\
         # {who}\n\n"
    )
}

/// Neither the query nor the user name of the request is logged: people put secrets into both by mistake.
fn log() -> String {
    "# Without query, referrer and user name: an access token that was put there by mistake stays out of this log.\n\
     log_format dockpass '$remote_addr [$time_local] \"$request_method $uri $server_protocol\" '\n                    \
     '$status $body_bytes_sent \"$http_user_agent\"';\n\n"
        .to_owned()
}

fn server(layout: Layout, public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let (host, authority, port) = (host(public), authority(public), public.port);
    let headers = headers(&authority);
    let file = proxy::file(public);
    let locations = locations(layout, public, facts);
    format!(
        "server {{\n    \
             listen {port} ssl;\n    \
             listen [::]:{port} ssl;\n    \
             server_name {host};\n\n    \
             # Your certificate for {host} with the chain behind it, and its key. With Let's Encrypt:\n    \
             # /etc/letsencrypt/live/{file}/fullchain.pem and privkey.pem.\n    \
             ssl_certificate     /etc/ssl/certs/{file}.pem;\n    \
             ssl_certificate_key /etc/ssl/private/{file}.key;\n    \
             ssl_protocols TLSv1.2 TLSv1.3;\n\n    \
             access_log /var/log/nginx/dockpass.log dockpass;\n    \
             # Faults of less weight are told with the whole request, and their form cannot be chosen. That a server\n    \
             # behind is away stands in the other log as 502.\n    \
             error_log /var/log/nginx/error.log crit;\n    \
             server_tokens off;\n\n    \
             # Layers are of any size and pass through as they come, both ways, never by a file of nginx. dockpass\n    \
             # itself limits what it takes.\n    \
             client_max_body_size 0;\n    \
             proxy_request_buffering off;\n    \
             proxy_buffering off;\n    \
             proxy_http_version 1.1;\n    \
             # The registry may think for minutes before it answers the end of a large upload.\n    \
             proxy_read_timeout 15m;\n    \
             proxy_send_timeout 15m;\n    \
             # A registry token for many repositories is a long header, of at most 48 KiB, and so is the line that asks:\n    \
             # dockpass takes 64 KiB of it, and says what it does with more.\n    \
             large_client_header_buffers 2 128k;\n\n\
         {headers}    \
             # No proxy_pass has a path, not even a slash: nginx passes on what the client sent, and a %2F stays one.\n\n\
         {locations}\
         }}\n"
    )
}

/// What goes where.
fn locations(layout: Layout, public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let to_dockpass = format!("        proxy_pass {};\n{}", proxy::dockpass(facts), dockpass_trust(public, facts));
    let location = |comment: &str, place: &str, does: &str| format!("{comment}    location {place} {{\n{does}    }}\n");
    let catalog = location(CATALOG, "= /v2/_catalog", &to_dockpass);
    let hint = proxy::listen_hint("    # ", Program::Nginx, facts);
    let rest = |comment: &str| location(&format!("{comment}{hint}"), "/", &to_dockpass);
    match layout {
        Layout::Gateway => {
            rest("    # All of it: dockpass passes on what it allows, and knows where the registry is.\n")
        }
        Layout::ForwardAuth => [
            location(BASE, "= /v2/", &to_dockpass),
            location("", "= /v2/_catalog", &to_dockpass),
            String::from("\n"),
            location(CONTENT, "/v2/", &content(public, facts)),
            String::from(REFUSED),
            location(QUESTION, &format!("= {ASKED}"), &question(public, facts)),
            String::from("\n"),
            String::from(NOT_ASKED),
            rest(REST),
        ]
        .concat(),
        Layout::TokenServer => {
            let registry = format!(
                "        set $dockpass_session \"\";\n        proxy_pass {};\n{}",
                facts.registry,
                registry_trust(facts)
            );
            let registry = location(REGISTRY, "/v2/", &registry);
            [catalog, registry, rest(REST)].join("\n")
        }
    }
}

const CATALOG: &str =
    "    # The catalogue: dockpass lists what the caller may see. The registry's own is for administrators.\n";
const REGISTRY: &str = "    # The registry, /v2/ itself included: a sign-in that works says that it trusts dockpass.\n";
const REST: &str = "    # The rest: sign-in, pages, API, search.\n";
const BASE: &str = "    # Sign-in, and the catalogue: dockpass answers, and lists what the caller may see.\n";
const CONTENT: &str = "    # The registry: dockpass is asked before it sees anything of a request.\n";
/// The place where nginx itself asks.
const ASKED: &str = "/dockpass-verify";
const QUESTION: &str = "    # What dockpass is asked: the request as it came, whatever a client says that it is.\n";
/// nginx itself would answer with a page; the challenge goes along.
const REFUSED: &str = "    location @dockpass_unknown {
        default_type application/json;
        return 401 '{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}';
    }
    location @dockpass_refused {
        default_type application/json;
        return 403 '{\"errors\":[{\"code\":\"DENIED\",\"message\":\"requested access to the resource is denied\"}]}';
    }\n\n";
const NOT_ASKED: &str = "    # Only nginx asks this.
    location /auth/verify {
        return 404;
    }\n\n";

/// What a request of the registry goes through. The registry gets no credentials: it asks for none.
fn content(public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let (registry, trust) = (facts.registry, registry_trust(facts));
    let headers = own_headers(public, &["Authorization"]);
    let said = TO_BROWSERS.map(|(name, value)| format!("        add_header {name} \"{value}\" always;\n")).concat();
    let hidden = NOT_FROM_REGISTRY.map(|name| format!("        proxy_hide_header {name};\n")).concat();
    format!(
        "        auth_request {ASKED};\n        \
                 error_page 401 = @dockpass_unknown;\n        \
                 error_page 403 = @dockpass_refused;\n        \
                 proxy_pass {registry};\n\
         {trust}{headers}        \
                 # Blobs are bytes that anybody chose who may push: no browser may take them for a page of this site.\n\
         {said}{hidden}"
    )
}

/// What dockpass is asked.
fn question(public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let (dockpass, proof) = (proxy::dockpass(facts), dockpass_trust(public, facts));
    let headers = own_headers(public, &["Content-Length", "X-Forwarded-Uri", "X-Forwarded-Method"]);
    format!(
        "        internal;\n        \
                 proxy_pass {dockpass}/auth/verify;\n\
         {proof}        \
                 proxy_pass_request_body off;\n\
         {headers}        \
                 proxy_set_header X-Original-URI $request_uri;\n        \
                 proxy_set_header X-Original-Method $request_method;\n"
    )
}

/// All headers that a location sets and removes, for one that needs others than the rest: where a location sets one, none
/// of the server's is set. The variable of the session does not do here: nginx sets it anew when it asks.
fn own_headers(public: PublicName<'_>, more: &[&str]) -> String {
    let set = [
        ("Host", authority(public)),
        ("X-Forwarded-Proto", "https".to_owned()),
        ("X-Forwarded-For", "$remote_addr".to_owned()),
    ];
    let set = set.map(|(name, value)| format!("        proxy_set_header {name} {value};\n")).concat();
    let removed = ["X-Forwarded-Host", "X-Real-IP", "Forwarded", "Cookie"];
    let removed = removed.iter().chain(more).map(|name| format!("        proxy_set_header {name} \"\";\n"));
    set + &removed.collect::<String>()
}

/// The headers that the servers behind get, and those that are removed.
fn headers(authority: &str) -> String {
    format!(
        "    # From these two the registry makes the addresses at which an upload goes on. They are the ones that\n    \
             # clients connect to, with the port, whatever a client says.\n    \
             proxy_set_header Host {authority};\n    \
             proxy_set_header X-Forwarded-Proto https;\n    \
             # The client is who nginx sees. What a client tells of itself is not passed on.\n    \
             proxy_set_header X-Forwarded-For $remote_addr;\n    \
             proxy_set_header X-Forwarded-Host \"\";\n    \
             proxy_set_header X-Real-IP \"\";\n    \
             proxy_set_header Forwarded \"\";\n    \
             # The session of the pages is for dockpass alone.\n    \
             set $dockpass_session $http_cookie;\n    \
             proxy_set_header Cookie $dockpass_session;\n    \
             proxy_redirect off;\n\n"
    )
}

/// dockpass sees passwords, so nginx must verify it, unless it is on this machine.
fn dockpass_trust(public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    if !proxy::must_prove(facts) {
        return String::new();
    }
    let name = public.host;
    format!(
        "        # Passwords pass here: only dockpass may see them. Where it made its certificate itself, name the CA that\n        \
                 # it answers at /ca.pem.\n        \
                 proxy_ssl_server_name on;\n        \
                 proxy_ssl_name {name};\n        \
                 proxy_ssl_verify on;\n        \
                 proxy_ssl_verify_depth 4;\n        \
                 proxy_ssl_trusted_certificate {SYSTEM_ROOTS};\n"
    )
}

/// A registry with TLS sees registry tokens, so nginx must verify it; by default it would take any.
fn registry_trust(facts: &ProxyFacts<'_>) -> String {
    if !proxy::is_registry_tls(facts) {
        return String::new();
    }
    let roots = facts.registry_ca.map_or_else(|| SYSTEM_ROOTS.to_owned(), quoted);
    format!(
        "        # The registry sees registry tokens: only the right one may. nginx compares host names; where\n        \
                 # registry.url has an IP address, put a name of its certificate into proxy_ssl_name.\n        \
                 proxy_ssl_server_name on;\n        \
                 proxy_ssl_verify on;\n        \
                 proxy_ssl_verify_depth 4;\n        \
                 proxy_ssl_trusted_certificate {roots};\n"
    )
}

/// Any text as one parameter of nginx.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn redirect(public: PublicName<'_>) -> String {
    // Whoever leaves the scheme out comes to port 80 and means the usual port of TLS. Where the site has another one, port
    // 80 is not its own.
    if public.port != 443 {
        return String::new();
    }
    let (host, authority) = (host(public), authority(public));
    format!(
        "\nserver {{\n    \
             listen 80;\n    \
             listen [::]:80;\n    \
             server_name {host};\n    \
             access_log /var/log/nginx/dockpass.log dockpass;\n    \
             server_tokens off;\n    \
             return 308 https://{authority}$request_uri;\n\
         }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::PROXY;
    use super::*;

    fn at(host: &str, port: u16) -> ProxyFacts<'_> {
        ProxyFacts { public: Some(PublicName { host, port }), ..PROXY }
    }

    fn made(facts: &ProxyFacts<'_>) -> String {
        text(Layout::TokenServer, facts).unwrap()
    }

    #[test]
    fn each_layout_has_its_file() {
        let facts = at("pass.example.com", 443);
        let golden = include_str!("../../../tests/golden/registry/nginx-gateway.conf");
        assert_eq!(text(Layout::Gateway, &facts).unwrap(), golden);
        let golden = include_str!("../../../tests/golden/registry/nginx-forward-auth.conf");
        assert_eq!(text(Layout::ForwardAuth, &facts).unwrap(), golden);
    }

    #[test]
    fn nginx_gets_its_file() {
        let golden = include_str!("../../../tests/golden/registry/nginx.conf");
        assert_eq!(made(&at("pass.example.com", 443)), golden);
    }

    #[test]
    fn a_port_and_a_registry_with_tls_stand_where_they_belong() {
        let golden = include_str!("../../../tests/golden/registry/nginx-elsewhere.conf");
        let facts = ProxyFacts {
            listen: "0.0.0.0:8700".parse().unwrap(),
            is_tls: true,
            registry: "https://registry.internal:5443",
            registry_ca: Some("/etc/dockpass/my \"own\" ca.pem"),
            ..at("fd00::5", 8443)
        };
        assert_eq!(made(&facts), golden);
        let by_the_system = made(&ProxyFacts { registry_ca: None, ..facts });
        assert!(by_the_system.contains("proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;\n"));
    }

    #[test]
    fn on_another_machine_dockpass_proves_itself() {
        let elsewhere = ProxyFacts { listen: "192.0.2.5:8700".parse().unwrap(), is_tls: true, ..at("a.example", 443) };
        let made = made(&elsewhere);
        assert_eq!(made.matches("proxy_ssl_verify on;").count(), 2, "{made}");
        assert_eq!(made.matches("proxy_ssl_name a.example;").count(), 2, "{made}");
        for here in [ProxyFacts { is_tls: false, ..elsewhere }, ProxyFacts { listen: PROXY.listen, ..elsewhere }] {
            assert!(!self::made(&here).contains("proxy_ssl_verify"));
        }
    }

    #[test]
    fn dockpass_is_asked_where_it_listens() {
        let asked = |listen: &str| {
            let made = made(&ProxyFacts { listen: listen.parse().unwrap(), ..PROXY });
            let asked: Vec<_> = made.lines().filter_map(|line| line.trim().strip_prefix("proxy_pass ")).collect();
            assert_eq!(asked.len(), 3, "{made}");
            assert_eq!((asked[0], asked[1]), (asked[2], "http://127.0.0.1:5000;"));
            (asked[0].to_owned(), made.contains("which others may reach"))
        };
        for (listen, address, has_hint) in [
            ("127.0.0.1:8700", "http://127.0.0.1:8700;", false),
            ("127.0.0.5:80", "http://127.0.0.5:80;", false),
            ("[::1]:8700", "http://[::1]:8700;", false),
            ("[::ffff:127.0.0.1]:8700", "http://127.0.0.1:8700;", false),
            ("0.0.0.0:8700", "http://127.0.0.1:8700;", true),
            ("[::]:8700", "http://[::1]:8700;", true),
            ("192.0.2.5:8700", "http://192.0.2.5:8700;", true),
        ] {
            assert_eq!(asked(listen), (address.to_owned(), has_hint), "{listen}");
        }
    }

    #[test]
    fn what_the_server_would_not_serve_well_is_refused_with_what_to_set() {
        let refused = |facts: ProxyFacts<'_>| text(Layout::TokenServer, &facts).unwrap_err();
        assert_eq!(refused(ProxyFacts { public: None, ..PROXY }), SnippetError::NeedsPublicUrl(Program::Nginx));
        let unexpected = ProxyFacts { behind_proxy: false, ..PROXY };
        assert_eq!(refused(unexpected), SnippetError::NeedsBehindProxy(Program::Nginx));
        let untrusted = ProxyFacts { trusts_loopback: false, ..PROXY };
        for (listen, from) in [
            ("127.0.0.2:1", "127.0.0.1"),
            ("[::1]:1", "::1"),
            ("[::ffff:127.0.0.1]:1", "127.0.0.1"),
            ("0.0.0.0:1", "127.0.0.1"),
            ("[::]:1", "::1"),
        ] {
            let error = refused(ProxyFacts { listen: listen.parse().unwrap(), ..untrusted });
            assert_eq!(error, SnippetError::NeedsTrust(Program::Nginx, from.parse().unwrap()));
            assert!(error.to_string().contains(&format!("add \"{from}\" to server.trusted_proxies")), "{error}");
        }
        // A proxy on another machine has an address that is not known here.
        assert!(text(Layout::Gateway, &ProxyFacts { listen: "192.0.2.5:8700".parse().unwrap(), ..untrusted }).is_ok());
        for error in [refused(ProxyFacts { public: None, ..PROXY }), refused(unexpected)] {
            let told = error.to_string();
            assert!(told.contains("server.behind_proxy = true") && told.contains("server.trusted_proxies"), "{told}");
        }
    }

    #[test]
    fn port_80_is_redirected_for_the_usual_port_of_tls_only() {
        assert!(made(&at("a.example", 443)).contains("return 308 https://a.example$request_uri;\n"));
        for port in [80, 8443] {
            let made = made(&at("a.example", port));
            assert!(!made.contains("return") && made.contains(&format!("listen {port} ssl;")), "{made}");
            assert!(!made.contains("listen 80;") && !made.contains("listen [::]:80;"), "{made}");
        }
    }
}
