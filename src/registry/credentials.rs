//! What dockpass shows to the registry: nothing, a user name with a password, or a registry token.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderValue, InvalidHeaderValue};
use zeroize::Zeroizing;

use crate::denied;
use crate::domain::entered;
use crate::domain::upstream::UpstreamAuth;
use crate::private_file::{self, STRANGERS};

/// Longest file with a password, in bytes.
const MAX_FILE: usize = 4 * 1024;

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file with the password cannot be read.
    #[error("the password of registry.upstream_user, {}", denied::told_of_site(path, source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds no password.
    #[error(
        "registry.upstream_password_file: {} holds no password: one line of printable text, at most {MAX_FILE} bytes",
        .0.display()
    )]
    NoPassword(PathBuf),
}

/// What is shown to the registry.
#[derive(Clone)]
pub enum UpstreamCredentials {
    /// Nothing.
    None,
    /// A user name and a password, as the value of the `Authorization` header.
    Basic(HeaderValue),
    /// A registry token, made for each request.
    Token,
}

impl fmt::Debug for UpstreamCredentials {
    /// Writes the kind, and nothing of the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic(_) => "Basic",
            Self::Token => "Token",
        })
    }
}

impl UpstreamCredentials {
    /// A user name, with the password in the first line of a file, which stays as it is.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub fn basic(user: &str, file: &Path) -> Result<Self, CredentialsError> {
        let unreadable = |source| CredentialsError::File { path: file.to_owned(), source };
        let (_, content) = private_file::read_of_site(file, MAX_FILE + 1).map_err(unreadable)?;
        let none = || CredentialsError::NoPassword(file.to_owned());
        let text = Some(&content).filter(|content| content.len() <= MAX_FILE).and_then(|it| entered::text(it).ok());
        let password = text.ok_or_else(none)?.lines().next().map(entered::bare).filter(|text| is_password(text));
        let pair = Zeroizing::new(format!("{user}:{}", password.ok_or_else(none)?));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        Ok(Self::Basic(sensitive(&basic).map_err(|_| none())?))
    }

    /// Its kind, as the configuration calls it.
    #[must_use]
    pub fn kind(&self) -> UpstreamAuth {
        match self {
            Self::None => UpstreamAuth::None,
            Self::Basic(_) => UpstreamAuth::Basic,
            Self::Token => UpstreamAuth::Token,
        }
    }

    /// Whether it is a registry token.
    #[must_use]
    pub fn are_token(&self) -> bool {
        matches!(self, Self::Token)
    }

    /// The value of the `Authorization` header; `token` counts where registry tokens are taken.
    ///
    /// # Errors
    /// If the token is no text for a header.
    pub fn header(&self, token: Option<&str>) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
        match self {
            Self::None => Ok(None),
            Self::Basic(value) => Ok(Some(value.clone())),
            Self::Token => token.map(|token| sensitive(&Zeroizing::new(format!("Bearer {token}")))).transpose(),
        }
    }
}

fn is_password(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// Takes everybody's permission to read the file of a password that was read; warns where that is not ours to do.
pub fn close(file: &Path) {
    if let Ok((opened, _)) = private_file::read_of_site(file, 0) {
        private_file::close_elsewhere(file, &opened, STRANGERS);
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn the_password_is_the_first_line_of_its_file() {
        for content in ["s3cret", "s3cret\n", "s3cret\r\nanother", "\u{feff}s3cret\n"] {
            let credentials = UpstreamCredentials::basic("dock", file(content.as_bytes()).path()).unwrap();
            let shown = credentials.header(None).unwrap().unwrap();
            assert_eq!(shown.to_str().unwrap(), "Basic ZG9jazpzM2NyZXQ=", "{content:?}");
            assert!(shown.is_sensitive() && !format!("{credentials:?}").contains("ZG9j"), "{content:?}");
        }
    }

    #[test]
    fn what_holds_no_password_is_refused_without_a_word_of_it() {
        let long = "x".repeat(MAX_FILE + 1);
        for content in ["", "\n", "\nsecond", "with\u{7}bell", "s\0e\0", long.as_str()] {
            let error = UpstreamCredentials::basic("dock", file(content.as_bytes()).path()).unwrap_err();
            assert!(matches!(error, CredentialsError::NoPassword(_)), "{error}");
            assert!(error.to_string().starts_with("registry.upstream_password_file: /"), "{error}");
        }
        let missing = UpstreamCredentials::basic("dock", Path::new("/nowhere/password")).unwrap_err().to_string();
        assert!(
            missing.starts_with("the password of registry.upstream_user, /nowhere/password: No such file"),
            "{missing}"
        );
        let directory = tempfile::tempdir().unwrap();
        assert!(UpstreamCredentials::basic("dock", directory.path()).unwrap_err().to_string().contains("directory"));
    }
}
