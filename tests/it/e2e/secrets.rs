//! No secret is in a log, however loud, in the audit log, in an error, or on the disk.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use rustix::process::geteuid;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    Registry,
    exe::{Dockpass, PASSWORD, Setup, executable},
    process::{Background, Run, background_command, command},
};

const NEW_PASSWORD: &str = "cobalt-heron-1717";
const WRONG_PASSWORD: &str = "guess-of-somebody-99";

/// Every secret that a running server was given or gave, and must keep.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn must_not_be_in(&self, place: &str, text: &str) {
        for (name, secret) in &self.0 {
            assert!(!text.contains(secret), "{name} is in {place}");
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
    Secrets(vec![
        ("the first password", admin),
        ("a password", PASSWORD.to_owned()),
        ("a new password", NEW_PASSWORD.to_owned()),
        ("a guess", WRONG_PASSWORD.to_owned()),
        ("an access token", token.secret),
        ("an access token's access token", made.text("/token")),
        ("a rotated access token", rotated.text("/token")),
        ("a registry token's signature", signature),
    ])
}

#[test]
fn no_log_and_no_audit_record_holds_a_secret() {
    let environment = vec![("DOCKPASS_LOG", "trace".to_owned())];
    let dockpass = Setup { environment, ..Setup::default() }.start();
    let secrets = use_secrets(&dockpass);
    let audit = dockpass.http_as_admin().get("/api/v0/audit?pageSize=0").must_be(200);
    secrets.must_not_be_in("the audit log", &audit.describe());
    secrets.must_not_be_in("the log", &dockpass.log());
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
    if !geteuid().is_root() {
        eprintln!("not checked: only root can act as other users");
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
        (0, eve, 0, "a process of the user id 65534 listens there"),
        (bob, eve, bob, "a process of the user id 65534 listens there"),
        (bob, eve, 0, "a process of the user id 65534 listens there"),
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
