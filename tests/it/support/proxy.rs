//! What stands between a client and a server. An HTTP proxy that connects every host to one server on this machine: clients
//! can so reach a server under a name, with a certificate for that name, since docker does not check the certificate of a
//! loopback address. And a line that stalls in the middle of an answer.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _, copy},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// Starts a proxy that answers each `CONNECT` with a tunnel to `target`; returns its address. It ends with the tests.
pub(crate) fn leading_to(target: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let target = target.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let target = target.clone();
            // The client reports a broken connection.
            thread::spawn(move || tunnel(&client, &target).ok());
        }
    });
    address
}

fn tunnel(client: &TcpStream, target: &str) -> std::io::Result<()> {
    // Clients wait for the answer before they send more, so the reader holds only the request.
    let mut request = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    while request.read_line(&mut line)? > 0 && !line.ends_with("\r\n\r\n") {}
    let server = TcpStream::connect(target)?;
    (&*client).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upload = thread::spawn(move || {
        let _ = copy(&mut from_client, &mut to_server);
        to_server.shutdown(Shutdown::Write)
    });
    copy(&mut &server, &mut &*client)?;
    client.shutdown(Shutdown::Write)?;
    let _ = upload.join();
    Ok(())
}

/// A line to a server. The first connection on which this many bytes have come back stands still until it is cut; all others
/// are whole.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    stalls: Receiver<()>,
    cut: Sender<()>,
}

/// What the connection has that stalls, and no other.
type Stall = Arc<Mutex<Option<(Sender<()>, Receiver<()>)>>>;

impl Line {
    /// A line to this server, which need not be there yet. It ends with the tests.
    pub(crate) fn to(target: SocketAddr, bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let ((stall, stalls), (cut, may_go)) = (channel(), channel());
        let stall: Stall = Arc::new(Mutex::new(Some((stall, may_go))));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let stall = Arc::clone(&stall);
                // Whoever asks notices a broken connection.
                thread::spawn(move || pass(&client, target, bytes, &stall).ok());
            }
        });
        Self { address, stalls, cut }
    }

    /// Waits until a connection stands still.
    pub(crate) fn stalled(&self) {
        self.stalls.recv().expect("a connection stands still");
    }

    /// Ends the connection that stands still.
    pub(crate) fn cut(&self) {
        self.cut.send(()).expect("it stands still");
    }
}

fn pass(client: &TcpStream, target: SocketAddr, bytes: usize, stall: &Stall) -> std::io::Result<()> {
    let Ok(server) = TcpStream::connect(target) else { return client.shutdown(Shutdown::Both) };
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = copy(&mut from_client, &mut to_server);
        to_server.shutdown(Shutdown::Write)
    });
    let (mut piece, mut come) = ([0; 16 * 1024], 0);
    loop {
        let read = (&server).read(&mut piece)?;
        if read == 0 {
            return client.shutdown(Shutdown::Both);
        }
        (&*client).write_all(&piece[..read])?;
        come += read;
        let stalling = if come > bytes { stall.lock().ok().and_then(|mut stall| stall.take()) } else { None };
        if let Some((stalls, may_go)) = stalling {
            let _ = stalls.send(());
            let _ = may_go.recv();
            return client.shutdown(Shutdown::Both);
        }
    }
}
