//! The server's log for who runs it: a line for each request, in text or as JSON, with the id that the answer carries and that
//! goes on to the registry behind the gateway, and nothing in it that somebody else has written.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{
    exe::{Dockpass, Setup},
    mock::{Mock, answer},
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The line of the request with this id, as it stands behind `err `.
fn line(dockpass: &Dockpass, id: &str) -> String {
    let found = |log: &str| {
        log.lines().find(|line| line.contains("dockpass::requests") && line.contains(id)).map(str::to_owned)
    };
    dockpass.must_log(id);
    let log = dockpass.log();
    let line = found(&log).unwrap_or_else(|| panic!("no line of {id}:\n{log}"));
    line.split_once(' ').map_or(line.clone(), |(_, rest)| rest.trim_start().to_owned())
}

/// A line of JSON.
fn json(dockpass: &Dockpass, id: &str) -> Value {
    let line = line(dockpass, id);
    let start = line.find('{').unwrap_or_else(|| panic!("no JSON: {line}"));
    serde_json::from_str(&line[start..]).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn a_line_tells_of_each_request_by_the_id_that_its_answer_carries() {
    let dockpass = Setup::config("[log]\nrequests = true\n").start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]);
    let as_alice = dockpass.http_as("alice", &token.secret);
    let answer = as_alice.header("traceparent", PARENT).get("/api/v0/api_tokens?pageSize=1&x=s3cret").must_be(200);
    let id = answer.header("x-request-id").expect("an id").to_owned();
    assert_eq!(id.len(), 32);
    let line = line(&dockpass, &id);
    let expected = format!(
        " INFO dockpass::requests request method=GET path=/api/v0/api_tokens status=200 bytes={} ms=",
        answer.body.len()
    );
    assert!(line.contains(&expected), "{line}");
    let who =
        format!(" user=alice credential=accessToken:{} address=127.0.0.1 request={id} traceparent={PARENT}", token.id);
    assert!(line.ends_with(&who), "{line}");
    let log = dockpass.log();
    assert!(!log.contains("s3cret") && !log.contains(&token.secret), "{log}");
}

#[test]
fn errors_and_what_is_no_request_carry_an_id_too_and_strangers_choose_none() {
    let dockpass = Setup::config("[log]\nrequests = true\n").start();
    for (path, status) in [("/nothing", 404), ("/api/v0/api_tokens", 401), ("/v2/", 401), ("/health", 200)] {
        let answer = dockpass.http().header("X-Request-Id", "mine").get(path).must_be(status);
        assert_eq!(answer.headers("x-request-id").len(), 1, "{}", answer.describe());
        assert_ne!(answer.header("x-request-id"), Some("mine"), "{}", answer.describe());
    }
    let refused = dockpass.http_as("alice", "wrong-password").get("/api/v0/api_tokens").must_be(401);
    let id = refused.header("x-request-id").expect("an id").to_owned();
    dockpass.must_log(&format!("request={id}"));
    let told = dockpass.log();
    let told = told.lines().find(|line| line.contains("sign-in refused")).expect("the refusal").to_owned();
    assert!(told.ends_with(&format!(" request={id}")), "{told}");
}

#[test]
fn a_proxy_that_is_trusted_gives_the_id_if_it_is_well_formed() {
    let config =
        "[server]\nbehind_proxy = true\ntrusted_proxies = [\"127.0.0.1\"]\npublic_url = \"https://pass.example.com\"\n";
    let dockpass = Setup::config(config).start();
    let answered = |id: &str| {
        let answer = dockpass.http().header("X-Request-Id", id).get("/health").must_be(200);
        answer.header("x-request-id").expect("an id").to_owned()
    };
    for id in ["4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "Root=1-67/a+b"] {
        assert_eq!(answered(id), id);
    }
    for id in ["a b", "a\"b", &"a".repeat(129)] {
        assert_eq!(answered(id).len(), 32, "{id}");
    }
}

