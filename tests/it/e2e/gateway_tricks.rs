//! Requests that two readers might read differently, and registries that answer what none should: nothing of it reaches
//! another repository or another host, and no answer is more than bytes.

use std::io::Write as _;

use crate::support::{
    InProcess, Registry,
    image::sha256,
    raw::{Raw, Upstream, basic, path_of},
};

/// What the hostile answers say, beside what is said everywhere.
const HOSTILE: [&str; 16] = [
    "Set-Cookie: session=stolen; Path=/",
    "Clear-Site-Data: \"*\"",
    "Service-Worker-Allowed: /",
    "Access-Control-Allow-Origin: *",
    "Access-Control-Allow-Credentials: true",
    "Access-Control-Expose-Headers: *",
    "Strict-Transport-Security: max-age=99999999; includeSubDomains",
    "Content-Security-Policy: default-src * 'unsafe-inline'",
    "Content-Disposition: inline",
    "X-Content-Type-Options: none",
    "Refresh: 0; url=https://evil.test/",
    "WWW-Authenticate: Basic realm=\"your password\"",
    "Alt-Svc: h3=\"evil.test:443\"",
    "Report-To: {}",
    "SourceMap: /evil.js",
    "Connection: close",
];

fn digest() -> String {
    sha256(b"x")
}

/// A gateway in this process; alice owns `alice/app`, bob nothing but `bob/own`, and may read `alice/shown`.
struct Scene {
    site: InProcess,
    alice: String,
    bob: String,
}

impl Scene {
    fn before(upstream: &str) -> Self {
        let site = InProcess::start_with(&[("registry.upstream", upstream)]);
        let [alice, bob] = ["alice", "bob"].map(|name| {
            site.add_service(name);
            basic(name, &site.add_token(name, &serde_json::json!({})).secret)
        });
        ["alice/app", "alice/shown", "alice/secret", "bob/own"].iter().for_each(|name| site.add_repository(name));
        site.grant("alice/shown", "bob", "read-only");
        Self { site, alice, bob }
    }

    fn connect(&self) -> Raw {
        Raw::to(&self.site.address().to_string())
    }

    /// Everything that the server says to these bytes until it ends the connection.
    fn exchange(&self, request: &str) -> String {
        let mut raw = self.connect();
        raw.say(request);
        let _ = raw.stream().shutdown(std::net::Shutdown::Write);
        String::from_utf8_lossy(&raw.rest().0).into_owned()
    }
}

/// What every answer below `/v2/` says, whoever made it.
fn must_be_bytes(head: &str) {
    let head = head.to_lowercase();
    for line in [
        "content-security-policy: sandbox; default-src 'none'",
        "x-content-type-options: nosniff",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(head.contains(line), "no {line}:\n{head}");
    }
    for name in ["content-security-policy:", "x-content-type-options:", "content-disposition:"] {
        assert!(head.matches(&format!("\n{name}")).count() < 2, "{name} twice:\n{head}");
    }
}

#[test]
fn only_listed_headers_of_the_registry_pass() {
    let (hostile, upstream) = (HOSTILE.join("\r\n"), Upstream::saying("/v2/alice/app/"));
    let scene = Scene::before(&upstream.url());
    for (method, path, status) in [
        ("GET", format!("/v2/alice/app/blobs/{}", digest()), "200 OK"),
        ("HEAD", format!("/v2/alice/app/blobs/{}", digest()), "200 OK"),
        ("GET", "/v2/alice/app/manifests/latest".to_owned(), "200 OK"),
        ("GET", "/v2/alice/app/tags/list".to_owned(), "404 Not Found"),
        ("POST", "/v2/alice/app/blobs/uploads/".to_owned(), "400 Bad Request"),
    ] {
        let body = if method == "HEAD" { "" } else { "<script>0</script>" };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nDocker-Content-Digest: {}\r\nContent-Length: 18\r\n{hostile}\r\n\r\n{body}",
            digest()
        );
        upstream.say(answer);
        let mut raw = scene.connect();
        let head = raw.ask(method, &path, &format!("{}Content-Length: 0\r\nConnection: close\r\n", scene.alice));
        assert_eq!(head.status.to_string(), status[..3], "{}", head.text);
        must_be_bytes(&head.text);
        assert_eq!(head.headers("content-disposition"), ["attachment"], "{}", head.text);
        assert_eq!(head.header("docker-content-digest"), Some(digest().as_str()), "{}", head.text);
        assert_eq!(head.length(), 18, "{}", head.text);
        for line in HOSTILE {
            let name = line.split(':').next().expect("a name");
            assert!(
                line.starts_with("Connection") || !head.headers(name).iter().any(|value| line.ends_with(value)),
                "{name} passes:\n{}",
                head.text
            );
        }
        assert_eq!(raw.rest().0, body.as_bytes());
        // Nothing of the client's goes there but what a registry needs.
        let heard = upstream.heard("/v2/alice/app/").join("").to_lowercase();
        assert!(!heard.contains("authorization") && !heard.contains("dkp_"), "{heard}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of what is tried")]
