//! The metrics: who may read them, what they say, and what they never say.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::support::{
    InProcess,
    exe::PASSWORD,
    metrics::METRICS,
    notify::push,
    process::eventually,
    site::{DAY, PAGE, account_path, token_path},
};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[test]
fn without_the_secret_there_is_nothing_at_the_path() {
    let site = InProcess::start();
    site.add_user("alice");
    let secret = site.metrics_secret();
    let nothing = site.as_nobody().get("/nothing").must_be_refused(404, "NOT_FOUND");
    let access_token = site.add_token("admin", &json!({})).secret;
    let registry_token = site.as_admin().get("/auth/token").must_be(200).text("/token");
    let authorized = |value: &str| site.as_nobody().header("Authorization", value);
    let callers = [
        site.as_nobody(),
        authorized(""),
        authorized("Bearer"),
        authorized(&secret),
        authorized(&format!("Bearer  {secret}")),
        authorized(&format!("Bearer {secret}x")),
        authorized(&format!("Bearer {}", &secret[1..])),
        authorized(&format!("Bearer {}", secret.to_uppercase())),
        authorized(&format!("Token {secret}")),
        authorized(&format!("Bearer {}", "x".repeat(10_000))),
        authorized(&format!("Bearer {}", site.events_secret())),
        authorized(&format!("Bearer {access_token}")),
        authorized(&format!("Bearer {registry_token}")),
        site.as_collector().header("Authorization", &format!("Bearer {secret}")),
        site.as_nobody().raw_header("Authorization", b"Bearer \xff\xfe"),
        site.as_nobody().header("Cookie", &format!("session={secret}")),
        site.with("admin", &secret),
        site.as_user("alice"),
        site.as_admin(),
        site.as_local(),
    ];
    for caller in &callers {
        for path in [METRICS, "/metrics/", &format!("{METRICS}?token={secret}")] {
            let refused = caller.get(path).must_be_refused(404, "NOT_FOUND");
            assert_eq!(refused.body, nothing.body, "{}", refused.describe());
            assert_eq!(refused.header("www-authenticate"), None, "{}", refused.describe());
        }
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        site.as_collector().send(method, METRICS, b"").must_be_refused(404, "NOT_FOUND");
    }
    // Nor does a browser see another page than at any other path.
    let browser = site.as_nobody().header("Sec-Fetch-Mode", "navigate");
    let [there, elsewhere] = [METRICS, "/nothing"].map(|path| browser.get(path).must_be(404));
    assert_eq!((there.header("content-type"), &there.body), (Some(PAGE), &elsewhere.body));
}

#[test]
fn the_secret_opens_this_path_and_no_other() {
    let site = InProcess::start();
    let (collector, secret) = (site.as_collector(), site.metrics_secret());
    collector.get(METRICS).must_be(200);
    site.as_nobody().header("Authorization", &format!("bearer {secret}")).get("/metrics/").must_be(200);
    for path in ["/api/v0/repositories", "/api/v0/api_tokens", "/v2/", "/auth/token", "/api/v0/admin/version"] {
        collector.get(path).must_be(401);
        site.with("metrics", &secret).get(path).must_be(401);
        site.with("admin", &secret).get(path).must_be(401);
    }
    collector.post("/api/v0/registry/events", &json!({ "events": [] })).must_be(404);
    site.as_registry().get(METRICS).must_be(404);
}

#[test]
fn the_secret_is_made_once_in_a_file_of_its_owners_and_stands_in_no_log() {
    let site = InProcess::start();
    let file = site.data().join("keys").join("metrics-secret");
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let secret = site.metrics_secret();
    assert!(secret.len() >= 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{} letters", secret.len());
    assert_ne!(secret, site.events_secret());
    site.watch_log_for(&secret);
    site.as_collector().get(METRICS).must_be(200);
    site.with("admin", &secret).get("/api/v0/repositories").must_be(401);
    assert!(!site.audit("").iter().any(|record| record.to_string().contains(&secret)));
    let site = site.restart();
    assert_eq!(site.metrics_secret(), secret);
    site.as_collector().get(METRICS).must_be(200);
    assert!(!site.log_held(&secret), "the secret is in the log");
}

#[test]
fn a_site_may_bring_its_own_secret_and_a_bad_one_stops_the_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("secret");
    let path = file.display().to_string();
    fs::write(&file, "sixteen-letters!\n").expect("it is written");
    let site = InProcess::start_with(&[("metrics.secret_file", &path)]);
    site.as_nobody().header("Authorization", "Bearer sixteen-letters!").get(METRICS).must_be(200);
    assert!(!site.data().join("keys").join("metrics-secret").exists(), "no second one is made");
    fs::write(&file, "fifteen-letters").expect("it is written");
    let refused = InProcess::refused(&[("metrics.secret_file", &path)]);
    assert!(refused.contains(&path) && refused.contains("the secret of the metrics"), "{refused}");
    assert!(!refused.contains("fifteen-letters"), "it tells the secret: {refused}");
}

