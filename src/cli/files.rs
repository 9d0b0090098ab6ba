//! Files that commands write, where `--output` says. Ordinary files are written whole: to a name beside, fsynced, renamed,
//! and the directory fsynced. So there is the file before or the new one, also after a crash, and nothing else is left.
//!
//! A pipe, a device or a socket is never replaced: it is written into as the text comes. A symbolic link to a file is neither
//! followed nor replaced, as in a directory of somebody else it could lead anywhere.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::screen::{CliError, Console, Stop};
use crate::domain::random;
use crate::domain::time::Timestamp;
use crate::private_file::NO_LINK_NO_WAIT;

/// In the place of a file: standard output.
const STANDARD: &str = "-";

/// Where a command writes what it was asked for.
pub(in crate::cli) enum Output {
    /// Standard output.
    Standard,
    /// What takes it as it comes, such as a pipe.
    Stream(File, PathBuf),
    /// A file, which a signal must not leave unfinished.
    Whole(Unfinished, Stop),
}

impl Output {
    /// What `--output` names, standard output if nothing; a new file has these permissions.
    ///
    /// # Errors
    /// [`CliError::Finding`] for a link to a file, and a directory; [`CliError::File`]
    pub(in crate::cli) fn to(path: Option<&Path>, mode: u32) -> Result<Self, CliError> {
        let Some(path) = path.filter(|path| *path != Path::new(STANDARD)) else { return Ok(Self::Standard) };
        match fs::metadata(path) {
            Ok(found) if !found.is_file() && !found.is_dir() => {
                let stream = OpenOptions::new().write(true).open(path).map_err(|cause| failed(path, cause))?;
                Ok(Self::Stream(stream, path.to_owned()))
            }
            Ok(_) | Err(_) => {
                // Heard before there is anything to put away.
                let stop = Stop::new();
                Unfinished::create(path, mode).map(|file| Self::Whole(file, stop))
            }
        }
    }

    /// The same for a file that is not there yet.
    ///
    /// # Errors
    /// [`CliError::Finding`] if it is; those of [`Output::to`].
    pub(in crate::cli) fn to_new(path: &Path, mode: u32) -> Result<Self, CliError> {
        let mut output = Self::to(Some(path), mode)?;
        if let Self::Whole(file, _) = &mut output {
            file.is_new = true;
            if fs::symlink_metadata(path).is_ok() {
                return Err(there(path));
            }
        }
        Ok(output)
    }

    /// What ends the work that writes it, taken once.
    pub(in crate::cli) fn stop(&mut self) -> Stop {
        match self {
            Self::Standard | Self::Stream(..) => Stop::never(),
            Self::Whole(_, stop) => std::mem::replace(stop, Stop::never()),
        }
    }

    /// Writes more text.
    ///
    /// # Errors
    /// [`CliError::File`], [`CliError::Output`]
    pub(in crate::cli) fn write(&mut self, text: &str, console: &mut Console) -> Result<(), CliError> {
        self.write_bytes(text.as_bytes(), console)
    }

    /// The same for what is no text.
    ///
    /// # Errors
    /// [`CliError::File`], [`CliError::Output`]
    pub(in crate::cli) fn write_bytes(&mut self, bytes: &[u8], console: &mut Console) -> Result<(), CliError> {
        match self {
            Self::Standard => console.write_out(bytes).map_err(CliError::Output),
            Self::Stream(file, path) => file.write_all(bytes).map_err(|cause| failed(path, cause)),
            Self::Whole(file, _) => file.write(bytes),
        }
    }

    /// Gives a file its name, now that all is written, and answers it. Where standard output is a file, all of it is on the
    /// disk. A stream may be standard output by another name, where
    /// nothing else must follow.
    ///
    /// # Errors
    /// [`CliError::File`]: then the file before is still there; [`CliError::Output`]
    pub(in crate::cli) fn finish(self) -> Result<Option<PathBuf>, CliError> {
        match self {
            Self::Standard => sync_standard().map(|()| None).map_err(CliError::Output),
            Self::Stream(..) => Ok(None),
            Self::Whole(file, _) => file.finish().map(Some),
        }
    }
}

