//! The service under systemd itself: a manager of the test's own in namespaces of its own, with the unit as it is packaged. It
//! sees the files of this machine below a layer that goes again, and no unit of this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::packaged;
use crate::support::{
    Http, able,
    exe::{PASSWORD, executable, ready_address},
    process::{Background, Run, background_command, command, eventually},
};

/// Makes the root of the manager in `$1` with the files in `$2`, and becomes the manager. Its users enter the root, whatever
/// umask another test has set.
const BOOT: &str = r#"
set -e
umask 022
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
files=$(realpath "$2")
cd "$1/root"
mount -t proc none proc
mount -o bind,ro proc/sys proc/sys
mount -t sysfs -o ro none sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 none dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 none dev/pts
ln -s pts/ptmx dev/ptmx
mkdir -p etc/dockpass etc/credstore
for name in dev/shm run etc/dockpass etc/credstore var/lib; do mount -t tmpfs -o mode=755 none $name; done
cp -r "$files/." .
systemd-sysusers --root=. dockpass.conf
mount -t tmpfs -o mode=1777 none tmp
pivot_root . mnt
umount -l /mnt
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/run/units \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=null --show-status=no
"#;

/// What every service waits for or is ended by; here there is nothing else in them.
const TARGETS: [&str; 5] = ["sysinit", "basic", "network-online", "multi-user", "shutdown"];

/// Where the service writes, so that the test can read it.
const LOG: &str = "/run/dockpass.log";

struct Manager {
    systemd: Background,
    /// Its process, as seen from here.
    number: u32,
    group: PathBuf,
    _directory: TempDir,
}

impl Manager {
    /// A manager with the unit of the package, to which these lines are added; none where there is no control group to be had,
    /// which is said.
    fn boot(lines: &str) -> Option<Self> {
        let group = able::is_root("starts a service manager").then(control_group)??;
        let directory = tempfile::tempdir().expect("a directory");
        let [mount, files] = ["mount", "files"].map(|name| directory.path().join(name));
        fs::create_dir(&mount).expect("a directory");
        for place in ["usr/bin", "usr/lib/sysusers.d", "etc/credstore", "run/units/dockpass.service.d"] {
            fs::create_dir_all(files.join(place)).expect("a directory");
        }
        let copy = |from: PathBuf, to: &str| fs::copy(from, files.join(to)).expect("a copy");
        copy(executable(), "usr/bin/dockpass");
        copy(packaged("systemd/dockpass.sysusers"), "usr/lib/sysusers.d/dockpass.conf");
        copy(packaged("systemd/dockpass.service"), "run/units/dockpass.service");
        for name in TARGETS {
            let unit = format!("[Unit]\nDescription={name}\nDefaultDependencies=no\n{}\n", after(name));
            fs::write(files.join(format!("run/units/{name}.target")), unit).expect("a unit");
        }
        let more = format!("[Service]\nStandardOutput=append:{LOG}\nStandardError=append:{LOG}\n{lines}\n");
        fs::write(files.join("run/units/dockpass.service.d/test.conf"), more).expect("a unit");
        fs::write(files.join("etc/credstore/dockpass-admin-password"), PASSWORD).expect("a file");
        let mut boot = background_command("sh");
        boot.args(["-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\""]).arg(&group);
        boot.args(["unshare", "--pid", "--fork", "--kill-child", "--mount", "--cgroup", "--uts", "--ipc"]);
        boot.args(["sh", "-c", BOOT, "sh"]).arg(&mount).arg(&files);
        let systemd = Background::start("systemd", &mut boot);
        let number = eventually("a process of its own", || {
            let children = format!("/proc/{0}/task/{0}/children", systemd.pid());
            fs::read_to_string(children).ok()?.trim().parse().ok()
        });
        let manager = Self { systemd, number, group, _directory: directory };
        eventually("systemd runs", || {
            (manager.systemctl(&["is-system-running"]).stdout.trim() == "running").then_some(())
        });
        Some(manager)
    }

    /// A program where the manager is. What it writes can be read there, whatever umask another test has set.
    fn run_with(&self, program: &[&str], input: &str) -> Run {
        let mut enter = command("nsenter");
        enter.args(["--mount", "--pid", "--cgroup", "--target", &self.number.to_string(), "--"]);
        enter.args(["sh", "-c", "umask 022; exec \"$@\"", "sh"]).args(program);
        Run::of(&mut enter, input)
    }

    fn systemctl(&self, arguments: &[&str]) -> Run {
        self.run_with(&[&["systemctl", "--no-pager"], arguments].concat(), "")
    }

