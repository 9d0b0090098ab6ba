//! Where a request comes from: the local socket's peer, the network peer, or the client that a trusted proxy names.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::App;
use super::failure::Failure;
use super::socket_secret::SOCKET_SECRET_HEADER;
use crate::api::Code;
use crate::data_files;
use crate::domain::source;

/// The user id of the local socket's peer, put into the connection's data when it is accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketPeer(pub(super) Option<u32>);

/// The sender of a request.
pub(super) enum Peer {
    /// The data directory's owner or root, over the local socket.
    Local { uid: u32 },
    /// A client's address.
    Remote(IpAddr),
}

/// Headers that a proxy adds. A proxy before the local socket would lend the socket's rights to the whole network.
const FORWARDED: [&str; 8] = [
    "forwarded",
    "via",
    "client-ip",
    "true-client-ip",
    "fastly-client-ip",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
];
/// What the names of further ones begin with.
const FORWARDED_BEGIN: [&str; 4] = ["x-forwarded-", "x-original-", "x-envoy-", "cf-"];
/// Headers of callers who have credentials of their own, or are a web page: whoever stands at the socket needs neither.
const OF_OTHERS: [&str; 4] = ["authorization", "cookie", "origin", "sec-fetch-site"];

/// The peer of a request.
pub(super) fn peer(http: &HttpRequest, app: &App) -> Result<Peer, Failure> {
    if let Some(SocketPeer(uid)) = http.conn_data::<SocketPeer>() {
        return local(http.headers(), *uid, app);
    }
    let without = || Failure::internal(&std::io::Error::other("a connection without an address"));
    remote(http, app).map(Peer::Remote).ok_or_else(without)
}

/// The client's address; none over the local socket.
pub(super) fn remote(http: &HttpRequest, app: &App) -> Option<IpAddr> {
    let peer = http.peer_addr()?.ip().to_canonical();
    Some(client(http.headers(), peer, |address| app.config.is_trusted_proxy(address)))
}

fn local(headers: &HeaderMap, uid: Option<u32>, app: &App) -> Result<Peer, Failure> {
    let mut shown = headers.get_all(SOCKET_SECRET_HEADER);
    let has_secret = shown.next().is_some_and(|shown| app.socket_secret.is(shown.as_bytes())) && shown.next().is_none();
    let is_forwarded = headers
        .keys()
        .map(HeaderName::as_str)
        .any(|name| FORWARDED.contains(&name) || FORWARDED_BEGIN.iter().any(|begin| name.starts_with(begin)));
    let is_of_others = OF_OTHERS.iter().any(|name| headers.contains_key(*name));
    match uid {
        Some(_) if is_of_others => Err(Failure::new(
            Code::NotAuthorized,
            "the local socket is for the data directory's owner, and takes no credentials and no web pages",
        )),
        Some(_) if is_forwarded => {
            Err(Failure::new(Code::NotAuthorized, "the local socket takes no forwarded requests"))
        }
        Some(uid) if uid != 0 && uid != app.owner => Err(not_theirs()),
        // No list of headers knows every proxy: one that adds none of them does not have the secret.
        Some(_) if !has_secret => Err(Failure::new(
            Code::NotAuthorized,
            format!(
                "the local socket asks for the header {SOCKET_SECRET_HEADER}, with the text of the file {} in the data directory",
                data_files::SOCKET_SECRET
            ),
        )),
        Some(uid) => Ok(Peer::Local { uid }),
        None => Err(not_theirs()),
    }
}

fn not_theirs() -> Failure {
    Failure::new(Code::NotAuthorized, "the local socket is for the data directory's owner")
}

/// Whether a trusted proxy sent the request: only such a one is believed what it says of another request.
pub(super) fn is_of_proxy(http: &HttpRequest, app: &App) -> bool {
    let peer = http.peer_addr().filter(|_| http.conn_data::<SocketPeer>().is_none());
    peer.is_some_and(|peer| app.config.is_trusted_proxy(peer.ip().to_canonical()))
}

/// The source that a request counts for; none for the local socket.
pub(super) fn source(http: &HttpRequest, app: &App) -> Option<IpAddr> {
    remote(http, app).map(source::of)
}

/// The source that a request counts for, where proxies that are trusted to name their clients count for none: behind one
/// that names none are many.
pub(super) fn source_but_proxies(http: &HttpRequest, app: &App) -> Option<IpAddr> {
    remote(http, app).filter(|address| !app.config.is_trusted_proxy(*address)).map(source::of)
}

/// The rightmost address of `X-Forwarded-For` that is no trusted proxy, if the peer is a trusted proxy; else the peer.
fn client(headers: &HeaderMap, peer: IpAddr, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    if !is_trusted(peer) {
        return peer;
    }
    let values: Vec<&[u8]> = headers.get_all("x-forwarded-for").map(HeaderValue::as_bytes).collect();
    let mut last = peer;
    for entry in values.iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
        // An entry that no proxy would write ends the chain: everything left of it may be forged.
        let Some(address) = std::str::from_utf8(entry).ok().and_then(|entry| parse(entry.trim())) else { return last };
        last = address;
        if !is_trusted(address) {
            return address;
        }
    }
    last
}

/// Parses an address, with or without a port; IPv6 in brackets or bare.
fn parse(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    plain.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderName;

    fn client_of(peer: &str, values: &[&str]) -> String {
        client_of_bytes(peer, &values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>())
    }

    fn client_of_bytes(peer: &str, values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(HeaderName::from_static("x-forwarded-for"), value);
        }
        let is_trusted = |address: IpAddr| address.to_string().starts_with("10.");
        client(&headers, peer.parse().unwrap(), is_trusted).to_string()
    }

    #[test]
    fn only_a_trusted_peer_names_the_client() {
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client_of("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_rightmost_stranger_is_the_client() {
        assert_eq!(client_of("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client_of("10.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client_of("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        assert_eq!(client_of("10.0.0.1", &["1.1.1.1, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client_of("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client_of_bytes("10.0.0.1", &[b"1.1.1.1", b"\xE9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client_of_bytes("10.0.0.1", &[b"1.1.1.1", b"\xE9"]), "10.0.0.1");
    }
}
