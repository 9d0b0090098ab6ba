//! What one host, or many, can do to the connections of others: hold them, leave answers unread, begin handshakes.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread::sleep,
    time::Duration,
};

use rustix::process::Signal;

use crate::support::{
    Dockpass, Setup,
    crowd::{allow_many_files, begin, is_closed, read_all, resident_mib, sent, small_connection, tls_connection},
    nginx::Front,
    process::{Run, command, eventually, is_long},
    raw::basic,
    tls::SiteCertificate,
};

const ELSEWHERE: &str = "127.0.9.9";

/// Large answers that nobody reads, from so many addresses.
fn unread(dockpass: &Dockpass, connections: usize, addresses: usize) -> Vec<TcpStream> {
    let requests = "GET /api/v0/openapi.json HTTP/1.1\r\nHost: dockpass\r\n\r\n".repeat(40);
    let from = |number: usize| format!("127.0.1.{}", 1 + number % addresses);
    (0..connections).map(|number| sent(&dockpass.address, &from(number), &requests)).collect()
}

/// The median of how long somebody else waits, in milliseconds; each must be answered.
fn wait_of_others(dockpass: &Dockpass) -> u128 {
    let ask = || {
        let begun = begin();
        let request = "GET /_ping HTTP/1.1\r\nHost: dockpass\r\nConnection: close\r\n\r\n";
        let answer = read_all(&mut sent(&dockpass.address, ELSEWHERE, request));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
        begun.elapsed().as_millis()
    };
    let mut waits: Vec<u128> = (0..21).map(|_| ask()).collect();
    waits.sort_unstable();
    waits.get(10).copied().expect("a median")
}

fn nobody_is_stopped_by_unread_answers(addresses: usize) {
    allow_many_files();
    let (connections, limits) = if is_long() { (4_200, "") } else { (600, "max_connections = 512\n") };
    let mut dockpass = Setup::config(format!("[server]\n{limits}")).start();
    // The document is made and compressed at the first request, which takes memory for a moment.
    dockpass.http().get("/api/v0/openapi.json").must_be(200);
    wait_of_others(&dockpass);
    let before = resident_mib(dockpass.pid());
    let held = unread(&dockpass, connections, addresses);
    sleep(Duration::from_secs(1));
    let wait = wait_of_others(&dockpass);
    assert!(wait < 100, "others wait for {wait} ms");
    dockpass.cli(&["user", "list"]).must_succeed();
    let during = resident_mib(dockpass.pid());
    assert!(during < before + 64, "{before} MiB before, {during} with unread answers");
    let left = unread(&dockpass, 20, addresses);
    drop(held);
    eventually("its memory comes back", || (resident_mib(dockpass.pid()) < before + 24).then_some(()));
    let begun = begin();
    dockpass.signal(Signal::TERM);
    assert_eq!(dockpass.wait_end(), Some(0), "{}", dockpass.log());
    assert!(begun.elapsed() < Duration::from_secs(5), "it ends in {:?}", begun.elapsed());
    drop(left);
}

#[test]
fn nobody_is_stopped_by_answers_that_one_address_leaves_unread() {
    nobody_is_stopped_by_unread_answers(1);
}

#[test]
fn nobody_is_stopped_by_answers_that_a_hundred_addresses_leave_unread() {
    nobody_is_stopped_by_unread_answers(100);
}

/// With far less time to stand still than all the answers take, which are more than the systems between hold for a client.
/// `connect` makes a connection.
fn a_slow_reader_gets_all_and_a_silent_one_is_closed<S: Read + Write>(dockpass: &Dockpass, connect: impl Fn() -> S) {
    let request = "GET /api/v0/openapi.json HTTP/1.1\r\nHost: dockpass\r\n\r\n";
    let length = dockpass.http().trusting_anybody().get("/api/v0/openapi.json").must_be(200).body.len();
    let many = 8 * 1_024 * 1_024 / length;
    let asking = || {
        let mut stream = connect();
        let _ = stream.write_all(request.repeat(many).as_bytes());
        stream
    };
    let (mut silent, mut slow) = (asking(), asking());
    let (mut got, mut piece) = (0, vec![0; 64 * 1_024]);
    // The heads come beside that.
    while got < many * length {
        let count = slow.read(&mut piece).expect("the answer goes on");
        assert!(count > 0, "it ended after {got} bytes of {many} answers of {length}");
        got += count;
        sleep(Duration::from_millis(count as u64 / 1_024));
    }
    let rest = read_all(&mut silent).len();
    assert!(rest < many * length, "{rest} bytes");
}

