//! Bodies of any size through the gateway, as fast and as slow as clients are: the real executable before Debian's registry,
//! or before a server of the test's own where a registry would not do what the test is about.

use std::{
    fmt::Write as _,
    io::{Read, Write, copy, sink},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};

use crate::support::{
    Dockpass, Registry, Setup,
    crowd::{allow_many_files, begin, peak_mib, read_all, resident_mib, small_connection, tls_connection},
    image::sha256,
    process::{eventually, is_long},
    raw::{Head, Raw, Upstream, basic},
    tls::SiteCertificate,
};

const MIB: usize = 1024 * 1024;
const UPLOADS: &str = "/v2/alice/app/blobs/uploads/";
const BYTES: &str = "Content-Type: application/octet-stream\r\n";

/// A gateway, and the header line of alice, who owns `alice/…`.
struct Gateway {
    dockpass: Dockpass,
    alice: String,
}

impl Gateway {
    /// Before what listens at this address, with these lines in the sections `server` and `registry`.
    fn before(upstream: &str, server: &str, registry: &str) -> Self {
        let config = format!("[server]\n{server}\n[registry]\nupstream = \"http://{upstream}\"\n{registry}\n");
        let dockpass = Setup::config(config).start();
        dockpass.cli(&["user", "create", "alice", "--service", "--adopt-repositories"]).must_succeed();
        let alice = basic("alice", &dockpass.add_token("alice", &[]).secret);
        Self { dockpass, alice }
    }

    fn address(&self) -> &str {
        &self.dockpass.address
    }

    fn connect(&self) -> Raw {
        Raw::to(self.address())
    }

    /// A request of alice's without a body.
    fn ask(&self, method: &str, path: &str, headers: &str) -> Head {
        self.connect().ask(method, path, &format!("{}{headers}Connection: close\r\n", self.alice))
    }

    /// Begins an upload; where it goes on.
    fn begin_upload(&self) -> String {
        self.ask("POST", UPLOADS, "Content-Length: 0\r\n").must_be(202).location()
    }

    /// Begins a request of alice's, whose body follows.
    fn send_head(&self, method: &str, path: &str, headers: &str) -> Raw {
        let mut raw = self.connect();
        raw.say(format!("{method} {path} HTTP/1.1\r\nHost: dockpass\r\n{}{BYTES}{headers}\r\n", self.alice));
        raw
    }

    /// Ends an upload with this digest.
    fn finish(&self, upload: &str, digest: &str) -> Head {
        self.ask("PUT", &with_digest(upload, digest), "Content-Length: 0\r\n")
    }

    /// Pushes a blob in one piece; its path.
    fn push(&self, content: &[u8]) -> String {
        let digest = sha256(content);
        let path = with_digest(&self.begin_upload(), &digest);
        let mut raw = self.send_head("PUT", &path, &format!("Content-Length: {}\r\n", content.len()));
        raw.say(content);
        raw.head().must_be(201);
        blob(&digest)
    }

    /// The most memory that it has had so far, in MiB.
    fn peak_mib(&self) -> u64 {
        peak_mib(self.dockpass.pid()).expect("it runs")
    }

    /// How long somebody else waits for an answer.
    fn wait_of_others(&self) -> Duration {
        let begun = begin();
        let mut raw = Raw::small(self.address(), "127.0.9.9");
        raw.ask("GET", "/_ping", "Connection: close\r\n").must_be(200);
        begun.elapsed()
    }
}

fn blob(digest: &str) -> String {
    format!("/v2/alice/app/blobs/{digest}")
}

fn with_digest(upload: &str, digest: &str) -> String {
    let mark = if upload.contains('?') { '&' } else { '?' };
    format!("{upload}{mark}digest={digest}")
}

/// Content that no two places have in common, without holding it.
fn piece_of(number: u64) -> Vec<u8> {
    let mut piece = vec![u8::try_from(number % 251).expect("a byte"); MIB];
    piece[..8].copy_from_slice(&number.to_be_bytes());
    piece
}