#[test]
fn the_text_has_the_form_that_is_asked_for() {
    let site = InProcess::start();
    let collector = site.as_collector();
    let new = collector.get(METRICS).must_be(200);
    assert_eq!(new.header("content-type"), Some(OPEN_METRICS));
    assert!(new.body.ends_with("\n# EOF\n") && new.body.contains("# TYPE dockpass_http_requests counter\n"));
    let old = collector.header("Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1").get(METRICS).must_be(200);
    assert_eq!(old.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!old.body.contains("# EOF") && old.body.contains("# TYPE dockpass_http_requests_total counter\n"));
    let head = collector.send("HEAD", METRICS, b"").must_be(200);
    assert!(head.body.is_empty() && head.header("content-type") == Some(OPEN_METRICS), "{}", head.describe());
}

#[test]
fn requests_for_registry_tokens_are_counted_by_what_became_of_them() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let docker = |caller: &crate::support::site::Caller| caller.header("User-Agent", "docker/24.0.5 go/go1.20");
    let ask = "/auth/token?scope=repository:alice/app:pull";
    docker(&site.as_nobody()).get("/auth/token").must_be(200);
    docker(&site.as_user("alice")).get(ask).must_be(200);
    site.with_token("alice", &token).header("User-Agent", "skopeo/1.9.3").get(ask).must_be(200);
    site.with_token("alice", &token).get("/auth/token?scope=repository:bob/app:pull").must_be(200);
    site.with("alice", "wrong-password").get(ask).must_be(401);
    site.as_nobody().get("/auth/token?service=another").must_be(400);
    site.as_nobody().post_form("/auth/token", "grant_type=refresh_token&refresh_token=x").must_be(400);
    site.as_nobody().post_form("/auth/token", "grant_type=password&username=alice&password=nope").must_be(401);
    let metrics = site.metrics();
    for (grant, outcome, reason, client, number) in [
        ("anonymous", "issued", "none", "docker", 1),
        ("password", "issued", "none", "docker", 1),
        ("access_token", "issued", "none", "podman", 1),
        ("access_token", "issued", "less_than_asked", "other", 1),
        ("password", "refused", "wrong_credentials", "other", 2),
        ("anonymous", "refused", "unknown_service", "other", 1),
        ("refresh_token", "refused", "unsupported_grant", "other", 1),
    ] {
        let labels = format!("grant=\"{grant}\",outcome=\"{outcome}\",reason=\"{reason}\",client=\"{client}\"");
        assert_eq!(metrics.count(&format!("dockpass_token_requests_total{{{labels}}}")), number, "{labels}");
    }
    // Each of those that were issued was signed, and each password was hashed.
    assert_eq!(metrics.count("dockpass_token_signature_seconds_count"), 4);
    // One that is given again counts like any other, and is not signed again, as far as no chore has written something between.
    for _ in 0..20 {
        site.with_token("alice", &token).header("User-Agent", "skopeo/1.9.3").get(ask).must_be(200);
    }
    let again = site.metrics();
    let labels = "grant=\"access_token\",outcome=\"issued\",reason=\"none\",client=\"podman\"";
    assert_eq!(again.count(&format!("dockpass_token_requests_total{{{labels}}}")), 21);
    assert!(again.count("dockpass_token_signature_seconds_count") < 4 + 20);
    assert!(metrics.count("dockpass_password_hash_seconds_count") >= 3);
}

