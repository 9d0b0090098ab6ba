//! Pages of other sites, opened by a person who is signed in here: they change nothing, read nothing, and frame
//! nothing.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, person::soon};

/// A server of another site, on another port of this machine: an empty page at every address.
fn elsewhere() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        // Browsers open connections that they do not use yet.
        listener.incoming().map_while(Result::ok).for_each(|stream| drop(thread::spawn(|| answer(stream))));
    });
    port
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? > 0 {
        head.extend(byte);
    }
    let page = "<!doctype html><title>elsewhere</title><link rel=icon href='data:,'><p>elsewhere</p>";
    let length = page.len();
    let status = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
    write!(stream, "{status}Content-Length: {length}\r\n\r\n{page}")
}

/// The hosts of foreign pages: the same site at another port, and another site.
const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

fn at(port: u16) -> [String; 2] {
    HOSTS.map(|host| format!("{host}:{port}"))
}

/// The console tells only what the browser refused, in these words, and no request went further.
fn must_be_told(site: &Website, port: u16, words: &[&str]) {
    let (said, foreign) = site.noise(&[401, 403, 404], &at(port).each_ref().map(String::as_str));
    let is_else = |entry: &&Value| !words.iter().any(|it| entry["message"].to_string().contains(it));
    let others: Vec<_> = said.iter().filter(is_else).collect();
    assert!(others.is_empty(), "the console says: {}", json!(others));
    assert!(foreign.is_empty(), "requests to others: {foreign:?}");
}

/// Sends a form as a click would, and gives the answer that the browser shows.
fn send_form(site: &Website, path: &str, body: &Value) -> String {
    // A form of plain text is NAME=VALUE: JSON around the equals sign.
    let text = body.to_string();
    let (name, value) = text.split_once('=').expect("somewhere an equals sign");
    let script = "const [action, name, value] = arguments; const form = document.createElement('form'); \
        Object.assign(form, { method: 'post', action, enctype: 'text/plain' }); \
        const input = document.createElement('input'); Object.assign(input, { name, value }); \
        form.append(input); document.body.append(form); form.submit();";
    site.browser.run(script, json!([site.address(path), name, value]));
    site.browser.see("errors");
    site.browser.text()
}

/// What a script gets: the body, or that the browser refuses it.
fn fetch(site: &Website, method: &str, path: &str, mode: &str, kind: &str) -> Value {
    let script = "const [url, method, mode, kind, done] = arguments; \
        const headers = method === 'POST' ? { 'Content-Type': kind } : {}; \
        const body = method === 'POST' ? JSON.stringify({ name: 'stolen', username: 'alice', tokenLabel: 'stolen' }) : undefined; \
        fetch(url, { method, mode, headers, body, credentials: 'include' }).then(async (it) => done(`${it.type} ${await it.text()}`), () => done('kept away'));";
    site.browser.run_async(script, json!([site.address(path), method, mode, kind]))
}

/// The session goes on and nothing was made.
fn must_be_untouched(site: &Website) {
    assert!(site.server.repository_names().is_empty());
    let tokens = site.api("alice").get("/api/v0/api_tokens").must_be(200).json();
    assert_eq!(tokens, json!([]));
    site.open("/profile/access-tokens");
    assert_eq!(site.browser.url(), site.address("/profile/access-tokens"), "still signed in");
    site.browser.see("alice");
}

#[test]
fn a_form_on_a_page_of_others_changes_nothing() {
    let site = Website::start_as("alice");
    let port = elsewhere();
    for host in HOSTS {
        for (path, body) in [
            ("/api/v0/repositories/alice", json!({ "name": "stolen", "shortDescription": "=" })),
            ("/api/v0/api_tokens", json!({ "tokenLabel": "stolen=" })),
            ("/api/v0/session", json!({ "username": "admin", "password": PASSWORD, "x": "=" })),
        ] {
            site.browser.open(&format!("http://{host}:{port}/"));
            let answer = send_form(&site, path, &body);
            assert!(answer.contains("a page of another site cannot do this"), "{host} {path}: {answer}");
            must_be_untouched(&site);
        }
    }
    site.must_be_clean_but_for(&[401, 403], &at(port).each_ref().map(String::as_str));
}