fn digest_of(context: Context) -> String {
    context.finish().as_ref().iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn a_large_blob_goes_up_and_down_with_a_few_megabytes() {
    let mebibytes = if is_long() { 5 * 1024 } else { 1024 };
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "", "");
    gateway.push(b"so that all is set up");
    let (rest, mut sent) = (gateway.peak_mib(), Context::new(&SHA256));
    let length = mebibytes * MIB as u64;
    let upload = gateway.begin_upload();
    let mut up = gateway.send_head("PATCH", &upload, &format!("Content-Length: {length}\r\n"));
    for number in 0..mebibytes {
        let piece = piece_of(number);
        sent.update(&piece);
        assert!(up.say(&piece), "it is taken");
    }
    let digest = digest_of(sent);
    let added = up.head().must_be(202);
    assert_eq!(added.header("range"), Some(format!("0-{}", length - 1).as_str()));
    gateway.finish(&added.location(), &digest).must_be(201);
    let after_push = gateway.peak_mib();
    let mut down = gateway.connect();
    let head = down.ask("GET", &blob(&digest), &gateway.alice).must_be(200);
    assert_eq!(head.length(), length);
    let mut got = Context::new(&SHA256);
    down.body(length, |piece| got.update(piece));
    assert_eq!(digest_of(got), digest);
    let after_pull = gateway.peak_mib();
    println!("{mebibytes} MiB: {rest} MiB at rest, {after_push} after the push, {after_pull} after the pull");
    assert!(after_pull < rest + 16, "{rest} MiB at rest, {after_push} after the push, {after_pull} after the pull");
}

#[test]
fn an_upload_in_pieces_is_whole_and_read_by_ranges() {
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "", "");
    let content: Vec<u8> = (0..3).flat_map(piece_of).collect();
    let mut upload = gateway.begin_upload();
    let (first, rest) = content.split_at(MIB);
    let range =
        |from: usize, to: usize| format!("Content-Range: {from}-{}\r\nContent-Length: {}\r\n", to - 1, to - from);
    let mut raw = gateway.send_head("PATCH", &upload, &range(0, MIB));
    raw.say(first);
    upload = raw.head().must_be(202).location();
    let status = gateway.ask("GET", &upload, "").must_be(204);
    assert_eq!(status.header("range"), Some(format!("0-{}", MIB - 1).as_str()));
    let mut raw = gateway.send_head("PATCH", &status.location(), &range(MIB, 3 * MIB));
    raw.say(rest);
    let added = raw.head().must_be(202);
    let digest = sha256(&content);
    gateway.finish(&added.location(), &digest).must_be(201);
    let mut raw = gateway.connect();
    let head = raw.ask("HEAD", &blob(&digest), &gateway.alice).must_be(200);
    assert_eq!((head.length(), head.header("docker-content-digest")), (3 * MIB as u64, Some(digest.as_str())));
    // The connection goes on: no byte of a body followed.
    let head = raw.ask("GET", &blob(&digest), &format!("{}Range: bytes=5-9\r\n", gateway.alice)).must_be(206);
    assert_eq!(head.header("content-range"), Some(format!("bytes 5-9/{}", 3 * MIB).as_str()));
    let mut got = Vec::new();
    raw.body(head.length(), |piece| got.extend_from_slice(piece));
    assert_eq!(got, content[5..10]);
    raw.ask("GET", &blob(&digest), &format!("{}Range: bytes=99999999-\r\n", gateway.alice)).must_be(416);
}

/// Debian's registry forgets where an upload broke off, so this one is the test's own: it keeps what came.
#[test]
fn an_upload_goes_on_where_it_broke_off() {
    let kept = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&kept);
    let upstream = Upstream::playing(move |head, stream| {
        let place = format!("Location: {UPLOADS}one?_state=s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let (mut left, mut piece) = (length.unwrap_or(0_usize), vec![0; 64 * 1024]);
        while head.starts_with("PATCH") && left > 0 {
            match stream.read(&mut piece) {
                Ok(read @ 1..) => {
                    counts.fetch_add(read, Ordering::SeqCst);
                    left -= read;
                }
                Ok(0) | Err(_) => return,
            }
        }
        let (kept, status) = (counts.load(Ordering::SeqCst), if head.starts_with("GET") { 204 } else { 202 });
        let _ = write!(stream, "HTTP/1.1 {status} Good\r\nRange: 0-{}\r\n{place}", kept.saturating_sub(1));
    });
    let gateway = Gateway::before(&upstream.address.to_string(), "", "");
    let upload = gateway.begin_upload();
    let length = 2 * MIB;
    let mut broken = gateway.send_head("PATCH", &upload, &format!("Content-Length: {length}\r\n"));
    broken.say(vec![1; MIB]);
    eventually("what came is kept", || (kept.load(Ordering::SeqCst) == MIB).then_some(()));
    drop(broken);
    let status = gateway.ask("GET", &upload, "").must_be(204);
    assert_eq!(status.header("range"), Some(format!("0-{}", MIB - 1).as_str()));
    let range = format!("Content-Range: {MIB}-{}\r\nContent-Length: {MIB}\r\n", length - 1);
    let mut raw = gateway.send_head("PATCH", &status.location(), &range);
    raw.say(vec![2; MIB]);
    assert_eq!(raw.head().must_be(202).header("range"), Some(format!("0-{}", length - 1).as_str()));
    let heard = upstream.heard("PATCH").join("").to_lowercase();
    assert!(heard.contains(&format!("content-range: {MIB}-{}", length - 1)), "{heard}");
}

