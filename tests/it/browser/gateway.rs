//! The pages and the registry have one host name: what somebody has pushed is never a page, a script or a worker there, and
//! the session of a person opens nothing of the registry.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use serde_json::{Value, json};

use crate::support::{Setup, Website, exe::PASSWORD, image::sha256, person::soon, raw::Upstream};

/// A page, a script and a worker in one: whoever runs it tells.
const PUSHED: &str = "/*<!doctype html><title>ran</title><body>pushed<script>/**/\
    self.ran = true; fetch('/ran', { mode: 'no-cors' }); self.postMessage && self.document === undefined && postMessage('ran');\
    //</script>";

/// Whatever is asked for, a registry that calls it what the browser likes best.
fn registry() -> Upstream {
    Upstream::playing(|head, stream| {
        let line = head.lines().next().unwrap_or_default();
        let kind = if line.contains("-script") { "text/javascript" } else { "text/html" };
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nService-Worker-Allowed: /\r\nAccess-Control-Allow-Origin: *\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{PUSHED}",
            PUSHED.len()
        );
    })
}

/// A page of another site, at every address.
fn elsewhere() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4_096]);
                let page = "<!doctype html><title>elsewhere</title><link rel=icon href='data:,'><p>elsewhere</p>";
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
                let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
            });
        }
    });
    port
}

/// Tries one way to run what is at the address; `kept away`, or what happened.
fn attempt(site: &Website, way: &str, url: &str) -> Value {
    let script = "const [way, url, done] = arguments; const end = (text) => setTimeout(() => done(text), 300); \
        const put = (tag, name, more) => { const it = Object.assign(document.createElement(tag), more); \
            it.onload = () => end(self.ran ? 'ran' : `loaded`); it.onerror = () => end('kept away'); \
            it[name] = url; document.body.append(it); }; \
        setTimeout(() => done('kept away'), 1500); \
        try { ({ \
            script: () => put('script', 'src', {}), \
            module: () => put('script', 'src', { type: 'module' }), \
            frame: () => put('iframe', 'src', {}), \
            object: () => put('object', 'data', {}), \
            style: () => put('link', 'href', { rel: 'stylesheet' }), \
            image: () => put('img', 'src', {}), \
            worker: () => { const it = new Worker(url); it.onmessage = () => done('ran'); it.onerror = () => done('kept away'); }, \
            shared: () => { const it = new SharedWorker(url); it.onerror = () => done('kept away'); }, \
            service: () => navigator.serviceWorker.register(url).then(() => done('registered'), () => done('kept away')), \
            root: () => navigator.serviceWorker.register(url, { scope: '/' }).then(() => done('registered'), () => done('kept away')), \
            cors: () => fetch(url, { credentials: 'include' }).then(async (it) => done(`${it.status} ${await it.text()}`), () => done('kept away')), \
            opaque: () => fetch(url, { mode: 'no-cors', credentials: 'include' }).then((it) => done(it.type), () => done('kept away')), \
        })[way](); } catch { done('kept away'); }";
    site.browser.run_async(script, json!([way, url]))
}

/// The heads of requests for a blob that a page would run or show.
fn asked_to_run(registry: &Upstream) -> Vec<String> {
    let heard = registry.heard("/blobs/");
    heard.into_iter().filter(|head| head.contains("Mozilla")).collect()
}

#[test]
fn nothing_that_was_pushed_runs_and_a_session_pulls_nothing() {
    let behind = registry();
    let site = Website::start_with(Setup::config(format!("[registry]\nupstream = \"{}\"\n", behind.url())));
    for (name, visibility) in [("open", "public"), ("app", "private")] {
        let body = json!({ "name": name, "visibility": visibility });
        site.api("alice").post("/api/v0/repositories/alice", &body).must_be(201);
    }
    site.sign_in("alice", PASSWORD);
    let digest = sha256(PUSHED.as_bytes());
    let paths = [format!("/v2/alice/open/blobs/{digest}"), "/v2/alice/open/manifests/a-script".to_owned()];
    let port = elsewhere();
    let is_away = |got: &Value| ["kept away", "opaque"].contains(&got.as_str().unwrap_or_default());
    for path in &paths {
        let url = site.address(path);
        for page in [site.address("/profile"), format!("http://127.0.0.1:{port}/"), format!("http://localhost:{port}/")]
        {
            site.browser.open(&page);
            for way in ["script", "module", "object", "style", "image", "worker", "shared", "service", "root"] {
                let got = attempt(&site, way, &url);
                assert!(got != "ran" && got != "registered", "{way} of {path} on {page}: {got}");
            }
            attempt(&site, "frame", &url);
            assert_eq!(site.browser.run("return self.ran === undefined", json!([])), true, "{path} on {page}");
        }
        // Opened by a person: told, in the envelope.
        site.browser.open(&url);
        let text = site.browser.text();
        assert!(text.contains("DENIED") && !text.contains("pushed"), "{path}: {text}");
    }
    assert!(asked_to_run(&behind).is_empty(), "{:?}", asked_to_run(&behind));
    // Where nobody forbids it, it does run.
    let straight = registry();
    site.browser.open(&format!("{}/page", straight.url()));
    assert_eq!(site.browser.run("return [self.ran, document.title]", json!([])), json!([true, "ran"]));
    let worker = format!("{}/a-script", straight.url());
    soon("a worker runs", || (attempt(&site, "worker", &worker) == "ran").then_some(()));
    // Of other sites no script reads it, public or not.
    let private = site.address(&format!("/v2/alice/app/blobs/{digest}"));
    for host in ["127.0.0.1", "localhost"] {
        site.browser.open(&format!("http://{host}:{port}/"));
        for url in [&site.address(&paths[0]), &private] {
            assert_eq!(attempt(&site, "cors", url), "kept away", "{url} on {host}");
            let got = attempt(&site, "opaque", url);
            assert!(is_away(&got), "{url} on {host}: {got}");
        }
    }
    // On a page of its own a script reads what is public, and the session opens nothing more.
    site.browser.open(&site.address("/profile"));
    let got = attempt(&site, "cors", &private);
    assert!(got.as_str().is_some_and(|got| got.starts_with("401 ")), "{got}");
    assert!(behind.heard("/v2/alice/app/blobs/").is_empty());
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), straight.address.to_string()];
    let (_, foreign) = site.noise(&[401, 403, 404], &hosts.each_ref().map(String::as_str));
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(!site.server.log().contains("/ran"), "nothing ran");
}
