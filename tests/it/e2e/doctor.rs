//! `dockpass doctor` on a real site: beside and before Debian's `docker-registry`, over TLS, and where no server runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{
    Dockpass, Image, Pair,
    exe::{PASSWORD, Setup, cli_command},
    gateway::Gateway,
    process::{Run, eventually},
    tls::SiteCertificate,
};

fn of(examination: &Value, name: &str) -> Value {
    let checks = examination["checks"].as_array().unwrap_or_else(|| panic!("no checks: {examination}"));
    checks.iter().find(|check| check["check"] == name).expect("every check is there").clone()
}

fn must_be(examination: &Value, name: &str, state: &str, seen: &str) {
    let check = of(examination, name);
    assert_eq!(check["state"], state, "{check}");
    assert!(check["seen"].as_str().expect("a text").contains(seen), "{check}");
}

/// What the command answers as JSON, whatever its exit code; that goes with the worst state.
fn examined(dockpass: &Dockpass) -> Value {
    told(&dockpass.cli(&["doctor", "--format", "json"]))
}

/// The next one that is another: for some seconds, everybody gets the same.
fn next_examined(pair: &Pair, is_other: impl Fn(&Value) -> bool) -> Value {
    eventually("the next examination is made", || Some(examined(pair.dockpass())).filter(&is_other))
}

fn told(run: &Run) -> Value {
    let examination: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.describe()));
    let expected = match examination["state"].as_str() {
        Some("ok" | "notApplicable") => 0,
        Some("warning") => 3,
        _ => 1,
    };
    assert_eq!(run.code(), Some(expected), "{}", run.describe());
    examination
}

