//! What an operator types every day: health, users of a list, several names at once, a check before a restart, the manual.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    Dockpass, Setup,
    exe::{cli_command, executable},
    process::{Run, command},
};

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", run.describe()))
}

// --- health ---

#[test]
fn a_server_says_that_it_is_healthy_and_how_it_runs() {
    let dockpass = Dockpass::start();
    let told = dockpass.cli_json(&["status"]);
    assert_eq!((&told["state"], &told["healthy"]), (&"healthy".into(), &true.into()));
    assert!(told["address"].as_str().is_some_and(|url| url.starts_with("http://")), "{told}");
    assert!(told["freeBytes"].as_u64().is_some_and(|bytes| bytes > 0) && told["startedAt"].is_string(), "{told}");
    let quiet = dockpass.cli(&["status", "--quiet"]).must_succeed();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));

    // Anybody may ask over the network, and learns only whether.
    let url = format!("http://{}", dockpass.address);
    let nobody = tempfile::tempdir().expect("a directory");
    let asked = Run::of(&mut cli_command(nobody.path(), &["status", "--server", &url, "--format", "json"]), "");
    let told = json(&asked.must_succeed());
    assert_eq!((&told["healthy"], &told["version"]), (&true.into(), &Value::Null));
    let mut as_admin = cli_command(nobody.path(), &["status", "--server", &url, "--format", "json"]);
    as_admin.envs([("DOCKPASS_USER", "admin"), ("DOCKPASS_TOKEN", &dockpass.admin_password())]);
    assert!(json(&Run::of(&mut as_admin, "").must_succeed())["version"].is_string());
}

#[test]
fn a_server_that_stopped_or_hangs_is_not_healthy_and_nothing_is_opened() {
    let mut dockpass = Dockpass::start();
    dockpass.signal(Signal::STOP);
    let hangs = dockpass.cli(&["status", "--timeout", "1s", "--format", "json"]);
    assert_eq!((hangs.code(), &json(&hangs)["state"]), (Some(1), &"hanging".into()), "{}", hangs.describe());
    dockpass.signal(Signal::CONT);
    dockpass.signal(Signal::TERM);
    assert_eq!(dockpass.wait_end_within(Duration::from_mins(1)), Some(0));
    let lock = fs::metadata(dockpass.data().join("lock")).expect("it is there").modified().expect("a time");
    let stopped = dockpass.cli(&["status"]);
    assert_eq!(stopped.code(), Some(1), "{}", stopped.describe());
    assert!(stopped.stdout.contains("stopped: no server runs on this data directory"), "{}", stopped.describe());
    assert_eq!(stopped.stderr, "");
    let after = fs::metadata(dockpass.data().join("lock")).expect("it is there").modified().expect("a time");
    assert_eq!(lock, after, "the data directory was opened");
    let nowhere = Run::of(&mut cli_command(&dockpass.data().join("none"), &["status", "--quiet"]), "");
    assert_eq!((nowhere.code(), nowhere.stdout + &nowhere.stderr), (Some(1), String::new()));
}

// --- users of a list ---

#[test]
fn the_users_of_a_list_sign_in_with_the_passwords_of_the_file() {
    let dockpass = Dockpass::start();
    let file = dockpass.data().parent().expect("a directory").join("first");
    let place = file.display().to_string();
    let line = ["user", "create", "--from", "-", "--passwords", &place];
    let list = "alice, Alice Liddell\r\nbob\r\n";
    let made = dockpass.cli_with(&line, list).must_succeed();
    assert_eq!(made.stdout, "created the user alice\ncreated the user bob\n");
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("it is there");
    let password = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no password of {name}"))
    };
    for name in ["alice", "bob"] {
        dockpass.http_as(name, &password(name)).get("/api/v0/repositories").must_be(200);
        assert!(!made.stdout.contains(&password(name)) && !made.stderr.contains(&password(name)));
    }
    assert_eq!(dockpass.cli_json(&["user", "show", "alice"])["fullName"], "Alice Liddell");
    let more = dockpass.cli_with(&line, "alice\nbob\ncarol\n").must_succeed();
    assert!(more.stdout.ends_with("\ncreated the user carol\n"), "{}", more.describe());
    assert!(fs::read_to_string(&file).expect("it is there").starts_with(&text), "what was noted stays");
    dockpass
        .cli_with(&line, "admin\n")
        .must_fail_with(&["nobody was made: line 1: this account exists already: admin"]);
}

// --- several at once ---

