//! What the file system denies, told with what mends it: which place, whom dockpass runs as, and the command. Reads owners,
//! their names and kinds of files, and changes nothing.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::domain::text::shell_word;

/// A place in the data directory and why it failed; of what was denied, how it is mended, too: all there is to be ours.
#[must_use]
pub(crate) fn told(path: &Path, cause: &io::Error) -> String {
    with_way(path, cause, way_in_data)
}

/// The same for a file of the site's, which stays whose it is.
#[must_use]
pub(crate) fn told_of_site(path: &Path, cause: &io::Error) -> String {
    with_way(path, cause, way_at_site)
}

fn with_way(path: &Path, cause: &io::Error, way_of: fn(&Path) -> String) -> String {
    format!(
        "{}: {cause}{}",
        path.display(),
        way_out(path, cause, way_of).map(|way| format!("; {way}")).unwrap_or_default()
    )
}

/// How what was denied is allowed; none for any other failure.
fn way_out(path: &Path, cause: &io::Error, way_of: fn(&Path) -> String) -> Option<String> {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => Some(format!("{}: {}", runs_as(), way_of(path))),
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("nothing can be written there: name a directory that can be written, with --data-dir".to_owned())
        }
        _ => None,
    }
}

fn runs_as() -> String {
    format!("dockpass runs as {}", user(me()))
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The users of this machine, those of other directories left out.
const USERS: &str = "/etc/passwd";

/// The user of the package's service.
pub(crate) const SYSTEM_USER: &str = "dockpass";

/// A user by number and, where that is known, by name.
#[must_use]
pub(crate) fn user(id: u32) -> String {
    let name = name_of(id).map(|name| format!(" ({name})")).unwrap_or_default();
    format!("the user id {id}{name}")
}

/// The name of a user of this machine.
#[must_use]
fn name_of(id: u32) -> Option<String> {
    named(&std::fs::read_to_string(USERS).ok()?, id)
}

/// The name of a user in a file of the form of passwd(5).
fn named(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| match line.split(':').collect::<Vec<_>>().as_slice() {
        [name, _, number, ..] if number.parse() == Ok(id) => Some((*name).to_owned()),
        _ => None,
    })
}

/// How a data directory is restored where one of this user is: what is restored is that user's in the end, who runs the server.
#[must_use]
pub(crate) fn way_to_restore(path: &Path, owner: u32) -> String {
    if me() != 0 {
        return "restore as that user, or into a directory of your own (--data-dir)".to_owned();
    }
    let place = word(path);
    // With a name, the group is that user's, too.
    let to = name_of(owner).map_or_else(|| owner.to_string(), |name| format!("{}:", shell_word(&name)));
    format!(
        "stop its server, move it away (mv {place} {}), restore, and give that user what was restored (chown -R {to} {place})",
        word(&beside(path))
    )
}

/// A name for what was there before.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".before");
    path.with_file_name(name)
}

/// The path as one word of a shell.
#[must_use]
pub(crate) fn word(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}

/// Said where owner and mode allow what was denied.
const OTHERWISE: &str = "owner and mode allow it, so something else denies it, such as SELinux or AppArmor";

/// The command for a place that is there, that could not be made, or that lies in a directory that does not let us in.
fn way_in_data(path: &Path) -> String {
    let Some((at, found)) = nearest(path) else { return OTHERWISE.to_owned() };
    match way_of_owner(at, &found) {
        Some(way) => way,
        // What is denied is something in it.
        None if at == path && found.is_dir() => {
            format!("chown -R {} {place} && chmod -R u+rwX {place}", me(), place = word(at))
        }
        None if at == path => nearest(directory_of(path))
            .and_then(|(at, found)| way_of_owner(at, &found))
            .unwrap_or_else(|| OTHERWISE.to_owned()),
        None => OTHERWISE.to_owned(),
    }
}

/// How we come to what dockpass keeps: by the mode of what is ours, else by its owner.
fn way_of_owner(at: &Path, found: &Metadata) -> Option<String> {
    if is_ours(found) {
        return way_of_mode(at, found, WRITE);
    }
    if stays_whose_it_is(found.uid()) {
        return Some(format!("it belongs to {}; {}", user(found.uid()), way_as(found.uid())));
    }
    let option = if found.is_dir() { "-R " } else { "" };
    Some(format!("chown {option}{} {}", me(), word(at)))
}

/// How a file of the site's is read: by its mode where it is ours, else as the site wants it, and never by everybody.
fn way_at_site(path: &Path) -> String {
    let Some((at, found)) = nearest(path) else { return OTHERWISE.to_owned() };
    if is_ours(&found) {
        return way_of_mode(at, &found, READ).unwrap_or_else(|| OTHERWISE.to_owned());
    }
    let (me, owner) = (user(me()), user(found.uid()));
    if at == path {
        return format!("it belongs to {owner}; let {me} read it, by a group of that user's (chgrp, chmod g+r)");
    }
    format!(
        "{} belongs to {owner}; let {me} in there, by a group of that user's (chgrp, chmod g+x), or name a place elsewhere",
        word(at)
    )
}