#[test]
fn refusals_and_failed_sign_ins_are_counted_by_reason() {
    let site = InProcess::start();
    ["alice", "bob"].iter().for_each(|name| site.add_user(name));
    site.as_local().patch(&account_path("bob"), &json!({ "isActive": false })).must_be(200);
    let [ended, inactive] = [(); 2].map(|()| site.add_token("alice", &json!({})));
    site.as_nobody().post("/api/v0/api_tokens/revoke", &json!({ "tokens": [ended.secret] })).must_be(202);
    site.as_local().patch(&token_path(&inactive), &json!({ "isActive": false })).must_be(200);
    let none = site.metrics();
    for caller in [
        site.with("alice", "wrong-password"),
        site.with("nobody-here", PASSWORD),
        site.as_user("bob"),
        site.with_token("alice", &ended),
        site.with_token("alice", &inactive),
        site.with("bob", &site.add_token("alice", &json!({})).secret),
        site.with("alice", "dkp_000000000000000000000000000000000000000000000000"),
    ] {
        caller.get("/api/v0/repositories").must_be(401);
    }
    site.as_user("alice").get("/api/v0/audit").must_be(403);
    let metrics = site.metrics();
    let grew = |series: &str| metrics.count(series) - none.count(series);
    for reason in [
        "wrong_password",
        "unknown_account",
        "inactive_account",
        "token_revoked",
        "token_inactive",
        "other_name",
        "unknown_token",
    ] {
        assert_eq!(grew(&format!("dockpass_sign_in_failures_total{{reason=\"{reason}\"}}")), 1, "{reason}");
    }
    assert_eq!(grew("dockpass_http_refusals_total{reason=\"unauthenticated\"}"), 7);
    assert_eq!(grew("dockpass_http_refusals_total{reason=\"not_allowed\"}"), 1);
    assert_eq!(grew("dockpass_http_refusals_total{reason=\"not_found\"}"), 0);
    // The one that made the token, those that were refused, and the reading itself.
    assert_eq!(grew("dockpass_http_requests_total"), 10);
}

