//! The files of the web pages and the OpenAPI document: compressed for clients that accept it, with entity tags.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use flate2::read::GzDecoder;

use crate::support::{InProcess, http::Answer};

/// The document of the pages, a script, a style sheet, both of the HTTP API.
fn paths(site: &InProcess) -> [String; 5] {
    let [page, docs, document] = ["/sign-in", "/api/v0/docs", "/api/v0/openapi.json"].map(str::to_owned);
    [page, site.asset("app.js"), site.asset("app.css"), docs, document]
}

fn get(site: &InProcess, path: &str, accepted: &str) -> Answer {
    site.as_nobody().header("Accept-Encoding", accepted).get(path)
}

/// The head and the bytes of an answer.
fn raw(site: &InProcess, path: &str, header: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(site.address()).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n").expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).expect("a text"), body)
}

fn is_compressed(answer: &Answer) -> bool {
    assert_eq!(answer.header("vary"), Some("accept-encoding"), "{}", answer.describe());
    match answer.header("content-encoding") {
        Some(coding) => coding == "gzip",
        None => false,
    }
}

#[test]
fn what_comes_compressed_is_the_same() {
    let site = InProcess::start();
    for path in &paths(&site) {
        let (plain_head, plain) = raw(&site, path, "");
        let (head, small) = raw(&site, path, "Accept-Encoding: gzip, deflate, br, zstd\r\n");
        assert!(!plain_head.to_lowercase().contains("content-encoding"), "{plain_head}");
        assert!(head.to_lowercase().contains("content-encoding: gzip"), "{head}");
        let mut whole = Vec::new();
        GzDecoder::new(small.as_slice()).read_to_end(&mut whole).expect("gzip");
        assert!(whole == plain, "{path} is another");
        assert!(small.len() * 10 < plain.len() * 7, "{path}: {} of {} bytes", small.len(), plain.len());
        assert!(head.contains(&format!("Content-Length: {}", small.len())), "{head}");
    }
}

#[test]
fn only_who_takes_it_gets_it_compressed() {
    let site = InProcess::start();
    for path in &paths(&site) {
        assert!(!is_compressed(&site.as_nobody().get(path).must_be(200)), "{path}");
        for accepted in ["gzip", "GZIP;q=0.1", "br, gzip", "gzip, identity;q=0.5", "identity;q=0, *", "*"] {
            assert!(is_compressed(&get(&site, path, accepted).must_be(200)), "{path} {accepted}");
        }
        for accepted in ["", "br", "identity", "gzip;q=0", "*, gzip;q=0", "identity, gzip;q=0.5", "gzip;q=x", "*;q=0"] {
            assert!(!is_compressed(&get(&site, path, accepted).must_be(200)), "{path} {accepted}");
        }
    }
}

#[test]
fn what_is_known_already_is_not_sent_again() {
    let site = InProcess::start();
    for path in &paths(&site) {
        let (small, plain) = (get(&site, path, "gzip"), get(&site, path, "identity"));
        let tag = |answer: &Answer| answer.header("etag").expect("a tag").to_owned();
        assert_ne!(tag(&small), tag(&plain), "{path}: two forms have two tags");
        let known = |accepted: &str, tags: &str| {
            let caller = site.as_nobody().header("Accept-Encoding", accepted).header("If-None-Match", tags);
            caller.get(path)
        };
        for (answer, accepted) in [(&small, "gzip"), (&plain, "identity")] {
            let own = tag(answer);
            for tags in [own.clone(), format!("W/{own}"), format!("\"other\", {own}"), "*".to_owned()] {
                let again = known(accepted, &tags).must_be(304);
                assert_eq!(again.body, "");
                for name in ["etag", "vary", "cache-control", "content-security-policy"] {
                    assert_eq!(again.header(name), answer.header(name), "{path} {name}");
                }
            }
            known(accepted, "\"other\"").must_be(200);
        }
        // Each form has a tag of its own: this client has one form and asks for the other.
        known("gzip", &tag(&plain)).must_be(200);
        known("identity", &tag(&small)).must_be(200);
    }
}

/// Their path changes with their content, so that nobody need ask again.
#[test]
fn scripts_and_styles_are_kept_for_good_and_documents_are_not() {
    let site = InProcess::start();
    for name in ["app.js", "app.css", "lib/dom.js"] {
        let answer = site.as_nobody().get(&site.asset(name)).must_be(200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"), "{name}");
    }
    for path in ["/", "/sign-in", "/people/alice", "/api/v0/docs", "/manual", "/manual/tokens", "/api/v0/openapi.json"]
    {
        assert_eq!(site.as_nobody().get(path).must_be(200).header("cache-control"), Some("no-cache"), "{path}");
    }
    for path in ["/assets/app.js", "/assets/0123456789abcdef/app.js", "/assets/lib/dom.js"] {
        let answer = site.as_nobody().get(path).must_be_refused(404, "NOT_FOUND");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}: another version may have it");
    }
}

#[test]
fn head_tells_what_get_would_send() {
    let site = InProcess::start();
    for path in &paths(&site) {
        for accepted in ["gzip", "identity"] {
            let sent = get(&site, path, accepted);
            let told = site.as_nobody().header("Accept-Encoding", accepted).send("HEAD", path, b"").must_be(200);
            assert_eq!(told.body, "");
            for name in ["content-length", "content-encoding", "content-type", "etag", "vary"] {
                assert_eq!(told.header(name), sent.header(name), "{path} {accepted} {name}");
            }
        }
    }
}

/// The length of a compressed answer would tell of a secret in it (BREACH).
#[test]
fn answers_of_the_api_are_never_compressed() {
    let site = InProcess::start();
    site.add_user("alice");
    let alice = site.as_user("alice").header("Accept-Encoding", "gzip");
    for _ in 0..20 {
        let made = alice.post("/api/v0/api_tokens", &serde_json::json!({ "tokenLabel": "x".repeat(100) })).must_be(200);
        assert_eq!(made.header("content-encoding"), None);
    }
    for path in ["/api/v0/api_tokens", "/enzi/v0/accounts/alice", "/auth/token?service=dockpass"] {
        assert_eq!(alice.get(path).must_be(200).header("content-encoding"), None, "{path}");
    }
}
