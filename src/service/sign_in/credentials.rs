//! Credentials as a request shows them. Checks none of them: `authentication` does.

use std::fmt;

use super::sessions::SessionSecret;
use crate::domain::entered;
use crate::domain::secret::Password;

/// What a request showed.
pub enum Credentials {
    /// Nothing.
    None,
    /// A user name, with a password or an access token.
    Basic {
        /// The user name, without what stands around it unseen.
        username: String,
        /// A password or an access token.
        password: Password,
    },
    /// The text of an access token without a user name: it tells whose it is. Only the API takes it, no client of a registry
    /// sends it.
    AccessToken(Password),
    /// A registry token.
    RegistryToken(String),
    /// The secret of a session.
    Session(SessionSecret),
    /// The local socket's peer, already known to be the data directory's owner or root.
    Local {
        /// The peer's user id.
        uid: u32,
    },
}

impl fmt::Debug for Credentials {
    /// Writes the kind, and nothing of the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::AccessToken(_) => "AccessToken",
            Self::RegistryToken(_) => "RegistryToken",
            Self::Session(_) => "Session",
            Self::Local { .. } => "Local",
        })
    }
}

impl Credentials {
    /// A user name as it was sent, with a password or an access token.
    #[must_use]
    pub fn basic(username: &str, password: Password) -> Self {
        Self::Basic { username: entered::bare(username).to_owned(), password }
    }

    /// The same where the user name may be left out beside an access token.
    #[must_use]
    pub fn basic_of_api(username: &str, password: Password) -> Self {
        match Self::basic(username, password) {
            Self::Basic { username, password } if username.is_empty() && password.is_access_token() => {
                Self::AccessToken(password)
            }
            credentials => credentials,
        }
    }

    /// Whether checking them takes a slow hash, unless it is remembered: that must not run on a thread that serves requests.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        match self {
            Self::Basic { password, .. } => !password.is_access_token(),
            Self::None | Self::AccessToken(_) | Self::RegistryToken(_) | Self::Session(_) | Self::Local { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_left_out_beside_an_access_token_alone() {
        let shown = |name: &str, secret: &str| {
            let [registry, api] = [Credentials::basic, Credentials::basic_of_api]
                .map(|read| format!("{:?}", read(name, Password::new(secret.to_owned()))));
            (registry, api)
        };
        let basic = || "Basic".to_owned();
        assert_eq!(shown("", "dkp_x"), (basic(), "AccessToken".to_owned()));
        assert_eq!(shown("\u{feff}\r\n", "dkp_x"), (basic(), "AccessToken".to_owned()));
        for (name, secret) in [("alice", "dkp_x"), ("", "sekret"), ("", "")] {
            assert_eq!(shown(name, secret), (basic(), basic()), "{name} {secret}");
        }
        assert!(!Credentials::basic_of_api("", Password::new("dkp_x".to_owned())).is_slow());
    }
}
