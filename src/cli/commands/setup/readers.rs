//! Whether the user of the service may read the files that a configuration names. Root, who sets it up, reads all of them.
//!
//! Owners and modes are looked at, and nothing is opened: what an access list or the unit allows besides is not seen, so that it is
//! told as doubtful.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::check::Check;
use super::place::Place;
use crate::cli::commands::registry::Owner;
use crate::config::Config;
use crate::denied;

/// Permission bits: to read a file, and to enter a directory.
const READ: u32 = 0o4;
const ENTER: u32 = 0o1;

/// Looks at the certificate and the key, where the server is to run as another user than root.
pub(super) fn look(config: &Config, place: &Place) -> Vec<Check> {
    let Some(reader) = Reader::of(place) else { return Vec::new() };
    let files = [config.tls.cert.as_deref(), config.tls.key.as_deref()];
    let denied = files.into_iter().flatten().filter_map(|file| Some((file, reader.denied(file)?)));
    denied.map(|(file, at)| Check::doubtful("files", told(&reader, file, &at, place))).collect()
}

fn told(reader: &Reader, file: &Path, at: &Path, place: &Place) -> String {
    let seen = format!(
        "{}, as whom the server runs, may not read {}, by {}",
        denied::user(reader.user),
        file.display(),
        if at == file { "its mode".to_owned() } else { format!("the mode of {}", at.display()) }
    );
    if !place.is_system {
        return seen;
    }
    format!(
        "{seen}; as credentials it gets them: copy both to /etc/credstore/dockpass-tls-cert and /etc/credstore/dockpass-tls-key, mode \
         600, and in {} name them as the head of `systemctl cat dockpass` says, by /run/credentials/dockpass.service/dockpass-tls-cert \
         and …-key",
        place.file.display()
    )
}

/// Who is to read.
struct Reader {
    user: u32,
    groups: Vec<u32>,
}

impl Reader {
    /// The user of the service, where that is not the one who sets it up.
    fn of(place: &Place) -> Option<Self> {
        let owner = place.server()?;
        let is_other = rustix::process::geteuid().is_root() && owner.user != 0;
        is_other.then(|| {
            let [users, groups] =
                ["/etc/passwd", "/etc/group"].map(|path| fs::read_to_string(path).unwrap_or_default());
            Self { user: owner.user, groups: groups_of(owner, &users, &groups) }
        })
    }

    /// The first place on the way to a file that denies it, through links, too; none if it may be read.
    fn denied(&self, file: &Path) -> Option<PathBuf> {
        let real = fs::canonicalize(file).ok()?;
        let right = |at: &Path| if at == file || at == real { READ } else { ENTER };
        let ways = file.ancestors().chain(real.ancestors()).filter(|at| !at.as_os_str().is_empty());
        ways.filter(|at| !self.may(at, right(at))).last().map(Path::to_owned)
    }

    fn may(&self, at: &Path, right: u32) -> bool {
        let Ok(found) = fs::metadata(at) else { return false };
        let shift = match (found.uid() == self.user, self.groups.contains(&found.gid())) {
            (true, _) => 6,
            (false, true) => 3,
            (false, false) => 0,
        };
        (found.mode() >> shift) & right == right
    }
}

/// The groups of a user, in files of the form of passwd(5) and group(5).
fn groups_of(owner: Owner, users: &str, groups: &str) -> Vec<u32> {
    let fields = |line: &'_ str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let number = owner.user.to_string();
    let name =
        users.lines().map(fields).find(|user| user.get(2) == Some(&number)).and_then(|user| user.first().cloned());
    let of_group = |group: Vec<String>| {
        let is_member = group.get(3)?.split(',').any(|member| Some(member) == name.as_deref());
        group.get(2)?.parse().ok().filter(|_| is_member)
    };
    std::iter::once(owner.group).chain(groups.lines().map(fields).filter_map(of_group)).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_is_read_by_whom_it_and_its_directories_allow() {
        let directory = tempfile::tempdir().unwrap();
        // Set, and not asked for: what is asked for is cut to the umask, which other tests change.
        mode(directory.path(), 0o755);
        let (inner, file) = (directory.path().join("private"), directory.path().join("private/tls.key"));
        fs::create_dir(&inner).unwrap();
        fs::write(&file, "").unwrap();
        let found = fs::metadata(&file).unwrap();
        let owner = Reader { user: found.uid(), groups: vec![] };
        let member = Reader { user: found.uid() + 1, groups: vec![found.gid()] };
        let other = Reader { user: found.uid() + 1, groups: vec![found.gid() + 1] };
        for (of_file, of_directory, by_member, by_other) in [
            (0o600, 0o755, Some(&file), Some(&file)),
            (0o640, 0o750, None, Some(&inner)),
            (0o640, 0o755, None, Some(&file)),
            (0o644, 0o755, None, None),
            (0o644, 0o700, Some(&inner), Some(&inner)),
        ] {
            mode(&file, of_file);
            mode(&inner, of_directory);
            assert_eq!(owner.denied(&file), None);
            assert_eq!(member.denied(&file).as_ref(), by_member, "{of_file:o} in {of_directory:o}");
            assert_eq!(other.denied(&file).as_ref(), by_other, "{of_file:o} in {of_directory:o}");
        }
        // As the live certificates of an ACME client lead to its archive.
        let link = directory.path().join("live.key");
        symlink(&file, &link).unwrap();
        assert_eq!(other.denied(&link), Some(inner));
    }

    #[test]
    fn the_groups_are_the_own_and_those_that_name_the_user() {
        let users = "root:x:0:0:root:/root:/bin/sh\ndockpass:x:998:997::/var/lib/dockpass:/bin/false\n";
        let groups = "root:x:0:\nssl-cert:x:110:postgres,dockpass\nadm:x:4:dockpasser\nbroken\n";
        assert_eq!(groups_of(Owner { user: 998, group: 997 }, users, groups), [997, 110]);
        assert_eq!(groups_of(Owner { user: 5, group: 6 }, users, groups), [6]);
    }
}
