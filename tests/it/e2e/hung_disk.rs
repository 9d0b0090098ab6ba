//! A disk that does not answer: changes wait for it, and nothing else does. `strace` holds every `fdatasync` back.

use std::{
    io::{Read, Write as _},
    net::TcpStream,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::support::{
    Dockpass, Setup,
    exe::PASSWORD,
    process::{Background, background_command, environment},
};

/// More than there are threads for work that may block.
fn changes() -> usize {
    if environment("DOCKPASS_LONG").is_some() { 1_500 } else { 700 }
}

/// A change that waits for its answer.
fn begin(dockpass: &Dockpass, credentials: &str, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(&dockpass.address).expect("it listens");
    let body = format!("{{\"tokenLabel\":\"number {number}\"}}");
    let head =
        "POST /api/v0/api_tokens HTTP/1.1\r\nHost: dockpass\r\nConnection: close\r\nContent-Type: application/json";
    let length = body.len();
    write!(stream, "{head}\r\nAuthorization: Basic {credentials}\r\nContent-Length: {length}\r\n\r\n{body}")
        .expect("the request goes out");
    stream
}

fn is_answered(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let seen = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).expect("a socket");
    seen
}

#[test]
fn changes_wait_for_it_and_sign_ins_reads_and_registry_tokens_go_on() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not looked at: only root traces a process that gives no dumps");
        return;
    }
    let dockpass = Setup::config("[limits]\nchanges_per_minute = 10000\n[tokens]\nmax_per_account = 10000\n").start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]).secret;
    let credentials = STANDARD.encode(format!("alice:{token}"));
    let mut strace = background_command("strace");
    strace.args(["--follow-forks", "--trace=fdatasync", "--inject=fdatasync:delay_enter=60s", "--output=/dev/null"]);
    strace.arg(format!("--attach={}", dockpass.pid()));
    let strace = Background::start("strace", &mut strace);
    strace.wait_for("that it is attached", |line| line.contains("attached").then_some(()));
    let mut waiting: Vec<_> = (0..changes()).map(|number| begin(&dockpass, &credentials, number)).collect();
    for _ in 0..3 {
        dockpass.http_as("alice", PASSWORD).get("/api/v0/api_tokens").must_be(200);
        dockpass.http_as("alice", &token).get("/auth/token?scope=repository:alice/app:pull").must_be(200);
        dockpass.http_as("alice", &token).get("/v1/search?q=app").must_be(200);
    }
    assert!(!waiting.iter().any(is_answered), "the disk has not answered");
    // The disk answers again.
    drop(strace);
    let mut answers = waiting.iter_mut().map(|stream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    });
    assert!(answers.all(|answer| answer.starts_with("HTTP/1.1 200")), "every change is done");
}
