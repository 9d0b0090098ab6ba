//! What is told of the registry behind the gateway: to strangers whether it answers, to administrators why it does not, what
//! dockpass has found out about it by itself, and why a start is refused. Debian's `docker-registry` is the registry; for one
//! that mixes the blobs of repositories, as zot does by default, a small one of the tests' own stands in.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    InProcess, Registry,
    exe::{Dockpass, Setup},
    mock::{Mock, answer},
    pair::{addresses, port_of_every_address},
    process::eventually_within,
};

/// Longer than dockpass takes to see that a registry no longer answers, or does again.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is done with keys of the configuration.
type WithKeys<'a> = &'a dyn Fn(&[(&'static str, &str)]);

/// dockpass before the registry there, with further lines of its section `registry`.
fn before(registry: &str, more: &str) -> Dockpass {
    Setup::config(format!("[registry]\nupstream = \"http://{registry}\"\n{more}")).start()
}

fn gateway(dockpass: &Dockpass) -> Value {
    dockpass.http_as_admin().get("/api/v0/admin/registry").must_be(200).json()["gateway"].clone()
}

/// Waits until dockpass has looked at the registry, and what it has found is this.
fn finds(dockpass: &Dockpass, what: &str, outcome: &str) -> Value {
    eventually_within(PATIENCE, &format!("{what} is {outcome}"), || {
        let gateway = gateway(dockpass);
        (gateway[what]["foundAt"].is_string() && gateway[what]["outcome"] == outcome).then_some(gateway)
    })
}

fn health(dockpass: &Dockpass) -> Value {
    dockpass.http().get("/health?strict=true").must_be(200).json()
}

/// Waits until `/health` says this of the registry.
fn answers(dockpass: &Dockpass, whether: bool) -> Value {
    eventually_within(PATIENCE, &format!("registryAnswers is {whether}"), || {
        Some(health(dockpass)).filter(|health| health["registryAnswers"] == whether)
    })
}

#[test]
fn a_registry_that_is_well_has_no_warning_and_nobody_sees_the_probe() {
    let registry = Registry::without_accounts("");
    let dockpass = before(&registry.address, "");
    finds(&dockpass, "closedToOthers", "good");
    let gateway = finds(&dockpass, "blobsApart", "good");
    for (field, value) in [
        ("auth", json!("none")),
        ("redirects", json!("pass")),
        ("tokenLifetime", json!(43_200)),
        ("requests", json!(0)),
        ("maxRequests", json!(512)),
        ("trouble", Value::Null),
    ] {
        assert_eq!(gateway[field], value, "{field}");
    }
    assert_eq!(health(&dockpass), json!({ "healthy": true, "error": "", "warning": "", "registryAnswers": true }));
    let shown = dockpass.cli(&["registry", "show"]).must_succeed().stdout;
    for line in ["registry tokens live 12h", "kept apart by repository (", "nobody gets anything without credentials ("]
    {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    assert!(!shown.contains("Warning") && shown.contains("not needed: all goes through the gateway"), "{shown}");
    let catalog = dockpass.http_as_admin().get("/v2/_catalog").must_be(200).json();
    assert_eq!(catalog["repositories"], json!([]));
    assert_eq!(dockpass.repository_names(), Vec::<String>::new());
    assert!(registry.log().contains("\"DELETE\"") || registry.log().contains("DELETE /v2/"), "{}", registry.log());
}

#[test]
fn a_registry_that_goes_away_is_noticed_without_a_client_and_so_is_its_return() {
    let [_, at] = addresses();
    let start = || Registry::without_accounts_changed(|config| config.replace("127.0.0.1:0", &at.to_string()));
    let registry = start();
    let dockpass = before(&at.to_string(), "");
    answers(&dockpass, true);
    drop(registry);
    let told = answers(&dockpass, false);
    assert_eq!((&told["healthy"], &told["error"]), (&json!(true), &json!("")), "dockpass itself is well");
    let warning = told["warning"].as_str().expect("text");
    assert!(warning.contains("the registry behind dockpass does not answer"), "{warning}");
    assert!(!told.to_string().contains(&at.to_string()) && !told.to_string().contains("refused"), "{told}");
    let why = gateway(&dockpass)["trouble"].as_str().expect("why").to_owned();
    assert!(why.contains("refused"), "{why}");
    let status = dockpass.cli(&["status"]).must_succeed().stdout;
    assert!(
        status.contains("healthy") && status.contains("pushes and pulls fail") && status.contains(&why),
        "{status}"
    );
    let status = dockpass.cli_json(&["status"]);
    assert_eq!((&status["registry"]["answers"], &status["registry"]["trouble"]), (&json!(false), &json!(why)));
    assert!(dockpass.cli(&["registry", "show"]).must_succeed().stdout.contains(&why));
    let _registry = start();
    let told = answers(&dockpass, true);
    assert_eq!((&told["warning"], &gateway(&dockpass)["trouble"]), (&json!(""), &Value::Null));
    assert!(dockpass.log().contains("answers again"), "{}", dockpass.log());
}

#[test]
fn a_registry_that_hangs_and_one_that_is_none_do_not_answer() {
    let registry = Registry::without_accounts("");
    let dockpass = before(&registry.address, "upstream_timeout = \"2s\"\n");
    answers(&dockpass, true);
    registry.hold();
    answers(&dockpass, false);
    assert_eq!(gateway(&dockpass)["trouble"], "no answer within 2 seconds");
    registry.go_on();
    answers(&dockpass, true);
    for (status, said) in [(404, "it answers with status 404 at /v2/, as no registry does"), (503, "status 503")] {
        let none = Mock::saying(move |_| Some(answer(status, "", "{}")));
        let dockpass = before(none.url.trim_start_matches("http://"), "");
        answers(&dockpass, false);
        let trouble = gateway(&dockpass)["trouble"].to_string();
        assert!(trouble.contains(said), "{trouble}");
        assert!(
            none.asked().iter().all(|line| !line.starts_with("POST")),
            "it waits with the probe for one that answers"
        );
    }
}

#[test]
fn of_an_answer_to_dockpass_itself_64_kib_are_read_and_a_larger_one_is_trouble() {
    let saying = |bytes: usize| {
        let body = "a".repeat(bytes);
        Mock::saying(move |line| Some(answer(if line == "GET /v2/" { 200 } else { 404 }, "", &body)))
    };
    let registry = saying(64 * 1_024);
    let full = before(registry.url.trim_start_matches("http://"), "");
    // It is looked at, since it answers.
    assert_eq!(finds(&full, "blobsApart", "unknown")["trouble"], Value::Null);
    let registry = saying(64 * 1_024 + 1);
    let larger = before(registry.url.trim_start_matches("http://"), "");
    answers(&larger, false);
    assert_eq!(gateway(&larger)["trouble"], "the answer has more than 65536 bytes");
}

#[test]
fn a_registry_that_wants_credentials_it_does_not_get_is_told_with_the_key() {
    let silly = "auth:\n  silly:\n    realm: here\n    service: registry\n";
    let registry = Registry::without_accounts(silly);
    let dockpass = before(&registry.address, "");
    answers(&dockpass, false);
    assert!(gateway(&dockpass)["trouble"].to_string().contains("registry.upstream_auth"));
    let password = tempfile::NamedTempFile::new().expect("a file");
    fs::write(password.path(), "s3cret-of-the-upstream\n").expect("written");
    let file = password.path().display();
    let keys = format!("upstream_auth = \"basic\"\nupstream_user = \"dock\"\nupstream_password_file = \"{file}\"\n");
    let dockpass = before(&registry.address, &keys);
    let gateway = finds(&dockpass, "blobsApart", "good");
    assert_eq!((&gateway["auth"], &gateway["trouble"]), (&json!("basic"), &Value::Null));
    let shown = dockpass.cli(&["registry", "show"]).must_succeed().stdout;
    assert!(shown.contains("a user name and a password"), "{shown}");
    for text in [shown, gateway.to_string(), dockpass.log()] {
        assert!(!text.contains("s3cret-of-the-upstream"), "{text}");
    }
}

// --- what dockpass looks into by itself ---

fn pushed_to(mock: &Mock) -> Vec<String> {
    mock.asked().into_iter().filter_map(|line| Some(line.strip_prefix("POST /v2/")?.to_owned())).collect()
}

#[test]
fn a_registry_that_mixes_the_blobs_of_repositories_is_warned_of() {
    let zot = Mock::mixing(|_| false);
    let dockpass = before(zot.url.trim_start_matches("http://"), "");
    let gateway = finds(&dockpass, "blobsApart", "bad");
    let reason = gateway["blobsApart"]["reason"].as_str().expect("text");
    assert!(reason.contains("dedupe"), "{reason}");
    dockpass.must_log(reason);
    for command in [&["registry", "show"][..], &["status"]] {
        let shown = dockpass.cli(command).must_succeed().stdout;
        assert!(shown.contains("dedupe"), "{shown}");
    }
    assert_eq!(health(&dockpass)["warning"], "", "strangers are not told");
    let asked = zot.asked();
    assert_eq!(asked.iter().filter(|line| line.starts_with("DELETE ")).count(), 2, "{asked:?}");
    let names = pushed_to(&zot);
    assert!(names.len() == 1 && names[0].split('/').next().is_some_and(|first| first.len() > 128), "{names:?}");
}

#[test]
fn a_registry_that_takes_no_long_names_is_asked_with_plain_ones() {
    let zot = Mock::mixing(|target| target.len() > 100);
    let dockpass = before(zot.url.trim_start_matches("http://"), "");
    finds(&dockpass, "blobsApart", "bad");
    assert_eq!(pushed_to(&zot).last().map(String::as_str), Some("dockpass-probe/pushed/blobs/uploads/"));
    let none = Mock::mixing(|_| true);
    let dockpass = before(none.url.trim_start_matches("http://"), "");
    let gateway = finds(&dockpass, "blobsApart", "unknown");
    let reason = gateway["blobsApart"]["reason"].as_str().expect("text");
    assert_eq!(reason, "it answered with status 400 Bad Request where an upload was begun");
}

#[test]
fn the_registry_is_looked_at_once_a_day() {
    let zot = Mock::mixing(|_| false);
    let site = InProcess::start_with(&[("registry.upstream", &zot.url)]);
    let pushes = |count: usize| {
        eventually_within(PATIENCE, "a probe", || (pushed_to(&zot).len() >= count).then_some(()));
        let bases = || zot.asked().iter().filter(|line| *line == "GET /v2/").count();
        let so_far = bases();
        // Asked again whether it answers, dockpass has decided whether a look is due.
        eventually_within(PATIENCE, "another question", || (bases() > so_far + 1).then_some(()));
        assert_eq!(pushed_to(&zot).len(), count);
    };
    pushes(1);
    site.pass(24 * 60 * 60);
    pushes(2);
}

#[test]
fn a_registry_that_answers_on_every_address_without_credentials_is_warned_of() {
    let port = port_of_every_address();
    let wide = |config: String| config.replace("127.0.0.1:0", &format!("0.0.0.0:{port}"));
    let loopback = format!("127.0.0.1:{port}");
    let open = Registry::without_accounts_changed(wide);
    let dockpass = before(&loopback, "");
    let gateway = finds(&dockpass, "closedToOthers", "bad");
    let reason = gateway["closedToOthers"]["reason"].as_str().expect("text");
    assert!(reason.contains("loopback alone") && reason.contains("registry.upstream_auth"), "{reason}");
    dockpass.must_log(reason);
    assert!(dockpass.cli(&["registry", "show"]).must_succeed().stdout.contains("passes dockpass by"));
    drop((dockpass, open));
    let silly = "auth:\n  silly:\n    realm: here\n    service: registry\n";
    let _closed = Registry::without_accounts_changed(|config| wide(config) + silly);
    let password = tempfile::NamedTempFile::new().expect("a file");
    fs::write(password.path(), "s3cret").expect("written");
    let file = password.path().display();
    let keys = format!("upstream_auth = \"basic\"\nupstream_user = \"dock\"\nupstream_password_file = \"{file}\"\n");
    finds(&before(&loopback, &keys), "closedToOthers", "good");
}

// --- the start ---

#[test]
fn a_password_that_cannot_be_read_refuses_the_start_and_one_that_others_read_is_closed() {
    let keys = |file: &str| {
        let keys = [
            ("registry.upstream", "http://127.0.0.1:9"),
            ("registry.upstream_auth", "basic"),
            ("registry.upstream_user", "dock"),
        ];
        let mut keys: Vec<(&'static str, String)> = keys.map(|(key, value)| (key, value.to_owned())).to_vec();
        keys.push(("registry.upstream_password_file", file.to_owned()));
        keys
    };
    let with = |file: &str, run: WithKeys<'_>| {
        let keys = keys(file);
        run(&keys.iter().map(|(key, value)| (*key, value.as_str())).collect::<Vec<_>>());
    };
    let refused = |file: &str, said: &str| {
        with(file, &|keys| {
            let told = InProcess::refused(keys);
            assert!(told.contains(said) && told.contains(file), "{told}");
        });
    };
    refused("/nowhere/password", "the password of registry.upstream_user");
    let password = tempfile::NamedTempFile::new().expect("a file");
    let file = password.path().display().to_string();
    refused(&file, "holds no password");
    fs::write(&file, "s3cret").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
    let mode = || fs::metadata(&file).expect("there").permissions().mode() & 0o777;
    let loaded = format!(
        "[registry]\nupstream = \"http://127.0.0.1:9\"\nupstream_auth = \"basic\"\nupstream_user = \"d\"\nupstream_password_file = \"{file}\"\n"
    );
    let config = tempfile::NamedTempFile::new().expect("a file");
    fs::write(config.path(), loaded).expect("written");
    let checked = Dockpass::start();
    checked.cli(&["--config", &config.path().display().to_string(), "config"]).must_succeed();
    assert_eq!(mode(), 0o644, "a check changes nothing");
    with(&file, &|keys| drop(InProcess::start_with(keys)));
    assert_eq!(mode(), 0o640);
}