fn no_url_of_the_registry_leads_to_another_repository_or_host() {
    let own = "/v2/alice/app/blobs/uploads/next?_state=s";
    let answers = |header: &str, status: &str| {
        format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    };
    let evil = "http://evil.test/v2/alice/app/blobs/uploads/next?_state=s";
    let upstream = Upstream::saying("/v2/alice/app/");
    let scene = Scene::before(&upstream.url());
    for (url, passes) in [
        (own, true),
        ("http://10.1.2.3:5000/v2/alice/app/blobs/uploads/next?_state=s", true),
        // Of a host nothing is taken: the client comes back here.
        (evil, true),
        ("https://user:secret@evil.test/v2/alice/app/blobs/uploads/next?_state=s", true),
        ("/v2/alice/secret/blobs/uploads/next", false),
        ("/v2/alice/app/../secret/blobs/uploads/next", false),
        ("/v2/alice/app/%2e%2e/secret/blobs/uploads/next", false),
        ("//evil.test/v2/alice/app/blobs/uploads/next", false),
        ("http://evil.test", false),
        ("/", false),
        ("/api/v0/accounts", false),
        ("javascript:alert(1)", false),
        ("next", false),
        ("/v2/alice/app/blobs/uploads/next?a=1&a=2", false),
    ] {
        upstream.say(answers(&format!("Location: {url}"), "202 Accepted"));
        let mut raw = scene.connect();
        let head = raw.ask("POST", "/v2/alice/app/blobs/uploads/", &format!("{}Content-Length: 0\r\n", scene.alice));
        must_be_bytes(&head.text);
        if passes {
            assert_eq!((head.status, head.header("location")), (202, Some(own)), "{url}: {}", head.text);
        } else {
            assert_eq!((head.status, head.header("location")), (502, None), "{url}: {}", head.text);
        }
    }
    // What is written is sent nowhere else, not even where a registry has its storage.
    for (method, path) in [
        ("POST", "blobs/uploads/"),
        ("PATCH", "blobs/uploads/e"),
        ("PUT", "manifests/latest"),
        ("DELETE", "manifests/latest"),
    ] {
        for status in ["301 Moved", "307 Temporary Redirect", "308 Permanent Redirect"] {
            upstream.say(answers("Location: http://evil.test/", status));
            let headers = format!("{}Content-Length: 2\r\nContent-Type: a/b\r\n\r\n{{}}", scene.alice);
            let mut raw = scene.connect();
            raw.say(format!("{method} /v2/alice/app/{path} HTTP/1.1\r\nHost: x\r\n{headers}"));
            let head = raw.head();
            assert_eq!((head.status, head.header("location")), (502, None), "{method} {status}: {}", head.text);
        }
    }
    for (link, next) in [
        (
            "</v2/alice/app/tags/list?n=1&last=a>; rel=\"next\"",
            Some("</v2/alice/app/tags/list?n=1&last=a>; rel=\"next\""),
        ),
        (
            "<https://evil.test/v2/alice/app/tags/list?n=1>; rel=\"next\"",
            Some("</v2/alice/app/tags/list?n=1>; rel=\"next\""),
        ),
        ("</v2/alice/secret/tags/list?n=1>; rel=\"next\"", None),
        ("</evil.js>; rel=preload; as=script", None),
        ("<https://evil.test/>; rel=\"next\"", None),
        ("</v2/alice/app/manifests/latest>; rel=\"next\"", None),
    ] {
        upstream.say(answers(&format!("Link: {link}"), "200 OK"));
        let head = scene.connect().ask("GET", "/v2/alice/app/tags/list?n=1", &scene.alice).must_be(200);
        assert_eq!(head.header("link"), next, "{link}: {}", head.text);
    }
}

#[test]
fn what_is_no_answer_is_a_502_and_no_500() {
    let upstream = Upstream::saying("/manifests/");
    let scene = Scene::before(&upstream.url());
    let ask = || scene.connect().ask("GET", "/v2/alice/app/manifests/latest", &scene.alice);
    for answer in [
        "",
        "nonsense\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
    ] {
        upstream.say(answer);
        let head = ask();
        assert_eq!(head.status, 502, "{answer:?}: {}", head.text);
        must_be_bytes(&head.text);
    }
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "a".repeat(900_000));
    upstream.say(large);
    ask().must_be(502);
}

