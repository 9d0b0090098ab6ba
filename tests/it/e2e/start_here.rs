//! Where a server starts: its addresses, its directory, and what a start that fails leaves behind (issue 12, A10, F1, K11,
//! and the operator's list).

use std::{
    fs,
    io::Write as _,
    net::{Ipv6Addr, TcpListener, TcpStream},
    os::unix::{
        fs::{PermissionsExt, chown, symlink},
        process::CommandExt as _,
    },
    path::Path,
};

use rustix::process::Signal;

use crate::support::{
    Dockpass, Setup, able,
    exe::{cli_command, executable, ready_address},
    process::{Background, Run, background_command, command},
    terminal::Terminal,
};

fn serve(data: &Path, listen: &str, environment: &[(&str, &str)]) -> Run {
    let mut command = cli_command(data, &["serve", "--listen", listen]);
    Run::of(command.envs(environment.iter().copied()), "")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its owner");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

// --- addresses ---

#[test]
fn a_port_alone_is_on_loopback() {
    for listen in ["0", ":0", "localhost:0"] {
        let dockpass = Setup { listen: Some(listen.to_owned()), ..Setup::default() }.start();
        assert!(dockpass.address.starts_with("127.0.0.1:"), "{listen}: {}", dockpass.address);
        dockpass.http().get("/_ping").must_be(200);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    for wrong in ["nowhere", "", ":", "70000", "example.com:80", "127.0.0.1", "-1"] {
        let run = Run::of(&mut cli_command(&data, &["serve", &format!("--listen={wrong}")]), "");
        assert_eq!(run.code(), Some(2), "{}", run.describe());
        run.must_fail_with(&["server.listen: expected an ip address and a port"]);
    }
    let file = directory.path().join("config.toml");
    fs::write(&file, "[server]\nlisten = \"nowhere\"\n").expect("a file");
    let run = Run::of(cli_command(&data, &["serve", "--config"]).arg(&file), "");
    assert_eq!(run.code(), Some(1), "a wrong file is no wrong command line: {}", run.describe());
    assert!(!data.exists());
}

#[test]
fn both_halves_of_localhost_are_served_and_neither_is_left_to_others() {
    if !has_ipv6() {
        able::leave_out("this machine has no IPv6");
        return;
    }
    let dockpass = Dockpass::start();
    let port: u16 = dockpass.address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        let mut stream = TcpStream::connect(&address).expect("it listens there");
        write!(stream, "GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it goes out");
        let answer = std::io::read_to_string(stream).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{address}: {answer}");
    }
    let challenge = dockpass.http().get("/v2/").must_be(401);
    let realm = format!("Bearer realm=\"http://localhost:{port}/auth/token\"");
    assert!(
        challenge.header("www-authenticate").is_some_and(|told| told.starts_with(&realm)),
        "{}",
        challenge.describe()
    );

    let other = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect("a port");
    let taken = other.local_addr().expect("an address");
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let refused = serve(&data, &format!("127.0.0.1:{}", taken.port()), &[]);
    assert_eq!(refused.code(), Some(1), "{}", refused.describe());
    refused.must_fail_with(&[&format!("cannot listen on {taken}: another program listens there")]);
    assert!(!data.exists());
}

#[test]
fn a_taken_port_is_told_with_what_to_do() {
    let dockpass = Dockpass::start();
    let directory = tempfile::tempdir().expect("a directory");
    let refused = serve(&directory.path().join("data"), &dockpass.address, &[]);
    assert!(refused.stderr.contains("--listen") && !refused.stderr.contains("os error"), "{}", refused.describe());
}

// --- directories ---

#[test]
fn a_path_that_is_too_long_for_a_socket_is_refused_before_anything_is_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("d".repeat(100));
    let refused = serve(&data, "127.0.0.1:0", &[]);
    assert_eq!(refused.code(), Some(2), "{}", refused.describe());
    let said = refused.stderr.clone();
    assert!(said.contains("the system allows 107") && !said.contains("SUN_LEN"), "{said}");
    assert!(!data.exists());
}

#[test]
fn only_the_data_directory_itself_is_private() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut serve = background_command("sh");
    let line = "umask 022; exec \"$0\" serve --listen 127.0.0.1:0 --data-dir a/b/c";
    serve.args(["-c", line]).arg(executable()).current_dir(directory.path());
    let server = Background::start("dockpass", &mut serve);
    server.wait_for("that it is ready", ready_address);
    let modes = ["a", "a/b", "a/b/c", "a/b/c/keys", "a/b/c/initial-admin-password"];
    let modes = modes.map(|name| mode(&directory.path().join(name)));
    assert_eq!(modes, [0o755, 0o755, 0o700, 0o700, 0o600]);
}

