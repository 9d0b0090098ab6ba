//! A thread or a disk that does not go on, as after a fault: `strace` holds system calls back. And a change that waits for it.

use std::{io::Write, net::TcpStream};

use super::{
    Dockpass, able,
    process::{Background, background_command},
    raw::basic,
};

/// Whether the test may do so; says so if not.
pub(crate) fn may_hold_back() -> bool {
    able::is_root("traces a process that gives no dumps")
}

/// Holds these system calls of a thread back for a minute each, or, if `follows`, of all threads of its process and those to
/// come, until it is dropped.
pub(crate) fn hold_back(calls: &str, thread: &str, follows: bool) -> Background {
    let mut strace = background_command("strace");
    strace.args(follows.then_some("--follow-forks"));
    strace.arg(format!("--trace={calls}")).arg(format!("--inject={calls}:delay_enter=60s"));
    strace.arg("--output=/dev/null").arg(format!("--attach={thread}"));
    let strace = Background::start("strace", &mut strace);
    strace.wait_for("that it is attached", |line| line.contains("attached").then_some(()));
    strace
}

/// Begins to make an access token of a user, who shows this secret; the answer comes over what is returned.
pub(crate) fn begin_token(dockpass: &Dockpass, user: &str, secret: &str, number: usize) -> TcpStream {
    let credentials = basic(user, secret);
    let mut stream = TcpStream::connect(&dockpass.address).expect("it listens");
    let body = format!("{{\"tokenLabel\":\"number {number}\"}}");
    let head =
        "POST /api/v0/api_tokens HTTP/1.1\r\nHost: dockpass\r\nConnection: close\r\nContent-Type: application/json";
    let length = body.len();
    write!(stream, "{head}\r\n{credentials}Content-Length: {length}\r\n\r\n{body}").expect("the request goes out");
    stream
}
