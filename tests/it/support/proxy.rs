//! An HTTP proxy that connects every host to one server on this machine. Clients can so reach a server under a name,
//! with a certificate for that name: docker does not check the certificate of a loopback address.

use std::{
    io::{BufRead, BufReader, Write as _, copy},
    net::{Shutdown, TcpListener, TcpStream},
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
