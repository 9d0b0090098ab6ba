//! What an operator monitors dockpass with (`packaging/monitoring`), by Prometheus itself: that it takes the metrics, that its
//! rules are right and say what they should, and that no rule or panel names a metric that does not exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use serde_json::{Value, json};

use crate::support::{
    Dockpass, Http, Image, Setup,
    exe::PASSWORD,
    gateway::Gateway,
    http::Answer,
    metrics::{METRICS, Metrics},
    process::{Background, Run, background_command, command, eventually},
};

fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/monitoring").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(packaged(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn promtool(arguments: &[&str]) -> Run {
    Run::of(command("promtool").args(arguments).current_dir(packaged("")), "")
}

fn secret_file(dockpass: &Dockpass) -> PathBuf {
    dockpass.data().join("keys").join("metrics-secret")
}

fn scrape(dockpass: &Dockpass, accept: &str) -> Answer {
    let secret = fs::read_to_string(secret_file(dockpass)).expect("the secret");
    dockpass.http().bearer(secret.trim_end()).header("Accept", accept).get(METRICS).must_be(200)
}

/// A gateway that was used, so that everything has happened that there is a metric for, and what takes its audit log.
fn used_gateway() -> (Gateway, std::net::UdpSocket) {
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = receiver.local_addr().expect("an address");
    let gateway = Gateway::configured(&format!("[audit]\nsyslog = \"udp://{address}\"\n"), &["alice"]);
    let mut record = [0; 64];
    assert!(receiver.recv(&mut record).expect("a record") > 0);
    let alice = gateway.clients_of("alice");
    alice.push(&Image::holding("measured"), &gateway.at("alice/app:1")).must_succeed();
    gateway.dockpass.http_as("alice", PASSWORD).get("/auth/token").must_be(401);
    gateway.dockpass.cli(&["registry", "sync"]).must_succeed();
    let events = fs::read_to_string(gateway.dockpass.data().join("keys/registry-events-secret")).expect("the secret");
    let registry = gateway.dockpass.http().bearer(events.trim_end());
    registry.post("/api/v0/registry/events", &json!({ "events": [] })).must_be(200);
    fs::write(gateway.dockpass.data().join("last-backup"), "").expect("it is noted");
    (gateway, receiver)
}

#[test]
fn the_rules_are_right_and_say_what_they_should() {
    promtool(&["check", "rules", "rules.yml"]).must_succeed();
    promtool(&["check", "config", "--syntax-only", "prometheus.yml"]).must_succeed();
    promtool(&["test", "rules", "rules.test.yml"]).must_succeed();
    // Each rule has a moment at which it speaks.
    let (rules, tests) = (text("rules.yml"), text("rules.test.yml"));
    let alert = Regex::new(r"- alert: (\w+)").expect("an expression");
    let mut count = 0;
    for found in alert.captures_iter(&rules) {
        let speaks = format!("        alertname: {}\n        exp_alerts:", &found[1]);
        assert!(tests.contains(&speaks), "no test sees {} speak", &found[1]);
        count += 1;
    }
    assert!(count >= 10, "{count} rules");
}

#[test]
fn a_rule_that_is_wrong_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let (rules, tests) = (directory.path().join("rules.yml"), directory.path().join("rules.test.yml"));
    fs::write(&rules, text("rules.yml").replace("dockpass_writer_hung == 1", "dockpass_writer_hung == 2")).expect("it");
    fs::write(&tests, text("rules.test.yml")).expect("it is written");
    let run = Run::of(command("promtool").args(["test", "rules"]).arg(&tests), "");
    assert_ne!(run.code(), Some(0), "{}", run.describe());
    assert!(run.describe().contains("DockpassWriterHangs"), "{}", run.describe());
}

#[test]
fn every_metric_of_the_rules_and_of_the_dashboard_is_there_and_in_the_best_form() {
    let (gateway, _receiver) = used_gateway();
    let page = scrape(&gateway.dockpass, "text/plain;version=0.0.4");
    let checked = Run::of(command("promtool").args(["check", "metrics"]), &page.body).must_succeed();
    assert!(checked.stdout.is_empty() && checked.stderr.is_empty(), "{}", checked.describe());
    let metrics = Metrics::of(&scrape(&gateway.dockpass, "*/*"));
    let there: BTreeSet<&str> = metrics.names().collect();
    let name = Regex::new("(?:dockpass|process)_[a-z_]+").expect("an expression");
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let panels = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let expressions: Vec<String> = panels.map(|target| target["expr"].as_str().expect("one").to_owned()).collect();
    let rules =
        text("rules.yml").lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
    let mut named = BTreeSet::new();
    for source in expressions.iter().chain([&rules]) {
        named.extend(name.find_iter(source).map(|found| found.as_str()));
    }
    let missing: Vec<_> = named.iter().filter(|name| !there.contains(**name)).collect();
    assert!(missing.is_empty(), "nobody tells {missing:?}; what is told: {there:?}");
    // And nothing is told that the dashboard does not show.
    let base =
        |name: &str| name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count").to_owned();
    let shown: BTreeSet<String> = named.iter().map(|name| base(name)).collect();
    let unseen: Vec<_> = there.iter().map(|name| base(name)).filter(|name| !shown.contains(name)).collect();
    assert!(unseen.is_empty(), "in no rule and no panel: {unseen:?}");
    assert!(metrics.number("dockpass_gateway_requests_total{method=\"write\",outcome=\"passed\"}") >= 3.0);
    assert_eq!(metrics.count("dockpass_upstream_answers"), 1);
    assert_eq!(metrics.count("dockpass_comparison_state{state=\"done\"}"), 1);
    assert_eq!(metrics.count("dockpass_comparison_repositories{result=\"compared\"}"), 1);
}