/// Requests of bob's whose target or headers are tricks. Those that could be read as one for `alice/secret` hold that name.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of what is tried")]
fn tricks_reach_nothing() {
    let upstream = Upstream::playing(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nSECRET");
    });
    let scene = Scene::before(&upstream.url());
    let (bob, secret) = (&scene.bob, "GET /v2/alice/secret/tags/list HTTP/1.1\r\nHost: x\r\n\r\n");
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n{bob}\r\n");
    let with = |headers: &str| format!("GET /v2/alice/shown/tags/list HTTP/1.1\r\nHost: x\r\n{bob}{headers}\r\n");
    let patch = |headers: &str, body: &str| {
        format!("PATCH /v2/bob/own/blobs/uploads/e HTTP/1.1\r\nHost: x\r\n{bob}{headers}\r\n{body}")
    };
    let mut requests: Vec<String> = [
        "/v2/alice/shown/../secret/tags/list",
        "/v2/alice/shown/%2e%2e/secret/tags/list",
        "/v2/alice/shown/.%2E/secret/tags/list",
        "/v2/alice%2Fsecret/tags/list",
        "/v2/alice/shown%2F..%2Fsecret/tags/list",
        "/v2//alice/secret/tags/list",
        "/v2/alice//secret/tags/list",
        "//v2/alice/secret/tags/list",
        "/v2/./alice/secret/tags/list",
        "/V2/alice/secret/tags/list",
        "/%762/alice/secret/tags/list",
        "/v2%2Falice/secret/tags/list",
        "/v2/alice/Secret/tags/list",
        "/v2/alice/shown/tags/list/../../../secret/tags/list",
        "/v2/alice\\secret/tags/list",
        "/v2/alice/shown;/../secret/tags/list",
        "/x/../v2/alice/secret/tags/list",
        "http://evil.test/v2/alice/shown/tags/list",
        "http://127.0.0.1/v2/alice/secret/tags/list",
        "https://evil.test/v2/alice/secret/tags/list",
        "/v2/alice/shown/manifests/%2e%2e",
        "/v2/alice/shown/tags/list?n=1&n=2",
        "/v2/alice/shown/tags/list?n=%",
        "/v2/alice/shown/blobs/sha256:../../secret",
        "/v2/alice/secret/tags/list",
        "/v2/alice/secret/tags/list/",
        "/v2/alice/secret/tags/list?x",
    ]
    .map(get)
    .into();
    requests.extend([
        with("Host: y\r\n"),
        with("Range: bytes=0-1\r\nRange: bytes=2-3\r\n"),
        with("Content-Length: 0\r\nContent-Length: 0\r\n"),
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        with(&scene.alice),
        with("Content-Length: 1, 1\r\n"),
        with("Content-Type: a/b\r\nContent-Type: c/d\r\n"),
        with("Sec-Fetch-Dest: script\r\n"),
        with("Sec-Fetch-Dest: empty\r\nSec-Fetch-Dest: document\r\n"),
        with("Content-Length : 9\r\n"),
        with(" folded: x\r\n"),
        with("X\0: y\r\n"),
        format!("GET /v2/alice/shown/tags/list HTTP/1.0\r\n{bob}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{secret}"),
        format!("GET /v2/alice/shown/tags/list HTTP/1.1\r\n{bob}\r\n"),
        patch("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", &format!("0\r\n\r\n{secret}")),
        patch("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", &format!("0\r\n\r\n{secret}")),
        patch("Transfer-Encoding: xchunked\r\n", &format!("0\r\n\r\n{secret}")),
        patch("Transfer-Encoding: chunked, identity\r\n", &format!("0\r\n\r\n{secret}")),
        patch("Transfer-Encoding: identity\r\nContent-Length: 4\r\n", &format!("abcd{secret}")),
        patch("Content-Length: +4\r\n", &format!("abcd{secret}")),
        patch("Content-Length: 0x4\r\n", &format!("abcd{secret}")),
        patch("Content-Length: 99999999999999999999999\r\n", &format!("abcd{secret}")),
        patch("Content-Range: 0-1\r\nContent-Range: 0-2\r\nContent-Length: 3\r\n", "abc"),
    ]);
    for request in requests {
        let answer = scene.exchange(&request);
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "401", "403", "404"].contains(&status), "{request:?} is answered {answer:?}");
        assert!(!answer.contains("SECRET"), "{request:?} is answered {answer:?}");
        for head in answer.split("HTTP/1.1 4").skip(1) {
            assert!(head.contains("nosniff"), "{request:?}: {head}");
        }
    }
    let heard = [upstream.heard("secret"), upstream.heard("shown"), upstream.heard("bob/own")].concat();
    assert!(heard.is_empty(), "the registry got {heard:?}");
    // The same without a trick.
    assert!(scene.exchange(&with("Connection: close\r\n")).contains("SECRET"));
}