#[test]
fn a_script_on_a_page_of_others_changes_nothing_and_reads_nothing() {
    let site = Website::start_as("alice");
    let port = elsewhere();
    for host in HOSTS {
        site.browser.open(&format!("http://{host}:{port}/"));
        for kind in ["application/json", "text/plain"] {
            for path in ["/api/v0/repositories/alice", "/api/v0/api_tokens", "/api/v0/session"] {
                let got = fetch(&site, "POST", path, "cors", kind);
                assert_eq!(got, "kept away", "{host} {path} {kind}");
                let got = fetch(&site, "POST", path, "no-cors", kind);
                assert!(["opaque ", "kept away"].contains(&got.as_str().expect("a text")), "{got}");
            }
        }
        for path in ["/api/v0/session", "/api/v0/api_tokens", "/enzi/v0/accounts/alice"] {
            assert_eq!(fetch(&site, "GET", path, "cors", ""), "kept away", "{host} reads {path}");
            assert_eq!(fetch(&site, "DELETE", path, "cors", ""), "kept away", "{host} deletes {path}");
        }
        must_be_untouched(&site);
    }
    must_be_told(&site, port, &["CORS policy", "net::ERR_FAILED", "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin"]);
}

#[test]
fn no_page_of_others_frames_these_pages() {
    let site = Website::start_as("alice");
    let port = elsewhere();
    for host in HOSTS {
        site.browser.open(&format!("http://{host}:{port}/"));
        site.browser.log("browser");
        let script = "const [src, done] = arguments; const frame = document.createElement('iframe'); \
            frame.onload = () => done(frame.contentDocument === null); Object.assign(frame, { src }); document.body.append(frame);";
        site.browser.run_async(script, json!([site.address("/profile/access-tokens")]));
        soon("the browser refuses to frame it", || {
            let said = json!(site.browser.log("browser")).to_string();
            said.contains("frame-ancestors").then_some(())
        });
    }
    must_be_told(&site, port, &["frame-ancestors"]);
}

#[test]
fn a_link_on_a_page_of_others_opens_the_page() {
    let site = Website::start_as("alice");
    let port = elsewhere();
    for host in HOSTS {
        site.browser.open(&format!("http://{host}:{port}/"));
        let script = "const link = document.createElement('a'); link.href = arguments[0]; document.body.append(link); link.click();";
        site.browser.run(script, json!([site.address("/profile/access-tokens")]));
        site.browser.see("New access token");
        assert_eq!(site.browser.run("return document.referrer", json!([])), format!("http://{host}:{port}/"));
    }
    site.must_be_clean_but_for(&[], &at(port).each_ref().map(String::as_str));
}

#[test]
fn what_a_page_asks_of_others_is_stopped_and_noticed() {
    let site = Website::start();
    site.open("/sign-in");
    let port = elsewhere();
    site.must_be_clean(&[]);
    let script = "const [src, done] = arguments; const image = new Image(); \
        Object.assign(image, { onerror: () => done('kept away'), onload: () => done('shown'), src }); document.body.append(image);";
    let got = site.browser.run_async(script, json!([format!("http://localhost:{port}/")]));
    assert_eq!(got, "kept away");
    let script = "const it = document.createElement('script'); it.textContent = 'document.title = \"run\"'; document.body.append(it); \
        const link = document.createElement('a'); link.setAttribute('onclick', 'document.title = \"run\"'); link.click(); return document.title";
    assert_ne!(site.browser.run(script, json!([])), "run", "no script inside the page runs");
    let (said, _) = site.noise(&[401], &[]);
    for rule in ["img-src", "script-src"] {
        assert!(json!(said).to_string().contains(rule), "{rule}: {said:?}");
    }
    site.browser.open(&format!("http://localhost:{port}/"));
    assert_eq!(site.noise(&[401], &[]).1, [format!("http://localhost:{port}/")]);
}