#[test]
fn who_reads_slowly_gets_the_whole_answer_and_who_reads_nothing_is_closed() {
    let dockpass = Setup::config("[server]\nstall_timeout = \"5s\"\n").start();
    a_slow_reader_gets_all_and_a_silent_one_is_closed(&dockpass, || small_connection(&dockpass.address, ELSEWHERE));
}

#[test]
fn over_tls_who_reads_slowly_gets_the_whole_answer_and_who_reads_nothing_is_closed() {
    let certificate = SiteCertificate::of("localhost");
    // What rustls takes into its buffer counts as progress once: it may be the second time that is up.
    let dockpass = with_tls(&certificate, "stall_timeout = \"3s\"");
    let connect = || tls_connection(&dockpass.address, ELSEWHERE, &certificate.authority());
    a_slow_reader_gets_all_and_a_silent_one_is_closed(&dockpass, connect);
}

/// Public repositories of the administrator, with long descriptions; all requests go over one connection.
fn add_repositories(dockpass: &Dockpass, credentials: &str, count: usize) {
    let mut stream = small_connection(&dockpass.address, ELSEWHERE);
    let mut reader = stream.try_clone().expect("a handle");
    let description = "many words ".repeat(12);
    let request = |number: usize| {
        let body = format!(
            "{{\"name\":\"r{number}\",\"shortDescription\":\"{}\",\"visibility\":\"public\"}}",
            description.trim()
        );
        let head = "POST /api/v0/repositories/admin HTTP/1.1\r\nHost: dockpass\r\nContent-Type: application/json";
        let length = body.len();
        format!("{head}\r\n{credentials}Content-Length: {length}\r\n\r\n{body}")
    };
    let requests: String = (0..count).map(request).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| stream.write_all(requests.as_bytes()).expect("all are taken"));
        let (mut answers, mut piece) = (String::new(), [0; 16 * 1_024]);
        while answers.matches("HTTP/1.1 201").count() < count {
            let read = reader.read(&mut piece).expect("an answer");
            assert!(read > 0, "{answers}");
            answers += &String::from_utf8_lossy(piece.get(..read).expect("what was read"));
        }
    });
}

/// Each page is everything, and far more than what may wait for clients.
#[test]
fn pages_of_everything_that_nobody_reads_do_not_pile_up() {
    let limits = "[server]\nmax_unread = 2\nmax_unread_per_source = 1\n";
    let dockpass = Setup::config(limits).start();
    let token = dockpass.add_token("admin", &[]).secret;
    let credentials = basic("admin", &token);
    add_repositories(&dockpass, &credentials, 3_000);
    let request = format!(
        "GET /api/v0/repositories?pageSize=0 HTTP/1.1\r\nHost: dockpass\r\n{credentials}\
         Connection: close\r\n\r\n"
    );
    let whole = read_all(&mut sent(&dockpass.address, ELSEWHERE, &request)).len();
    assert!(whole > 1_024 * 1_024, "{whole} bytes");
    let before = resident_mib(dockpass.pid());
    let held: Vec<_> = (0..60).map(|_| sent(&dockpass.address, "127.0.1.1", &request)).collect();
    sleep(Duration::from_secs(4));
    let during = resident_mib(dockpass.pid());
    assert!(during < before + 30, "{before} MiB before, {during} with {} pages of {whole} bytes", held.len());
    // Whoever reads gets it.
    let again = read_all(&mut sent(&dockpass.address, ELSEWHERE, &request)).len();
    assert_eq!(again, whole);
}

#[test]
fn a_full_house_has_room_for_another_address_and_for_proxies() {
    let proxy =
        "public_url = \"https://registry.dockpass.test\"\nbehind_proxy = true\ntrusted_proxies = [\"127.0.0.77\"]";
    let dockpass = Setup::config(format!("[server]\nmax_connections = 16\n{proxy}\n")).start();
    let all: Vec<_> = (0..16).map(|_| small_connection(&dockpass.address, "127.0.1.1")).collect();
    let more: Vec<_> = (0..4).map(|_| small_connection(&dockpass.address, "127.0.1.1")).collect();
    let open = || all.iter().chain(&more).filter(|stream| !is_closed(stream)).count();
    eventually("one address has all that is free, and no more", || (open() == 16).then_some(()));
    let proxied: Vec<_> = (0..40).map(|_| small_connection(&dockpass.address, "127.0.0.77")).collect();
    // What has stood still for a while gives way.
    sleep(Duration::from_millis(1_200));
    wait_of_others(&dockpass);
    assert!(all.iter().any(is_closed), "one gave way");
    assert!(!proxied.iter().any(is_closed), "a trusted proxy's connections do not count");
}

