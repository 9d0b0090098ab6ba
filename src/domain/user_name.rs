//! The names by which accounts and robots sign in.
//!
//! A robot's is `ORG/NAME`. No account name holds a slash, so the two cannot be confused, and no client stumbles over it
//! (tried with docker 28.2, podman, skopeo 1.9 and curl 7.88): each sends it as it stands in Basic, before the
//! first colon, and in the credential files that Kubernetes takes as pull secrets; `account=` of docker's token requests
//! and the form of `POST /auth/token` have it as `acme%2Fci`. A URL, `https://acme%2Fci:…@host`, has to write it so, too.

use std::fmt;

use super::name::{InvalidName, Name};

/// The name by which an account, or a robot of an organization, signs in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName {
    /// The account; of a robot, the organization that owns it.
    pub account: Name,
    /// The robot, if it is one.
    pub robot: Option<Name>,
}

impl UserName {
    /// Reads `alice`, or `acme/ci`.
    ///
    /// # Errors
    /// [`InvalidName`] says what a name looks like.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        match text.split_once('/') {
            Some((organization, robot)) => {
                Ok(Self { account: Name::parse(organization)?, robot: Some(Name::parse(robot)?) })
            }
            None => Ok(Self { account: Name::parse(text)?, robot: None }),
        }
    }
}

impl From<Name> for UserName {
    fn from(account: Name) -> Self {
        Self { account, robot: None }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.account)?;
        self.robot.as_ref().map_or(Ok(()), |robot| write!(f, "/{robot}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_robots_and_accounts_read_back_and_are_not_confused() {
        for (text, is_robot) in [("alice", false), ("acme/ci", true), ("acme/acme", true), ("a.b/c-d", true)] {
            let name = UserName::parse(text).unwrap();
            assert_eq!((name.to_string().as_str(), name.robot.is_some()), (text, is_robot));
            assert_eq!(Name::parse(text).is_ok(), !is_robot);
        }
        for bad in ["", "/", "acme/", "/ci", "acme/ci/x", "acme//ci", "Acme/ci", "acme/CI", "acme/ci ", "acme\\ci"] {
            assert!(UserName::parse(bad).is_err(), "{bad}");
        }
    }
}
