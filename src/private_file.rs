//! Small files that only their owner may read: keys, the first password, markers. Knows nothing of what is in them.
//!
//! Closed to others when they are read, with a warning, where that is ours to do; so are the site's own secrets elsewhere,
//! once they have been read, which are taken all the same where it is not. Written whole: to a temporary name, fsynced, renamed, and the directory
//! fsynced, so that a crash leaves the old file or the new one. What root writes belongs to the directory's owner.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::data_files::UNFINISHED;
use crate::denied;

/// The permission bits of everybody but the owner.
pub(crate) const OTHERS: u32 = 0o077;
/// The permission bits that a secret of the site's never has, outside the data directory: its group may read it, as the
/// members of `ssl-cert` do, nobody else, and only its owner writes it.
pub(crate) const STRANGERS: u32 = 0o027;
/// The same for what is no secret, such as a certificate.
pub(crate) const OTHERS_WRITE: u32 = 0o022;

/// Largest file that is read, in bytes.
pub(crate) const MOST: usize = 1024 * 1024;

/// Open flags: root must not be led to another file by a symbolic link in somebody else's directory.
pub(crate) const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
/// Open flags: a FIFO in the place of a file holds up nobody.
pub(crate) const NO_WAIT: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
/// Both.
pub(crate) const NO_LINK_NO_WAIT: i32 = NO_LINK | NO_WAIT;

/// A private file or directory could not be read, written or made.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// Reading or writing failed.
    #[error("{}", denied::told(path, source))]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not an ordinary file, or too large.
    #[error("{} is no ordinary file of at most 1 MiB", path.display())]
    Unsuitable {
        /// The file.
        path: PathBuf,
    },
    /// Others may look into it, and it is not ours to close.
    #[error(
        "{} is open to others (mode {mode:o}) and belongs to {}, so that it cannot be closed here: {}",
        path.display(), denied::user(*owner), denied::way_to_own(path)
    )]
    Exposed {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Whose it is.
        owner: u32,
    },
    /// It belongs to somebody who is neither us nor the owner of its directory, and who can read and write it.
    #[error(
        "{} belongs to {}, who is neither the owner of its directory nor runs dockpass, and knows what is in it: \
         chown {place} {}", path.display(), denied::user(*owner), denied::word(path)
    )]
    Theirs {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose its directory is.
        place: u32,
    },
}

impl PrivateFileError {
    /// Wraps the reason why `path` failed.
    #[must_use]
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Reads a private file; none if it does not exist. One that is open to others is closed first.
///
/// # Errors
/// [`PrivateFileError`] if it cannot be read, is a link, no file or larger than 1 MiB, is open to others and not ours, or
/// belongs to somebody else.
pub fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, PrivateFileError> {
    let file = match OpenOptions::new().read(true).custom_flags(NO_LINK_NO_WAIT).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PrivateFileError::io(path, error)),
    };
    let metadata = file.metadata().map_err(|error| PrivateFileError::io(path, error))?;
    if !metadata.is_file() || metadata.len() > MOST as u64 {
        return Err(PrivateFileError::Unsuitable { path: path.to_owned() });
    }
    refuse_theirs(path, &metadata)?;
    close(path, &file, &metadata)?;
    // The buffer never grows: a grown one would leave its old copy behind.
    let room = usize::try_from(metadata.len()).unwrap_or(0).saturating_add(64);
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    file.take(metadata.len()).read_to_end(&mut content).map_err(|error| PrivateFileError::io(path, error))?;
    Ok(Some(content))
}

