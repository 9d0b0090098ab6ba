//! What a service manager hears (`sd_notify(3)`), and what is told of a disk that hangs. `strace` holds a thread or the disk
//! back, as a fault would.

use std::{
    fs,
    io::{ErrorKind, Read},
    os::unix::net::UnixDatagram,
    path::PathBuf,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{
    Dockpass, Setup,
    exe::PASSWORD,
    metrics::{METRICS, Metrics},
    process::eventually,
    stuck::{begin_token, hold_back, may_hold_back},
};

/// A service manager, as far as a service sees it.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    _directory: TempDir,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        Self { socket: UnixDatagram::bind(&path).expect("a socket"), path, _directory: directory }
    }

    /// Its service, which it wants to hear of every so many milliseconds.
    fn start(&self, patience: u64) -> Dockpass {
        let socket = ("NOTIFY_SOCKET", self.path.display().to_string());
        let time = ("WATCHDOG_USEC", (patience * 1_000).to_string());
        let config = "[server]\nworkers = 2\n".to_owned();
        Setup { config, environment: vec![socket, time], ..Setup::default() }.start()
    }

    /// What it hears next; none if that is nothing for so long.
    fn hears_within(&self, longest: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(longest)).expect("a limit");
        let mut heard = [0; 64];
        match self.socket.recv(&mut heard) {
            Ok(length) => Some(String::from_utf8_lossy(&heard[..length]).into_owned()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn hears(&self) -> String {
        self.hears_within(Duration::from_mins(1)).expect("something is told")
    }

    /// Hears until there is nothing for so long.
    fn hears_out(&self, longest: Duration) {
        while self.hears_within(longest).is_some() {}
    }
}

/// The threads that serve requests.
fn workers(dockpass: &Dockpass) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", dockpass.pid())).expect("its threads");
    let is_worker =
        |path: &PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with("actix-rt"));
    let mut found: Vec<String> = tasks
        .map(|task| task.expect("a thread").path())
        .filter(is_worker)
        .map(|path| path.file_name().expect("a number").to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn the_service_manager_hears_that_it_is_ready_that_it_serves_and_that_it_ends() {
    let manager = Manager::new();
    let mut dockpass = manager.start(400);
    assert_eq!(manager.hears(), "READY=1");
    for _ in 0..5 {
        assert_eq!(manager.hears(), "WATCHDOG=1");
    }
    dockpass.signal(Signal::TERM);
    let last = eventually("it says that it ends", || Some(manager.hears()).filter(|heard| heard != "WATCHDOG=1"));
    assert_eq!(last, "STOPPING=1");
    assert_eq!(dockpass.wait_end(), Some(0));
    assert_eq!(manager.hears_within(Duration::from_millis(10)), None, "nothing after that");
}

#[test]
fn nobody_hears_what_is_meant_for_another_process_and_a_manager_that_is_gone_ends_nothing() {
    let manager = Manager::new();
    let mut environment = vec![("NOTIFY_SOCKET", manager.path.display().to_string())];
    environment.extend([("WATCHDOG_USEC", "100000".to_owned()), ("WATCHDOG_PID", "1".to_owned())]);
    let dockpass = Setup { environment, ..Setup::default() }.start();
    assert_eq!(manager.hears(), "READY=1");
    assert_eq!(manager.hears_within(Duration::from_millis(500)), None, "the watchdog is another's");
    drop(manager);
    dockpass.http().get("/_ping").must_be(200);
    drop(dockpass.stop());
}

#[test]
fn while_a_thread_that_serves_is_stuck_the_manager_hears_nothing() {
    if !may_hold_back() {
        return;
    }
    let manager = Manager::new();
    let dockpass = manager.start(400);
    assert_eq!(manager.hears(), "READY=1");
    // Two of the network and one of the local socket, each of which names itself when it begins.
    let workers = eventually("its threads serve", || Some(workers(&dockpass)).filter(|found| found.len() == 3));
    for stuck in &workers {
        let strace = hold_back("epoll_wait,epoll_pwait,epoll_pwait2", stuck, false);
        let told = dockpass.log().matches("a thread that serves requests does not answer").count();
        // Its present wait ends with the next question; then it is stuck.
        eventually("it is noticed", || {
            let now = dockpass.log().matches("a thread that serves requests does not answer").count();
            (now > told).then_some(())
        });
        manager.hears_out(Duration::from_millis(100));
        assert_eq!(manager.hears_within(Duration::from_secs(1)), None, "no sign of life while one is stuck");
        drop(strace);
        assert_eq!(manager.hears(), "WATCHDOG=1", "it goes on where it stopped");
    }
    let told = || Some(dockpass.log().matches("answer again").count()).filter(|told| *told == workers.len());
    eventually("each time is told", told);
    drop(dockpass.stop());
}

#[test]
fn a_disk_that_hangs_is_told_and_ends_nothing() {
    if !may_hold_back() {
        return;
    }
    let manager = Manager::new();
    let dockpass = manager.start(2_000);
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]).secret;
    let secret = fs::read_to_string(dockpass.data().join("keys").join("metrics-secret")).expect("the secret");
    let metrics = || Metrics::of(&dockpass.http().bearer(secret.trim_end()).get(METRICS).must_be(200));
    let well = metrics();
    assert_eq!((well.count("dockpass_writer_hung"), well.count("dockpass_writer_busy_seconds")), (0, 0));
    let strace = hold_back("fdatasync", &dockpass.pid().to_string(), true);
    let mut waiting: Vec<_> = (0..3).map(|number| begin_token(&dockpass, "alice", &token, number)).collect();
    let noticed = "the disk has not answered the writer";
    dockpass.must_log(noticed);
    let health = dockpass.http().get("/health").must_be(200);
    assert_eq!((&health.json()["healthy"], health.text("/error").contains("disk")), (&false.into(), true));
    dockpass.http().get("/health?strict=true").must_be(503);
    let hung = metrics();
    assert_eq!(hung.count("dockpass_writer_hung"), 1);
    assert_eq!(hung.count("dockpass_changes_accepted"), 0);
    assert!(hung.number("dockpass_writer_busy_seconds") > 30.0 && hung.number("dockpass_writer_queue") >= 1.0);
    // Everything else goes on, and whoever watches the process hears so.
    for _ in 0..5 {
        dockpass.http_as("alice", &token).get("/auth/token?scope=repository:alice/app:pull").must_be(200);
        dockpass.http_as("alice", PASSWORD).get("/api/v0/api_tokens").must_be(200);
    }
    manager.hears_out(Duration::from_millis(1));
    assert_eq!(manager.hears(), "WATCHDOG=1");
    // The disk answers again.
    drop(strace);
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    dockpass.must_log("the disk answers the writer again");
    assert_eq!(dockpass.http().get("/health?strict=true").must_be(200).json()["healthy"], true);
    let well = metrics();
    assert_eq!((well.count("dockpass_writer_hung"), well.count("dockpass_writer_queue")), (0, 0));
    assert!(
        well.number("dockpass_store_fdatasync_seconds_bucket{le=\"30.0\"}")
            < well.number("dockpass_store_fdatasync_seconds_count")
    );
    assert_eq!(dockpass.log().matches(noticed).count(), 1, "once: {}", dockpass.log());
    drop(dockpass.stop());
}
