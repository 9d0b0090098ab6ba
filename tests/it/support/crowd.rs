//! Many connections from chosen addresses of this machine, as an attacker or a big site opens them.

use std::{
    io::{ErrorKind, Read, Write as _},
    net::{SocketAddr, SocketAddrV4, TcpStream},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    net::{AddressFamily, SocketType, bind, connect, socket, sockopt::set_socket_recv_buffer_size},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

/// A connection to `server` from `from` (an address of 127.0.0.0/8), whose system takes few bytes that nobody reads.
pub(crate) fn small_connection(server: &str, from: &str) -> TcpStream {
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    set_socket_recv_buffer_size(&stream, 2_048).expect("a small buffer");
    let from = SocketAddrV4::new(from.parse().expect("an address"), 0);
    bind(&stream, &from).expect("an address of this machine");
    let server: SocketAddr = server.parse().expect("an address");
    connect(&stream, &server).expect("it listens");
    let stream = TcpStream::from(stream);
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket");
    stream
}

/// A connection to `server` that has sent `text`, which the other side may refuse.
pub(crate) fn sent(server: &str, from: &str, text: &str) -> TcpStream {
    let mut stream = small_connection(server, from);
    let _ = stream.write_all(text.as_bytes());
    stream
}

/// The same over TLS, to the host `localhost`, whose certificate this CA has issued.
pub(crate) fn tls_connection(server: &str, from: &str, ca: &Path) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("a CA");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    StreamOwned::new(connection, small_connection(server, from))
}

/// The status and the whole rest of what the server sends until it closes.
pub(crate) fn read_all(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {}
        Err(error) => panic!("no end after {} bytes: {error}", answer.len()),
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether the server has closed a connection, whatever it has sent before.
pub(crate) fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let mut stream = stream;
    let mut sink = [0; 4_096];
    let closed = loop {
        match stream.read(&mut sink) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) => break error.kind() != ErrorKind::WouldBlock,
        }
    };
    stream.set_nonblocking(false).expect("a socket");
    closed
}

/// The beginning of a wait that is measured.
#[expect(clippy::disallowed_methods, reason = "how long somebody waits is what these tests are about")]
pub(crate) fn begin() -> Instant {
    Instant::now()
}

/// Has this process open as many files as the system allows.
pub(crate) fn allow_many_files() {
    let limits = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits });
}

/// Memory that a process has in use, in MiB.
pub(crate) fn resident_mib(pid: u32) -> u64 {
    memory_mib(pid, "VmRSS:").expect("a process")
}

/// The most memory that a process has had so far, in MiB; none if it has ended.
pub(crate) fn peak_mib(pid: u32) -> Option<u64> {
    memory_mib(pid, "VmHWM:")
}

fn memory_mib(pid: u32, kind: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(kind))?;
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    Some(kib / 1_024)
}