/// Makes durable what went to standard output, if that is a file: the shell has made it, and its name is in a directory that
/// only the kernel knows.
fn sync_standard() -> io::Result<()> {
    let out = io::stdout();
    let found = rustix::fs::fstat(&out)?;
    if !FileType::from_raw_mode(found.st_mode).is_file() {
        return Ok(());
    }
    rustix::fs::fsync(&out)?;
    match fs::read_link("/proc/self/fd/1") {
        Ok(path) if path.exists() => sync_directory(&path),
        // It has no name by now, or nobody tells it.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A file that gets its name when it is whole, and goes if it never is.
pub(in crate::cli) struct Unfinished {
    file: File,
    path: PathBuf,
    beside: PathBuf,
    has_name: bool,
    /// It replaces nothing.
    is_new: bool,
}

impl Unfinished {
    fn create(path: &Path, mode: u32) -> Result<Self, CliError> {
        refuse_other(path)?;
        let random = random::bytes::<4>().map_err(|none| failed(path, io::Error::other(none)))?;
        let mut name = OsString::from(".");
        name.push(path.file_name().ok_or_else(|| failed(path, io::ErrorKind::IsADirectory.into()))?);
        name.push(format!(".{:08x}", u32::from_ne_bytes(random)));
        let beside = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside);
        let file = file.map_err(|cause| failed(path, cause))?;
        // For as long as it is open: so one that was left is told from one that is being written. Not every file system can.
        let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
        let made = Self { file, path: path.to_owned(), beside, has_name: false, is_new: false };
        // If no server runs, this process has opened the store, which set a umask that makes all new files private.
        made.file.set_permissions(Permissions::from_mode(mode)).map_err(|cause| failed(path, cause))?;
        Ok(made)
    }

    fn write(&mut self, content: &[u8]) -> Result<(), CliError> {
        self.file.write_all(content).map_err(|cause| failed(&self.path, cause))
    }

    fn finish(mut self) -> Result<PathBuf, CliError> {
        let renamed = self.file.sync_all().and_then(|()| self.name());
        self.has_name = renamed.is_ok();
        renamed.and_then(|()| sync_directory(&self.path)).map_err(|cause| failed(&self.path, cause))?;
        Ok(std::mem::take(&mut self.path))
    }

    fn name(&self) -> io::Result<()> {
        if !self.is_new {
            return fs::rename(&self.beside, &self.path);
        }
        match renameat_with(CWD, &self.beside, CWD, &self.path, RenameFlags::NOREPLACE) {
            // Not every file system can.
            Err(Errno::INVAL | Errno::NOSYS) if !self.path.exists() => fs::rename(&self.beside, &self.path),
            renamed => Ok(renamed?),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.has_name {
            // It may be gone already; what failed is told anyway.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// For so long a file that is being written keeps its name at least, in seconds: where files cannot be locked, or on another
/// machine, it may be written still.
const YOUNG: i64 = 3_600;

/// Removes from a directory what writers of files have left that were killed: files of ours that would have got a name that
/// `is_meant`. Nothing that is being written goes, nor what is somebody else's. What stays is for the next time.
pub(in crate::cli) fn clear_left(directory: &Path, now: Timestamp, is_meant: impl Fn(&str) -> bool) {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().and_then(meant_name).is_some_and(&is_meant) && is_left(&entry.path(), now) {
            // Whoever made it has gone.
            let removed = fs::remove_file(entry.path());
            removed.err().iter().for_each(|error| log::debug!("{}: {error}", entry.path().display()));
        }
    }
}

/// The name that an unfinished file would have got.
fn meant_name(name: &str) -> Option<&str> {
    let (meant, random) = name.strip_prefix('.')?.rsplit_once('.')?;
    let is_ours =
        random.len() == 8 && random.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
    is_ours.then_some(meant)
}

/// Whether nobody writes an unfinished file any more.
fn is_left(path: &Path, now: Timestamp) -> bool {
    let options = OpenOptions::new().read(true).custom_flags(NO_LINK_NO_WAIT).open(path);
    let Ok((file, found)) = options.and_then(|file| file.metadata().map(|found| (file, found))) else { return false };
    let is_ours = found.is_file() && found.uid() == rustix::process::geteuid().as_raw();
    let is_old = now.seconds().saturating_sub(found.mtime()) > YOUNG;
    let is_locked = matches!(flock(&file, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK));
    is_ours && is_old && !is_locked
}

fn there(path: &Path) -> CliError {
    CliError::Finding(format!("{} is there already, and is not replaced: name another file", path.display()))
}

/// Writes a file whole, in place of the one that is there.
///
/// # Errors
/// [`CliError::Finding`] for a link and whatever else is no file; [`CliError::File`]
pub(in crate::cli) fn replace(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> Result<(), CliError> {
    replace_for(None, path, content, mode)
}

/// The same for the user and the group of these ids; for who writes it, if none.
///
/// # Errors
/// Those of [`replace`].
pub(in crate::cli) fn replace_for(
    owner: Option<(u32, u32)>,
    path: &Path,
    content: impl AsRef<[u8]>,
    mode: u32,
) -> Result<(), CliError> {
    let mut file = Unfinished::create(path, if owner.is_some() { 0o600 } else { mode })?;
    if let Some((user, group)) = owner {
        let given = fchown(&file.file, Some(user), Some(group));
        let given = given.and_then(|()| file.file.set_permissions(Permissions::from_mode(mode)));
        given.map_err(|cause| failed(path, cause))?;
    }
    file.write(content.as_ref())?;
    file.finish().map(drop)
}

/// Refuses to put a file in the place of something else.
///
/// # Errors
/// [`CliError::Finding`] for a link and whatever else is no file; [`CliError::File`]
pub(in crate::cli) fn refuse_other(path: &Path) -> Result<(), CliError> {
    let what = match fs::symlink_metadata(path) {
        Ok(found) => what_else(&found),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => return Err(failed(path, cause)),
    };
    what.map_or(Ok(()), |what| Err(CliError::Finding(format!("{} is {what}; nothing was written", path.display()))))
}

fn what_else(found: &Metadata) -> Option<&'static str> {
    if found.is_symlink() {
        Some("a symbolic link, which is neither followed nor replaced: name the file itself")
    } else if found.is_dir() {
        Some("a directory: name a file in it")
    } else {
        (!found.is_file()).then_some("no ordinary file, and is not replaced")
    }
}

/// A file of lines that only its owner may read, by which passwords and secrets are handed out. Each line is on the disk when it
/// is added.
pub(in crate::cli) struct PrivateLines {
    file: File,
    path: PathBuf,
    /// Whether the name of the file is on the disk as well.
    has_name: bool,
}

impl PrivateLines {
    /// Makes the file, which must not be there.
    ///
    /// # Errors
    /// What the operating system says.
    pub(in crate::cli) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self::of(file, path))
    }

    /// One that is there, opened to be added to.
    pub(in crate::cli) fn of(file: File, path: &Path) -> Self {
        Self { file, path: path.to_owned(), has_name: false }
    }

    /// The file itself.
    pub(in crate::cli) fn file(&self) -> &File {
        &self.file
    }

    /// Adds a line, given without its end.
    ///
    /// # Errors
    /// What the operating system says.
    pub(in crate::cli) fn add(&mut self, line: &str) -> io::Result<()> {
        let line = Zeroizing::new(format!("{line}\n"));
        self.file.write_all(line.as_bytes())?;
        self.file.sync_all()?;
        if !self.has_name {
            sync_directory(&self.path)?;
            self.has_name = true;
        }
        Ok(())
    }
}

/// Makes the name of a file durable. A directory that we may write to but not read cannot be synced.
fn sync_directory(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Nor can one on some network file systems, where the name is durable as they make it.
        Err(cause) if !matches!(cause.kind(), PermissionDenied | InvalidInput | Unsupported) => Err(cause),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn failed(path: &Path, cause: io::Error) -> CliError {
    CliError::File { action: "write", path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::cli::testing::console;

    fn written(path: &Path, text: &str) -> Result<(), String> {
        let (mut console, _) = console(b"");
        let mut output = Output::to(Some(path), 0o600).map_err(|error| error.to_string())?;
        output.write(text, &mut console).map_err(|error| error.to_string())?;
        output.finish().map(drop).map_err(|error| error.to_string())
    }

    fn names(directory: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_is_replaced_once_all_is_written_and_what_is_given_up_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        fs::write(&path, "before").unwrap();
        let (mut console, _) = console(b"");
        let mut output = Output::to(Some(&path), 0o600).unwrap();
        output.write("half", &mut console).unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(directory.path()).len()), ("before", 2));
        drop(output);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(directory.path()).len()), ("before", 1));
        written(&path, "after").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(directory.path()).len()), ("after", 1));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        replace(&path, "open", 0o644).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
    }

    #[tokio::test]
    async fn what_is_no_file_stays_what_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        fs::write(place("file"), "before").unwrap();
        symlink("file", place("link")).unwrap();
        symlink("nowhere", place("dangling")).unwrap();
        fs::create_dir(place("inner")).unwrap();
        let _listening = UnixListener::bind(place("socket")).unwrap();
        let before = names(directory.path());
        for (name, said) in [("link", "a symbolic link"), ("dangling", "a symbolic link"), ("inner", "a directory")] {
            let [one, other] =
                [written(&place(name), "x"), replace(&place(name), "x", 0o644).map_err(|it| it.to_string())];
            assert!(one.as_ref().unwrap_err().contains(said) && one == other, "{one:?}");
        }
        assert!(written(&place("socket"), "x").is_err(), "nobody opens a socket");
        assert!(replace(&place("socket"), "x", 0o644).unwrap_err().to_string().contains("no ordinary file"));
        assert_eq!(
            (names(directory.path()), fs::read_to_string(place("file")).unwrap()),
            (before, "before".to_owned())
        );
        written(Path::new("/dev/null"), "x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[tokio::test]
    async fn a_pipe_and_standard_output_get_the_text_as_it_comes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let read = std::thread::spawn({
            let path = path.clone();
            move || fs::read_to_string(path).unwrap()
        });
        written(&path, "line\n").unwrap();
        assert_eq!(read.join().unwrap(), "line\n");
        assert_eq!(names(directory.path()), ["pipe"]);
        let (mut console, seen) = console(b"");
        for path in [None, Some(Path::new("-"))] {
            let mut output = Output::to(path, 0o600).unwrap();
            output.write("line\n", &mut console).unwrap();
            assert_eq!(output.finish().unwrap(), None);
        }
        assert_eq!(seen.out(), "line\nline\n");
    }

    #[test]
    fn what_a_killed_writer_has_left_goes_and_nothing_that_is_written_or_somebody_elses() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        let now = |after: i64| Timestamp::from_seconds(fs::metadata(directory.path()).unwrap().mtime() + after);
        let written = Unfinished::create(&place("out"), 0o600).unwrap();
        let left = ".out.0123abcd";
        let others =
            ["out", "out.0123abcd", ".out.0123abc", ".out.0123ABCD", ".out.0123abcg", ".other.0123abcd", ".0123abcd"];
        for name in others.iter().chain([&left]) {
            fs::write(place(name), "x").unwrap();
        }
        symlink("out", place(".out.00000000")).unwrap();
        fs::create_dir(place(".out.00000001")).unwrap();
        let all = names(directory.path());
        let is_meant = |name: &str| name == "out";
        clear_left(directory.path(), now(60), is_meant);
        assert_eq!(names(directory.path()), all, "it is young");
        clear_left(directory.path(), now(2 * YOUNG), is_meant);
        let rest: Vec<_> = all.into_iter().filter(|name| name != left).collect();
        assert_eq!(names(directory.path()), rest);
        // A writer that was killed has let go of its lock.
        let beside = written.beside.clone();
        written.file.unlock().unwrap();
        clear_left(directory.path(), now(2 * YOUNG), is_meant);
        assert!(!beside.exists());
    }
}
