//! How many bytes of a TCP connection the other side's system has not acknowledged yet, as the kernel tells (`tx_queue` of
//! `proc_net_tcp(5)`). A system call tells the same (`SIOCOUTQ`), but no safe one.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    own: End,
    other: End,
}

/// An address and a port: the table knows neither the zone nor the flow of IPv6.
type End = (IpAddr, u16);

impl Ends {
    /// Those of a connection from one address to the other.
    pub(super) fn of(own: SocketAddr, other: SocketAddr) -> Self {
        Self { own: (own.ip(), own.port()), other: (other.ip(), other.port()) }
    }

    /// How many bytes wait, the end of the stream included once it was written; none if the connection is gone.
    ///
    /// Reads the table of all connections, so it is not for every write.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(super) fn untaken(&self) -> io::Result<Option<u64>> {
        let table = if self.own.0.is_ipv4() { "/proc/self/net/tcp" } else { "/proc/self/net/tcp6" };
        for line in BufReader::new(File::open(table)?).lines() {
            if let Some(waiting) = self.waiting(&line?) {
                return Ok(Some(waiting));
            }
        }
        Ok(None)
    }

    /// What a line of the table says of this connection.
    fn waiting(&self, line: &str) -> Option<u64> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (own, other, queues) = (fields.next()?, fields.next()?, fields.nth(1)?);
        let is_this = end(own) == Some(self.own) && end(other) == Some(self.other);
        let (waiting, _) = queues.split_once(':').filter(|_| is_this)?;
        u64::from_str_radix(waiting, 16).ok()
    }
}

/// An end as the table has it: the words of the address as this machine holds them, and the port.
fn end(text: &str) -> Option<End> {
    let (address, port) = text.split_once(':')?;
    let words = (0..address.len()).step_by(8).map(|at| u32::from_str_radix(address.get(at..at + 8)?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let four = <[u8; 4]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
    let address = four.or_else(|_| <[u8; 16]>::try_from(bytes.as_slice()).map(|bytes| Ipv6Addr::from(bytes).into()));
    Some((address.ok()?, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// A connection over this address, both ends, and what is known of it; none where there is no such address.
    fn pair(address: &str) -> Option<(TcpStream, TcpStream, Ends)> {
        let listener = TcpListener::bind(address).ok()?;
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ends = Ends::of(stream.local_addr().unwrap(), stream.peer_addr().unwrap());
        let (other, _) = listener.accept().unwrap();
        Some((stream, other, ends))
    }

    fn becomes(ends: Ends, wanted: impl Fn(Option<u64>) -> bool) -> bool {
        (0..1_000_000).any(|_| wanted(ends.untaken().unwrap()))
    }

    #[test]
    fn what_nobody_reads_is_told_until_it_is_read() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Some((mut stream, mut other, ends)) = pair(address) else { continue };
            assert_eq!(ends.untaken().unwrap(), Some(0));
            stream.set_nonblocking(true).unwrap();
            let (mut written, piece) = (0_u64, vec![b'x'; 64 * 1024]);
            loop {
                match stream.write(&piece) {
                    Ok(bytes) => written += bytes as u64,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            let waiting = ends.untaken().unwrap().unwrap();
            assert!(waiting > 0 && waiting <= written, "{waiting} of {written}");
            // Once it is closed here, its end is told as well: who reads all takes that too.
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let read = std::io::copy(&mut other, &mut std::io::sink()).unwrap();
            assert_eq!(read, written);
            assert!(becomes(ends, |waiting| waiting == Some(0)));
            drop((stream, other));
        }
    }

    #[test]
    fn of_a_connection_that_is_gone_nothing_is_told() {
        let (stream, mut other, ends) = pair("127.0.0.1:0").unwrap();
        // Closed on its side first, ours is the one that the kernel forgets at once.
        other.shutdown(std::net::Shutdown::Both).unwrap();
        drop(stream);
        assert_eq!(other.read(&mut [0]).unwrap_or(0), 0);
        drop(other);
        assert!(becomes(ends, |waiting| waiting.is_none()));
    }

    #[test]
    fn an_end_is_read_as_the_kernel_writes_it_and_what_is_none_is_none() {
        let text = |words: &[u32]| words.iter().map(|word| format!("{word:08X}")).collect::<Vec<_>>().concat();
        let four = text(&[u32::from_ne_bytes([192, 0, 2, 7])]);
        assert_eq!(end(&format!("{four}:1F90")), Some(("192.0.2.7".parse().unwrap(), 8_080)));
        let six: Ipv6Addr = "2001:db8::17".parse().unwrap();
        let words: Vec<u32> = six.octets().as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect();
        assert_eq!(end(&format!("{}:0001", text(&words))), Some((six.into(), 1)));
        for bad in ["", ":", "0100007F", "0100007:1F90", "0100007F:", "0100007F0100007F:1", "örter:1", "0100007F:1F90F"]
        {
            assert_eq!(end(bad), None, "{bad}");
        }
    }
}