#[test]
fn a_body_of_unknown_length_goes_through_and_its_trailers_end_here() {
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "", "");
    let content = piece_of(7);
    let mut raw =
        gateway.send_head("PATCH", &gateway.begin_upload(), "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n");
    for part in content.chunks(10_000) {
        raw.say([format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
    }
    raw.say("0\r\nX-Sum: 1\r\nContent-Length: 3\r\n\r\n");
    let added = raw.head().must_be(202);
    let digest = sha256(&content);
    gateway.finish(&added.location(), &digest).must_be(201);
    gateway.ask("HEAD", &blob(&digest), "").must_be(200);
    // The next request of the same connection is read as one.
    raw.ask("GET", "/_ping", "").must_be(200);
}

#[test]
fn a_chunked_body_that_breaks_off_never_looks_whole() {
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "", "");
    let digest = sha256(b"half");
    for end in ["", "zz\r\n", "4\r\nmo"] {
        let path = with_digest(&gateway.begin_upload(), &digest);
        let mut raw = gateway.send_head("PUT", &path, "Transfer-Encoding: chunked\r\n");
        raw.say(format!("4\r\nhalf\r\n{end}"));
        let _ = raw.stream().shutdown(std::net::Shutdown::Write);
        let (answer, _) = raw.rest();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        gateway.ask("HEAD", &blob(&digest), "").must_be(404);
    }
}

#[test]
fn who_asks_before_a_body_is_told_to_send_it_only_if_it_is_wanted() {
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "", "");
    let (content, digest) = (piece_of(1), sha256(&piece_of(1)));
    let path = with_digest(&gateway.begin_upload(), &digest);
    let length = format!("Content-Length: {MIB}\r\nExpect: 100-continue\r\n");
    let mut raw = gateway.send_head("PUT", &path, &length);
    raw.head().must_be(100);
    raw.say(&content);
    raw.head().must_be(201);
    raw.ask("GET", "/_ping", "").must_be(200);
    // Strangers and others are not.
    for (headers, status) in
        [(String::new(), 401), (basic("alice", "dkp_wrong"), 401), ("Sec-Fetch-Dest: document\r\n".to_owned(), 403)]
    {
        for body in [format!("Content-Length: {MIB}\r\n"), "Transfer-Encoding: chunked\r\n".to_owned()] {
            let mut raw = gateway.connect();
            let head =
                raw.ask("PUT", &path, &format!("{headers}{BYTES}{body}Expect: 100-continue\r\n")).must_be(status);
            assert_eq!(head.header("connection"), Some("close"), "{}", head.text);
        }
    }
    // The same on a connection that has had answers before, whose bodies are whole.
    let mut raw = gateway.connect();
    let get = format!("GET {} HTTP/1.1\r\nHost: dockpass\r\n{}\r\n", blob(&digest), gateway.alice);
    let put = format!("PUT {path} HTTP/1.1\r\nHost: dockpass\r\n{BYTES}{length}\r\n");
    raw.say(format!("{get}{put}"));
    let head = raw.head().must_be(200);
    let mut got = Vec::new();
    raw.body(head.length(), |piece| got.extend_from_slice(piece));
    assert_eq!(sha256(&got), digest);
    raw.head().must_be(401);
    // The API does the same.
    let body = "{\"name\":\"made\"}";
    let json = format!("Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n", body.len());
    gateway.connect().ask("POST", "/api/v0/repositories/alice", &json).must_be(401);
    let mut raw = gateway.connect();
    raw.ask("POST", "/api/v0/repositories/alice", &format!("{}{json}", gateway.alice)).must_be(100);
    raw.say(body);
    raw.head().must_be(201);
}

#[test]
fn an_answer_that_breaks_off_never_looks_whole() {
    let digest = sha256(b"x");
    for head in ["Content-Length: 3000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
        let upstream = Upstream::playing(move |_, stream| {
            let piece = [format!("{:x}\r\n", 60_000).as_bytes(), &vec![b'a'; 60_000], b"\r\n"].concat();
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&piece));
        });
        let gateway = Gateway::before(&upstream.address.to_string(), "", "");
        gateway.dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
        let mut raw = gateway.connect();
        let head = raw.ask("GET", &blob(&digest), &gateway.alice).must_be(200);
        let (body, _) = raw.rest();
        match head.header("content-length") {
            Some(length) => assert!(body.len() < length.parse::<usize>().expect("a number"), "{} bytes", body.len()),
            None => assert!(!body.ends_with(b"\r\n0\r\n\r\n"), "it looks whole"),
        }
        assert!(body.len() >= 60_000, "what came is passed on");
    }
}

