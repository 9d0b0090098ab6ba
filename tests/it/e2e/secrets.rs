//! No secret is in a log, however loud, in the audit log, in an error, or on the disk.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    AccessToken, Registry, able,
    exe::{Dockpass, PASSWORD, Setup, executable},
    process::{Background, Run, background_command, command},
    raw::Upstream,
};

const NEW_PASSWORD: &str = "cobalt-heron-1717";
const WRONG_PASSWORD: &str = "guess-of-somebody-99";
const REPEATED: &str = "Rm9yLW9uZS1yb3RhdGlvbi1hbmQtaXRzLXJlcGV0aXRpb24";
const UPSTREAM_PASSWORD: &str = "marble-otter-5150";

/// Every secret that a running server was given or gave, and must keep.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// Neither as it is, nor as the header with credentials has it.
    fn must_not_be_in(&self, place: &str, text: &str) {
        for (name, secret) in &self.0 {
            assert!(!text.contains(secret), "{name} is in {place}");
            for user in ["admin", "alice", "acme/ci", "dockpass", ""] {
                let header = STANDARD.encode(format!("{user}:{secret}"));
                assert!(!text.contains(header.trim_end_matches('=')), "{name} is in {place}, in base64");
            }
        }
    }
}

/// Shows the server every kind of secret, right and wrong, in every place that takes one.
fn use_secrets(dockpass: &Dockpass) -> Secrets {
    let admin = dockpass.admin_password();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]);
    let alice = dockpass.http_as("alice", &token.secret);
    alice.get("/api/v0/repositories").must_be(200);
    let made = alice.post("/api/v0/api_tokens", &json!({"tokenLabel": "made"})).must_be(200);
    let rotated =
        alice.post(&format!("/api/v0/api_tokens/{}/rotate", made.text("/hashedToken")), &json!({"overlap": 60}));
    let registry_token = alice.get("/auth/token?service=dockpass&scope=repository:alice/app:pull").must_be(200);
    let registry_token = registry_token.text("/token");
    dockpass.http().bearer(&registry_token).get("/v2/").must_be(200);
    dockpass.http().bearer(&registry_token).get("/api/v0/repositories").must_be(401);
    let grant = [("grant_type", "password"), ("username", "alice"), ("password", token.secret.as_str())];
    dockpass.http().post_form("/auth/token", &grant).must_be(200);
    dockpass.http_as("alice", WRONG_PASSWORD).get("/api/v0/repositories").must_be(401);
    dockpass.http_as(WRONG_PASSWORD, "x").get("/api/v0/repositories").must_be(401);
    let by_password = dockpass.http_as("alice", PASSWORD);
    let change = "/enzi/v0/accounts/alice/changePassword";
    by_password.post(change, &json!({"newPassword": [NEW_PASSWORD]})).must_be(400);
    by_password.post(change, &json!({"oldPassword": WRONG_PASSWORD, "newPassword": NEW_PASSWORD})).must_be(400);
    by_password.post(change, &json!({"oldPassword": PASSWORD, "newPassword": NEW_PASSWORD})).must_be(200);
    let signature = registry_token.rsplit('.').next().expect("a signature").to_owned();
    let mut secrets = use_more_secrets(dockpass);
    secrets.extend([
        ("the first password", admin),
        ("a password", PASSWORD.to_owned()),
        ("a new password", NEW_PASSWORD.to_owned()),
        ("a guess", WRONG_PASSWORD.to_owned()),
        ("an access token", token.secret),
        ("an access token's access token", made.text("/token")),
        ("a rotated access token", rotated.text("/token")),
        ("a registry token's signature", signature),
    ]);
    Secrets(secrets)
}