#[test]
fn a_directory_that_is_not_dockpasss_is_called_that() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("x");
    fs::create_dir(&data).expect("a directory");
    set_mode(&data, 0o700);
    fs::write(data.join("README"), "hi").expect("a file");
    let refused = serve(&data, "127.0.0.1:0", &[]);
    assert!(!refused.stderr.contains("open to others"), "{}", refused.describe());
    refused.must_fail_with(&["is no data directory of dockpass: it holds `README`"]);
    assert_eq!(fs::read_dir(&data).expect("it is there").count(), 1);
}

#[test]
fn an_empty_directory_of_another_user_is_refused_with_the_line_to_type() {
    if !able::is_root("gives a directory away") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("a volume");
    fs::create_dir(&data).expect("a directory");
    chown(&data, Some(65_534), Some(65_534)).expect("root gives it away");
    set_mode(&data, 0o2770);
    let refused = serve(&data, "127.0.0.1:0", &[]);
    for words in ["(sudo -u nobody dockpass serve)", "--data-dir", "a directory below the volume"] {
        assert!(refused.stderr.contains(words), "{words}\n{}", refused.describe());
    }
    assert!(!refused.stderr.contains("chown"), "it would keep its owner out\n{}", refused.describe());
    assert_eq!((mode(&data), fs::read_dir(&data).expect("it is there").count()), (0o2770, 0), "untouched");
}

/// What a server says that another user than root starts.
fn refused_to_nobody(program: &Path, data: &Path, more: &[&str]) -> Run {
    let mut serve = command(program);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).args(more);
    Run::of(serve.uid(NOBODY).gid(NOBODY), "")
}

const NOBODY: u32 = 65_534;

#[test]
fn what_the_file_system_denies_is_told_with_the_command_that_mends_it() {
    if !able::is_root("starts a server as another user") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    set_mode(directory.path(), 0o755);
    let [program, empty, missing] = ["dockpass", "empty", "missing"].map(|name| directory.path().join(name));
    Run::of(command("install").args(["-m", "755"]).arg(executable()).arg(&program), "").must_succeed();
    fs::create_dir(&empty).expect("a directory");
    set_mode(&empty, 0o700);
    let owner = "belongs to the user id 0 (root) and is closed to the user who runs dockpass".to_owned();
    let shown = |path: &Path| path.display().to_string();
    let refused = |data: &Path, more: &[&str], words: &[String]| {
        let refused = refused_to_nobody(&program, data, more);
        refused.must_fail_with(&words.iter().map(String::as_str).collect::<Vec<_>>());
    };
    refused(&empty, &[], &[owner, format!("chown -R {NOBODY} {}", shown(&empty))]);
    let me = format!("dockpass runs as the user id {NOBODY} (nobody)");
    let make = format!("install -d -m 700 -o {NOBODY} {}", shown(&missing));
    refused(&missing, &[], &[me.clone(), make]);
    assert!(!missing.exists());
    let config = directory.path().join("config.toml");
    fs::write(&config, "").expect("a file");
    set_mode(&config, 0o600);
    let told =
        format!("{}: Permission denied (os error 13); {me}: it belongs to the user id 0 (root); let", shown(&config));
    refused(&missing, &["--config", &shown(&config)], &[told, format!("let the user id {NOBODY} (nobody) read it")]);
    chown(&empty, Some(NOBODY), Some(NOBODY)).expect("root gives it away");
    set_mode(&empty, 0o000);
    refused(
        &empty,
        &[],
        &[format!("closed to its own user, the user id {NOBODY}"), format!("chmod 700 {}", shown(&empty))],
    );
    let beyond = directory.path().join("beyond");
    fs::create_dir(&beyond).expect("a directory");
    set_mode(&beyond, 0o700);
    let words =
        format!("{} belongs to the user id 0 (root); let the user id {NOBODY} (nobody) in there", shown(&beyond));
    refused(&beyond.join("data"), &[], &[words]);
    // What root has left in a directory of the server's user.
    let home = Dockpass::start().stop();
    set_mode(home.path(), 0o755);
    let data = home.path().join("data");
    for (left, way) in [
        ("format", format!("chown {NOBODY} {}/format", shown(&data))),
        ("keys/audit.key", format!("chown {NOBODY} {}/keys/audit.key", shown(&data))),
        ("store/db", format!("chown -R {NOBODY} {}/store", shown(&data))),
        ("lock", format!("chown {NOBODY} {}/lock", shown(&data))),
    ] {
        Run::of(command("chown").args(["-R", &NOBODY.to_string()]).arg(&data), "").must_succeed();
        chown(data.join(left), Some(0), Some(0)).expect("root takes it back");
        refused(&data, &[], &["Permission denied".to_owned(), me.clone(), way]);
    }
}