#[test]
fn a_head_that_does_not_end_is_closed_on_a_used_connection_as_well() {
    let dockpass = Dockpass::start();
    let mut stream = sent(&dockpass.address, ELSEWHERE, "GET /_ping HTTP/1.1\r\nHost: dockpass\r\n\r\n");
    let mut piece = [0; 2_048];
    assert!(stream.read(&mut piece).expect("an answer") > 0);
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: d").expect("half a head");
    let begun = begin();
    read_all(&mut stream);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn silent_handshakes_of_one_address_keep_nobody_waiting() {
    allow_many_files();
    let dockpass = with_tls(&SiteCertificate::of("localhost"), "max_handshakes = 64");
    let client = dockpass.http().trusting_anybody().from(ELSEWHERE);
    let rounds = if is_long() { 41 } else { 9 };
    let (mut silent, mut waits) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        silent.extend((0..100).map(|_| small_connection(&dockpass.address, "127.0.1.1")));
        let begun = begin();
        client.get("/_ping").must_be(200);
        waits.push(begun.elapsed());
    }
    waits.sort_unstable();
    let (median, worst) = (waits[rounds / 2], waits[rounds - 1]);
    // One may meet a busy machine.
    assert!(median < Duration::from_millis(150), "{waits:?} with {} silent ones", silent.len());
    assert!(worst < Duration::from_secs(1), "{waits:?} with {} silent ones", silent.len());
}

/// A server with the certificate of a site, and this line of its configuration.
fn with_tls(certificate: &SiteCertificate, line: &str) -> Dockpass {
    let (cert, key) = (certificate.certificate(), certificate.key());
    let files = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", cert.display(), key.display());
    Setup::config(format!("[server]\n{line}\n{files}")).start()
}

/// All are connected before the first one is served.
fn all_are_served(address: &str, host: &str, token: &str) {
    allow_many_files();
    let credentials = basic("alice", token);
    let request = format!(
        "GET /auth/token?service=dockpass&scope=repository:alice/app:pull HTTP/1.1\r\nHost: {host}\r\n\
         {credentials}Connection: close\r\n\r\n"
    );
    let mut clients: Vec<_> = (0..1_000).map(|_| small_connection(address, "127.0.1.1")).collect();
    clients.iter_mut().for_each(|client| client.write_all(request.as_bytes()).expect("a request"));
    for (number, client) in clients.iter_mut().enumerate() {
        let answer = read_all(client);
        assert!(answer.starts_with("HTTP/1.1 200"), "client {number}: {answer:?}");
    }
}

#[test]
fn a_thousand_clients_of_one_address_with_good_tokens_are_all_served() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]).secret;
    all_are_served(&dockpass.address, "dockpass", &token);
}

#[test]
fn a_thousand_clients_behind_nginx_are_all_served() {
    let front = Front::with_users(&["alice"]);
    let token = front.pair.dockpass().add_token("alice", &[]).secret;
    let url = format!("https://{}/auth/token?service=dockpass&scope=repository:alice/app:pull", front.authority);
    let one = format!("url = \"{url}\"\noutput = \"/dev/null\"\n");
    let script = format!(
        "silent\nshow-error\ninsecure\nuser = \"alice:{token}\"\nwrite-out = \"%{{http_code}}\\n\"\n{}",
        one.repeat(250)
    );
    let crowd = || {
        let parallel = ["--disable", "--parallel", "--parallel-immediate", "--parallel-max", "250", "--config", "-"];
        Run::of(command("curl").args(parallel), &script).must_succeed().stdout
    };
    let answers: Vec<String> = std::thread::scope(|scope| {
        let crowds: Vec<_> = (0..4).map(|_| scope.spawn(crowd)).collect();
        crowds.into_iter().map(|crowd| crowd.join().expect("answers")).collect()
    });
    let answers = answers.concat();
    assert_eq!(answers.lines().filter(|code| *code == "200").count(), 1_000, "{answers}");
}
