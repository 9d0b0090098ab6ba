//! Signing in from another machine by the real executable: `login`, `whoami`, `logout`, and which server a command speaks to.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Dockpass,
    exe::{PASSWORD, Setup, executable},
    process::{Run, command},
};

/// Somebody on a machine of their own, where no data directory is.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join(".config/dockpass/logins.json")
    }

    fn with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Run {
        let mut program = command(executable());
        program.args(arguments).current_dir(self.0.path()).env("HOME", self.0.path());
        Run::of(program.envs(environment.iter().copied()), input)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.with(arguments, "", &[])
    }

    fn login(&self, url: &str, user: &str, secret: &str) -> Run {
        self.with(&["login", "--server", url, "--user", user, "--password-stdin"], secret, &[])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--format", "json"]].concat()).must_succeed();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.describe()))
    }
}

fn url(dockpass: &Dockpass) -> String {
    format!("http://{}", dockpass.address)
}

fn labels(dockpass: &Dockpass, user: &str) -> Vec<String> {
    let tokens = dockpass.cli_json(&["token", "list", "--user", user]);
    let labels = tokens.as_array().expect("a list").iter().map(|token| token["tokenLabel"].as_str().expect("a text"));
    labels.map(str::to_owned).collect()
}

#[test]
fn a_password_makes_an_access_token_for_this_machine_and_is_not_kept() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    let url = url(&dockpass);
    let none = desk.run(&["token", "list"]);
    none.must_fail_with(&["there is no data directory"]);
    let signed_in = desk.login(&url, "alice", PASSWORD).must_succeed();
    assert!(signed_in.stdout.starts_with(&format!("signed in to {url}, as alice\n")), "{}", signed_in.describe());
    let kept = fs::read_to_string(desk.file()).expect("the file");
    assert!(kept.contains("dkp_") && !kept.contains(PASSWORD), "an access token, and no password");
    assert_eq!(fs::metadata(desk.file()).expect("the file").permissions().mode() & 0o7777, 0o600);
    let labels_now = labels(&dockpass, "alice");
    assert!(labels_now.len() == 1 && labels_now[0].starts_with("dockpass login on "), "{labels_now:?}");

    let me = desk.json(&["whoami"]);
    assert_eq!((me["server"].as_str(), me["user"].as_str()), (Some(url.as_str()), Some("alice")));
    assert!(me["namedBy"].as_str().expect("a text").starts_with("the current login, in "), "{me}");
    let ends = me["expiresAt"].as_str().expect("it ends");
    let told = desk.run(&["whoami"]).must_succeed().stdout;
    assert!(told.contains(&ends[..10]) && told.contains(&url) && !told.contains("dkp_"), "{told}");
    assert_eq!(desk.json(&["token", "list"]).as_array().expect("a list").len(), 1);
    // An error says where it was.
    let refused = desk.run(&["user", "show", "nobody"]);
    refused.must_fail_with(&[&format!("(at {url}, as alice)")]);

    let out = desk.run(&["logout"]).must_succeed();
    assert!(out.stdout.contains("its access token") && out.stdout.ends_with("is deleted\n"), "{}", out.describe());
    assert_eq!(labels(&dockpass, "alice"), [""; 0], "nothing is left at the server");
    assert!(!fs::read_to_string(desk.file()).expect("the file").contains("dkp_"));
    assert_eq!(desk.run(&["logout"]).code(), Some(1), "there is none to end");
}

#[test]
fn signing_in_anew_leaves_one_access_token_and_a_given_one_stays() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    let url = url(&dockpass);
    let given = dockpass.add_token("alice", &["--access", "read-only"]);
    desk.login(&url, "alice", PASSWORD).must_succeed();
    desk.login(&url, "alice", PASSWORD).must_succeed();
    assert_eq!(labels(&dockpass, "alice").len(), 2, "the one that was given, and one of the machine");
    desk.login(&url, "alice", &format!("{}\n", given.secret)).must_succeed();
    assert_eq!(labels(&dockpass, "alice"), ["test"]);
    assert_eq!(desk.json(&["whoami"])["accessToken"], given.id.as_str());
    let out = desk.run(&["logout"]).must_succeed();
    assert!(out.stdout.contains(&format!("{} stays", given.id)), "{}", out.describe());
    assert_eq!(labels(&dockpass, "alice"), ["test"]);
    // What is wrong is told, and leaves nothing.
    desk.login(&url, "alice", "wrong-password").must_fail_with(&["does not let"]);
    desk.login(&url, "bob", &given.secret).must_fail_with(&["does not let"]);
    let temporary = dockpass.cli(&["user", "temporary-password", "alice"]).must_succeed().stdout;
    desk.login(&url, "alice", &temporary).must_fail_with(&["temporary password", "not authorized", "may not"]);
    assert_eq!(desk.json(&["whoami", "--all"]), Value::Array(vec![]));
}

