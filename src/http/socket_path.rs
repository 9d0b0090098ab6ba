//! Where the local socket is, and how long that path may be.

use std::path::{Path, PathBuf};

use crate::data_files;

/// Longest path of a Unix socket on Linux, in bytes: `sun_path` of `unix(7)`, without its final NUL.
const LONGEST: usize = 107;

/// A data directory in which no socket can be made.
#[derive(Debug, thiserror::Error)]
#[error(
    "the path of the socket, {}, has {} bytes; the system allows {LONGEST}: name the data directory by a shorter path",
    .0.display(), .0.as_os_str().len()
)]
pub struct LongSocketPath(PathBuf);

/// The socket of this data directory.
///
/// # Errors
/// [`LongSocketPath`] if the system could not make it.
pub fn socket_path(directory: &Path) -> Result<PathBuf, LongSocketPath> {
    let path = directory.join(data_files::SOCKET);
    if path.as_os_str().len() > LONGEST { Err(LongSocketPath(path)) } else { Ok(path) }
}