#[test]
fn the_dashboard_is_one_that_grafana_reads() {
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have one id");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        let place = |name: &str| panel["gridPos"][name].as_u64().expect("a place");
        assert!(place("x") + place("w") <= 24 && place("h") > 0, "{panel}");
        // promtool reads what Grafana would send.
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            let sent = expression.replace("$__rate_interval", "5m").replace("$instance", ".*");
            let rules = json!({ "groups": [{ "name": "a", "rules": [{ "record": "a", "expr": sent }] }] });
            let file = tempfile::NamedTempFile::new().expect("a file");
            fs::write(file.path(), rules.to_string()).expect("it is written");
            Run::of(command("promtool").args(["check", "rules"]).arg(file.path()), "").must_succeed();
        }
    }
}

/// The example, with this target, and as fast as a test wants it.
fn example_for(address: &str, secret: &Path, directory: &Path) -> PathBuf {
    let mut example = text("prometheus.yml");
    for (before, after) in [
        ("scheme: https", "scheme: http"),
        ("registry.example.com", address),
        ("/etc/prometheus/dockpass-secret", &secret.display().to_string()),
        ("rules.yml", &packaged("rules.yml").display().to_string()),
        ("scrape_interval: 15s", "scrape_interval: 1s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
    ] {
        assert!(example.contains(before), "{before}");
        example = example.replace(before, after);
    }
    let file = directory.join("prometheus.yml");
    fs::write(&file, example).expect("it is written");
    file
}

fn start_prometheus(config: &Path, directory: &Path) -> (Background, Http) {
    let mut prometheus = background_command("prometheus");
    prometheus.arg(format!("--config.file={}", config.display()));
    prometheus.arg(format!("--storage.tsdb.path={}", directory.join("data").display()));
    prometheus.args(["--web.listen-address=127.0.0.1:0", "--log.level=info"]);
    let prometheus = Background::start("prometheus", &mut prometheus);
    let address = prometheus.wait_for("that it listens", |line| {
        let rest = line.split_once("msg=\"Listening on\" address=")?.1;
        Some(rest.split_whitespace().next()?.to_owned())
    });
    (prometheus, Http::at(&format!("http://{address}")))
}

#[test]
fn prometheus_collects_by_the_example_and_evaluates_the_rules() {
    let dockpass = Dockpass::start();
    let directory = tempfile::tempdir().expect("a directory");
    let config = example_for(&dockpass.address, &secret_file(&dockpass), directory.path());
    let (_prometheus, api) = start_prometheus(&config, directory.path());
    let target = eventually("Prometheus has collected", || {
        let targets = api.get("/api/v1/targets").json();
        let target = targets["data"]["activeTargets"][0].clone();
        (target["health"] == "up" || target["lastError"].as_str().is_some_and(|error| !error.is_empty()))
            .then_some(target)
    });
    assert_eq!((&target["health"], &target["lastError"]), (&json!("up"), &json!("")), "{target}");
    let one =
        |query: &str| api.get(&format!("/api/v1/query?query={query}")).must_be(200).json()["data"]["result"].clone();
    let info = eventually("it is stored", || Some(one("dockpass_build_info")).filter(|found| !found[0].is_null()));
    assert_eq!(info[0]["metric"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(one("dockpass_changes_accepted")[0]["value"][1], "1");
    let rules = eventually("every rule is evaluated", || {
        let rules = api.get("/api/v1/rules").json()["data"]["groups"][0]["rules"].as_array().cloned()?;
        rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
    });
    for rule in rules {
        assert_eq!((&rule["health"], &rule["state"]), (&json!("ok"), &json!("inactive")), "{rule}");
    }
    let secret = fs::read_to_string(secret_file(&dockpass)).expect("the secret");
    assert!(!dockpass.log().contains(secret.trim_end()), "the secret is in the log");
}

#[test]
fn on_this_machine_prometheus_needs_no_secret() {
    let dockpass = Setup::config("[metrics]\nlisten = \"127.0.0.1:0\"\n").start();
    let log = eventually("it says where", || {
        let log = dockpass.log();
        log.contains("/metrics for everybody on this machine").then_some(log)
    });
    let place = Regex::new(r"the metrics are at (http://127\.0\.0\.1:\d+)/metrics").expect("an expression");
    let place = Http::at(&place.captures(&log).expect("a place")[1]);
    let metrics = Metrics::of(&place.get(METRICS).must_be(200));
    assert!(metrics.number("dockpass_connections{listener=\"metrics\"}") >= 1.0);
    for path in ["/", "/health", "/_ping", "/v2/", "/ca.pem", "/metrics/more"] {
        place.get(path).must_be(404);
    }
}