#[test]
fn a_login_lives_as_long_as_the_site_lets_it() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    let days = |desk: &Desk| {
        let ends = desk.json(&["whoami"])["expiresAt"].as_str().expect("it ends").to_owned();
        let made = dockpass.cli_json(&["token", "list", "--user", "alice"])[0]["createdAt"]
            .as_str()
            .expect("a time")
            .to_owned();
        let date = |text: &str| text.parse::<i64>().expect("a number");
        let count = |text: &str| date(&text[..4]) * 365 + date(&text[5..7]) * 30 + date(&text[8..10]);
        count(&ends) - count(&made)
    };
    desk.login(&url(&dockpass), "alice", PASSWORD).must_succeed();
    assert!((85..=95).contains(&days(&desk)), "90 days, by a rough calendar");
    dockpass.cli(&["settings", "set", "tokenDefaultLifetime=7d", "tokenMaxLifetime=30d"]).must_succeed();
    desk.login(&url(&dockpass), "alice", PASSWORD).must_succeed();
    assert!((5..=9).contains(&days(&desk)), "the site's own default, where it allows less");
    let asked = ["login", "--server", &url(&dockpass), "--user", "alice", "--password-stdin", "--expires", "60d"];
    desk.with(&asked, PASSWORD, &[]).must_fail_with(&["--expires: at the latest"]);
}

#[test]
fn of_several_servers_one_is_current() {
    let (one, two, desk) = (Dockpass::start(), Dockpass::start(), Desk::new());
    for (dockpass, user) in [(&one, "alice"), (&two, "bob")] {
        dockpass.add_user(user);
        desk.login(&url(dockpass), user, PASSWORD).must_succeed();
    }
    let who = |arguments: &[&str]| desk.json(arguments)["user"].as_str().expect("a name").to_owned();
    assert_eq!(who(&["whoami"]), "bob", "the last one is current");
    assert_eq!(who(&["whoami", "--server", &url(&one)]), "alice");
    desk.run(&["login", "--switch", "--server", &url(&one)]).must_succeed();
    assert_eq!(who(&["whoami"]), "alice");
    // The environment is over the file, and an option over both.
    let by_environment = desk.with(&["whoami"], "", &[("DOCKPASS_SERVER", &url(&two))]).must_succeed();
    assert!(by_environment.stdout.contains("bob"), "{}", by_environment.describe());
    let password = [("DOCKPASS_USER", "alice"), ("DOCKPASS_TOKEN", PASSWORD)];
    let by_password = desk.with(&["whoami"], "", &password).must_succeed();
    assert!(by_password.stdout.contains("the password"), "{}", by_password.describe());
    let directory = one.data().display().to_string();
    let here = desk.run(&["whoami", "--data-dir", &directory]).must_succeed();
    assert!(here.stdout.contains("the local administrator"), "{}", here.describe());
    // No secret goes to a server that it was not given for.
    desk.run(&["whoami", "--server", "https://dockpass.example"]).must_fail_with(&["you are not signed in to"]);
    desk.run(&["logout", "--all"]).must_succeed();
    assert_eq!((labels(&one, "alice").len(), labels(&two, "bob").len()), (0, 0));
}