/// `fsGroup` of Kubernetes sets group and modes at each mount.
#[test]
fn a_volume_whose_modes_are_set_at_each_mount_is_closed_again() {
    fn open_up(path: &Path) {
        let found = fs::symlink_metadata(path).expect("it is there");
        if found.is_dir() {
            set_mode(path, 0o2770);
            fs::read_dir(path).expect("a directory").for_each(|entry| open_up(&entry.expect("an entry").path()));
        } else if found.is_file() {
            set_mode(path, 0o660);
        }
    }
    let config = "[tls]\nself_signed = true\n";
    let dockpass = Setup::config(config).start();
    let data = dockpass.data();
    let mut directory = dockpass.stop();
    for _ in 0..2 {
        open_up(&data);
        let dockpass = Dockpass::start_in(directory, Setup::config(config));
        for key in ["keys/audit.key", "keys/registry-ca.pem", "keys/tls-ca-key.pem", "keys/registry-events-secret"] {
            assert_eq!(mode(&data.join(key)), 0o600, "{key}");
            dockpass.must_log(&format!("{key} was open to others (mode 660); it is private now"));
        }
        assert_eq!((mode(&data), mode(&data.join("keys"))), (0o700, 0o700));
        dockpass.cli(&["user", "list"]).must_succeed();
        directory = dockpass.stop();
    }
}

// --- what a failed start leaves ---

#[test]
fn a_first_start_that_fails_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = |name: &str| directory.path().join(name).display().to_string();
    let (data, missing) = (directory.path().join("data"), place("missing.pem"));
    fs::write(place("short"), "short").expect("a file");
    symlink("nowhere", place("link")).expect("a link");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("DOCKPASS_TLS_CERT", &missing), ("DOCKPASS_TLS_KEY", &missing)], "tls.cert: cannot read"),
        (&[("DOCKPASS_TLS_CERT", &place("short")), ("DOCKPASS_TLS_KEY", &missing)], "short holds no certificate"),
        (&[("DOCKPASS_REGISTRY_URL", "https://r:1"), ("DOCKPASS_REGISTRY_CA", &missing)], "missing.pem"),
        (&[("DOCKPASS_REGISTRY_EVENTS_SECRET", &place("short"))], "the secret of the registry's notifications"),
        (&[("DOCKPASS_REGISTRY_EVENTS_SECRET", &place("link"))], "the secret of the registry's notifications"),
        (&[("DOCKPASS_ADMIN_PASSWORD", "short")], "a password has 8 to 1024 bytes"),
    ];
    for (environment, words) in cases {
        let refused = serve(&data, "127.0.0.1:0", environment);
        assert_eq!(refused.code(), Some(1), "{}", refused.describe());
        refused.must_fail_with(&[words]);
        assert!(!data.exists(), "{words}: something was made");
    }
}

#[test]
fn every_start_names_the_passwords_file_until_it_is_changed() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let file = data.join("initial-admin-password");
    let line = format!("Password    in {} until you change it", file.display());
    let (first, _) = Terminal::start(&data);
    let password = fs::read_to_string(&file).expect("the file");
    let told = first.log();
    assert!(told.contains(&format!("              also in {} until you change it", file.display())), "{told}");
    first.end();
    let (second, _) = Terminal::start(&data);
    let told = second.log();
    assert!(told.contains(&line) && !told.contains("(new)") && !told.contains(password.trim()), "{told}");
    second.end();
    let dockpass = Dockpass::start_in(directory, Setup::default());
    dockpass.must_log(&format!("the password of admin is in {}", file.display()));
    dockpass.cli_with(&["user", "password", "admin", "--password-stdin"], "another-long-password").must_succeed();
    let directory = dockpass.stop();
    let (last, _) = Terminal::start(&directory.path().join("data"));
    let told = last.log();
    assert!(!told.contains("Password ") && told.contains("Web pages"), "{told}");
    last.end();
}

#[test]
fn log_lines_have_times_of_one_width() {
    let mut dockpass = Dockpass::start();
    dockpass.signal(Signal::TERM);
    dockpass.wait_end();
    let log = dockpass.log();
    let lines: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("err: ")).collect();
    assert!(!lines.is_empty());
    for line in lines {
        let time = line.split(' ').next().unwrap_or_default();
        assert_eq!((time.len(), time.as_bytes().get(19)), ("2026-01-01T00:00:00.000Z".len(), Some(&b'.')), "{line}");
    }
}