#[test]
fn as_json_a_line_is_an_object_whatever_a_client_sends() {
    let dockpass = Setup::config("[log]\nrequests = true\nformat = \"json\"\n").start();
    let secret = format!("dkp_{}", "a".repeat(60));
    let nasty =
        dockpass.http().get(&format!("/a%0A%7B%22x%22%3A1%7D%1b%5b2J%E2%80%AE%22/{secret}?q=s3cret")).must_be(404);
    let line = json(&dockpass, nasty.header("x-request-id").expect("an id"));
    assert_eq!(line["path"], "/a\n{\"x\":1}\u{1b}[2J\u{202e}\"/dkp_…");
    assert_eq!((&line["status"], &line["method"], &line["level"]), (&404.into(), &"GET".into(), &"INFO".into()));
    assert!(line["ms"].is_u64() && line["time"].is_string() && line["user"].is_null(), "{line}");
    let log = dockpass.log();
    assert!(
        !log.contains('\u{1b}') && !log.contains('\u{202e}') && !log.contains(&secret) && !log.contains("s3cret"),
        "{log}"
    );
    // Every line of the log is an object, those of the start as well.
    for line in log.lines().filter(|line| line.starts_with("err: ")) {
        let start = line.find('{').unwrap_or_else(|| panic!("no object: {line}"));
        assert!(serde_json::from_str::<Value>(&line[start..]).is_ok(), "{line}");
    }
}

/// Headers of a request, by name and value.
type Headers = Vec<(String, String)>;

#[test]
fn the_registry_behind_the_gateway_gets_the_id_and_the_trace() {
    let heads: Arc<Mutex<Vec<Headers>>> = Arc::default();
    let kept = Arc::clone(&heads);
    let registry = Mock::answering(move |asked| {
        kept.lock().expect("a lock").push(asked.headers.clone());
        Some(answer(200, "Docker-Distribution-Api-Version: registry/2.0\r\n", "{\"tags\":[]}"))
    });
    let dockpass =
        Setup::config(format!("[registry]\nupstream = \"{}\"\n[log]\nrequests = true\n", registry.url)).start();
    let admin = dockpass.http_as_admin();
    let get = |trace: &str, tag: &str| {
        let asked = admin.header("traceparent", trace).header("tracestate", "a=1").header("X-Request-Id", "mine");
        let answer = asked.get(&format!("/v2/admin/app/tags/list?n={tag}"));
        answer.header("x-request-id").expect("an id").to_owned()
    };
    admin.post("/api/v0/repositories/admin", &serde_json::json!({ "name": "app" })).must_be(201);
    let id = get(PARENT, "1");
    let of = |id: &str| {
        let heads = heads.lock().expect("a lock");
        let told = |head: &Vec<(String, String)>| head.contains(&("x-request-id".to_owned(), id.to_owned()));
        heads.iter().find(|head| told(head)).cloned().unwrap_or_else(|| panic!("{id} did not come: {heads:?}"))
    };
    let value = |head: &[(String, String)], name: &str| {
        head.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    };
    let head = of(&id);
    assert_eq!(value(&head, "traceparent").as_deref(), Some(PARENT), "{head:?}");
    assert_eq!(value(&head, "tracestate").as_deref(), Some("a=1"));
    assert!(line(&dockpass, &id).contains(&format!("traceparent={PARENT}")));
    let id = get("00-nonsense", "2");
    let head = of(&id);
    assert_eq!((value(&head, "traceparent"), value(&head, "tracestate")), (None, None));
    assert!(!line(&dockpass, &id).contains("traceparent"));
}

#[test]
fn a_line_has_so_much_of_a_path_and_of_a_method_and_no_more() {
    let dockpass = Setup::config("[log]\nrequests = true\n").start();
    let (method, path) = ("M".repeat(200), format!("/{}", "p".repeat(20_000)));
    let answer = dockpass.http().send(&method, &path);
    assert!((400..500).contains(&answer.status), "{}", answer.describe());
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let line = line(&dockpass, &id);
    let expected = format!(" method={} path=/{} status=", "M".repeat(32), "p".repeat(1_023));
    assert!(line.contains(&expected) && line.len() < 1_500, "{} bytes: {line}", line.len());
}
