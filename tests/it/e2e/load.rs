//! Full speed with ten thousand open connections, slow readers and slow writers, while access tokens are revoked: no answer
//! is an error that was not asked for, memory stays as it is, and whatever is revoked is refused from that answer on.

use std::{
    io::{Write as _, stderr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{park_timeout, scope},
    time::Duration,
};

use rustix::process::{Resource, getrlimit};
use serde_json::Value;

use crate::support::{
    Dockpass, Setup,
    crowd::{allow_many_files, begin, resident_mib},
    process::is_long,
    raw::{Raw, basic},
};

const OPEN: usize = 10_000;
const CONFIG: &str = "[server]\nmax_connections = 12000\n";
/// Open files besides, here and in the server: of the store, of other tests.
const OTHER_FILES: usize = 1_000;
/// Who asks at full speed.
const ASKERS: usize = 4;
/// Access tokens that are asked with, the newest ones in force.
const TOKENS: usize = 64;
const IN_FORCE: usize = 32;
/// What is asked for with an access token.
const PATHS: [&str; 4] = [
    "/auth/token?service=dockpass&scope=repository:alice/app:pull",
    "/v2/",
    "/api/v0/repositories",
    "/api/v0/api_tokens?pageSize=5",
];

/// An access token of alice's.
struct Token {
    credentials: String,
    hash: String,
    is_ending: AtomicBool,
    /// Its revocation was answered.
    is_revoked: AtomicBool,
}

struct Load {
    address: String,
    tokens: Mutex<Vec<Arc<Token>>>,
    is_over: AtomicBool,
    answers: AtomicUsize,
    refusals: AtomicUsize,
    revoked: AtomicUsize,
}

/// A request over a connection that stays open; its status and its body.
fn ask(raw: &mut Raw, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: dockpass\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    assert!(raw.say(request), "it takes requests");
    let (head, mut bytes) = (raw.head(), Vec::new());
    raw.body(head.length(), |piece| bytes.extend(piece));
    (head.status, String::from_utf8_lossy(&bytes).into_owned())
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.is_over.load(SeqCst)
    }

    fn connection(&self) -> Raw {
        Raw::to(&self.address)
    }

    fn make_token(&self, raw: &mut Raw, admin: &str) {
        let headers = format!("{admin}Content-Type: application/json\r\n");
        let (status, body) = ask(raw, "POST", "/api/v0/api_tokens?username=alice", &headers, "{}");
        assert_eq!(status, 200, "{body}");
        let made: Value = serde_json::from_str(&body).expect("JSON");
        let text = |field: &str| made[field].as_str().expect("a text").to_owned();
        let token = Token {
            credentials: basic("alice", &text("token")),
            hash: text("hashedToken"),
            is_ending: AtomicBool::new(false),
            is_revoked: AtomicBool::new(false),
        };
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.push(Arc::new(token));
        if tokens.len() > TOKENS {
            tokens.remove(0);
        }
    }

    fn token(&self, number: usize) -> Arc<Token> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&tokens[number % tokens.len()])
    }

    /// Makes an access token, and revokes the oldest one that is in force, again and again.
    fn revoke(&self, admin: &str) {
        let mut raw = self.connection();
        while self.goes_on() {
            self.make_token(&mut raw, admin);
            let token = {
                let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                tokens.iter().rev().take(IN_FORCE).next_back().cloned().expect("there are some")
            };
            token.is_ending.store(true, SeqCst);
            let (status, body) = ask(&mut raw, "DELETE", &format!("/api/v0/api_tokens/{}", token.hash), admin, "");
            assert_eq!(status, 200, "{body}");
            token.is_revoked.store(true, SeqCst);
            self.revoked.fetch_add(1, SeqCst);
        }
    }

    /// Asks with every access token, revoked or not.
    fn ask_at_full_speed(&self, asker: usize) {
        let mut raw = self.connection();
        let mut number = asker;
        while self.goes_on() {
            number += ASKERS + 1;
            let token = self.token(number);
            let was_revoked = token.is_revoked.load(SeqCst);
            let path = PATHS[number / 7 % PATHS.len()];
            let (status, body) = ask(&mut raw, "GET", path, &token.credentials, "");
            match status {
                401 if was_revoked => _ = self.refusals.fetch_add(1, SeqCst),
                401 if token.is_ending.load(SeqCst) => {}
                200 if !was_revoked => _ = self.answers.fetch_add(1, SeqCst),
                _ => panic!("GET {path}: {status} {body}; revoked before: {was_revoked}"),
            }
        }
    }

    /// Reads answers piece by piece, with pauses.
    fn read_slowly(&self) {
        while self.goes_on() {
            let mut raw = Raw::small(&self.address, "127.0.7.1");
            let head = raw.ask("GET", "/api/v0/openapi.json", "").must_be(200);
            raw.body(head.length(), |_| park_timeout(Duration::from_millis(2)));
        }
    }

    /// Sends a request piece by piece, with pauses.
    fn write_slowly(&self, secret: &str) {
        while self.goes_on() {
            let mut raw = Raw::small(&self.address, "127.0.7.2");
            let body = format!("grant_type=password&service=dockpass&username=alice&password={secret}");
            let kind = "Content-Type: application/x-www-form-urlencoded";
            let length = body.len();
            let head =
                format!("POST /auth/token HTTP/1.1\r\nHost: dockpass\r\n{kind}\r\nContent-Length: {length}\r\n\r\n");
            assert!(raw.say(head), "it takes heads");
            for piece in body.as_bytes().chunks(length.div_ceil(5)) {
                park_timeout(Duration::from_millis(100));
                assert!(raw.say(piece), "it takes pieces");
            }
            raw.head().must_be(200);
        }
    }

    /// Uses each open connection now and then, so that none is idle for too long.
    fn hold(&self, open: &mut [Raw]) {
        while self.goes_on() {
            for raw in open.iter_mut() {
                if !self.goes_on() {
                    return;
                }
                ping(raw);
            }
        }
    }
}

