//! What the file system denies, told with what mends it: which place, whom dockpass runs as, and the command. Reads owners and
//! kinds of files, and changes nothing.

use std::io;
use std::path::Path;

use crate::domain::text::shell_word;

/// The place and why it failed; of what was denied, how it is mended, too.
#[must_use]
pub(crate) fn told(path: &Path, cause: &io::Error) -> String {
    format!("{}: {cause}{}", path.display(), way_out(path, cause).map(|way| format!("; {way}")).unwrap_or_default())
}

/// How what was denied is allowed; none for any other failure.
fn way_out(path: &Path, cause: &io::Error) -> Option<String> {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => Some(format!("{}: {}", runs_as(), command(path))),
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("nothing can be written there: name a directory that can be written, with --data-dir".to_owned())
        }
        _ => None,
    }
}

fn runs_as() -> String {
    format!("dockpass runs as the user id {}", me())
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The path as one word of a shell.
#[must_use]
pub(crate) fn word(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}

/// The command for a place that is there, that could not be made, or that lies beyond a directory that lets nobody in.
fn command(path: &Path) -> String {
    match path.symlink_metadata() {
        Ok(found) => {
            let option = if found.is_dir() { "-R " } else { "" };
            format!("chown {option}{} {}", me(), word(path))
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let closed = path.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok()).unwrap_or(path);
            format!("chmod o+x {} lets it in there, or name a place elsewhere", word(closed))
        }
        Err(_) => format!("chown -R {} {}", me(), word(directory_of(path))),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Why a directory could not be made where this user may not write, with the command that makes it: the one above it is the
/// site's, and stays whose it is.
#[must_use]
pub(crate) fn unmade(path: &Path, cause: &io::Error) -> String {
    let me = me();
    let said = format!("cannot make {}: {cause}; {}", path.display(), runs_as());
    format!("{said}: install -d -m 700 -o {me} {}, or name another directory with --data-dir", word(path))
}

/// How a place becomes ours: by giving it away or, where something else decides on owner and mode at each start, by
/// leaving that place alone.
#[must_use]
pub(crate) fn way_to_own(path: &Path) -> String {
    format!(
        "give it to the user who runs dockpass (chown {} {}), or, where it is a volume whose owner and mode an \
         orchestrator sets (fsGroup of Kubernetes), keep the data in a directory below the volume, which dockpass makes \
         itself",
        me(),
        word(path)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_is_told_with_the_command_and_anything_else_without() {
        let directory = tempfile::tempdir().unwrap();
        let (me, denied) = (me(), io::Error::from(io::ErrorKind::PermissionDenied));
        let (file, missing) = (directory.path().join("a file"), directory.path().join("missing"));
        std::fs::write(&file, "").unwrap();
        let told = |path: &Path| told(path, &denied);
        let said = format!("{}: {denied}; dockpass runs as the user id {me}: chown {me} '{0}'", file.display());
        assert_eq!(told(&file), said);
        let place = directory.path().display().to_string();
        assert!(told(directory.path()).ends_with(&format!("chown -R {me} {place}")), "{}", told(directory.path()));
        assert!(told(&missing).ends_with(&format!("chown -R {me} {place}")), "{}", told(&missing));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(super::told(&file, &full), format!("{}: {full}", file.display()));
        let fixed = super::told(&file, &io::ErrorKind::ReadOnlyFilesystem.into());
        assert!(fixed.ends_with("name a directory that can be written, with --data-dir"), "{fixed}");
    }
}