#[test]
fn the_state_of_things_is_that_of_the_moment() {
    let site = InProcess::start();
    site.add_user("alice");
    for days in [3, 20, 90] {
        site.add_token("alice", &json!({ "expiresAt": site.in_time(days * DAY) }));
    }
    let off = site.add_token("alice", &json!({ "expiresAt": site.in_time(3 * DAY) }));
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    site.notify(&[push("e-1", "alice/app", "1.0", 1)]).must_be(200);
    site.as_registry().post("/api/v0/registry/events", &json!({ "events": "none" })).must_be(400);
    let metrics = site.metrics();
    for (series, number) in [
        ("dockpass_access_tokens{state=\"active\"}", 3),
        ("dockpass_access_tokens{state=\"inactive\"}", 1),
        ("dockpass_access_tokens{state=\"revoked\"}", 0),
        ("dockpass_access_tokens_ending{within=\"7d\"}", 1),
        ("dockpass_access_tokens_ending{within=\"30d\"}", 2),
        ("dockpass_repositories", 1),
        ("dockpass_notifications_received_total", 1),
        ("dockpass_notifications_refused_total", 1),
        ("dockpass_changes_accepted", 1),
        ("dockpass_ended_log_written", 1),
        ("dockpass_writer_hung", 0),
        ("dockpass_writer_queue", 0),
        ("dockpass_connections{listener=\"network\"}", 1),
    ] {
        assert_eq!(metrics.count(series), number, "{series}");
    }
    let now = site.seconds();
    assert_eq!(metrics.count("process_start_time_seconds"), now);
    assert_eq!(metrics.count("dockpass_notification_timestamp_seconds"), now);
    let days = (metrics.count("dockpass_certificate_end_timestamp_seconds{certificate=\"registry_leaf\"}") - now) / DAY;
    assert!((89..=90).contains(&days), "{days}");
    assert!(metrics.count("dockpass_certificate_end_timestamp_seconds{certificate=\"registry_ca\"}") > now);
    assert!(metrics.number("dockpass_store_size_bytes") > 1_000.0);
    assert!(metrics.number("dockpass_store_free_bytes") > 1_000.0);
    assert!(metrics.number("process_resident_memory_bytes") > 1e6);
    assert!(metrics.number("dockpass_store_fdatasync_seconds_count") >= 5.0);
    let commits = metrics.number("dockpass_store_commit_seconds_count");
    assert!(commits >= metrics.number("dockpass_store_fdatasync_seconds_count"));
    let version = format!("dockpass_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(metrics.count(&version), 1);
    // Without a registry to ask, a gateway and a backup, there is nothing to say of them.
    for absent in ["dockpass_comparison", "dockpass_upstream", "dockpass_gateway", "dockpass_backup"] {
        assert!(!metrics.names().any(|name| name.starts_with(absent)), "{absent}");
    }
    fs::write(site.data().join("last-backup"), "").expect("it is noted");
    assert!(site.metrics().number("dockpass_backup_timestamp_seconds") > 0.0);
}

/// Every word that a label may have: a name, an address or a text from outside is none of them.
const WORDS: &str = "
    access_token account accountInactive active adopted anonymous buildkit changed compared conflict containerd deleted
    delete docker done expired failed fault go_containerregistry gone granted head_file inactive inactive_account internal invalid
    invalid_request issued kaniko less_than_asked metrics network never none not_allowed not_found other other_method
    other_name passed password podman read refresh_token refused registry_ca registry_leaf registry_signing
    replaced_secret revoked running senseless socket stopped storage syslog throttled timed_out tls token_expired token_inactive
    token_revoked token_stopped too_large too_many_requests unauthenticated unavailable unknown_account
    unknown_service unknown_token unreachable unsupported_grant upstream upstream_failed webhook write
    wrong_credentials wrong_password 7d 30d";

#[test]
fn no_label_holds_a_name_an_address_or_any_text_from_outside() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let secret = directory.path().join("secret");
    fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("it is written");
    let site = InProcess::start_with(&[
        ("audit.head_file", &directory.path().join("secret-project-head").display().to_string()),
        ("audit.syslog", "tcp://127.0.0.1:9"),
        ("audit.webhook_url", "http://127.0.0.1:9/secret-project"),
        ("audit.webhook_secret_file", &secret.display().to_string()),
        ("registry.upstream", "http://127.0.0.1:9"),
        ("server.behind_proxy", "true"),
        ("server.public_url", "https://pass.example.com"),
        ("server.trusted_proxies", "127.0.0.1"),
    ]);
    site.add_user("alice");
    site.add_repository("alice/secret-project");
    let odd = site.as_user("alice").header("User-Agent", "docker\"x/1 {evil=\"1\"}").from_address("192.0.2.77");
    odd.get("/auth/token?scope=repository:alice/secret-project:pull&service=evil-service").must_be(400);
    odd.get("/auth/token?scope=repository:alice/secret-project:pull").must_be(200);
    site.with("mallory", "wrong-password").from_address("192.0.2.78").get("/api/v0/repositories").must_be(401);
    site.as_nobody().from_address("192.0.2.79").get("/secret-project/nothing").must_be(404);
    let metrics = site.metrics();
    for text in ["alice", "mallory", "secret-project", "192.0.2", "127.0.0.1", "example", "evil"] {
        assert!(!metrics.0.contains(text), "{text} is in:\n{}", metrics.0);
    }
    let words: BTreeSet<&str> = WORDS.split_whitespace().collect();
    let (mut seen, mut names) = (0, BTreeSet::new());
    for (name, word) in metrics.labels() {
        let is_number = name == "le" && (word == "+Inf" || word.parse::<f64>().is_ok());
        let is_version = name == "version" && word == env!("CARGO_PKG_VERSION");
        assert!(is_number || is_version || words.contains(word), "{name}=\"{word}\"");
        names.insert(name);
        seen += 1;
    }
    assert!(seen > 100, "{seen} labels");
    let known = [
        "certificate",
        "client",
        "grant",
        "le",
        "listener",
        "method",
        "outcome",
        "reason",
        "result",
        "state",
        "version",
        "way",
        "within",
    ];
    assert_eq!(names, known.into());
}

#[test]
fn the_ways_of_the_audit_log_are_told_by_kind() {
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let secret = directory.path().join("secret");
    fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("it is written");
    let site = InProcess::start_with(&[
        ("audit.head_file", &directory.path().join("head").display().to_string()),
        ("audit.syslog", &format!("udp://{}", receiver.local_addr().expect("an address"))),
        // Nobody listens there.
        ("audit.webhook_url", "http://127.0.0.1:9/"),
        ("audit.webhook_secret_file", &secret.display().to_string()),
    ]);
    site.add_user("alice");
    let of = |name: &str, way: &str| format!("dockpass_audit_way_{name}{{way=\"{way}\"}}");
    let metrics = eventually("one goes out and another does not", || {
        let metrics = site.metrics();
        let is_out = metrics.count(&of("behind_records", "syslog")) == 0 && metrics.count(&of("works", "webhook")) == 0;
        (is_out && metrics.0.contains(&of("delivery_timestamp_seconds", "head_file"))).then_some(metrics)
    });
    for (way, works) in [("head_file", 1), ("syslog", 1), ("webhook", 0)] {
        assert_eq!(metrics.count(&of("works", way)), works, "{way}");
    }
    let ended = site.as_local().get("/api/v0/audit/head").must_be(200).json()["seq"].as_i64().expect("a number");
    assert!((1..=ended).contains(&metrics.count(&of("behind_records", "webhook"))), "{}", metrics.0);
    assert!(metrics.count(&of("failures_total", "webhook")) >= 1);
    assert_eq!(metrics.count(&of("failures_total", "syslog")), 0);
    for way in ["head_file", "syslog"] {
        assert_eq!(metrics.count(&of("delivery_timestamp_seconds", way)), site.seconds(), "{way}");
    }
    // What never took anything has no time, and heads are not behind.
    for absent in [of("delivery_timestamp_seconds", "webhook"), of("behind_records", "head_file")] {
        assert!(!metrics.0.contains(&absent), "{absent}");
    }
    // Where nothing goes out, nothing is told of it.
    assert!(!InProcess::start().metrics().0.contains("audit_way"));
}