/// A body that ends with its connection looks whole where it broke off.
#[test]
fn an_answer_without_an_end_is_none() {
    let upstream = Upstream::saying("/blobs/");
    upstream.say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it");
    let gateway = Gateway::before(&upstream.address.to_string(), "", "");
    gateway.dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    gateway.ask("GET", &blob(&sha256(b"x")), "").must_be(502);
}

#[test]
fn uploads_of_clients_that_go_away_leave_nothing_behind() {
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "", "upstream_requests = 8");
    let upload = gateway.begin_upload();
    for _ in 0..40 {
        let mut raw = gateway.send_head("PATCH", &upload, "Content-Length: 90000000\r\n");
        raw.say(vec![0; 100_000]);
    }
    // With room for four at a time, whatever stayed would be in the way.
    gateway.push(b"and uploads go on");
    eventually("all is given back", || (sockets(gateway.dockpass.pid()) < 32).then_some(()));
}

/// Open sockets of a process.
fn sockets(pid: u32) -> usize {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a process").flatten();
    files
        .filter(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket")))
        .count()
}

/// A blob that is larger than all that the systems and programs between hold, made as it is read; and an upload that ends
/// with its connection.
fn endless(length: usize) -> Upstream {
    Upstream::playing(move |head, stream| {
        if head.starts_with("PATCH") {
            let _ = copy(stream, &mut sink());
            return;
        }
        let head_only = head.starts_with("HEAD");
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let piece = vec![b'a'; 64 * 1024];
        let mut left = if head_only { 0 } else { length };
        while left > 0 {
            let size = piece.len().min(left);
            if stream.write_all(&piece[..size]).is_err() {
                return;
            }
            left -= size;
        }
    })
}

/// One who reads so many kB a second gets on for ten times the time that an answer may stand still; one who reads nothing is
/// closed.
fn the_slow_is_served_and_the_silent_is_closed<S: Read + Write>(
    gateway: &Gateway,
    length: usize,
    pace: usize,
    connect: impl Fn() -> S,
) {
    gateway.dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    let path = blob(&sha256(b"x"));
    let asking = || {
        let mut stream = connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: dockpass\r\n{}\r\n", gateway.alice);
        stream.write_all(head.as_bytes()).expect("it takes requests");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 200");
        stream
    };
    let (mut silent, mut slow) = (asking(), asking());
    let (begun, mut got, mut piece) = (begin(), 0, [0; 2_000]);
    while begun.elapsed() < Duration::from_secs(20) {
        let read = slow.read(&mut piece).expect("it goes on");
        assert!(read > 0, "it ended after {:?}", begun.elapsed());
        got += read;
        thread::sleep(Duration::from_micros((read * 1_000 / pace) as u64));
    }
    assert!(got > 10_000 * pace, "{got} bytes in all");
    // By now the silent one is long closed, and nothing of it is held.
    let rest = read_all(&mut silent).len();
    assert!(rest < length, "it was served in full");
}

#[test]
fn a_slow_reader_is_served_for_as_long_as_it_reads_and_a_silent_one_is_closed() {
    const LENGTH: usize = 16 * MIB;
    let upstream = endless(LENGTH);
    let gateway = Gateway::before(&upstream.address.to_string(), "stall_timeout = \"2s\"", "");
    let connect = || small_connection(gateway.address(), "127.0.9.8");
    the_slow_is_served_and_the_silent_is_closed(&gateway, LENGTH, 20, connect);
    // Whoever reads quickly gets the whole.
    let mut quick = gateway.connect();
    let head = quick.ask("GET", &blob(&sha256(b"x")), &gateway.alice).must_be(200);
    quick.body(head.length(), |_| ());
}

#[test]
fn over_tls_a_slow_reader_is_served_for_as_long_as_it_reads_and_a_silent_one_is_closed() {
    const LENGTH: usize = 16 * MIB;
    let (upstream, certificate) = (endless(LENGTH), SiteCertificate::of("localhost"));
    let (cert, key) = (certificate.certificate(), certificate.key());
    let tls = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"", cert.display(), key.display());
    let gateway = Gateway::before(&upstream.address.to_string(), "stall_timeout = \"2s\"", &tls);
    let connect = || tls_connection(gateway.address(), "127.0.9.8", &certificate.authority());
    // A record has 16 kB, and between two of them nothing is read: not for longer than the kernel waits before it first asks
    // whether the other side reads again.
    the_slow_is_served_and_the_silent_is_closed(&gateway, LENGTH, 100, connect);
}

