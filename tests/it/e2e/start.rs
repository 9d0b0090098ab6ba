//! Start and end of the executable as an operator sees them, on any machine: the first start, signals, a second
//! process on the same data, and that nothing but the one file is needed.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write as _},
    net::TcpStream,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    os::unix::process::CommandExt,
    path::Path,
    time::Duration,
};

use rustix::process::{Pid, Signal, geteuid, kill_process, test_kill_process};
use tempfile::TempDir;

use crate::support::{
    Dockpass, Http, Setup, able,
    exe::{cli_command, executable, is_release, ready_address},
    process::{Background, Run, background_command, command, eventually, is_long},
    terminal::Terminal,
};

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o7777
}

#[test]
fn the_first_start_makes_an_administrator_and_says_only_that_it_is_ready() {
    let dockpass = Dockpass::start();
    dockpass.http_as_admin().get("/api/v0/api_tokens").must_be(200);
    let log = dockpass.log();
    let said: Vec<_> = log.lines().filter(|line| line.starts_with("out: ")).collect();
    assert_eq!(said, [format!("out: ready on {}", dockpass.address)]);
    assert!(!log.contains(&dockpass.admin_password()), "the password is in the log");
    assert_eq!(mode(&dockpass.data()), 0o700);
    assert_eq!(mode(&dockpass.data().join("initial-admin-password")), 0o600);
}

#[test]
fn the_first_password_is_in_its_file_until_it_is_changed() {
    let dockpass = Dockpass::start();
    let first = dockpass.admin_password();
    dockpass.cli_with(&["user", "password", "admin", "--password-stdin"], "another-long-password").must_succeed();
    assert!(!dockpass.data().join("initial-admin-password").exists());
    dockpass.http_as("admin", &first).get("/api/v0/api_tokens").must_be(401);
    dockpass.http_as("admin", "another-long-password").get("/api/v0/api_tokens").must_be(200);
}

#[test]
fn the_environment_sets_the_first_password_on_the_first_start_only() {
    let with_password = |password: &str| Setup {
        environment: vec![("DOCKPASS_ADMIN_PASSWORD", password.to_owned())],
        ..Setup::default()
    };
    let dockpass = with_password("set-by-the-site").start();
    assert!(!dockpass.data().join("initial-admin-password").exists());
    dockpass.http_as("admin", "set-by-the-site").get("/api/v0/api_tokens").must_be(200);
    let dockpass = Dockpass::start_in(dockpass.stop(), with_password("set-again-later"));
    dockpass.http_as("admin", "set-again-later").get("/api/v0/api_tokens").must_be(401);
    dockpass.http_as("admin", "set-by-the-site").get("/api/v0/api_tokens").must_be(200);
}

#[test]
fn a_file_sets_the_first_password_and_the_process_shows_nobody_its_environment() {
    if !able::is_root("starts a server as another user") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [program, file] = ["dockpass", "password"].map(|name| directory.path().join(name));
    Run::of(command("install").args(["-m", "755"]).arg(executable()).arg(&program), "").must_succeed();
    fs::write(&file, "set-by-a-file\n").expect("a file");
    let home = directory.path().join("home");
    fs::create_dir(&home).expect("a directory");
    for (path, mode) in [(directory.path(), 0o755), (&home, 0o755), (&file, 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its permissions can be changed");
    }
    chown(&home, Some(65_534), Some(65_534)).expect("root gives it away");
    let mut serve = background_command(&program);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--admin-password-file"]).arg(&file);
    serve.arg("--data-dir").arg(home.join("data")).uid(65_534).gid(65_534);
    let server = Background::start("dockpass", &mut serve);
    let address = server.wait_for("that it is ready", ready_address);
    let admin = Http::at(&format!("http://{address}")).basic("admin", "set-by-a-file");
    admin.get("/api/v0/api_tokens").must_be(200);
    assert!(!home.join("data/initial-admin-password").exists());
    // What belongs to root there is closed to the user who runs the process.
    let environment = fs::metadata(format!("/proc/{}/environ", server.pid())).expect("the process");
    assert_eq!(environment.uid(), 0, "no dumps, no debugger, no look at its environment");
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    let mut lost = cli_command(&home.join("data"), &["serve", "--admin-password-file", "/nonexistent/password"]);
    Run::of(&mut lost, "").must_fail_with(&["cannot read /nonexistent/password"]);
}

#[test]
fn on_a_terminal_the_first_start_tells_the_password_and_what_to_type_next() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let (terminal, address) = Terminal::start(&data);
    let told = terminal.log();
    let password = fs::read_to_string(data.join("initial-admin-password")).expect("the password's file");
    // The commands can be typed as they stand: with the program as it was called, and its data directory.
    let typed = format!("{} --data-dir {}", executable().display(), data.display());
    let next = [&format!("{typed} token create --user admin"), &format!("{typed} registry config")];
    let others = [password.trim(), "admin", &format!("http://{address}"), "docker login", "/api/v0/repositories"];
    for expected in others.into_iter().chain(next.map(String::as_str)) {
        assert!(told.contains(expected), "nothing about {expected:?} in:\n{told}");
    }
    terminal.end();
}

