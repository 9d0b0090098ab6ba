//! The addresses that the server listens on.
//!
//! Where clients are told the name `localhost`, they choose themselves between `127.0.0.1` and `::1`: the server then
//! takes both, or another program could stand at the one that it left free, and be shown passwords.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::config::{Config, is_localhost};

/// What chooses the address of the server, and that of the metrics.
const SERVER: &str = "--listen (server.listen)";
const METRICS: &str = "metrics.listen";
/// How often another free port is tried, where any will do.
const ATTEMPTS: usize = 20;

/// An address that cannot be listened on: taken, or not this machine's.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", what_to_do(cause, choice))]
pub struct ListenError {
    address: SocketAddr,
    /// What chooses another one.
    choice: &'static str,
    /// The message has it in words.
    cause: io::Error,
}

impl ListenError {
    /// Whether somebody listens there already.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.cause.kind() == io::ErrorKind::AddrInUse
    }
}

/// What the system says of an address, and what to do.
fn what_to_do(cause: &io::Error, choice: &str) -> String {
    match cause.kind() {
        io::ErrorKind::AddrInUse => {
            format!("another program listens there; end it, or choose another address with {choice}")
        }
        io::ErrorKind::PermissionDenied => {
            format!("{cause}; ports below 1024 are for root: choose another one with {choice}")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{cause}: no address of this machine; choose another one with {choice}")
        }
        _ => cause.to_string(),
    }
}

/// What is listened on.
pub(super) struct Bound {
    /// The configured address, with its port.
    pub(super) bound: SocketAddr,
    /// One listener for each address.
    pub(super) listeners: Vec<TcpListener>,
}

/// Listens on the configured address, and on its other half if clients are told `localhost`.
///
/// # Errors
/// [`ListenError`] with the address that is taken.
pub(super) fn on(config: &Config) -> Result<Bound, ListenError> {
    let address = config.server.listen;
    let is_named = config.realm_address(address).host() == "localhost";
    if !is_named || !is_localhost(address.ip()) {
        let listener = listen(address)?;
        return Ok(Bound { bound: local(&listener, address)?, listeners: vec![listener] });
    }
    let attempts = if address.port() == 0 { ATTEMPTS } else { 1 };
    let mut attempted = on_both(address);
    for _ in 1..attempts {
        match attempted {
            // The other half of a port that the system chose may be somebody else's.
            Err(ListenError { cause, .. }) if cause.kind() == io::ErrorKind::AddrInUse => {
                attempted = on_both(address);
            }
            done => return done,
        }
    }
    attempted
}

/// Listens on an address of loopback for the metrics; also answers the address, with its port.
///
/// # Errors
/// [`ListenError`] if it is taken.
pub(super) fn for_metrics(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let named = |error| ListenError { choice: METRICS, ..error };
    let listener = listen(address).map_err(named)?;
    let bound = local(&listener, address).map_err(named)?;
    Ok((listener, bound))
}

fn on_both(address: SocketAddr) -> Result<Bound, ListenError> {
    let first = listen(address)?;
    let bound = local(&first, address)?;
    let other = SocketAddr::new(other_half(bound.ip()), bound.port());
    let listeners = match listen(other) {
        Ok(second) => vec![first, second],
        Err(ListenError { cause, .. }) if is_absent(&cause) => {
            log::info!("this machine has no {}: clients that look for localhost there find nobody", other.ip());
            vec![first]
        }
        Err(error) => return Err(error),
    };
    Ok(Bound { bound, listeners })
}

/// The other address that `localhost` leads to.
fn other_half(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(_) => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv4Addr::LOCALHOST.into(),
    }
}

/// Whether the machine does not have such addresses at all.
fn is_absent(error: &io::Error) -> bool {
    let no_family = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    no_family || error.kind() == io::ErrorKind::AddrNotAvailable
}

fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let failed = |cause| ListenError { address, choice: SERVER, cause };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn local(listener: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, ListenError> {
    listener.local_addr().map_err(|cause| ListenError { address: asked, choice: SERVER, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, public_url: &str) -> Config {
        let set = [("server.listen", listen.to_owned()), ("server.public_url", public_url.to_owned())];
        Config::load(None, std::iter::empty(), &set).unwrap().config
    }

    fn bound(listen: &str, public_url: &str) -> Vec<IpAddr> {
        let bound = on(&config(listen, public_url)).unwrap();
        let addresses = bound.listeners.iter().map(|listener| listener.local_addr().unwrap());
        addresses.inspect(|address| assert_eq!(address.port(), bound.bound.port())).map(|it| it.ip()).collect()
    }

    #[test]
    fn where_clients_are_told_localhost_both_halves_are_taken() {
        let (four, six): (IpAddr, IpAddr) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        if TcpListener::bind((six, 0)).is_err() {
            assert_eq!(bound("127.0.0.1:0", ""), [four], "a machine without IPv6");
            return;
        }
        assert_eq!(bound("127.0.0.1:0", ""), [four, six]);
        assert_eq!(bound("[::1]:0", ""), [six, four]);
        assert_eq!(bound("0", "http://localhost:8700"), [four, six]);
        assert_eq!(bound("127.0.0.1:0", "http://pass.example.com"), [four]);
        assert_eq!(bound("127.0.0.2:0", ""), ["127.0.0.2".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn a_half_that_another_program_holds_is_refused_by_name() {
        let Ok(other) = TcpListener::bind("[::1]:0") else { return };
        let taken = other.local_addr().unwrap();
        let refused = on(&config(&format!("127.0.0.1:{}", taken.port()), "")).err().unwrap().to_string();
        let expected = format!("cannot listen on {taken}: another program listens there");
        assert!(refused.starts_with(&expected) && refused.contains("--listen"), "{refused}");
    }

    #[test]
    fn what_the_machine_does_not_have_is_told_from_what_is_taken() {
        let of = |errno: rustix::io::Errno| is_absent(&errno.into());
        assert!(of(rustix::io::Errno::AFNOSUPPORT) && of(rustix::io::Errno::ADDRNOTAVAIL));
        assert!(!of(rustix::io::Errno::ADDRINUSE) && !of(rustix::io::Errno::ACCESS));
    }
}