#[test]
fn an_upload_that_stands_still_ends_and_a_slow_one_goes_on() {
    let registry = Registry::without_accounts("");
    let gateway = Gateway::before(&registry.address, "stall_timeout = \"1s\"", "");
    let content = vec![b'c'; 40 * 1_000];
    let digest = sha256(&content);
    let path = with_digest(&gateway.begin_upload(), &digest);
    let mut slow = gateway.send_head("PUT", &path, &format!("Content-Length: {}\r\n", content.len()));
    let mut silent = gateway.send_head("PATCH", &gateway.begin_upload(), "Content-Length: 1000000\r\n");
    silent.say("some bytes");
    let begun = begin();
    // Longer than one may stand still.
    for part in content.chunks(4_000) {
        assert!(slow.say(part), "it goes on");
        thread::sleep(Duration::from_secs(1));
    }
    slow.head().must_be(201);
    let (answer, _) = silent.rest();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn a_hundred_slow_clients_stop_nobody_and_take_little() {
    allow_many_files();
    let upstream = endless(64 * MIB);
    let gateway = Gateway::before(&upstream.address.to_string(), "", "");
    gateway.dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    let (path, before) = (blob(&sha256(b"x")), resident_mib(gateway.dockpass.pid()));
    let readers: Vec<_> = (0..100)
        .map(|number| {
            let mut raw = Raw::small(gateway.address(), &format!("127.0.1.{}", 1 + number % 50));
            raw.ask("GET", &path, &gateway.alice).must_be(200);
            raw
        })
        .collect();
    let uploads: Vec<_> = (0..100)
        .map(|number| {
            let mut raw = Raw::small(gateway.address(), &format!("127.0.2.{}", 1 + number % 50));
            let head = format!("PATCH {UPLOADS}one HTTP/1.1\r\nHost: dockpass\r\n{}{BYTES}", gateway.alice);
            raw.say(format!("{head}Content-Length: 9000000\r\n\r\n"));
            raw.say(vec![0; 50_000]);
            raw
        })
        .collect();
    thread::sleep(Duration::from_secs(1));
    let mut waits: Vec<_> = (0..21).map(|_| gateway.wait_of_others()).collect();
    waits.sort_unstable();
    assert!(waits[10] < Duration::from_millis(100), "{waits:?}");
    let during = resident_mib(gateway.dockpass.pid());
    println!("{before} MiB before, {during} with {} readers and {} uploads", readers.len(), uploads.len());
    assert!(during < before + 96, "{before} MiB before, {during} with slow clients");
    // And others get their blobs.
    gateway.ask("GET", &path, "").must_be(200);
}

#[test]
fn one_address_has_half_of_the_room_at_the_registry() {
    let upstream = endless(64 * MIB);
    let gateway = Gateway::before(&upstream.address.to_string(), "", "upstream_requests = 4");
    gateway.dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    let path = blob(&sha256(b"x"));
    let (address, alice) = (gateway.address(), gateway.alice.as_str());
    let reading = |from: &str| {
        let mut raw = Raw::small(address, from);
        let head = raw.ask("GET", &path, alice);
        (head, raw)
    };
    let first: Vec<_> = (0..2).map(|_| reading("127.0.1.1")).collect();
    assert!(
        first.iter().all(|(head, _)| head.status == 200),
        "{:?}",
        first.iter().map(|(head, _)| head).collect::<Vec<_>>()
    );
    let begun = begin();
    let (refused, _) = reading("127.0.1.1");
    let refused = refused.must_be(503);
    assert!(refused.header("retry-after").is_some() && begun.elapsed() > Duration::from_secs(4), "{}", refused.text);
    // Others have theirs: nobody leaves, so who had to wait would be refused as well. How long it takes on a machine that has
    // much else to do says nothing.
    let (head, other) = reading("127.0.1.2");
    head.must_be(200);
    // Who waits has the place of one that ends, and who comes after it has that.
    thread::scope(|scope| {
        let waiting = scope.spawn(|| reading("127.0.1.1").0);
        thread::sleep(Duration::from_millis(500));
        first.into_iter().for_each(|(_, raw)| raw.break_off());
        waiting.join().expect("an answer").must_be(200);
    });
    drop(other);
}