/// A body that is shorter than it says, or longer, is no request of its own.
#[test]
fn a_body_is_never_taken_for_a_request() {
    let upstream = Upstream::playing(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let scene = Scene::before(&upstream.url());
    let inner = format!("GET /v2/bob/own/tags/list HTTP/1.1\r\nHost: x\r\n{}\r\n", scene.bob);
    for head in [
        // Refused before the body is read.
        format!(
            "PATCH /v2/alice/secret/blobs/uploads/e HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n",
            scene.bob,
            inner.len()
        ),
        format!(
            "GET /v2/alice/shown/tags/list HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n",
            scene.bob,
            inner.len()
        ),
        format!(
            "PATCH /v2/bob/own/blobs/uploads/e HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n",
            scene.bob,
            inner.len()
        ),
    ] {
        let answer = scene.exchange(&format!("{head}{inner}"));
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head}: {answer}");
    }
    assert!(upstream.heard("bob/own/tags").is_empty());
}

/// What is in a parameter stays there.
#[test]
fn no_parameter_becomes_a_header_or_a_path() {
    let upstream = Upstream::playing(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    });
    let scene = Scene::before(&upstream.url());
    let digest = digest();
    for target in [
        format!("/v2/bob/own/referrers/{digest}?artifactType=a%0d%0aX-Evil:%20b"),
        format!("/v2/bob/own/referrers/{digest}?artifactType=%2F..%2F..%2Falice%2Fsecret"),
        "/v2/bob/own/tags/list?last=%20HTTP/1.1%0d%0aX-Evil:%20b%0d%0a%0d%0a&n=1".to_owned(),
        "/v2/bob/own/blobs/uploads/e?_state=%0d%0aX-Evil:%20b&x=%23%3F%26from=alice/secret".to_owned(),
    ] {
        scene.connect().ask("GET", &target, &scene.bob).must_be(200);
    }
    let heard = upstream.heard("/v2/bob/own/");
    assert_eq!(heard.len(), 4, "{heard:?}");
    for head in heard {
        assert!(!head.to_lowercase().contains("\nx-evil") && !head.contains("alice/secret/"), "{head}");
        assert!(!head.contains("&from="), "{head}");
    }
}

/// Go reads the fields of a form before those of the URL, where dockpass looks for a mount.
#[test]
fn a_form_in_the_place_of_a_blob_mounts_nothing() {
    let registry = Registry::without_accounts("");
    let scene = Scene::before(&format!("http://{}", registry.address));
    let (content, host) = ("a secret of alice's", registry.address.clone());
    let digest = sha256(content.as_bytes());
    let mut raw = Raw::to(&host);
    let begun = raw.ask("POST", "/v2/alice/secret/blobs/uploads/", "Content-Length: 0\r\n").must_be(202);
    let place = format!("{}&digest={digest}", path_of(begun.header("location").expect("a place")));
    raw.say(format!("PUT {place} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{content}", content.len()));
    raw.head().must_be(201);
    let urlencoded = "application/x-www-form-urlencoded";
    let form = format!("mount={digest}&from=alice/secret");
    let length = form.len();
    let post = |host: &str, repository: &str, query: &str, kind: &str, who: &str| {
        let mut raw = Raw::to(host);
        let line = format!("POST /v2/{repository}/blobs/uploads/{query} HTTP/1.1\r\nHost: x\r\n{who}");
        raw.say(format!("{line}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{form}"));
        raw.head()
    };
    let straight = post(&host, "other/place", "", urlencoded, "");
    assert_eq!(straight.status, 201, "the registry does fall for it: {}", straight.text);
    let gateway = scene.site.address().to_string();
    for kind in [urlencoded, "Application/X-WWW-Form-Urlencoded; charset=utf-8", "multipart/form-data; boundary=x"] {
        for query in ["", "?mount=sha256:00&from=bob/own", &format!("?mount={digest}&from=alice/secret")] {
            let head = post(&gateway, "bob/own", query, kind, &scene.bob);
            assert!([202, 400, 403].contains(&head.status), "{kind} {query}: {}", head.text);
        }
    }
    let head = scene.connect().ask("HEAD", &format!("/v2/bob/own/blobs/{digest}"), &scene.bob);
    assert_eq!(head.status, 404, "{}", head.text);
    let twice = format!("?mount={digest}&from=bob/own&from=alice/secret");
    assert_eq!(post(&gateway, "bob/own", &twice, "application/octet-stream", &scene.bob).status, 400);
    // Who may pull from there gets it.
    let query = format!("?mount={digest}&from=alice/secret");
    assert_eq!(post(&gateway, "alice/app", &query, "application/octet-stream", &scene.alice).status, 201);
}