#[test]
fn a_page_that_leads_a_name_of_its_own_here_reads_no_metrics() {
    use std::io::{Read, Write};

    let (site, address) = InProcess::start_at_a_free_address("metrics.listen");
    let ask = |lines: &str| {
        let mut stream = std::net::TcpStream::connect(address).expect("it is served");
        write!(stream, "GET {METRICS} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    for good in [address.to_string(), format!("localhost:{}", address.port()), "[::1]".to_owned()] {
        let told = ask(&format!("Host: {good}\r\n"));
        assert!(told.starts_with("HTTP/1.1 200") && told.contains("dockpass_build_info"), "{good}: {told}");
    }
    for bad in ["evil.example", &format!("evil.example:{}", address.port()), "localhost.evil.example", "192.0.2.1", ""]
    {
        let told = ask(&format!("Host: {bad}\r\n"));
        assert!(told.starts_with("HTTP/1.1 404") && !told.contains("build_info"), "{bad}: {told}");
    }
    assert!(ask("Host: localhost\r\nHost: evil.example\r\n").starts_with("HTTP/1.1 4"));
    drop(site);
}

#[test]
fn this_machine_needs_no_secret_where_the_metrics_have_a_place_of_their_own() {
    use std::io::{Read, Write};

    let directory = tempfile::tempdir().expect("a temporary directory");
    let socket = directory.path().join("metrics.sock");
    let path = socket.display().to_string();
    let site = InProcess::start_with(&[("metrics.listen", &path)]);
    assert_eq!(fs::metadata(&socket).expect("the socket").permissions().mode() & 0o077, 0, "it is its owner's");
    let ask = |method: &str, target: &str| {
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).expect("it is served");
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    let told = ask("GET", METRICS);
    assert!(told.starts_with("HTTP/1.1 200") && told.contains("dockpass_http_requests_total"), "{told}");
    assert!(told.contains("dockpass_connections{listener=\"metrics\"} 1.0"), "{told}");
    // Nothing else is there, not even for whoever has credentials.
    for (method, target) in
        [("POST", METRICS), ("GET", "/health"), ("GET", "/"), ("GET", "/metrics/x"), ("GET", "/v2/")]
    {
        assert!(ask(method, target).starts_with("HTTP/1.1 404"), "{method} {target}");
    }
    // On the network it is closed as before.
    site.as_nobody().get(METRICS).must_be(404);
    drop(site);
    assert!(!socket.exists(), "it goes with the server");
}

#[test]
fn the_place_of_their_own_is_this_machines_alone() {
    use dockpass::config::Config;

    for bad in [
        "0.0.0.0:8701",
        "[::]:8701",
        "192.0.2.1:8701",
        "metrics.sock",
        "./metrics.sock",
        "http://127.0.0.1:1",
        "x",
        "/a\0b",
    ] {
        let loaded = Config::load(None, std::iter::empty(), &[("metrics.listen", bad.to_owned())]);
        let error = loaded.map(drop).expect_err(bad);
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(error.to_string().contains("metrics.listen") && cause.contains("no other machine"), "{bad}: {cause}");
    }
    for good in ["127.0.0.1:8701", "[::1]:8701", "8701", "127.0.0.2:0", "/run/dockpass/metrics.sock", ""] {
        assert!(Config::load(None, std::iter::empty(), &[("metrics.listen", good.to_owned())]).is_ok(), "{good}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = InProcess::refused(&[("metrics.listen", &address)]);
    assert!(refused.contains(&address) && refused.contains("metrics.listen"), "{refused}");
}