/// What its owner needs of a file that is only read.
const READ: u32 = 0o400;
/// What its owner needs of a file that is written, too.
const WRITE: u32 = 0o600;
/// What its owner needs of a directory.
const ENTER: u32 = 0o700;

/// The command that gives the owner what is missing, if anything is.
fn way_of_mode(at: &Path, found: &Metadata, needed: u32) -> Option<String> {
    let (needed, change) = if found.is_dir() { (ENTER, "u+rwx") } else { (needed, "u+rw") };
    (found.mode() & needed != needed).then(|| format!("chmod {change} {}", word(at)))
}

fn is_ours(found: &Metadata) -> bool {
    found.uid() == me()
}

/// The place itself or, where it is not there or not to be seen, the nearest directory above it that is.
fn nearest(path: &Path) -> Option<(&Path, Metadata)> {
    let above = |at: &Path| if at.as_os_str().is_empty() { Path::new(".").metadata() } else { at.metadata() };
    path.ancestors().find_map(|at| Some((at, above(at).ok()?)))
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

/// Why the data directory does not let us in, and what opens it.
#[must_use]
pub(crate) fn closed(path: &Path, owner: u32) -> String {
    let shown = path.display();
    if owner == me() {
        return format!(
            "{shown} is closed to its own user, {}, who runs dockpass: chmod 700 {}",
            user(owner),
            word(path)
        );
    }
    format!(
        "{shown} belongs to {} and is closed to the user who runs dockpass: {}",
        user(owner),
        way_to_start(path, owner, ", if nothing but the data of dockpass is in it,")
    )
}

/// How a server starts on a data directory of this user: as that user or, once the directory is ours and `if_so`, as us.
#[must_use]
pub(crate) fn way_to_start(path: &Path, owner: u32, if_so: &str) -> String {
    let own = if stays_whose_it_is(owner) {
        format!(" name another directory (--data-dir), {VOLUME}")
    } else {
        format!("{if_so} {}", way_to_own(path))
    };
    format!("{}, or{own}", way_as(owner))
}

/// Whether what this user has in the data directory is no matter of ours: root, who may be here for one command alone, and whoever
/// else meets the data of the package's service, would keep that user out of it.
fn stays_whose_it_is(owner: u32) -> bool {
    owner != me() && (me() == 0 || name_of(owner).as_deref() == Some(SYSTEM_USER))
}

fn way_as(owner: u32) -> String {
    format!("start the server as that user ({})", command_as(owner))
}

/// The command that starts the server as this user.
fn command_as(owner: u32) -> String {
    command_of(name_of(owner).as_deref(), owner)
}

fn command_of(name: Option<&str>, id: u32) -> String {
    if name == Some(SYSTEM_USER) {
        return "sudo systemctl start dockpass".to_owned();
    }
    format!("sudo -u {} dockpass serve", name.map_or_else(|| format!("'#{id}'"), shell_word))
}

/// What is done where something else decides on owner and mode at each start: that place is left alone.
const VOLUME: &str = "or, where it is a volume whose owner and mode an orchestrator sets (fsGroup of Kubernetes), keep the data in a \
                      directory below the volume, which dockpass makes itself";

/// How a place becomes that of who runs dockpass, with all that is in it. Root gives what is in somebody's directory to that owner.
#[must_use]
pub(crate) fn way_to_own(path: &Path) -> String {
    let place = directory_of(path).metadata().map_or(0, |place| place.uid());
    let (whom, id) = if me() == 0 && place != 0 {
        ("the owner of its directory", place)
    } else {
        ("the user who runs dockpass", me())
    };
    let option = if may_have_content(path) { "-R " } else { "" };
    format!("give it to {whom} (chown {option}{id} {}), {VOLUME}", word(path))
}

/// Whether it is a directory with something in it, or one that cannot be looked into.
fn may_have_content(path: &Path) -> bool {
    path.is_dir() && path.read_dir().map_or(true, |mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt, chown};

    const NOBODY: u32 = 65_534;
    /// Nobody of this machine.
    const STRANGER: u32 = 3_999_999_999;

    fn set_mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn denied() -> io::Error {
        io::ErrorKind::PermissionDenied.into()
    }

    #[test]
    fn what_is_ours_is_opened_by_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let (file, missing) = (directory.path().join("a file"), directory.path().join("missing"));
        std::fs::write(&file, "").unwrap();
        let opened = format!("chmod u+rw '{}'", file.display());
        let said = format!("{}: {}; dockpass runs as {}: {opened}", file.display(), denied(), user(me()));
        set_mode(&file, 0o200);
        assert_eq!((told(&file, &denied()), told_of_site(&file, &denied())), (said.clone(), said));
        set_mode(&file, 0o400);
        assert!(told(&file, &denied()).ends_with(&opened), "it may have to be written");
        assert!(told_of_site(&file, &denied()).ends_with(OTHERWISE), "it is only read");
        set_mode(&file, 0o600);
        for place in [&file, &missing] {
            assert!(told(place, &denied()).ends_with(OTHERWISE), "{}", told(place, &denied()));
        }
        let place = directory.path().display().to_string();
        set_mode(directory.path(), 0o500);
        for path in [directory.path(), &file, &missing] {
            let said = told(path, &denied());
            assert!(said.ends_with(&format!("chmod u+rwx {place}")), "{said}");
        }
        set_mode(directory.path(), 0o700);
        let said = told(directory.path(), &denied());
        assert!(said.ends_with(&format!("chown -R {} {place} && chmod -R u+rwX {place}", me())), "{said}");
    }

    #[test]
    fn root_takes_nothing_from_its_owner() {
        if !crate::able::is_root("gives files away") {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let (file, missing) = (directory.path().join("file"), directory.path().join("missing"));
        std::fs::write(&file, "").unwrap();
        for path in [&file, directory.path()] {
            chown(path, Some(NOBODY), None).unwrap();
        }
        let place = directory.path().display().to_string();
        let as_owner = format!("start the server as that user ({})", command_as(NOBODY));
        for path in [&file, directory.path(), &missing] {
            let said = told(path, &denied());
            assert!(said.ends_with(&format!(": it belongs to {}; {as_owner}", user(NOBODY))), "{said}");
        }
        let (owner, root) = (user(NOBODY), user(0));
        let way = format!("it belongs to {owner}; let {root} read it, by a group of that user's (chgrp, chmod g+r)");
        assert!(told_of_site(&file, &denied()).ends_with(&way));
        let said = told_of_site(&missing, &denied());
        assert!(said.contains(&format!("{place} belongs to {owner}; let {root} in there")), "{said}");
        for path in [&file, directory.path(), &missing] {
            let said = told_of_site(path, &denied());
            assert!(!said.contains("chown") && !said.contains("o+x"), "{said}");
        }
        let said = way_to_start(directory.path(), NOBODY, "");
        assert!(said.starts_with(&as_owner) && said.contains("--data-dir") && !said.contains("chown"), "{said}");
        assert!(
            way_to_own(&file).starts_with("give it to the owner of its directory (chown 65534 "),
            "of a file in it"
        );
    }

    #[test]
    fn a_server_starts_as_the_user_of_its_data() {
        assert_eq!(command_of(Some(SYSTEM_USER), 998), "sudo systemctl start dockpass");
        assert_eq!(command_of(Some("olga"), 1_000), "sudo -u olga dockpass serve");
        assert_eq!(command_of(None, 4_711), "sudo -u '#4711' dockpass serve");
    }

    #[test]
    fn a_closed_directory_is_opened_by_its_mode_where_it_is_ours_and_else_given_away_whole() {
        let directory = tempfile::tempdir().unwrap();
        let (path, place) = (directory.path(), directory.path().display());
        let said = closed(path, me());
        assert!(said.ends_with(&format!("chmod 700 {place}")) && !said.contains("chown"), "{said}");
        let said = closed(path, STRANGER);
        assert!(said.contains(&command_of(None, STRANGER)) && said.contains("chown") == (me() != 0), "{said}");
        assert!(way_to_own(path).contains(&format!("(chown {} {place})", me())), "an empty one");
        std::fs::write(path.join("file"), "").unwrap();
        assert!(way_to_own(path).contains(&format!("(chown -R {} {place})", me())));
        assert!(way_to_own(&path.join("file")).contains(&format!("(chown {} {place}/file)", me())));
    }

    #[test]
    fn what_is_restored_goes_to_whose_it_was_by_name_where_that_is_known() {
        let users = "root:x:0:0:root:/root:/bin/sh\n# none\ndockpass:x:998:997::/var/lib/dockpass:/usr/sbin/nologin\n";
        assert_eq!((named(users, 998).as_deref(), named(users, 997)), (Some("dockpass"), None));
        let told = |owner| way_to_restore(Path::new("/var/lib/dockpass"), owner);
        if me() != 0 {
            assert!(told(998).contains("restore as that user") && !told(998).contains("chown"), "{}", told(998));
            return;
        }
        let said = told(0);
        assert!(said.contains("(mv /var/lib/dockpass /var/lib/dockpass.before)"), "{said}");
        assert!(said.ends_with("(chown -R root: /var/lib/dockpass)"), "{said}");
        let said = told(STRANGER);
        assert!(said.ends_with("(chown -R 3999999999 /var/lib/dockpass)"), "{said}");
        assert_eq!((user(0).as_str(), user(STRANGER).as_str()), ("the user id 0 (root)", "the user id 3999999999"));
    }

    #[test]
    fn any_other_failure_is_told_without_a_command() {
        let path = Path::new("/a file");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(told(path, &full), format!("/a file: {full}"));
        let fixed = told(path, &io::ErrorKind::ReadOnlyFilesystem.into());
        assert!(fixed.ends_with("name a directory that can be written, with --data-dir"), "{fixed}");
    }
}