#[test]
fn an_access_token_says_itself_whose_it_is() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    dockpass.cli(&["org", "create", "acme"]).must_succeed();
    let token = dockpass.add_token("alice", &[]).secret;
    let robot = dockpass.cli(&["robot", "create", "acme/ci", "--access", "push"]).must_succeed().stdout;
    let url = url(&dockpass);
    let with = |secret: &str, arguments: &[&str]| {
        desk.with(arguments, "", &[("DOCKPASS_SERVER", &url), ("DOCKPASS_TOKEN", secret)])
    };
    for (secret, name) in [(token.as_str(), "alice"), (robot.trim(), "acme/ci")] {
        let who = with(secret, &["whoami", "--format", "json"]).must_succeed().stdout;
        let who: Value = serde_json::from_str(&who).expect("JSON");
        assert_eq!((&who["user"], &who["credentialFrom"]), (&name.into(), &"DOCKPASS_TOKEN".into()));
        // Kept as it is, with the name.
        let login = ["login", "--server", &url, "--password-stdin"];
        desk.with(&login, secret, &[]).must_succeed();
        assert_eq!(desk.json(&["whoami"])["user"], name);
    }
    assert!(
        with(&token, &["token", "list", "--format", "json"]).must_succeed().stdout.contains("\"state\": \"active\"")
    );
    // It goes to no server that only a login names.
    let unnamed = desk.with(&["whoami"], "", &[("DOCKPASS_TOKEN", &token)]);
    assert_eq!(unnamed.must_fail_with(&["nothing names the server that it is for"]).code(), Some(2));
    // A wrong one is refused with the way in, a password without a name before anything is sent.
    let wrong = with(&token.replace("dkp_", "dkp_x"), &["token", "list"]);
    assert!(!wrong.stderr.contains(&token[4..20]), "{}", wrong.describe());
    wrong.must_fail_with(&["no access token"]);
    dockpass.cli(&["token", "delete", "--user", "alice", "--all", "--yes"]).must_succeed();
    with(&token, &["token", "list"]).must_fail_with(&["does not accept the access token in DOCKPASS_TOKEN"]);
    let password = with(PASSWORD, &["token", "list"]).must_fail_with(&["needs its user name in DOCKPASS_USER"]);
    assert_eq!(password.code(), Some(2));
    desk.with(&["login", "--server", &url, "--password-stdin"], PASSWORD, &[]).must_fail_with(&["--user NAME"]);
}

#[test]
fn the_data_directory_of_this_machine_comes_before_a_login() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    desk.login(&url(&dockpass), "alice", PASSWORD).must_succeed();
    symlink(dockpass.data(), desk.0.path().join("dockpass-data")).expect("a link");
    assert!(desk.json(&["whoami"])["server"].is_null());
    // Who gives a secret does not mean to be its administrator.
    let secret = [("DOCKPASS_USER", "alice"), ("DOCKPASS_TOKEN", PASSWORD)];
    desk.with(&["user", "list"], "", &secret).must_fail_with(&["nothing names the server that it is for"]);
    desk.with(&["user", "list", "--data-dir", "dockpass-data"], "", &secret).must_succeed();
    let again = desk.login(&url(&dockpass), "alice", PASSWORD).must_succeed();
    assert!(again.stderr.contains("of this machine first"), "{}", again.describe());
}

#[test]
fn the_authority_of_a_server_is_kept_with_its_login() {
    let dockpass = Setup::config("[tls]\nself_signed = true\n").start();
    dockpass.add_user("alice");
    let desk = Desk::new();
    let (url, ca) = (format!("https://{}", dockpass.address), desk.0.path().join("ca.pem"));
    let pem = dockpass.http().trusting_anybody().get("/ca.pem").must_be(200).body;
    fs::write(&ca, pem).expect("a file");
    desk.login(&url, "alice", PASSWORD).must_fail_with(&["--ca FILE"]);
    let arguments = ["login", "--server", &url, "--user", "alice", "--password-stdin", "--ca", "ca.pem"];
    desk.with(&arguments, PASSWORD, &[]).must_succeed();
    fs::remove_file(&ca).expect("it is there");
    assert_eq!(desk.json(&["whoami"])["user"], "alice");
    desk.run(&["logout"]).must_succeed();
}

#[test]
fn a_login_that_cannot_be_kept_leaves_no_access_token() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    let place = desk.0.path().join("full");
    let configured = place.display().to_string();
    let login = |room: &str| {
        let line = format!(
            "mkdir -p {configured} && mount -t tmpfs -o mode=700,{room} none {configured} && exec {} login --server {} --user alice \
             --password-stdin",
            executable().display(),
            url(&dockpass)
        );
        let mut shell = command("unshare");
        shell.args(["--map-root-user", "--mount", "sh", "-c", &line]).env("XDG_CONFIG_HOME", &configured);
        Run::of(&mut shell, PASSWORD)
    };
    login("size=1m").must_succeed();
    assert_eq!(labels(&dockpass, "alice").len(), 1);
    // Room for the directory and the lock, and none for the file.
    let failed = login("size=1m,nr_inodes=3");
    failed.must_fail_with(&["the access token that was made is deleted again"]);
    assert_eq!(labels(&dockpass, "alice").len(), 1);
}

