//! What clients meet at the public URL: whether it leads to this server, with a certificate that is trusted, and behind the
//! gateway where they are sent for registry tokens. Nothing secret is shown: what is asked for, anybody may ask.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use rustls::ClientConfig;
use serde_json::Value;

use super::row::{self, day, span};
use crate::api::operations::registry::GetKeys;
use crate::api::{ExaminedCheck, Operation};
use crate::causes::with_causes;
use crate::domain::checkup::Check;
use crate::domain::host::is_loopback;
use crate::domain::time::Timestamp;
use crate::net::{self, Address, Answer, Failure, Limits, Met};
use crate::pki::Certificate;
use crate::registry;
use crate::registry::upstream::{BASE, Base};

/// Longest time to connect, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// What is read of an answer, and how long that may take.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), size: 256 * 1024 };
/// A certificate that is shown wants replacing so long before its end, in seconds.
const SOON: i64 = 14 * 24 * 60 * 60;

/// The public side of the site, as the configuration has it.
#[derive(Clone, Debug)]
pub struct PublicSide {
    /// The public URL.
    pub url: String,
    /// The CA that dockpass has made itself, as PEM; none if the site brings its certificates.
    pub own_ca: Option<String>,
    /// What this server answers for its public keys.
    pub keys: Value,
}

/// What was met there.
pub struct Found {
    /// The checks of the public URL and of TLS.
    pub rows: Vec<ExaminedCheck>,
    /// What is answered to nobody where the registry's API begins, or why nothing is.
    pub base: Result<Base, String>,
}

/// Asks the public URL now.
pub async fn look(side: PublicSide, now: Timestamp) -> Found {
    let url = side.url.clone();
    let Ok(server) = Address::parse(&url) else {
        let rows = vec![row::failed(Check::PublicUrl, format!("{url} is no URL"), "set server.public_url")];
        return Found { rows, base: Err(format!("{url} is no URL")) };
    };
    let own_ca = side.own_ca.clone();
    // It reads the roots of the system.
    let trusted = tokio::task::spawn_blocking(move || match own_ca {
        Some(ca) => net::trust_text(ca.as_bytes(), Path::new("tls-ca.pem")),
        None => net::trust(None),
    });
    let tls = match trusted.await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return untold(&with_causes(&error)),
        Err(_) => return untold("dockpass is ending"),
    };
    let (keys, base) = tokio::join!(ask(&server, &tls, GetKeys::FACTS.path), ask(&server, &tls, BASE));
    let base = base.map(|(answer, _)| Base::of(&answer)).map_err(|failure| with_causes(&failure));
    let rows = vec![public_url(&side, keys.as_ref()), tls_chain(&side, &server, keys.as_ref(), now)];
    Found { rows, base }
}

fn untold(why: &str) -> Found {
    let rows = [Check::PublicUrl, Check::TlsChain].map(|check| row::failed(check, why, "see the log of dockpass"));
    Found { rows: rows.to_vec(), base: Err(why.to_owned()) }
}

/// What comes back, and the certificates that were shown.
type Shown = (Answer, Vec<Vec<u8>>);

async fn ask(server: &Address, tls: &Arc<ClientConfig>, path: &str) -> Result<Shown, Failure> {
    let Met { stream, chain } = net::meet(server, Arc::clone(tls), CONNECT).await?;
    let request = Request::get(path)
        .header(HOST, server.authority.as_str())
        .header(USER_AGENT, registry::USER_AGENT)
        .header(ACCEPT, "application/json")
        .body(Full::<Bytes>::default())
        .map_err(|cause| Failure::Broken(Arc::new(cause)))?;
    Ok((net::send_over(stream, request, LIMITS).await?, chain))
}

fn public_url(side: &PublicSide, keys: Result<&Shown, &Failure>) -> ExaminedCheck {
    let (check, url) = (Check::PublicUrl, &side.url);
    let (answer, _) = match keys {
        Ok(shown) => shown,
        Err(failure) if failure.is_of_unknown_issuer() => {
            return row::warning(
                check,
                format!("{url} takes connections; who answers is not known, since its certificate is not trusted here"),
                "first see to the TLS chain",
            );
        }
        Err(failure) => {
            return row::failed(
                check,
                format!("{url} cannot be asked from here: {}", with_causes(failure)),
                "look at its name in DNS, at the proxy and at the firewall; where only this machine does not get there, let \
                 the name lead to it in /etc/hosts",
            );
        }
    };
    let path = GetKeys::FACTS.path;
    if !answer.status.is_success() {
        return row::failed(
            check,
            format!("{url}{path} is answered with status {}", answer.status.as_u16()),
            "have what stands before dockpass pass every path on, or set server.public_url",
        );
    }
    if serde_json::from_slice::<Value>(&answer.body).is_ok_and(|told| told == side.keys) {
        row::ok(check, format!("{url} leads to this server"))
    } else {
        row::failed(
            check,
            format!("{url} leads to something else: its keys at {path} are not those of this server"),
            "have the name and the proxy lead here, or set server.public_url",
        )
    }
}