#[test]
fn both_signals_end_it_cleanly_and_nothing_is_lost() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]);
    let mut dockpass = Dockpass::start_in(dockpass.stop(), Setup::default());
    dockpass.http_as("alice", &token.secret).get("/api/v0/api_tokens").must_be(200);
    dockpass.signal(Signal::INT);
    assert_eq!(dockpass.wait_end(), Some(0), "{}", dockpass.log());
}

#[test]
fn every_other_signal_ends_it_in_order_or_does_nothing() {
    let mut dockpass = Dockpass::start();
    for signal in [Signal::USR1, Signal::USR2, Signal::ALARM, Signal::HUP] {
        dockpass.signal(signal);
    }
    eventually("SIGHUP is told", || dockpass.log().contains("SIGHUP").then_some(()));
    dockpass.http_as_admin().get("/api/v0/api_tokens").must_be(200);
    dockpass.http_as("admin", "a wrong password").get("/api/v0/api_tokens").must_be(401);
    dockpass.signal(Signal::QUIT);
    assert_eq!(dockpass.wait_end(), Some(0), "{}", dockpass.log());
    let denied = dockpass.cli(&["audit", "list", "--outcome", "denied", "--format", "json"]).must_succeed();
    assert!(denied.stdout.contains("account.signIn"), "what waited in memory is written: {}", denied.describe());
}

/// A store that takes minutes to open ends all the same: `strace` holds each `fsync` back.
#[test]
fn a_signal_is_heard_while_the_store_is_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let mut serve = background_command("strace");
    serve.args(["--follow-forks", "--trace=fsync,fdatasync", "--inject=fsync,fdatasync:delay_enter=60s"]);
    serve.args(["--output=/dev/null"]).arg(executable());
    let strace = Background::start("dockpass", serve.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(&data));
    // The directory is made first, and then the disk is waited for.
    eventually("the start has begun", || data.exists().then_some(()));
    let children = format!("/proc/{0}/task/{0}/children", strace.pid());
    let child = fs::read_to_string(children).expect("a child").trim().parse().ok().and_then(Pid::from_raw);
    let child = child.expect("the server's number");
    kill_process(child, Signal::TERM).expect("it takes signals");
    let said = |line: &str| line.contains("ending before the start is done").then_some(());
    strace.wait_for("that it ends", said);
    assert!(!strace.log().contains("ready on"), "{}", strace.log());
    drop(strace);
    eventually("it has ended", || test_kill_process(child).is_err().then_some(()));
    let dockpass = Dockpass::start_in(directory, Setup::default());
    dockpass.http_as_admin().get("/api/v0/api_tokens").must_be(200);
}

/// A certificate that is read from a FIFO into which nobody writes: the start waits for ever.
#[test]
fn a_long_start_ends_with_the_first_signal_and_is_finished_by_the_next() {
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let directory = tempfile::tempdir().expect("a directory");
        let [data, fifo] = ["data", "certificate"].map(|name| directory.path().join(name));
        Run::of(command("mkfifo").arg(&fifo), "").must_succeed();
        let mut serve = background_command(executable());
        serve.env("DOCKPASS_TLS_CERT", &fifo).env("DOCKPASS_TLS_KEY", &fifo);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
        let mut server = Background::start("dockpass", &mut serve);
        eventually("it hears signals", || hears(server.pid(), signal).then_some(()));
        server.signal(signal);
        assert_eq!(server.wait_end_within(Duration::from_secs(20)).code(), Some(0), "{}", server.log());
        assert!(!server.log().contains("ready on"), "{}", server.log());
        assert!(!data.exists(), "nothing is made before the certificate was read");
        let dockpass = Dockpass::start_in(directory, Setup::default());
        dockpass.http_as_admin().get("/api/v0/api_tokens").must_be(200);
    }
}

