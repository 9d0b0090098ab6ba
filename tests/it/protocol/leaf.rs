//! The signing leaf is renewed while Debian's `docker-registry` runs: tokens of the old leaf and of the new one are
//! accepted without its restart.

use std::path::{Path, PathBuf};

use actix_web::rt::System;
use dockpass::{
    config::Config,
    domain::{
        secret::Password,
        time::{Clock, Timestamp},
    },
    http::{self, Listeners, Running},
    store::DataDirectory,
};
use tokio::task::spawn_blocking;

use crate::support::{Http, Registry, exe::PASSWORD, issued::leaf_of, process::eventually, site::DAY};

const SETTINGS: &[(&str, &str)] = &[("server.listen", "127.0.0.1:0"), ("registry.leaf_lifetime", "90d")];

/// A server on this directory in this process, by this clock.
async fn start(data: &Path, clock: &Clock) -> Running {
    start_with(data, clock, &[]).await
}

async fn start_with(data: &Path, clock: &Clock, more: &[(&'static str, &str)]) -> Running {
    let mut keys: Vec<_> = SETTINGS.iter().chain(more).map(|(key, value)| (*key, (*value).to_owned())).collect();
    keys.push(("server.data_dir", data.display().to_string()));
    let config = Config::load(None, std::iter::empty(), &keys).expect("a configuration").config;
    let password = Some(Password::new(PASSWORD.to_owned()));
    http::start(config, Listeners::Network, password, clock.clone()).await.expect("the server starts").0
}

/// Stops it, and waits until the threads that served requests have let go of the directory.
async fn stop(running: Running, data: &Path) {
    running.stop().await;
    let left = data.to_owned();
    let is_free = move || eventually("the data directory is free", || DataDirectory::open(&left).ok().map(drop));
    spawn_blocking(is_free).await.expect("a free directory");
}

fn admin(running: &Running) -> Http {
    Http::at(&format!("http://{}", running.address().expect("an address"))).basic("admin", PASSWORD)
}

/// A registry token of the administrator, as it is asked for over HTTP.
async fn registry_token(running: &Running) -> String {
    let admin = admin(running);
    spawn_blocking(move || admin.get("/auth/token").must_be(200).text("/token")).await.expect("an answer")
}

/// The registry's statuses for its base path with each of these tokens.
async fn statuses(registry: &str, tokens: [&String; 2]) -> [u16; 2] {
    let registry = Http::at(&format!("http://{registry}"));
    let [one, two] = tokens.map(|token| registry.bearer(token));
    spawn_blocking(move || [one.get("/v2/").status, two.get("/v2/").status]).await.expect("answers")
}

#[test]
fn the_running_registry_accepts_the_tokens_of_the_old_leaf_and_of_the_new_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data: PathBuf = directory.path().join("data");
    // The registry goes by the true time, so the test's clock moves around it.
    let now = Clock::system().now();
    let at = |seconds: i64| now.plus_seconds(seconds);
    System::new().block_on(async {
        stop(start(&data, &Clock::fixed(at(-60 * DAY - 30))).await, &data).await;

        let clock = Clock::fixed(at(-90));
        let running = start(&data, &clock).await;
        let before = registry_token(&running).await;
        let admin = admin(&running);
        let registry = spawn_blocking(move || Registry::told_by(&admin)).await.expect("a registry");
        assert_eq!(statuses(&registry.address, [&before, &before]).await, [200, 200], "the old leaf, before");

        clock.set(at(30));
        running.service().housekeep(at(30));
        let after = registry_token(&running).await;
        assert_ne!(leaf_of(&before), leaf_of(&after), "the leaf was not renewed");
        assert_eq!(statuses(&registry.address, [&before, &after]).await, [200, 200], "the old leaf and the new one");
        running.stop().await;
    });
}

/// P11, rancher/k3os 657: a machine without a battery for its clock starts in 2015, and is put right later.
#[test]
fn a_first_start_with_the_clock_years_behind_is_put_right_by_the_next() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data: PathBuf = directory.path().join("data");
    let tls = [("tls.self_signed", "true")];
    System::new().block_on(async {
        let behind = Clock::fixed(Timestamp::parse("2015-01-01T00:00:00Z").expect("a time"));
        let running = start_with(&data, &behind, &tls).await;
        let server = Http::at(&format!("https://{}", running.address().expect("an address")));
        let anybody = server.trusting_anybody();
        let before = spawn_blocking(move || anybody.get("/ca.pem").must_be(200).body).await.expect("a CA");
        stop(running, &data).await;

        let running = start_with(&data, &Clock::system(), &tls).await;
        let ca = directory.path().join("ca.pem");
        std::fs::write(&ca, &before).expect("a file can be written");
        // curl goes by the true time, and trusts what was handed out then.
        let server = Http::at(&format!("https://{}", running.address().expect("an address"))).trusting(&ca);
        let known = server.clone();
        let after = spawn_blocking(move || known.get("/ca.pem").must_be(200).body).await.expect("the same CA");
        assert_eq!(before, after);
        let admin = server.basic("admin", PASSWORD);
        let asking = admin.clone();
        let token =
            spawn_blocking(move || asking.get("/auth/token").must_be(200).text("/token")).await.expect("a token");
        let registry = spawn_blocking(move || Registry::told_by(&admin)).await.expect("a registry");
        assert_eq!(statuses(&registry.address, [&token, &token]).await, [200, 200]);
        running.stop().await;
    });
}
