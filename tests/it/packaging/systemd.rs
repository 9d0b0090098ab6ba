//! The unit: that systemd understands it, how much it leaves open, and that it leaves open what dockpass needs.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        net::UnixDatagram,
    },
    path::{Path, PathBuf},
};

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};

use super::{packaged, text};
use crate::support::{
    Http, Setup, able,
    exe::{PASSWORD, cli_command, executable, ready_address},
    process::{Background, Run, background_command, command},
    tls::SiteCertificate,
};

const UNIT: &str = "systemd/dockpass.service";

/// The values of a key of the unit.
fn values(key: &str) -> Vec<String> {
    let text = text(UNIT);
    text.lines().filter_map(|line| line.strip_prefix(&format!("{key}="))).map(str::to_owned).collect()
}

/// `systemd-analyze ARGUMENTS UNIT` for a unit of this text.
fn analyzed(arguments: &[&str], unit: &str) -> Run {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("dockpass.service");
    fs::write(&file, unit).expect("a file");
    Run::of(command("systemd-analyze").args(arguments).arg(file), "")
}

#[test]
fn systemd_understands_every_line() {
    let here = text(UNIT).replace("/usr/bin/dockpass", &executable().display().to_string());
    let verify = |unit: &str| analyzed(&["verify", "--man=no"], unit).stderr;
    assert_eq!(verify(&here), "");
    let wrong = verify(&here.replace("ProtectClock=", "ProtectClocks="));
    assert!(wrong.contains("ProtectClocks"), "{wrong}");
}

#[test]
fn what_it_leaves_open_is_as_little_as_it_says() {
    let exposure = |unit: &str| analyzed(&["security", "--offline=true", "--no-pager", "--threshold=15"], unit);
    let found = exposure(&text(UNIT)).must_succeed();
    let level = Regex::new(r"Overall exposure level for dockpass\.service: (\d\.\d)").expect("an expression");
    let level = &level.captures(&found.stdout).unwrap_or_else(|| panic!("{}", found.describe()))[1];
    assert!(text(UNIT).contains(&format!("together {level}:")), "it is {level}");
    let open = exposure(&text(UNIT).replace("SystemCallFilter=", "#").replace("PrivateUsers=yes", ""));
    assert_ne!(open.code(), Some(0), "{}", open.describe());
}

#[test]
fn the_user_is_made_with_the_directory_of_the_unit() {
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir(root.path().join("etc")).expect("a directory");
    let mut sysusers = command("systemd-sysusers");
    sysusers.arg(format!("--root={}", root.path().display())).arg(packaged("systemd/dockpass.sysusers"));
    Run::of(&mut sysusers, "").must_succeed();
    let users = fs::read_to_string(root.path().join("etc/passwd")).expect("it is made");
    let fields: Vec<_> = users.trim_end().split(':').collect();
    let state = format!("/var/lib/{}", values("StateDirectory")[0]);
    assert_eq!((fields[0], fields[5]), (values("User")[0].as_str(), state.as_str()), "{users}");
    assert!(fields[6].ends_with("/nologin"), "{users}");
    assert_eq!(values("WorkingDirectory"), [state]);
}

#[test]
fn its_credentials_are_what_dockpass_reads() {
    const HOST: &str = "pass.example.com";
    let certificate = SiteCertificate::of(HOST);
    let credentials = tempfile::tempdir().expect("a directory");
    let place = |name: &str| credentials.path().join(name);
    let [password, cert, key] = values("LoadCredential").try_into().expect("three credentials");
    fs::write(place(&password), format!("{PASSWORD}\n")).expect("a file");
    fs::copy(certificate.certificate(), place(&cert)).expect("a copy");
    fs::copy(certificate.key(), place(&key)).expect("a copy");
    // The lines that the unit proposes, as they are.
    let unit = text(UNIT);
    let lines = Regex::new(r"(?m)^#   \S+ +\[tls\] (\S+ = .*)$").expect("an expression");
    let lines: Vec<_> = lines.captures_iter(&unit).map(|found| found[1].to_owned()).collect();
    assert_eq!(lines.len(), 2, "{unit}");
    let tls = lines.join("\n").replace("/run/credentials/dockpass.service", &credentials.path().display().to_string());
    let mut setup = Setup::config(format!("[server]\npublic_url = \"https://{HOST}\"\n[tls]\n{tls}\n"));
    setup.environment = vec![("CREDENTIALS_DIRECTORY", credentials.path().display().to_string())];
    let dockpass = setup.start();
    let admin = dockpass.http_as("admin", PASSWORD).trusting(&certificate.authority());
    admin.get("/api/v0/api_tokens").must_be(200);
    assert!(!dockpass.data().join("initial-admin-password").exists());
}

/// All system calls of a group of systemd's (`@name`), or the one.
fn calls_of(name: &str) -> BTreeSet<String> {
    let Some(group) = name.strip_prefix('@') else { return BTreeSet::from([name.to_owned()]) };
    let listed = Run::of(command("systemd-analyze").args(["syscall-filter", &format!("@{group}")]), "").must_succeed();
    let names = listed.stdout.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    names.flat_map(calls_of).collect()
}