#[test]
fn several_names_are_done_one_after_the_other_and_each_is_told() {
    let dockpass = Dockpass::start();
    for name in ["alice", "bob", "carol"] {
        dockpass.cli(&["user", "create", name, "--service"]).must_succeed();
    }
    dockpass.cli(&["org", "create", "acme"]).must_succeed();
    let added = dockpass.cli(&["org", "add", "acme", "alice", "nobody", "bob"]);
    assert_eq!(added.stdout, "alice is now a member of acme\nbob is now a member of acme\n", "{}", added.describe());
    added.must_fail_with(&["nobody"]);
    let off = dockpass.cli(&["user", "deactivate", "alice", "carol", "--format", "json"]).must_succeed();
    let told = json(&off);
    let names: Vec<_> = told.as_array().expect("a list").iter().map(|account| account["name"].as_str()).collect();
    assert_eq!(names, [Some("alice"), Some("carol")]);
    let half = dockpass.cli(&["user", "deactivate", "alice", "bob", "nobody", "--format", "json"]);
    assert_eq!(json(&half).as_array().map(Vec::len), Some(1), "{}", half.describe());
    let errors: Value = serde_json::from_str(&half.stderr).expect("errors as JSON");
    assert_eq!((errors["errors"].as_array().map(Vec::len), half.code()), (Some(2), Some(1)));
    dockpass.cli(&["user", "delete", "alice", "bob", "carol", "--yes"]).must_succeed();
    for name in ["acme/one", "acme/two"] {
        dockpass.cli(&["repo", "create", name]).must_succeed();
    }
    dockpass.cli(&["repo", "delete", "acme/one", "acme/none", "--yes"]).must_fail_with(&["acme/none"]);
    assert_eq!(dockpass.repository_names(), ["acme/one", "acme/two"], "all are looked up before the first goes");
    dockpass.cli(&["repo", "delete", "acme/one", "acme/two", "--yes"]).must_succeed();
    assert!(dockpass.repository_names().is_empty());
}

// --- before a restart ---

#[test]
fn a_configuration_is_checked_with_the_files_that_it_names() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = |name: &str| directory.path().join(name).display().to_string();
    let check = |text: &str| {
        fs::write(place("config.toml"), text).expect("a file");
        Run::of(&mut cli_command(&directory.path().join("data"), &["config", "--config", &place("config.toml")]), "")
    };
    let tls = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", place("cert.pem"), place("key.pem"));
    check(&tls).must_fail_with(&["tls.cert", "cert.pem"]);
    let mut openssl = command("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a"]);
    openssl.args(["-addext", "subjectAltName=DNS:a", "-out", &place("cert.pem"), "-keyout", &place("key.pem")]);
    Run::of(&mut openssl, "").must_succeed();
    fs::set_permissions(place("key.pem"), fs::Permissions::from_mode(0o644)).expect("ours");
    check(&tls).must_succeed();
    let mode = fs::metadata(place("key.pem")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "a check changes nothing");
    fs::write(place("secret"), "short").expect("a file");
    check(&format!("[registry]\nevents_secret = \"{}\"\n", place("secret"))).must_fail_with(&["secret"]);
    check(&format!("[registry]\nurl = \"https://a.example\"\nca = \"{}\"\n", place("none"))).must_fail_with(&["none"]);
    assert!(!directory.path().join("data").exists());
}

#[test]
fn who_sets_an_administrators_password_at_the_server_is_not_asked_for_another() {
    let dockpass = Setup::default().start();
    dockpass.cli_with(&["user", "password", "admin", "--password-stdin"], "violet-kestrel-43").must_succeed();
    assert_eq!(dockpass.cli_json(&["user", "show", "admin"])["passwordSetByAdmin"], false);
    dockpass.add_user("alice");
    dockpass.cli_with(&["user", "password", "alice", "--password-stdin"], "violet-kestrel-43").must_succeed();
    assert_eq!(dockpass.cli_json(&["user", "show", "alice"])["passwordSetByAdmin"], true);
}

// --- the manual ---

#[test]
fn the_manual_has_no_page_that_man_complains_of() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().display().to_string();
    Run::of(command(executable()).args(["man", "--output", &place]), "").must_succeed();
    let pages = fs::read_dir(directory.path()).expect("a directory");
    let mut count = 0;
    for page in pages {
        let page = page.expect("a page").path();
        let mut man = command("man");
        man.args(["--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"]).arg(&page).env("LC_ALL", "C.UTF-8");
        let read = Run::of(&mut man, "").must_succeed();
        assert_eq!(read.stderr, "", "{}", page.display());
        count += 1;
    }
    assert!(count > 70, "{count} pages");
}