    /// A property of the service.
    fn shown(&self, property: &str) -> String {
        let show = ["show", "--value", "--property", property, "dockpass"];
        self.systemctl(&show).must_succeed().stdout.trim().to_owned()
    }

    fn log(&self) -> String {
        fs::read_to_string(format!("/proc/{}/root{LOG}", self.number)).unwrap_or_default()
    }

    /// Waits until the service is active, and not by one of these processes.
    fn is_active_after(&self, before: &[String]) -> String {
        eventually("the service is active", || {
            let process = self.shown("MainPID");
            (self.shown("ActiveState") == "active" && !before.contains(&process)).then_some(process)
        })
    }

    /// The administrator at the server that has said last where it is.
    fn admin(&self) -> Http {
        let log = self.log();
        let address = log.lines().rev().find_map(ready_address).unwrap_or_else(|| panic!("not ready:\n{log}"));
        Http::at(&format!("http://{address}")).basic("admin", PASSWORD)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // With the manager, all that is in its namespace ends, and before this returns.
        let _ = Run::of(command("kill").args(["-KILL", &self.number.to_string()]), "");
        self.systemd.wait_end();
        remove_group(&self.group);
    }
}

/// What is named in a unit stays loaded, so that it can be asked how it has ended.
fn after(target: &str) -> &'static str {
    if target == "multi-user" { "After=dockpass.service" } else { "" }
}

/// A control group of the test's own, below the one that it is in.
fn control_group() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts");
    let own = fs::read_to_string("/proc/self/cgroup").expect("groups");
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let place = mounts.lines().find_map(|line| match line.split(' ').collect::<Vec<_>>().as_slice() {
        [_, place, "cgroup2", ..] => Some(PathBuf::from(place)),
        _ => None,
    });
    let group = place.map(|place| place.join(own).join(format!("dockpass-test-{}", std::process::id())));
    let made = group.filter(|group| fs::create_dir(group).is_ok());
    if made.is_none() {
        able::leave_out("no control group can be made here, which systemd needs");
    }
    made
}

fn remove_group(group: &Path) {
    for inner in fs::read_dir(group).into_iter().flatten().filter_map(Result::ok).filter(|it| it.path().is_dir()) {
        remove_group(&inner.path());
    }
    if let Err(error) = fs::remove_dir(group) {
        eprintln!("{}: {error}", group.display());
    }
}

#[test]
fn systemd_starts_it_once_it_is_ready_watches_it_and_stops_it() {
    let Some(manager) = Manager::boot("WatchdogSec=2s") else { return };
    // As it is before anything is configured.
    manager.systemctl(&["start", "dockpass"]).must_fail_with(&["Assertion failed"]);
    // A pipe holds the start up until somebody writes the configuration.
    manager.run_with(&["mkfifo", "--mode=644", "/etc/dockpass/config.toml"], "").must_succeed();
    manager.systemctl(&["start", "--no-block", "dockpass"]).must_succeed();
    eventually("it starts", || (manager.shown("MainPID") != "0").then_some(()));
    assert_eq!(manager.shown("ActiveState"), "activating", "{}", manager.log());
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n";
    let write = ["sh", "-c", "cat >/etc/dockpass/config.toml"];
    let written = manager.run_with(&write, config);
    let status = || manager.systemctl(&["status", "dockpass"]).describe();
    assert_eq!(written.code(), Some(0), "nobody reads it\n{}\n{}", status(), manager.log());
    let first = manager.is_active_after(&[]);
    // The first password came as a credential.
    manager.admin().get("/api/v0/api_tokens").must_be(200);
    manager.run_with(&["rm", "/etc/dockpass/config.toml"], "").must_succeed();
    manager.run_with(&write, config).must_succeed();
    manager.systemctl(&["reload", "dockpass"]).must_succeed();
    eventually("it looks for changed files", || manager.log().contains("SIGHUP: looking for").then_some(()));
    assert_eq!((manager.shown("MainPID"), manager.shown("ActiveState").as_str()), (first.clone(), "active"));
    // Who does not go on is ended and started anew.
    manager.run_with(&["kill", "-STOP", &first], "").must_succeed();
    manager.is_active_after(std::slice::from_ref(&first));
    assert_eq!(manager.shown("NRestarts"), "1");
    manager.admin().get("/api/v0/api_tokens").must_be(200);
    manager.systemctl(&["stop", "dockpass"]).must_succeed();
    let ended = ["ActiveState", "Result", "ExecMainCode", "ExecMainStatus"].map(|name| manager.shown(name));
    assert_eq!(ended, ["inactive", "success", "1", "0"], "{}", manager.log());
}
