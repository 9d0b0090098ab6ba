//! Files for other programs: written whole, for the user who is to read them, and never over what is somebody's own.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::owner::Owner;
use crate::cli::files;
use crate::cli::screen::CliError;

/// Most configurations that are kept beside the one in use.
const MOST_KEPT: u32 = 999;

/// Where files are written, and whose they are.
pub(in crate::cli) struct Files {
    /// An absolute path.
    pub(in crate::cli) directory: PathBuf,
    /// None for who writes them.
    pub(in crate::cli) owner: Option<Owner>,
    /// Whether somebody has named the directory, and may name another.
    pub(in crate::cli) is_chosen: bool,
}

impl Files {
    /// The path of a file. Its name comes from the server, and does not lead out of the directory.
    pub(in crate::cli) fn path(&self, name: &str) -> Result<PathBuf, CliError> {
        let is_plain = Path::new(name).file_name().is_some_and(|only| only == name);
        if is_plain {
            Ok(self.directory.join(name))
        } else {
            Err(CliError::Finding("the server gave a file name that leads elsewhere".to_owned()))
        }
    }

    /// Refuses to go over a configuration of which this is so.
    pub(in crate::cli) fn in_the_way(&self, file: &Path, what: &str) -> CliError {
        let other = if self.is_chosen { "choose another directory, or " } else { "" };
        CliError::Finding(format!(
            "{} {what}; nothing was written: {other}add --replace, which keeps it under another name",
            file.display()
        ))
    }

    /// Makes the directory and its missing parents, which others may enter: the files in it have modes of their own. If no
    /// server runs, this process has opened the store, which set a umask that would make them private.
    pub(in crate::cli) fn make_directory(&self) -> Result<(), CliError> {
        let missing: Vec<_> = self.directory.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.iter().rev() {
            let made = DirBuilder::new().create(path);
            made.and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o755)))
                .map_err(failed("make", path))?;
        }
        Ok(())
    }

    /// Replaces a file atomically, by a rename: a reader sees the old text or the new one.
    pub(in crate::cli) fn replace(&self, path: &Path, text: &str, mode: u32) -> Result<(), CliError> {
        let owner = self.owner.as_ref().map(|owner| (owner.user, owner.group));
        files::replace_for(owner, path, text, mode)
    }
}

/// The absolute path of a directory, since other programs have another working directory.
pub(in crate::cli) fn absolute(directory: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(directory).map_err(failed("use", directory))
}

/// Whether a file is there with another text.
pub(in crate::cli) fn says_something_else(path: &Path, text: &str) -> Result<bool, CliError> {
    match fs::read(path) {
        Ok(there) => Ok(there != text.as_bytes()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(failed("read", path)(cause)),
    }
}

/// Gives a file a second name beside its own, which no other has: it stays under that when the first is replaced.
pub(in crate::cli) fn keep(path: &Path) -> Result<PathBuf, CliError> {
    for number in 1..=MOST_KEPT {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{number}"));
        match fs::hard_link(path, &name) {
            Ok(()) => return Ok(name.into()),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(failed("keep", path)(cause)),
        }
    }
    Err(CliError::Finding(format!("{} has been kept {MOST_KEPT} times already; nothing was written", path.display())))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CliError + use<> {
    let path = path.to_owned();
    move |cause| CliError::File { action, path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(directory: &Path) -> Files {
        Files { directory: directory.to_owned(), owner: None, is_chosen: true }
    }

    #[test]
    fn another_directory_is_proposed_to_who_has_named_one() {
        let said = |is_chosen| Files { is_chosen, ..of(Path::new("/srv")) }.in_the_way("/srv/c".as_ref(), "is there");
        assert_eq!(
            [said(true), said(false)].map(|error| error.to_string()),
            [
                "/srv/c is there; nothing was written: choose another directory, or add --replace, which keeps it under another name",
                "/srv/c is there; nothing was written: add --replace, which keeps it under another name",
            ]
        );
    }

    #[test]
    fn what_is_kept_has_a_name_that_no_other_has() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.yml");
        let files = of(directory.path());
        for (number, text) in [(1, "first"), (2, "second")] {
            files.replace(&path, text, 0o644).unwrap();
            let kept = keep(&path).unwrap();
            assert!(kept.ends_with(format!("config.yml.before-{number}")), "{}", kept.display());
        }
        files.replace(&path, "third", 0o600).unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        let all = ["config.yml.before-1", "config.yml.before-2", "config.yml"].map(read);
        assert_eq!(all, ["first", "second", "third"]);
        assert!(says_something_else(&path, "fourth").unwrap() && !says_something_else(&path, "third").unwrap());
        assert!(!says_something_else(&directory.path().join("none"), "").unwrap());
    }

    #[test]
    fn a_file_name_cannot_lead_elsewhere() {
        let files = of(Path::new("/srv"));
        for name in ["../evil.pem", "/etc/passwd", "..", "", "a/b"] {
            assert!(files.path(name).is_err(), "{name}");
        }
        assert_eq!(files.path("dockpass-ca.pem").unwrap(), Path::new("/srv/dockpass-ca.pem"));
    }

    #[test]
    fn others_may_enter_a_directory_that_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let files = of(&directory.path().join("a/b"));
        files.make_directory().unwrap();
        files.make_directory().unwrap();
        for name in ["a", "a/b"] {
            let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o755, "{name}");
        }
    }
}
