//! Whose files are to be: a user by its name in `/etc/passwd`, or by numbers.
//!
//! The static binary knows no other directory of users; who is in one has numbers, too (`id NAME`).

use std::path::Path;

use crate::cli::screen::CliError;

const USERS: &str = "/etc/passwd";

/// A user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Owner {
    pub(in crate::cli) user: u32,
    pub(in crate::cli) group: u32,
}

impl Owner {
    /// The user of this name, or of these numbers. Only root gives files away.
    pub(in crate::cli) fn named(text: &str) -> Result<Self, CliError> {
        if !rustix::process::geteuid().is_root() {
            return Err(CliError::Usage("--owner gives files to another user, which only root may".to_owned()));
        }
        let read = |cause| CliError::File { action: "read", path: Path::new(USERS).to_owned(), cause };
        let users = match Self::numbers(text) {
            Some(owner) => return Ok(owner),
            None => std::fs::read_to_string(USERS).map_err(read)?,
        };
        let unknown = || {
            CliError::Usage(format!(
                "there is no user `{text}` in {USERS}; a user of another directory is named by its numbers, UID:GID"
            ))
        };
        Self::among(&users, text).ok_or_else(unknown)
    }

    /// `UID:GID`.
    fn numbers(text: &str) -> Option<Self> {
        let (user, group) = text.split_once(':')?;
        Some(Self { user: user.parse().ok()?, group: group.parse().ok()? })
    }

    /// The user of this name in a file of the form of passwd(5).
    fn among(users: &str, name: &str) -> Option<Self> {
        users.lines().find_map(|line| match line.split(':').collect::<Vec<_>>().as_slice() {
            [first, _, user, group, ..] if *first == name => Self::numbers(&format!("{user}:{group}")),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name_or_by_numbers() {
        let users = "root:x:0:0:root:/root:/bin/bash\n# comment\ndocker-registry:x:998:997::/var/lib/docker-registry:/bin/false\n";
        assert_eq!(Owner::among(users, "docker-registry"), Some(Owner { user: 998, group: 997 }));
        assert_eq!(Owner::among(users, "root"), Some(Owner { user: 0, group: 0 }));
        for name in ["docker", "", "x", "# comment"] {
            assert_eq!(Owner::among(users, name), None, "{name}");
        }
        assert_eq!(Owner::numbers("998:997"), Some(Owner { user: 998, group: 997 }));
        assert!(["998", "998:", ":", "a:b", "-1:0"].iter().all(|text| Owner::numbers(text).is_none()));
    }
}