/// Whether a process has a handler for the signal: from then on it ends in order.
fn hears(pid: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap_or_default();
    caught & (1 << (signal.as_raw() - 1)) != 0
}

#[test]
fn a_second_signal_ends_at_once_what_waits_for_a_client() {
    let mut dockpass = Dockpass::start();
    let mut stream = TcpStream::connect(&dockpass.address).expect("it listens");
    let head = "POST /auth/token HTTP/1.1\r\nHost: dockpass\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    write!(stream, "{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n").expect("the head goes out");
    let mut interim = String::new();
    BufReader::new(&stream).read_line(&mut interim).expect("an interim answer");
    assert!(interim.starts_with("HTTP/1.1 100"), "{interim}");
    dockpass.signal(Signal::INT);
    eventually("it is ending", || dockpass.log().contains("another signal ends at once").then_some(()));
    dockpass.signal(Signal::INT);
    assert_eq!(dockpass.wait_end_within(Duration::from_secs(10)), Some(1), "{}", dockpass.log());
    assert!(dockpass.log().contains("ended at once"), "{}", dockpass.log());
}

/// A server with such a limit of open files, `SOFT:HARD`; what is left out stays.
fn with_files(limit: &str) -> (TempDir, Background) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut serve = background_command("prlimit");
    serve.arg(format!("--nofile={limit}")).arg(executable()).args(["serve", "--listen", "127.0.0.1:0"]);
    serve.arg("--data-dir").arg(directory.path().join("data"));
    let server = Background::start("dockpass", &mut serve);
    server.wait_for("that it is ready", ready_address);
    (directory, server)
}

#[test]
fn the_limit_of_open_files_is_raised_to_the_bound_of_connections_or_that_is_lowered_and_said() {
    let (_directory, server) = with_files("256:");
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("its limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let [soft, hard] = [3, 4].map(|column| files.split_whitespace().nth(column).and_then(|number| number.parse().ok()));
    let needed = 4_096 + 512;
    assert_eq!(soft, Some(hard.map_or(needed, |hard: u32| hard.min(needed))), "{files}");
    let (_directory, server) = with_files("256:512");
    eventually("it says what it has room for", || server.log().contains("at most 384 connections").then_some(()));
}

/// Killed at any moment of its first start, it starts again, and the password of its file signs in.
#[test]
fn a_first_start_that_is_killed_is_finished_by_the_next() {
    let rounds = if is_long() { 200 } else { 12 };
    for round in 0..rounds {
        let directory = tempfile::tempdir().expect("a directory");
        let mut serve = background_command(executable());
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path().join("data"));
        let first = Background::start("dockpass", &mut serve);
        // Most of a first start is over within a quarter of a second.
        first.wait_for_a_line(Duration::from_millis(round * 251 % 250));
        first.signal(Signal::KILL);
        drop(first);
        let dockpass = Dockpass::start_in(directory, Setup::default());
        dockpass.http_as_admin().get("/api/v0/api_tokens").must_be(200);
    }
}

#[test]
fn what_is_in_flight_when_the_signal_comes_is_answered() {
    let mut dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]).secret;
    let form = format!("grant_type=password&service=dockpass&client_id=test&username=alice&password={token}");
    let mut stream = TcpStream::connect(&dockpass.address).expect("it listens");
    let head = "POST /auth/token HTTP/1.1\r\nHost: dockpass\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    write!(stream, "{head}Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", form.len())
        .expect("the head goes out");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut interim = String::new();
    // The interim answer says that the request has arrived and that only the body is missing.
    reader.read_line(&mut interim).expect("an interim answer");
    assert!(interim.starts_with("HTTP/1.1 100"), "{interim}");
    dockpass.signal(Signal::TERM);
    eventually("nobody else is let in", || TcpStream::connect(&dockpass.address).is_err().then_some(()));
    stream.write_all(form.as_bytes()).expect("the body goes out");
    let mut answer = String::new();
    reader.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("HTTP/1.1 200") && answer.contains("access_token"), "{answer}");
    assert_eq!(dockpass.wait_end(), Some(0), "{}", dockpass.log());
}