fn tls_chain(side: &PublicSide, server: &Address, keys: Result<&Shown, &Failure>, now: Timestamp) -> ExaminedCheck {
    let (check, url) = (Check::TlsChain, &side.url);
    if !server.is_tls {
        return if is_loopback(&server.host) {
            row::not_applicable(check, format!("{url} is plain HTTP, which does not leave this machine"))
        } else {
            row::warning(
                check,
                format!("{url} is plain HTTP: passwords and tokens cross the network for everybody to read"),
                "give dockpass a certificate (tls.cert, tls.key), or a proxy before it, and set server.public_url",
            )
        };
    }
    match keys {
        Ok((_, chain)) => trusted(side, chain, now),
        Err(failure) if failure.is_of_unknown_issuer() => row::warning(
            check,
            "nothing that this machine trusts has issued the certificate",
            "where clients are given the CA of the site, give it to this machine, too (or name it in SSL_CERT_FILE); else have \
             the server show its whole chain",
        ),
        Err(failure @ (Failure::Tls(_) | Failure::OfAuthority(_))) => row::failed(
            check,
            format!("no client takes what is shown: {}", with_causes(failure)),
            "put in a certificate that holds now, for the name of the public URL, with its chain",
        ),
        Err(_) => row::not_applicable(check, "nothing is shown: see the public URL"),
    }
}

fn trusted(side: &PublicSide, chain: &[Vec<u8>], now: Timestamp) -> ExaminedCheck {
    let check = Check::TlsChain;
    let Some(end) = chain.first().and_then(|own| Certificate::parse(own).ok()).map(|own| own.not_after) else {
        return row::ok(check, "the certificate is trusted");
    };
    if side.own_ca.is_some() {
        return row::ok(check, format!("trusted by whoever has the CA of this server; until {}", day(end)));
    }
    let left = end.seconds() - now.seconds();
    if left < SOON {
        let seen = format!("trusted, but it ends on {}, in {}", day(end), span(left));
        return row::warning(check, seen, "replace the certificate that is shown at the public URL");
    }
    row::ok(check, format!("trusted, until {}", day(end)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::domain::checkup::CheckState;

    /// A server on this machine that gives this answer to each connection, until the test ends.
    fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        url
    }

    async fn told(url: String) -> (CheckState, String, CheckState) {
        let side = PublicSide { url, own_ca: None, keys: serde_json::json!({ "keys": [] }) };
        let found = look(side, Timestamp::from_seconds(1_800_000_000)).await;
        (found.rows[0].state, found.rows[0].seen.clone(), found.rows[1].state)
    }

    #[tokio::test]
    async fn the_public_url_leads_here_or_elsewhere_or_nowhere() {
        let here = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}";
        let (state, seen, tls) = told(server(here)).await;
        assert_eq!((state, tls), (CheckState::Ok, CheckState::NotApplicable), "{seen}");
        let other = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"keys\":[{}]}";
        let (state, seen, _) = told(server(other)).await;
        assert!(state == CheckState::Failed && seen.contains("leads to something else"), "{seen}");
        let moved = "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n";
        let (state, seen, _) = told(server(moved)).await;
        assert!(state == CheckState::Failed && seen.ends_with("is answered with status 302"), "{seen}");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (state, seen, tls) = told(format!("https://{closed}")).await;
        assert_eq!((state, tls), (CheckState::Failed, CheckState::NotApplicable), "{seen}");
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let failure = Failure::TimedOut { seconds: 1 };
        let state = |url: &str| {
            let side = PublicSide { url: url.to_owned(), own_ca: None, keys: Value::Null };
            let server = Address::parse(url).unwrap();
            tls_chain(&side, &server, Err(&failure), Timestamp::from_seconds(0)).state
        };
        assert_eq!(state("http://localhost:8700"), CheckState::NotApplicable);
        assert_eq!(state("http://dockpass.example.com"), CheckState::Warning);
    }
}