/// Takes everybody else's permissions from an open file or directory. Root does so for the owner of the directory that it
/// stands in, and never where another name leads to the same file.
fn close(path: &Path, file: &File, found: &Metadata) -> Result<(), PrivateFileError> {
    let mode = found.mode() & 0o7777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    if !may_close(path, found) {
        return Err(PrivateFileError::Exposed { path: path.to_owned(), mode, owner: found.uid() });
    }
    let private = Permissions::from_mode(mode & 0o700);
    file.set_permissions(private).map_err(|error| PrivateFileError::io(path, error))?;
    log::warn!(
        "{} was open to others (mode {mode:o}); it is private now: whoever looked into it knows what is in it",
        path.display()
    );
    Ok(())
}

fn may_close(path: &Path, found: &Metadata) -> bool {
    let me = rustix::process::geteuid();
    let is_plain = found.is_dir() || found.nlink() == 1;
    found.uid() == me.as_raw() || (me.is_root() && is_plain && is_of_the_place(path, found))
}

/// Whether it belongs to whom its directory belongs to.
fn is_of_the_place(path: &Path, found: &Metadata) -> bool {
    owner_of_place(path).is_some_and(|owner| owner == found.uid())
}

fn owner_of_place(path: &Path) -> Option<u32> {
    fs::metadata(directory_of(path)).ok().map(|place| place.uid())
}

/// Only root can read what belongs to somebody else alone. One that is open as well is told as that.
fn refuse_theirs(path: &Path, found: &Metadata) -> Result<(), PrivateFileError> {
    let me = rustix::process::geteuid().as_raw();
    if found.uid() == me || is_of_the_place(path, found) || found.mode() & OTHERS != 0 {
        return Ok(());
    }
    let place = owner_of_place(path).unwrap_or(me);
    Err(PrivateFileError::Theirs { path: path.to_owned(), owner: found.uid(), place })
}

/// Reads the first `most` bytes of a file of the site's that stands elsewhere. It may be a link, and belong to somebody else, as
/// files do that an orchestrator mounts. It stays as it is.
pub(crate) fn read_of_site(path: &Path, most: usize) -> io::Result<(File, Zeroizing<Vec<u8>>)> {
    let file = OpenOptions::new().read(true).custom_flags(NO_WAIT).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::other("no ordinary file"));
    }
    let mut content = Zeroizing::new(Vec::with_capacity(most));
    (&file).take(most as u64).read_to_end(&mut content)?;
    Ok((file, content))
}

/// Takes the permissions `open` from a file of the site's that stands elsewhere, once its content has proved to be what it is
/// read for: a mistyped path may name anything. Warns where it is not ours to do so, since an orchestrator may have put it
/// there, read-only, and where a symbolic link leads to it. What is no ordinary file, such as a pipe, is left alone.
pub(crate) fn close_elsewhere(path: &Path, file: &File, open: u32) {
    let Ok(found) = file.metadata() else { return };
    let mode = found.mode() & 0o7777;
    if !found.is_file() || mode & open == 0 {
        return;
    }
    let shown = path.display();
    let kept = Permissions::from_mode(mode & !open);
    let is_linked = is_linked(path);
    if !is_linked && may_close(path, &found) && file.set_permissions(kept).is_ok() {
        let now = mode & !open;
        log::warn!("{shown} was open to others (mode {mode:o}); it has mode {now:o} now: others may have used it");
    } else {
        let why = if is_linked { "left so, since a symbolic link leads to it" } else { "not ours to close" };
        let (word, changes) = (denied::word(path), without(open));
        log::warn!("{shown} is open to others (mode {mode:o}), and {why}: chmod {changes} {word}");
    }
}

/// Whether a symbolic link is part of the path.
fn is_linked(path: &Path) -> bool {
    path.ancestors().any(Path::is_symlink)
}

/// How `chmod` is told to take these permissions away.
fn without(open: u32) -> &'static str {
    if open & 0o004 == 0 { "go-w" } else { "g-w,o=" }
}