#[test]
fn a_second_server_is_told_that_the_data_is_in_use_and_by_whom() {
    let dockpass = Dockpass::start();
    let in_use = format!("in use by the server (pid {})", dockpass.pid());
    let second = Run::of(&mut cli_command(&dockpass.data(), &["serve", "--listen", "127.0.0.1:0"]), "");
    assert_eq!(second.code(), Some(1), "{}", second.describe());
    second.must_fail_with(&[&in_use]);
    dockpass.http_as_admin().get("/api/v0/api_tokens").must_be(200);
}

#[test]
fn a_command_says_the_same_with_the_server_and_without_it() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    dockpass.add_token("alice", &["--access", "read-only"]);
    // As JSON: the tables for people tell times as they look from now.
    let commands: [&[&str]; 3] = [
        &["user", "list", "--format", "json"],
        &["user", "show", "alice", "--format", "json"],
        &["token", "list", "--user", "alice", "--format", "json"],
    ];
    let with_server: Vec<_> = commands.iter().map(|command| dockpass.cli(command).must_succeed().stdout).collect();
    let data = dockpass.data();
    let _directory = dockpass.stop();
    let without = commands.iter().map(|command| Run::of(&mut cli_command(&data, command), "").must_succeed().stdout);
    assert_eq!(with_server, without.collect::<Vec<_>>());
}

#[test]
fn the_audit_chain_is_whole_with_the_server_and_without_it() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    dockpass.add_token("alice", &[]);
    let records = dockpass.cli(&["audit", "list"]).must_succeed().stdout;
    assert!(records.contains("alice"), "{records}");
    dockpass.cli(&["audit", "verify"]).must_succeed();
    let data = dockpass.data();
    let _directory = dockpass.stop();
    Run::of(&mut cli_command(&data, &["audit", "verify"]), "").must_succeed();
}

#[test]
fn the_release_is_one_static_file() {
    if !is_release() {
        able::leave_out("DOCKPASS_BIN names no release; tests/run builds one");
        return;
    }
    let readelf = |what: &str| Run::of(command("readelf").args(["--wide", what]).arg(executable()), "").must_succeed();
    let headers = readelf("--program-headers").stdout;
    assert!(!headers.contains("INTERP"), "it asks for an interpreter:\n{headers}");
    let dynamic = readelf("--dynamic").stdout;
    assert!(!dynamic.contains("NEEDED"), "it needs shared libraries:\n{dynamic}");
}

#[test]
fn the_release_starts_in_an_empty_root_directory() {
    if !is_release() {
        able::leave_out("DOCKPASS_BIN names no release; tests/run builds one");
        return;
    }
    let root = tempfile::tempdir().expect("a temporary directory");
    // By another process: what this one has open for writing, a child of another test may hold for a moment (ETXTBSY).
    let mut copy = command("cp");
    copy.arg(executable()).arg(root.path().join("dockpass"));
    Run::of(&mut copy, "").must_succeed();
    let mut inside = in_root(root.path());
    inside.args(["/dockpass", "serve", "--data-dir", "/data", "--listen", "127.0.0.1:0"]);
    let server = Background::start("dockpass in an empty root directory", &mut inside);
    let address = server.wait_for("that it is ready", ready_address);
    let password = fs::read_to_string(root.path().join("data/initial-admin-password")).expect("the password's file");
    let admin = Http::at(&format!("http://{address}")).basic("admin", password.trim());
    admin.get("/api/v0/repositories").must_be(200);
    admin.get("/auth/token?service=dockpass").must_be(200);
}

/// A command whose root directory is this one; who is not root gets a name space of his own for it.
fn in_root(root: &Path) -> std::process::Command {
    let mut command = if geteuid().is_root() {
        background_command("chroot")
    } else {
        let mut unshare = background_command("unshare");
        unshare.args(["--map-root-user", "chroot"]);
        unshare
    };
    command.arg(root);
    command
}

#[test]
fn what_clients_would_refuse_is_told_with_the_port_that_the_system_chose() {
    let dockpass = Setup { listen: Some("127.0.0.2:0".to_owned()), ..Setup::default() }.start();
    dockpass.must_log(&format!("get registry tokens at http://{}, from server.listen", dockpass.address));
    let log = dockpass.log();
    assert!(!log.contains("http://127.0.0.2:0"), "{log}");
}