#[test]
fn a_login_whose_server_is_away_stays_until_it_is_to_be_forgotten() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    desk.login(&url(&dockpass), "alice", PASSWORD).must_succeed();
    let directory = dockpass.stop();
    desk.run(&["logout"]).must_fail_with(&["with --forget it is forgotten here"]);
    assert_eq!(desk.json(&["whoami", "--all"]).as_array().expect("a list").len(), 1);
    let forgotten = desk.run(&["logout", "--forget"]).must_succeed();
    assert!(forgotten.stdout.contains("is still there"), "{}", forgotten.describe());
    assert_eq!(desk.json(&["whoami", "--all"]), Value::Array(vec![]));
    drop(directory);
}

#[test]
fn two_that_sign_in_at_once_are_both_kept() {
    let (one, two, desk) = (Dockpass::start(), Dockpass::start(), Desk::new());
    thread::scope(|scope| {
        for dockpass in [&one, &two] {
            dockpass.add_user("alice");
            let (desk, url) = (&desk, url(dockpass));
            scope.spawn(move || desk.login(&url, "alice", PASSWORD).must_succeed());
        }
    });
    assert_eq!(desk.json(&["whoami", "--all"]).as_array().expect("a list").len(), 2);
}

#[test]
fn what_is_no_file_of_logins_is_told_and_left() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    dockpass.add_user("alice");
    fs::create_dir_all(desk.file().parent().expect("a directory")).expect("a directory");
    let refused = |words: &str, file: &Path| {
        let before = fs::read(file).expect("it is there");
        desk.run(&["token", "list"]).must_fail_with(&[words]);
        desk.login(&url(&dockpass), "alice", PASSWORD).must_fail_with(&[words]);
        assert_eq!(fs::read(file).expect("it is there"), before);
        assert_eq!(labels(&dockpass, "alice"), [""; 0], "nothing is made");
    };
    fs::write(desk.file(), "{").expect("a file");
    refused("cannot be understood", &desk.file());
    fs::remove_file(desk.file()).expect("a file");
    let elsewhere = desk.0.path().join("elsewhere");
    fs::write(&elsewhere, "{}").expect("a file");
    symlink(&elsewhere, desk.file()).expect("a link");
    refused("logins.json", &elsewhere);
}

#[test]
fn errors_are_json_for_who_wants_json() {
    let (dockpass, desk) = (Dockpass::start(), Desk::new());
    let data = dockpass.data().display().to_string();
    for (arguments, code, status) in [
        (&["user", "show", "nobody"][..], "NO_SUCH_ACCOUNT", 1),
        (&["user", "delete", "admin"], "USAGE", 2),
        (&["user", "frobnicate"], "USAGE", 2),
        (&["token", "create", "--acces", "x"], "USAGE", 2),
        (&["token", "create"], "USAGE", 2),
    ] {
        for format in [&["--format", "json"][..], &["--format=json"]] {
            let run = desk.run(&[&["--data-dir", &data], format, arguments].concat());
            assert_eq!((run.code(), run.stdout.as_str()), (Some(status), ""), "{}", run.describe());
            let said: Value = serde_json::from_str(&run.stderr).unwrap_or_else(|_| panic!("{}", run.describe()));
            assert_eq!(said["errors"][0]["code"], code, "{}", run.describe());
            assert!(!said["errors"][0]["message"].as_str().expect("a text").contains('\n'), "{said}");
        }
    }
    let by_environment = desk.with(&["user", "frobnicate"], "", &[("DOCKPASS_FORMAT", "json")]);
    assert!(by_environment.stderr.starts_with("{\"errors\":[{\"code\":\"USAGE\""), "{}", by_environment.describe());
    let for_people = desk.run(&["user", "frobnicate"]);
    assert!(for_people.stderr.starts_with("error: unrecognized subcommand"), "{}", for_people.describe());
}