#[test]
fn a_site_beside_a_registry_is_well_and_hears_of_what_is_read() {
    let pair = Pair::with_users(&["alice"]);
    must_be(&examined(pair.dockpass()), "notifications", "notApplicable", "holds nothing");
    let alice = pair.clients_of("alice", &[]);
    alice.push(&Image::holding("something"), &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    let told = next_examined(&pair, |told| of(told, "notifications")["state"] != "notApplicable");
    for name in ["server", "publicUrl", "registry", "clock", "challenge", "token", "catalogue"] {
        assert_eq!(of(&told, name)["state"], "ok", "{told}");
    }
    must_be(&told, "clock", "ok", "both clocks say the same");
    must_be(&told, "notifications", "ok", "one came as soon as a manifest was read");
    must_be(&told, "token", "ok", "takes a registry token of dockpass");
}

#[test]
fn a_registry_that_was_configured_for_another_site_is_found_out() {
    let mut pair = Pair::with_users(&["alice"]);
    pair.stop_registry();
    pair.start_registry_changed(|config| {
        config
            .replace("realm: \"http://", "realm: \"http://not-")
            .replace("service: \"dockpass\"", "service: \"other\"")
    });
    let told = examined(pair.dockpass());
    must_be(&told, "challenge", "failed", "sends clients to `http://not-");
    must_be(&told, "token", "failed", "does not trust dockpass's registry token");
    must_be(&told, "catalogue", "failed", "cannot be read");
    pair.stop_registry();
    let silent = next_examined(&pair, |told| of(told, "registry")["state"] != "ok");
    must_be(&silent, "registry", "failed", "cannot reach the registry");
}

#[test]
fn a_registry_with_a_wrong_secret_of_notifications_is_not_heard() {
    let mut pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    alice.push(&Image::holding("something"), &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    // A new start has heard of nothing yet.
    pair.stop_dockpass();
    pair.stop_registry();
    pair.start_registry_changed(|config| config.replace("Bearer ", "Bearer x"));
    pair.start_dockpass();
    pair.compared();
    must_be(&examined(pair.dockpass()), "notifications", "warning", "none came when a manifest was read");
}

#[test]
fn before_a_registry_the_gateway_shows_what_it_is_told_to() {
    let told = examined(&Gateway::with_basic(&[]).dockpass);
    must_be(&told, "token", "ok", "takes the user name and the password");
    must_be(&told, "challenge", "ok", "clients are sent to");
    let told = examined(&Gateway::showing_password("wrong-kestrel-42").dockpass);
    must_be(&told, "token", "failed", "does not take the user name and the password");
    let told = examined(&Gateway::with_tokens(&[]).dockpass);
    must_be(&told, "token", "ok", "takes a registry token of dockpass");
}

#[test]
fn a_chain_is_trusted_or_not_or_ended() {
    let own = Setup::config("[tls]\nself_signed = true\n").start();
    let told = examined(&own);
    must_be(&told, "publicUrl", "ok", "leads to this server");
    must_be(&told, "tlsChain", "ok", "by whoever has the CA of this server");
    must_be(&told, "certificates", "ok", "the CA of TLS until");
    let site = SiteCertificate::of("localhost");
    let [certificate, key] = [site.certificate(), site.key()].map(|file| file.display().to_string());
    let brought = format!("[tls]\ncert = \"{certificate}\"\nkey = \"{key}\"\n");
    let told = examined(&Setup::config(&brought).start());
    must_be(&told, "tlsChain", "warning", "nothing that this machine trusts has issued the certificate");
    must_be(&told, "publicUrl", "warning", "who answers is not known");
    // Who trusts the CA of the site sees that the certificate ends in two days.
    let mut setup = Setup::config(&brought);
    setup.environment.push(("SSL_CERT_FILE", site.authority().display().to_string()));
    let told = examined(&setup.start());
    must_be(&told, "publicUrl", "ok", "leads to this server");
    must_be(&told, "tlsChain", "warning", "trusted, but it ends on");
    must_be(&told, "certificates", "warning", "the TLS certificate ends on");
    let authority = SiteCertificate::of_authority();
    let [certificate, key] = [authority.certificate(), authority.key()].map(|file| file.display().to_string());
    let mut setup = Setup::config(format!("[tls]\ncert = \"{certificate}\"\nkey = \"{key}\"\n"));
    setup.environment.push(("SSL_CERT_FILE", authority.authority().display().to_string()));
    must_be(&examined(&setup.start()), "tlsChain", "failed", "its certificate is a CA's");
}

#[test]
fn where_no_server_runs_the_files_are_looked_at_all_the_same() {
    let home = Dockpass::start().stop();
    let data = home.path().join("data");
    let doctor = || Run::of(&mut cli_command(&data, &["doctor", "--format", "json"]), "");
    let told = told(&doctor());
    must_be(&told, "server", "failed", "no server runs on this data directory");
    must_be(&told, "publicUrl", "notApplicable", "no server runs");
    for (name, state) in
        [("configuration", "ok"), ("certificates", "ok"), ("files", "ok"), ("unusedAccounts", "notApplicable")]
    {
        must_be(&told, name, state, "");
    }
    must_be(&told, "secrets", "warning", "the first password of admin still stands in");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("its owner may");
    let format = fs::read_to_string(data.join("format")).expect("its format");
    let told = self::told(&doctor());
    must_be(&told, "files", "failed", "is open to others");
    assert_eq!(fs::metadata(&data).expect("it is there").permissions().mode() & 0o777, 0o755, "nothing is mended");
    assert_eq!(fs::read_to_string(data.join("format")).expect("its format"), format);
    // What no start opens is not to be started.
    let refused = |words: &str| {
        let told = self::told(&doctor());
        must_be(&told, "server", "failed", words);
        let start = Run::of(&mut cli_command(&data, &["serve", "--listen", "127.0.0.1:0"]), "");
        start.must_fail_with(&[words]);
        assert!(!of(&told, "server")["remedy"].as_str().expect("a text").contains("start it"), "{told}");
    };
    fs::rename(data.join("store"), data.join("elsewhere")).expect("its owner may");
    refused("this data directory held a store before");
    fs::rename(data.join("elsewhere"), data.join("store")).expect("its owner may");
    fs::write(data.join("format"), "dockpass data 99\n").expect("its owner may");
    refused("this data was written by a later dockpass (format 99");
}

#[test]
fn a_server_elsewhere_is_asked_by_administrators_alone() {
    let dockpass = Dockpass::start();
    let url = format!("http://{}", dockpass.address);
    dockpass.cli_with(&["user", "create", "alice", "--password-stdin"], PASSWORD).must_succeed();
    let run = |user: &str, secret: &str| {
        let mut command = cli_command(&dockpass.data(), &["doctor", "--server", &url, "--format", "json"]);
        Run::of(command.env("DOCKPASS_USER", user).env("DOCKPASS_TOKEN", secret), "")
    };
    must_be(&told(&run("admin", &dockpass.admin_password())), "server", "ok", "accepts changes");
    let refused = run("alice", PASSWORD);
    assert_eq!((refused.code(), refused.stdout.as_str()), (Some(1), ""), "{}", refused.describe());
    assert!(refused.stderr.contains("NOT_AUTHORIZED"), "{}", refused.describe());
}

#[test]
fn silence_is_kept_and_the_exit_code_tells() {
    let dockpass = Dockpass::start();
    let quiet = dockpass.cli(&["doctor", "--quiet"]);
    let loud = dockpass.cli(&["doctor"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert_eq!(
        (quiet.code(), loud.code()),
        (Some(3), Some(3)),
        "the first password is to be changed: {}",
        loud.describe()
    );
    assert!(loud.stdout.contains("Secrets: to look after\n"), "{}", loud.describe());
}
