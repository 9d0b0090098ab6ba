//! The file with the first passwords of new users: private, only ever added to, and on the disk before its users are made.
//!
//! A line is a name, a blank, and its password. A later line `# not made: NAME` takes that back: somebody else may have
//! made a user of that name since. A last line that is not whole was never used, and goes, also where it is the first: a
//! file that is empty, or has a part of its title only, is as good as a new one.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use zeroize::Zeroizing;

use crate::cli::files::PrivateLines;
use crate::cli::screen::CliError;
use crate::domain::secret::Password;

/// The first line.
const TITLE: &str =
    "# First passwords, made by dockpass: a name, a blank, its password. Hand them out, then remove this file.";
const VOID: &str = "# not made: ";

/// The first passwords that were noted.
pub(super) struct FirstPasswords {
    path: PathBuf,
    /// None until the file is made.
    lines: Option<PrivateLines>,
    /// Whether the first line is on the disk.
    has_title: bool,
    known: BTreeMap<String, Password>,
}

impl FirstPasswords {
    /// Looks at what an earlier run has noted there; makes nothing. A file of somebody else, or of something else, is refused.
    pub(super) fn look(path: &Path) -> Result<Self, CliError> {
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let opened = OpenOptions::new().read(true).append(true).custom_flags(flags).open(path);
        let mut file = match opened {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path: path.to_owned(), lines: None, has_title: false, known: BTreeMap::new() });
            }
            opened => opened.map_err(failed("open", path))?,
        };
        refuse_other(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(failed("read", path))?;
        let title = format!("{TITLE}\n");
        let has_title = text.starts_with(&title);
        if !has_title && !title.starts_with(text.as_str()) {
            let why = "is there and holds no first passwords; nothing was made: name another file";
            return Err(CliError::Finding(format!("{} {why}", path.display())));
        }
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(u64::try_from(whole).unwrap_or_default()).map_err(failed("write", path))?;
        let known = known(text.get(..whole).unwrap_or_default());
        Ok(Self { path: path.to_owned(), lines: Some(PrivateLines::of(file, path)), has_title, known })
    }

    /// Makes the file, if it is not there, with its first line.
    pub(super) fn begin(&mut self) -> Result<(), CliError> {
        if self.lines.is_none() {
            let lines = PrivateLines::create(&self.path).map_err(failed("make", &self.path))?;
            flock(lines.file(), FlockOperation::NonBlockingLockExclusive)
                .map_err(|cause| failed("lock", &self.path)(cause.into()))?;
            self.lines = Some(lines);
        }
        if !self.has_title {
            self.add(TITLE)?;
            self.has_title = true;
        }
        Ok(())
    }

    /// Where they are.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The first password of a user, if one is noted.
    pub(super) fn of(&self, name: &str) -> Option<&Password> {
        self.known.get(name)
    }

    /// Notes a first password; it is on the disk when this returns.
    pub(super) fn note(&mut self, name: &str, password: &Password) -> Result<(), CliError> {
        self.add(&Zeroizing::new(format!("{name} {}", password.reveal())))?;
        self.known.insert(name.to_owned(), Password::new(password.reveal().to_owned()));
        Ok(())
    }

    /// Takes back what was noted for a user who was not made.
    pub(super) fn void(&mut self, name: &str) -> Result<(), CliError> {
        self.known.remove(name);
        self.add(&format!("{VOID}{name}"))
    }

    fn add(&mut self, line: &str) -> Result<(), CliError> {
        let Some(lines) = &mut self.lines else {
            return Err(failed("write", &self.path)(io::ErrorKind::NotFound.into()));
        };
        lines.add(line).map_err(failed("write", &self.path))
    }
}

/// Refuses a file that others may read, or that another command is writing.
fn refuse_other(path: &Path, file: &File) -> Result<(), CliError> {
    let found = file.metadata().map_err(failed("read", path))?;
    let refused = |why: &str| Err(CliError::Finding(format!("{} {why}; nothing was made", path.display())));
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
        return refused("is not a file of yours that only you can read: name another file, or chmod 600 it");
    }
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => refused("is being written by another command"),
        locked => locked.map_err(|cause| failed("lock", path)(cause.into())),
    }
}

fn known(text: &str) -> BTreeMap<String, Password> {
    let mut known = BTreeMap::new();
    for line in text.lines().skip(1) {
        if let Some(name) = line.strip_prefix(VOID) {
            known.remove(name);
        } else if let Some((name, password)) = line.split_once(' ').filter(|_| !line.starts_with('#')) {
            known.insert(name.to_owned(), Password::new(password.to_owned()));
        }
    }
    known
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CliError + use<> {
    let path = path.to_owned();
    move |cause| CliError::File { action, path, cause }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn what_is_noted_is_known_to_the_next_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("first");
        let mut first = FirstPasswords::look(&path).unwrap();
        assert!(!path.exists());
        first.begin().unwrap();
        for (name, text) in [("alice", "one"), ("bob", "two"), ("carol", "three")] {
            first.note(name, &password(text)).unwrap();
        }
        first.void("bob").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(FirstPasswords::look(&path).err().unwrap().to_string().contains("by another command"));
        drop(first);
        let mut torn = fs::read_to_string(&path).unwrap();
        torn.push_str("dave half-a-pass");
        fs::write(&path, torn).unwrap();
        let mut next = FirstPasswords::look(&path).unwrap();
        next.begin().unwrap();
        let of = |name| next.of(name).map(|password| password.reveal().to_owned());
        let expected = [Some("one".to_owned()), None, Some("three".to_owned()), None];
        assert_eq!(["alice", "bob", "carol", "dave"].map(of), expected);
        next.note("dave", &password("four")).unwrap();
        let said = format!("{TITLE}\nalice one\nbob two\ncarol three\n# not made: bob\ndave four\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), said);
    }

    #[test]
    fn what_has_no_whole_title_is_as_good_as_new() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("first");
        for torn in ["", "# First pass", TITLE] {
            fs::write(&path, torn).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let mut first = FirstPasswords::look(&path).unwrap();
            first.begin().unwrap();
            first.note("alice", &password("one")).unwrap();
            drop(first);
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{TITLE}\nalice one\n"));
            assert!(FirstPasswords::look(&path).unwrap().of("alice").is_some());
        }
    }

    #[test]
    fn what_is_something_else_or_open_to_others_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("first");
        fs::write(&path, "mine\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let refused = |path: &Path| FirstPasswords::look(path).err().unwrap().to_string();
        assert!(refused(&path).contains("holds no first passwords"), "{}", refused(&path));
        fs::write(&path, format!("{TITLE}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refused(&path).contains("only you can read"), "{}", refused(&path));
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(refused(&link).starts_with("cannot open "), "{}", refused(&link));
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{TITLE}\n"));
    }
}
