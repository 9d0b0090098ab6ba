//! What the service manager is told (`sd_notify(3)`): that the server is ready, that it ends, and, if it wants to hear that
//! (`WatchdogSec=` of systemd), that requests are served.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The server is ready.
pub(super) const READY: &str = "READY=1";
/// The server begins to end.
pub(super) const STOPPING: &str = "STOPPING=1";
/// Requests are served.
pub(super) const ALIVE: &str = "WATCHDOG=1";

/// The service manager that has started this process, or nobody.
#[derive(Debug, Default)]
pub struct Supervisor {
    place: Option<SocketAddr>,
    /// After what time without a sign of life it ends the process.
    patience: Option<Duration>,
}

impl Supervisor {
    /// Whoever these variables of the environment name: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`. What makes no
    /// sense is passed over, as is what is meant for another process: nobody is told then.
    #[must_use]
    pub fn of(socket: Option<&str>, microseconds: Option<&str>, process: Option<&str>) -> Self {
        let place = socket.and_then(|text| {
            let address = address(text);
            if address.is_none() {
                log::warn!(
                    "NOTIFY_SOCKET is no path of a socket: the service manager is not told that the server is ready"
                );
            }
            address
        });
        let is_ours = process.is_none_or(|text| text.parse() == Ok(std::process::id()));
        let patience = microseconds.filter(|_| is_ours && place.is_some()).and_then(|text| text.parse().ok());
        Self { place, patience: patience.filter(|it| *it > 0).map(Duration::from_micros) }
    }

    /// How long to wait between two signs of life: half of its patience; none if it does not want to hear any.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.patience.map(|patience| patience / 2)
    }

    /// Tells it; false if that did not go out.
    pub(super) fn tell(&self, what: &str) -> bool {
        let Some(place) = &self.place else { return true };
        // It must not wait for whoever does not read.
        let told = UnixDatagram::unbound()
            .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
            .and_then(|socket| socket.send_to_addr(what.as_bytes(), place));
        if let Err(error) = &told {
            log::warn!("the service manager was not told {what}: {error}");
        }
        told.is_ok()
    }
}

/// The address of a socket: an absolute path or, with `@` before it, a name that is no path.
fn address(text: &str) -> Option<SocketAddr> {
    let made: io::Result<SocketAddr> = match text.strip_prefix('@') {
        Some(name) if !name.is_empty() => SocketAddr::from_abstract_name(OsStr::new(name).as_bytes()),
        None if text.starts_with('/') => SocketAddr::from_pathname(text),
        Some(_) | None => return None,
    };
    made.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_where_it_listens_and_half_as_seldom_as_it_waits() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let supervisor = Supervisor::of(path.to_str(), Some("3000000"), None);
        assert_eq!(supervisor.interval(), Some(Duration::from_millis(1_500)));
        supervisor.tell(READY);
        let mut heard = [0; 32];
        let length = manager.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"READY=1");
        drop(manager);
        supervisor.tell(STOPPING);
    }

    #[test]
    fn a_name_that_is_no_path_is_one_too() {
        let name = format!("dockpass-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Supervisor::of(Some(&format!("@{name}")), None, None).tell(ALIVE);
        let mut heard = [0; 32];
        let length = manager.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"WATCHDOG=1");
    }

    #[test]
    fn what_is_not_meant_for_this_process_or_makes_no_sense_is_passed_over() {
        let interval = |socket, time, process| Supervisor::of(socket, time, process).interval();
        let own = std::process::id().to_string();
        assert!(interval(Some("/run/x"), Some("1000"), Some(own.as_str())).is_some());
        assert_eq!(interval(Some("/run/x"), Some("1000"), Some("1")), None);
        assert_eq!(interval(Some("/run/x"), Some("1000"), Some("me")), None);
        assert_eq!(interval(None, Some("1000"), None), None);
        for time in ["", "0", "-1", "soon", "1s"] {
            assert_eq!(interval(Some("/run/x"), Some(time), None), None, "{time}");
        }
        for socket in ["", "@", "run/x", "vsock:2:1"] {
            assert!(Supervisor::of(Some(socket), None, None).place.is_none(), "{socket}");
        }
    }
}