/// What the lines of the unit allow, in their order.
fn allowed_calls() -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for line in values("SystemCallFilter") {
        match line.strip_prefix('~') {
            Some(names) => {
                for call in names.split(' ').flat_map(calls_of) {
                    allowed.remove(&call);
                }
            }
            None => allowed.extend(line.split(' ').flat_map(calls_of)),
        }
    }
    allowed
}

/// Starts the server under `strace` as an ordinary user with a service manager, uses it, and ends it; what it asked of the system.
fn traced(directory: &Path) -> String {
    let at = |name: &str| directory.join(name);
    let (trace, home, notify) = (at("trace"), at("home"), at("notify"));
    let data = home.join("data");
    Run::of(command("install").args(["-m", "755"]).arg(executable()).arg(at("dockpass")), "").must_succeed();
    fs::create_dir(&home).expect("a directory");
    let _manager = UnixDatagram::bind(&notify).expect("a socket");
    let config = "[server]\npublic_url = \"https://pass.example.com\"\n[tls]\nself_signed = true\n\
                  [audit]\nsyslog = \"tcp://127.0.0.1:9\"\n";
    fs::write(at("config.toml"), config).expect("a file");
    for (path, mode) in [(directory, 0o755), (&notify, 0o777), (&at("config.toml"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its permissions can be changed");
    }
    chown(&home, Some(65_534), Some(65_534)).expect("root gives it away");
    let mut strace = background_command("strace");
    strace.args(["--follow-forks", "--quiet=all", "--user=nobody", "--output"]).arg(&trace).arg(at("dockpass"));
    strace.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(at("config.toml")).arg("--data-dir").arg(&data);
    strace.env("NOTIFY_SOCKET", &notify).env("WATCHDOG_USEC", "200000");
    let mut server = Background::start("dockpass under strace", &mut strace);
    let address = server.wait_for("that it is ready", ready_address);
    let cli = |arguments: &[&str], input: &str| Run::of(&mut cli_command(&data, arguments), input).must_succeed();
    cli(&["user", "create", "alice", "--password-stdin"], PASSWORD);
    cli(&["backup", &at("copy").display().to_string()], "");
    cli(&["check"], "");
    let alice = Http::at(&format!("https://{address}")).trusting_anybody().basic("alice", PASSWORD);
    alice.get("/auth/token?scope=repository:alice/app:pull").must_be(200);
    alice.get("/").must_be(200);
    let pid = fs::read_to_string(data.join("lock")).expect("its number").trim().parse().expect("a number");
    let pid = Pid::from_raw(pid).expect("a process");
    for signal in [Signal::HUP, Signal::TERM] {
        kill_process(pid, signal).expect("it takes signals");
    }
    assert!(server.wait_end().success());
    assert!(!server.log().contains("the service manager was not told"), "{}", server.log());
    fs::read_to_string(trace).expect("the trace")
}

#[test]
fn what_it_leaves_open_is_all_that_dockpass_needs() {
    if !able::is_root("traces a process that gives no dumps") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let trace = traced(directory.path());
    let call = Regex::new(r"(?m)^\d+ +([a-z0-9_]+)\(").expect("an expression");
    let called: BTreeSet<_> = call.captures_iter(&trace).map(|found| found[1].to_owned()).collect();
    assert!(called.contains("fdatasync") && called.contains("sendto") && called.len() > 40, "{called:?}");
    let allowed = allowed_calls();
    let denied: Vec<_> = called.iter().filter(|call| !allowed.contains(*call)).collect();
    assert!(denied.is_empty(), "the unit denies {denied:?}");
    assert!(!allowed.contains("chown") && !allowed.contains("mount") && !allowed.contains("setpriority"));
    // RestrictAddressFamilies=, MemoryDenyWriteExecute=
    let families = Regex::new(r"socket\((AF_[A-Z0-9]+)").expect("an expression");
    let families: BTreeSet<_> = families.captures_iter(&trace).map(|found| found[1].to_owned()).collect();
    let may: BTreeSet<_> = values("RestrictAddressFamilies")[0].split(' ').map(str::to_owned).collect();
    assert!(families.len() > 1 && families.is_subset(&may), "{families:?}");
    assert!(!trace.contains("PROT_WRITE|PROT_EXEC"), "memory that is written and run");
}

#[test]
fn it_says_what_the_program_does() {
    let state = PathBuf::from("/var/lib").join(&values("StateDirectory")[0]);
    assert_eq!(state, Path::new("/var/lib/dockpass"));
    assert_eq!((values("Type"), values("StateDirectoryMode")), (vec!["notify".to_owned()], vec!["0700".to_owned()]));
    assert!(values("DynamicUser").is_empty(), "whose the data is must stay");
    assert_eq!(values("ExecStart"), ["/usr/bin/dockpass serve --config /etc/dockpass/config.toml"]);
}