/// Robots, sessions, what somebody has found and ends, temporary passwords, and the key with which a rotation is repeated.
fn use_more_secrets(dockpass: &Dockpass) -> Vec<(&'static str, String)> {
    let (admin, local) = (dockpass.http_as_admin(), |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        AccessToken::of(&dockpass.cli_json(&words))
    });
    dockpass.cli(&["org", "create", "acme"]).must_succeed();
    let robot = local("robot create acme/ci --access push");
    dockpass.http_as("acme/ci", &robot.secret).get("/auth/token?service=dockpass").must_be(200);
    let robot_rotated = local("robot rotate acme/ci --yes");
    let page = dockpass.http().header("Sec-Fetch-Site", "same-origin");
    let wrong = json!({ "username": "alice", "password": WRONG_PASSWORD });
    page.post("/api/v0/session", &wrong).must_be(401);
    let opened = page.post("/api/v0/session", &json!({ "username": "alice", "password": NEW_PASSWORD })).must_be(200);
    let cookie = opened.header("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
    page.header("Cookie", &cookie).get("/api/v0/session").must_be(200);
    let (_, session) = cookie.split_once('=').expect("a value");
    page.header("Cookie", &format!("{cookie}x")).get("/api/v0/session").must_be(401);
    let leaked = dockpass.add_token("alice", &[]);
    let texts = json!({ "tokens": [leaked.secret] });
    dockpass.http().post("/api/v0/api_tokens/identify", &json!({ "token": leaked.secret }));
    dockpass.http().post("/api/v0/api_tokens/revoke", &texts).must_be(202);
    dockpass.http_as("alice", &leaked.secret).get("/api/v0/repositories").must_be(401);
    let made = admin.post("/api/v0/api_tokens?username=alice", &json!({ "temporaryPassword": true })).must_be(200);
    let temporary = AccessToken::of(&made.json());
    dockpass.http_as("alice", &temporary.secret).get("/api/v0/repositories").must_be(200);
    let repeated = dockpass.add_token("alice", &[]);
    let again = dockpass.http_as("alice", &repeated.secret).header("Idempotency-Key", REPEATED);
    let path = format!("/api/v0/api_tokens/{}/rotate", repeated.hash);
    let rotated = again.post(&path, &json!({ "overlap": 60 })).must_be(200).text("/token");
    again.post(&path, &json!({ "overlap": 60 })).must_be(200);
    vec![
        ("a robot's secret", robot.secret),
        ("a robot's new secret", robot_rotated.secret),
        ("a session", session.to_owned()),
        ("a secret that was found", leaked.secret),
        ("a temporary password", temporary.secret),
        ("a secret whose rotation was repeated", rotated),
        ("the key of a rotation", REPEATED.to_owned()),
    ]
}

/// What stands in files of the data directory, and nowhere else.
fn of_files(dockpass: &Dockpass) -> Secrets {
    let file =
        |name: &str| fs::read_to_string(dockpass.data().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let events = file("keys/registry-events-secret").trim().to_owned();
    let told = dockpass.http().header("Content-Type", "application/json");
    told.bearer(&events).post("/api/v0/registry/events", &json!({ "events": [] })).must_be(200);
    told.bearer(&format!("{events}x")).post("/api/v0/registry/events", &json!({ "events": [] })).must_be(404);
    // The lines of a key that are its own.
    let key = |name: &str| {
        let text = file(name);
        let (_, rest) = text.split_once("PRIVATE KEY-----\n").expect("a private key");
        rest.lines().next().expect("a line").to_owned()
    };
    Secrets(vec![
        ("the secret of notifications", events),
        ("the secret of the socket", file("socket-secret").trim().to_owned()),
        ("the key of the audit log", file("keys/audit.key").trim().to_owned()),
        ("the key of registry tokens", key("keys/registry-leaf.pem")),
        ("the key of the authority", key("keys/registry-ca.pem")),
        ("the password for the registry", UPSTREAM_PASSWORD.to_owned()),
    ])
}

/// A server with a loud log, before a registry that wants a password, through which alice has asked for something.
fn loud() -> (Dockpass, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("password");
    fs::write(&file, UPSTREAM_PASSWORD).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its permissions");
    let upstream = Upstream::saying("/tags/list");
    upstream
        .say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    let config = format!(
        "[registry]\nupstream = \"{}\"\nupstream_auth = \"basic\"\nupstream_user = \"dockpass\"\n\
         upstream_password_file = \"{}\"\n",
        upstream.url(),
        file.display()
    );
    let environment = vec![("DOCKPASS_LOG", "trace".to_owned())];
    let dockpass = Setup { config, environment, ..Setup::default() }.start();
    dockpass.cli(&["user", "create", "carol", "--service", "--adopt-repositories"]).must_succeed();
    dockpass.cli(&["repo", "create", "carol/app"]).must_succeed();
    let carol = dockpass.http_as("carol", &dockpass.add_token("carol", &[]).secret);
    carol.get("/v2/carol/app/tags/list").must_be(200);
    let header = STANDARD.encode(format!("dockpass:{UPSTREAM_PASSWORD}"));
    assert!(
        upstream.heard("/tags/list").iter().any(|head| head.contains(&header)),
        "the registry was shown its password"
    );
    (dockpass, directory)
}

#[test]
fn no_log_and_no_audit_record_holds_a_secret() {
    let (dockpass, _directory) = loud();
    let secrets = [use_secrets(&dockpass), of_files(&dockpass)];
    let audit = dockpass.http_as_admin().get("/api/v0/audit?pageSize=0").must_be(200);
    for secrets in secrets {
        secrets.must_not_be_in("the audit log", &audit.describe());
        secrets.must_not_be_in("the log", &dockpass.log());
    }
    assert!(dockpass.log().contains("TRACE"), "the log was not loud");
}

#[test]
fn the_registry_does_not_log_its_secret_at_the_level_that_is_printed() {
    let dockpass = Dockpass::start();
    let secret = fs::read_to_string(dockpass.data().join("keys/registry-events-secret")).expect("the secret");
    let log = Registry::log_as_printed(&dockpass);
    assert!(!log.contains(secret.trim()), "{log}");
    // Why the level is printed at all.
    assert!(Registry::beside(&dockpass).log().contains(secret.trim()), "it has learned to keep it for itself");
}

#[test]
fn no_file_holds_a_secret_but_the_one_with_the_first_password() {
    let dockpass = Dockpass::start();
    let secrets = use_secrets(&dockpass);
    let directory = dockpass.stop();
    let data = directory.path().join("data");
    fs::remove_file(data.join("initial-admin-password")).expect("the first password is in its file");
    let mut files = 0;
    search(&data, &mut |path, content| {
        files += 1;
        secrets.must_not_be_in(&path.display().to_string(), content);
    });
    assert!(files > 3, "hardly anything was searched");
}

/// Calls `each` for every file below a directory.
fn search(directory: &Path, each: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(directory).expect("the directory can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            search(&path, each);
        } else if path.is_file() {
            each(&path, &String::from_utf8_lossy(&fs::read(&path).expect("the file can be read")));
        }
    }
}

