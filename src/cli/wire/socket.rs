//! The local socket, as the command line trusts it. Requests hold passwords, and the data directory may be named by a
//! relative path in a place where others write: nothing is sent before it is known whose directory that is, and who
//! listens there.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use hyper::header::{HeaderName, HeaderValue};
use tokio::net::UnixStream;

use crate::cli::screen::CliError;
use crate::data_files::SOCKET;
use crate::denied;
use crate::http::{SOCKET_SECRET_HEADER, read_socket_secret};

/// The permission bits with which others write.
const WRITTEN_BY_OTHERS: u32 = 0o022;

/// The socket of a data directory.
pub(super) struct LocalSocket {
    directory: PathBuf,
    path: PathBuf,
}

impl LocalSocket {
    pub(super) fn of(directory: PathBuf) -> Self {
        let path = directory.join(SOCKET);
        Self { directory, path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Refuses a data directory of somebody else; root uses any.
    pub(super) fn check_directory(&self) -> Result<(), CliError> {
        self.owner_here(std::fs::metadata(&self.directory)).map(|_| ())
    }

    /// Connects; only the error of connecting tells whether nobody listens.
    pub(super) async fn connect(&self) -> std::io::Result<UnixStream> {
        UnixStream::connect(&self.path).await
    }

    /// Checks who listens at the other end of a connection; nothing was sent yet.
    pub(super) fn check_peer(&self, stream: &UnixStream) -> Result<(), CliError> {
        let found = std::fs::metadata(&self.directory);
        let mode = found.as_ref().map_or(0, Metadata::mode);
        let owner = self.owner_here(found)?;
        let peer = stream.peer_cred().map_err(|cause| self.unreadable(&self.path, cause))?.uid();
        may_listen(peer, owner).map_err(|reason| self.distrust(reason))?;
        let socket = std::fs::symlink_metadata(&self.path).map_err(|cause| self.unreadable(&self.path, cause))?;
        if !socket.file_type().is_socket() || may_listen(socket.uid(), owner).is_err() {
            return Err(self.distrust("something else stands in its place".to_owned()));
        }
        if (mode | socket.mode()) & WRITTEN_BY_OTHERS != 0 {
            let directory = self.directory.display();
            return Err(self.distrust(format!(
                "others may write to {directory} or to the socket; look at what is in there, then set mode 700 and restart the server"
            )));
        }
        Ok(())
    }

    /// What each request shows. It is read after connecting: the server writes it before it listens.
    pub(super) fn secret(&self) -> Result<Option<(HeaderName, HeaderValue)>, CliError> {
        let read =
            read_socket_secret(&self.directory).map_err(|cause| self.distrust(crate::causes::with_causes(&cause)))?;
        let Some(text) = read else { return Ok(None) };
        let mut value = HeaderValue::from_str(&text).map_err(|cause| self.distrust(cause.to_string()))?;
        value.set_sensitive(true);
        Ok(Some((HeaderName::from_static(SOCKET_SECRET_HEADER), value)))
    }

    fn owner_here(&self, found: std::io::Result<Metadata>) -> Result<u32, CliError> {
        let owner = found.map_err(|cause| self.unreadable(&self.directory, cause))?.uid();
        let me = rustix::process::geteuid().as_raw();
        may_use(me, owner).map_err(|reason| self.distrust(reason))?;
        Ok(owner)
    }

    fn distrust(&self, reason: String) -> CliError {
        CliError::Distrusted { place: self.path.clone(), reason }
    }

    fn unreadable(&self, path: &Path, cause: std::io::Error) -> CliError {
        self.distrust(format!("cannot look at {}: {cause}", path.display()))
    }
}

/// Whether the user `me` may use a data directory of `owner`.
fn may_use(me: u32, owner: u32) -> Result<(), String> {
    if me == 0 || me == owner {
        return Ok(());
    }
    Err(format!(
        "the data directory belongs to {}; only that user and root use it; others sign in with `dockpass login --server URL`",
        denied::user(owner)
    ))
}

/// Whether a server of the user `peer` may listen in a data directory of `owner`.
fn may_listen(peer: u32, owner: u32) -> Result<(), String> {
    if peer == 0 || peer == owner {
        return Ok(());
    }
    let peer = denied::user(peer);
    Err(format!("a process of {peer} listens there, which neither owns the data directory nor is root"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn root_uses_every_directory_and_others_their_own() {
        assert!(may_use(0, 0).is_ok() && may_use(0, 1_001).is_ok() && may_use(1_001, 1_001).is_ok());
        assert!(may_use(1_001, 0).is_err() && may_use(1_001, 1_002).is_err());
    }

    #[test]
    fn the_owner_and_root_listen_and_nobody_else() {
        assert!(may_listen(0, 1_001).is_ok() && may_listen(1_001, 1_001).is_ok() && may_listen(0, 0).is_ok());
        assert!(may_listen(1_002, 1_001).is_err() && may_listen(1_001, 0).is_err());
    }

    /// What is said of a socket whose directory `change` has changed.
    async fn found(change: impl FnOnce(&Path)) -> Result<(), String> {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        let _listener = UnixListener::bind(directory.join(SOCKET)).unwrap();
        fs::set_permissions(directory.join(SOCKET), fs::Permissions::from_mode(0o700)).unwrap();
        change(&directory);
        let socket = LocalSocket::of(directory);
        let stream = socket.connect().await.unwrap();
        socket.check_peer(&stream).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_place_where_others_write_and_a_link_are_not_trusted() {
        found(|_| ()).await.unwrap();
        let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        for said in [found(|directory| open(directory)).await, found(|directory| open(&directory.join(SOCKET))).await] {
            let said = said.unwrap_err();
            assert!(said.starts_with("nothing was sent to the socket ") && said.contains("others may write"), "{said}");
        }
        let linked = found(|directory| {
            fs::rename(directory.join(SOCKET), directory.join("elsewhere")).unwrap();
            symlink("elsewhere", directory.join(SOCKET)).unwrap();
        });
        assert!(linked.await.unwrap_err().contains("something else stands in its place"));
    }
}
