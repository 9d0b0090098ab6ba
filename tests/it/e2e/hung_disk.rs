//! A disk that does not answer: changes wait for it, and nothing else does. `strace` holds every `fdatasync` back.

use std::{io::Read, net::TcpStream};

use crate::support::{
    Setup,
    exe::PASSWORD,
    process::is_long,
    stuck::{begin_token, hold_back, may_hold_back},
};

/// More than there are threads for work that may block.
fn changes() -> usize {
    if is_long() { 1_500 } else { 700 }
}

fn is_answered(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let seen = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).expect("a socket");
    seen
}

#[test]
fn changes_wait_for_it_and_sign_ins_reads_and_registry_tokens_go_on() {
    if !may_hold_back() {
        return;
    }
    let dockpass = Setup::config("[limits]\nchanges_per_minute = 10000\n[tokens]\nmax_per_account = 10000\n").start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]).secret;
    let strace = hold_back("fdatasync", &dockpass.pid().to_string(), true);
    let mut waiting: Vec<_> = (0..changes()).map(|number| begin_token(&dockpass, "alice", &token, number)).collect();
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