fn ping(raw: &mut Raw) {
    assert_eq!(ask(raw, "GET", "/_ping", "", "").0, 200);
}

/// As many connections as are meant; fewer only where the system allows no process so many files, which everybody is told.
fn to_open() -> usize {
    allow_many_files();
    let allowed =
        getrlimit(Resource::Nofile).maximum.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    let count = OPEN.min(allowed.saturating_sub(OTHER_FILES));
    assert!(count >= 1_000, "the system allows {allowed} open files: that is no load");
    if count < OPEN {
        // Not by `println!`, of which nothing is seen when a test passes.
        let told =
            format!("\nNOT AT FULL LOAD: {count} connections instead of {OPEN}, for `ulimit -Hn` is {allowed}\n");
        stderr().write_all(told.as_bytes()).expect("somebody reads it");
    }
    count
}

/// Open connections, each of them used once.
fn open(dockpass: &Dockpass) -> Vec<Raw> {
    let count = to_open();
    let from = |number: usize| format!("127.0.{}.{}", 10 + number / 250, 1 + number % 250);
    let connect = |number| {
        let mut raw = Raw::small(&dockpass.address, &from(number));
        ping(&mut raw);
        raw
    };
    (0..count).map(connect).collect()
}

#[test]
fn under_load_nothing_fails_and_what_is_revoked_is_refused_at_once() {
    let seconds = if is_long() { 120 } else { 10 };
    let dockpass = Setup::config(CONFIG).start();
    dockpass.add_user("alice");
    dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    let admin = basic("admin", &dockpass.add_token("admin", &[]).secret);
    let lasting = dockpass.add_token("alice", &[]).secret;
    let load = Load {
        address: dockpass.address.clone(),
        tokens: Mutex::default(),
        is_over: AtomicBool::new(false),
        answers: AtomicUsize::new(0),
        refusals: AtomicUsize::new(0),
        revoked: AtomicUsize::new(0),
    };
    let mut raw = load.connection();
    (0..IN_FORCE).for_each(|_| load.make_token(&mut raw, &admin));
    dockpass.http().get("/api/v0/openapi.json").must_be(200);
    let mut open = open(&dockpass);
    let before = resident_mib(dockpass.pid());
    scope(|threads| {
        for asker in 0..ASKERS {
            let load = &load;
            threads.spawn(move || load.ask_at_full_speed(asker));
        }
        threads.spawn(|| load.revoke(&admin));
        threads.spawn(|| load.read_slowly());
        threads.spawn(|| load.write_slowly(&lasting));
        threads.spawn(|| load.hold(&mut open));
        let begun = begin();
        while begun.elapsed() < Duration::from_secs(seconds) {
            park_timeout(Duration::from_millis(200));
        }
        load.is_over.store(true, SeqCst);
    });
    let after = resident_mib(dockpass.pid());
    let [answers, refusals, revoked] = [&load.answers, &load.refusals, &load.revoked].map(|count| count.load(SeqCst));
    println!(
        "{} connections, {answers} answers, {revoked} revocations, {refusals} refusals after them; {before} MiB, then {after}",
        open.len()
    );
    assert!(answers > 1_000 && revoked > 50 && refusals > 100, "{answers} {revoked} {refusals}");
    assert!(after < before + 48, "{before} MiB before, {after} after");
    dockpass.cli(&["audit", "verify"]).must_succeed();
    assert!(!dockpass.log().contains("panicked"), "{}", dockpass.log());
}