/// Writes a private file, mode 0600, in place of what was there; durable when it returns.
///
/// # Errors
/// [`PrivateFileError`] if it cannot be written; the old file is then still there.
pub fn write(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(UNFINISHED);
    let temporary = PathBuf::from(temporary);
    let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The temporary file is useless then; the first error is the one that counts.
        let _ = fs::remove_file(&temporary);
    }
    written.and_then(|()| sync_directory(directory_of(path))).map_err(|error| PrivateFileError::io(path, error))
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    // A file that a crash left may have any mode, and a link could lead root elsewhere: remove it and make it anew.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    give_to_owner_of(directory_of(path), &file)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Gives a file that root wrote to the owner of its directory, or the server could not open it.
fn give_to_owner_of(directory: &Path, file: &File) -> io::Result<()> {
    let owner = fs::metadata(directory)?;
    if !rustix::process::geteuid().is_root() || owner.uid() == 0 {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// Whose a file or directory is, by user id.
pub(crate) fn owner(path: &Path) -> io::Result<u32> {
    fs::metadata(path).map(|found| found.uid())
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a directory for private files, mode 0700, if there is none. One that is open to others is closed.
///
/// # Errors
/// [`PrivateFileError`] if it cannot be made, or exists, is open to others, and is not ours.
pub fn make_directory(path: &Path) -> Result<(), PrivateFileError> {
    let opened = File::open(path).and_then(|directory| Ok((directory.metadata()?, directory)));
    match opened {
        Ok((found, directory)) => close(path, &directory, &found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_directory(path).map_err(|error| PrivateFileError::io(path, error))
        }
        Err(error) => Err(PrivateFileError::io(path, error)),
    }
}

/// Makes the directory with mode 0700, durably. Missing parents get the mode that the umask leaves them, as by `mkdir -p`.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    create_with(path, 0o700)
}

fn create_with(path: &Path, mode: u32) -> io::Result<()> {
    let parent = directory_of(path);
    if !parent.exists() {
        create_with(parent, 0o777)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !path.is_dir() => return Err(error),
        Ok(()) | Err(_) => {}
    }
    match sync_directory(parent) {
        // A directory that we may enter but not read cannot be synced.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a directory with everything in it, if it is there. A link in its place is removed, and not followed.
pub(crate) fn remove_directory(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path).or_else(unless_missing)
}

/// All is well if the error is that nothing is there.
pub(crate) fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Makes the names in a directory durable.
///
/// # Errors
/// What the operating system says.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_written_is_read_and_private() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("deep/keys");
        make_directory(&directory).unwrap();
        make_directory(&directory).unwrap();
        let path = directory.join("key");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"two");
        assert_eq!((mode(&directory), mode(&path)), (0o700, 0o600));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn what_is_open_to_others_is_closed_where_it_is_ours() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write(&path, b"one").unwrap();
        for open in [0o640, 0o604, 0o620, 0o660, 0o2660] {
            set_mode(&path, open);
            assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"one");
            assert_eq!(mode(&path), 0o600);
        }
        for open in [0o750, 0o2770] {
            set_mode(directory.path(), open);
            make_directory(directory.path()).unwrap();
            assert_eq!(mode(directory.path()), 0o700);
        }
    }

    #[test]
    fn what_is_somebody_elses_is_refused_with_the_way() {
        if !crate::able::is_root("gives files away") {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a key");
        write(&path, b"one").unwrap();
        set_mode(&path, 0o660);
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(&error, PrivateFileError::Exposed { mode: 0o660, owner: 65_534, .. }), "{error}");
        let told = error.to_string();
        let words = [format!("chown 0 '{}'", path.display()), "a directory below the volume".to_owned()];
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert_eq!(mode(&path), 0o660);
        // In the directory of its owner, root closes it for that owner.
        std::os::unix::fs::chown(directory.path(), Some(65_534), None).unwrap();
        assert!(read(&path).is_ok());
        assert_eq!(mode(&path), 0o600);
        set_mode(&path, 0o660);
        fs::hard_link(&path, directory.path().join("another name")).unwrap();
        assert!(matches!(read(&path), Err(PrivateFileError::Exposed { .. })));
    }

    #[test]
    fn what_root_alone_can_read_of_somebody_else_is_refused() {
        if !crate::able::is_root("gives files away") {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write(&path, b"one").unwrap();
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, PrivateFileError::Theirs { owner: 65_534, .. }), "{error}");
        assert!(error.to_string().contains(&format!("chown 0 {}", path.display())), "{error}");
        std::os::unix::fs::chown(directory.path(), Some(65_534), None).unwrap();
        assert!(read(&path).is_ok(), "of its directory's owner");
    }

    #[test]
    fn a_secret_elsewhere_is_closed_where_it_is_ours_and_taken_where_it_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("site.key");
        fs::write(&path, "one").unwrap();
        let closed = |open: u32, bits: u32| {
            set_mode(&path, open);
            close_elsewhere(&path, &File::open(&path).unwrap(), bits);
            mode(&path)
        };
        for (open, left) in [(0o644, 0o640), (0o666, 0o640), (0o664, 0o640), (0o604, 0o600), (0o640, 0o640)] {
            assert_eq!(closed(open, STRANGERS), left, "{open:o}");
        }
        for (open, left) in [(0o644, 0o644), (0o666, 0o644), (0o664, 0o644), (0o600, 0o600)] {
            assert_eq!(closed(open, OTHERS_WRITE), left, "{open:o}");
        }
        let (link, beyond) = (directory.path().join("link"), directory.path().join("beyond"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        std::os::unix::fs::symlink(directory.path(), &beyond).unwrap();
        set_mode(&path, 0o644);
        for linked in [link, beyond.join("site.key")] {
            close_elsewhere(&linked, &File::open(&linked).unwrap(), STRANGERS);
            assert_eq!(mode(&path), 0o644, "{}", linked.display());
        }
        if crate::able::is_root("gives files away") {
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            assert_eq!(closed(0o644, STRANGERS), 0o644, "not ours");
        }
    }

    #[test]
    fn only_the_last_directory_is_private_by_itself() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b/c");
        create_directory(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        let parents = ["a", "a/b"].map(|name| mode(&place.path().join(name)));
        // Another test of this process may have set the umask of a data directory.
        assert!(parents.iter().all(|mode| [0o755, 0o700, 0o775, 0o777].contains(mode)), "{parents:?}");
    }

    #[test]
    fn a_file_left_half_written_by_a_crash_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(directory.path().join("key.new"), "half a secr").unwrap();
        set_mode(&directory.path().join("key.new"), 0o644);
        assert!(read(&path).unwrap().is_none());
        write(&path, b"one").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"one");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::create_dir(&path).unwrap();
        assert!(matches!(write(&path, b"one"), Err(PrivateFileError::Io { .. })));
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_small_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let large = directory.path().join("large");
        write(&large, &vec![b'x'; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(read(&large), Err(PrivateFileError::Unsuitable { .. })));
        assert!(matches!(read(directory.path()), Err(PrivateFileError::Unsuitable { .. })));
    }

    #[test]
    fn neither_a_link_nor_a_fifo_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let (key, link, fifo) =
            (directory.path().join("key"), directory.path().join("link"), directory.path().join("fifo"));
        write(&key, b"secret").unwrap();
        std::os::unix::fs::symlink(&key, &link).unwrap();
        assert!(matches!(read(&link), Err(PrivateFileError::Io { .. })));
        let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&fifo).status();
        assert!(made.unwrap().success());
        assert!(matches!(read(&fifo), Err(PrivateFileError::Unsuitable { .. })));
    }

    #[test]
    fn a_link_in_the_place_of_the_temporary_file_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("key"), directory.path().join("other"));
        fs::write(&other, "theirs").unwrap();
        std::os::unix::fs::symlink(&other, directory.path().join("key.new")).unwrap();
        write(&path, b"one").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"theirs");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }
}
