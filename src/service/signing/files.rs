//! Files that hold keys: read only if nobody else could read them, written whole or not at all.
//!
//! Knows nothing of what is in them. What is written belongs to the owner of the directory, also when root writes it.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::{Damage, SigningError};

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// No key file of ours is nearly as long.
const LIMIT: u64 = 64 * 1024;

/// Makes the directory with mode 0700 if it is not there.
pub(super) fn make_directory(path: &Path) -> Result<(), SigningError> {
    match fs::metadata(path) {
        Ok(found) => refuse_open_to_others(path, &found, "move the keys in it away"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_directory(path).map_err(io_error("make", path)),
        Err(error) => Err(io_error("look at", path)(error)),
    }
}

fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    give_to_owner(&File::open(path)?, &fs::metadata(parent)?)?;
    File::open(parent)?.sync_all()
}

/// The text of a file; none if there is no such file. `way_out` goes into the error if it cannot be used.
pub(super) fn read(path: &Path, way_out: &'static str) -> Result<Option<Zeroizing<String>>, SigningError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", path)(error)),
    };
    let found = file.metadata().map_err(io_error("look at", path))?;
    let damaged = |source| SigningError::Damaged { path: path.to_owned(), way_out, source };
    if !found.is_file() || found.len() > LIMIT {
        return Err(damaged(Damage::NotAKeyFile(LIMIT)));
    }
    refuse_open_to_others(path, &found, way_out)?;
    read_text(&file, found.len()).map(Some).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => damaged(Damage::Pem(super::pem::NotPem)),
        _ => io_error("read", path)(error),
    })
}

/// Reads into a buffer that never grows, since a grown one would leave its old copy behind.
fn read_text(file: &File, length: u64) -> io::Result<Zeroizing<String>> {
    let room = usize::try_from(length).unwrap_or(0).saturating_add(64);
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(length).read_to_string(&mut text)?;
    Ok(text)
}

/// Replaces the file, mode 0600: after a crash it holds either what it held or all of `text`.
pub(super) fn write(path: &Path, text: &str) -> Result<(), SigningError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    let written = write_new(new, text).and_then(|()| fs::rename(new, path)).and_then(|()| sync_directory(path));
    if written.is_err() {
        // What cannot be renamed is of no use; the error that counts is the first one.
        let _ = fs::remove_file(new);
    }
    written.map_err(io_error("write", path))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    give_to_owner(&file, &fs::metadata(directory_of(path))?)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn give_to_owner(file: &File, directory: &Metadata) -> io::Result<()> {
    if file.metadata()?.uid() == directory.uid() {
        return Ok(());
    }
    fchown(file, Some(directory.uid()), Some(directory.gid()))
}

fn refuse_open_to_others(path: &Path, found: &Metadata, way_out: &'static str) -> Result<(), SigningError> {
    let mode = found.mode() & 0o7777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(SigningError::OpenToOthers { path: path.to_owned(), mode, way_out })
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SigningError {
    let path = path.to_owned();
    move |source| SigningError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_the_owners_alone() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("keys");
        make_directory(&directory).unwrap();
        make_directory(&directory).unwrap();
        let file = directory.join("a.pem");
        write(&file, "secret").unwrap();
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
        assert_eq!(read(&file, "").unwrap().unwrap().as_str(), "secret");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_file_left_half_written_by_a_crash_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.pem");
        fs::write(directory.path().join("a.pem.new"), "half a secr").unwrap();
        set_mode(&directory.path().join("a.pem.new"), 0o644);
        assert!(read(&file, "").unwrap().is_none());
        write(&file, "one").unwrap();
        write(&file, "two").unwrap();
        assert_eq!(read(&file, "").unwrap().unwrap().as_str(), "two");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_can_read_is_refused_with_its_name_and_mode() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.pem");
        write(&file, "secret").unwrap();
        for open in [0o640, 0o604, 0o620, 0o660] {
            set_mode(&file, open);
            let error = read(&file, "burn it").unwrap_err().to_string();
            assert!(error.contains(&format!("{} is open", file.display())), "{error}");
            assert!(error.contains(&format!("{open:04o}")) && error.contains("burn it"), "{error}");
        }
        set_mode(directory.path(), 0o750);
        assert!(matches!(make_directory(directory.path()), Err(SigningError::OpenToOthers { mode: 0o750, .. })));
    }

    #[test]
    fn what_is_no_key_file_is_refused_unread() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.pem");
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(&path, ""), Err(SigningError::Damaged { source: Damage::NotAKeyFile(_), .. })));
        fs::remove_dir(&path).unwrap();
        write(&path, &"x".repeat(65 * 1024)).unwrap();
        assert!(matches!(read(&path, ""), Err(SigningError::Damaged { source: Damage::NotAKeyFile(_), .. })));
        write(&path, "").unwrap();
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(read(&path, ""), Err(SigningError::Damaged { source: Damage::Pem(_), .. })));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.pem");
        fs::create_dir(&path).unwrap();
        assert!(matches!(write(&path, "secret"), Err(SigningError::Io { action: "write", .. })));
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