/// Listens on a Unix socket that everybody may use, as whoever starts it, and prints what it gets.
const FAKE_SERVER: &str = "\
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen()
print('listening', flush=True)
while True:
    stream = listener.accept()[0]
    stream.settimeout(2)
    try:
        print('got', stream.recv(65536), flush=True)
    except OSError as error:
        print('got an error', error, flush=True)
";

/// A directory that everybody may write to, with a `dockpass-data` of `owner` in it, in which `fake` listens.
fn squatted(owner: u32, fake: u32) -> (TempDir, Background) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path().join("dockpass-data");
    fs::create_dir(&data).expect("a directory");
    for directory in [home.path(), &data] {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o777)).expect("its permissions can be changed");
    }
    chown(&data, Some(owner), None).expect("root gives it away");
    let mut serve = background_command("python3");
    serve.args(["-c", FAKE_SERVER]).arg(data.join("dockpass.sock")).uid(fake);
    let server = Background::start("a fake server", &mut serve);
    server.wait_for("that it listens", |line| (line == "listening").then_some(()));
    (home, server)
}

#[test]
fn no_password_goes_to_a_server_of_somebody_else() {
    if !able::is_root("acts as other users") {
        return;
    }
    let (eve, bob) = (65_534, 4_711);
    // The executable may stand where only root can go.
    let programs = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).expect("its permissions can be changed");
    let program = programs.path().join("dockpass");
    let mut copy = command("install");
    Run::of(copy.args(["-m", "755"]).arg(executable()).arg(&program), "").must_succeed();
    let create = |home: &TempDir, uid: u32| {
        let mut create = command(&program);
        create.args(["user", "create", "carol", "--password-stdin"]).current_dir(home.path()).uid(uid);
        Run::of(&mut create, "carols-secret-pass\n")
    };
    for (owner, fake, caller, said) in [
        (eve, eve, bob, "belongs to the user id 65534"),
        (0, eve, 0, "a process of the user id 65534 (nobody) listens there"),
        (bob, eve, bob, "a process of the user id 65534 (nobody) listens there"),
        (bob, eve, 0, "belongs to the user id 4711"),
        (bob, bob, bob, "others may write to"),
    ] {
        let (home, server) = squatted(owner, fake);
        create(&home, caller).must_fail_with(&[said]);
        // A connection, if there was one at all, was closed without a byte.
        assert!(!server.log().contains("carol"), "{}", server.log());
    }
}

/// A pipeline that rotates its own token: it notes a key first, and if the answer is lost, it types the same again.
#[test]
fn a_rotation_of_ones_own_is_repeated_with_the_key_of_a_file() {
    let dockpass = Dockpass::start();
    dockpass.add_user("ci");
    let old = dockpass.add_token("ci", &[]);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let key = directory.path().join("key");
    let rotate = |key: &Path| {
        let server = format!("http://{}", dockpass.address);
        let arguments = ["token", "rotate", &old.hash, "--yes", "--server", &server, "--idempotency-key-file"];
        let mut rotate = command(executable());
        rotate.args(arguments).arg(key).envs([("DOCKPASS_USER", "ci"), ("DOCKPASS_TOKEN", old.secret.as_str())]);
        Run::of(&mut rotate, "")
    };
    fs::write(&key, "").expect("a file");
    rotate(&key).must_fail_with(&["must hold one line with the key"]);
    fs::write(&key, "5b5f2c1e-9d1b-4f0e-8f55-6c1d0b7b1f0a\n").expect("a file");
    let lost = rotate(&key).must_succeed().stdout;
    let again = rotate(&key).must_succeed().stdout;
    assert_ne!(lost, again);
    dockpass.http_as("ci", again.trim()).get("/api/v0/api_tokens").must_be(200);
    dockpass.http_as("ci", lost.trim()).get("/api/v0/api_tokens").must_be(401);
    fs::write(&key, "0c9a4b52-7d64-4d57-a3ec-2f7b2d1d9e77\n").expect("a file");
    rotate(&key).must_fail_with(&["wrong user name, password or access token"]);
}
