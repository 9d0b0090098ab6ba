//! How a registry token names the key that signed it.

use std::fmt;
use std::str::FromStr;

/// How a registry token's header names its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// The certificate itself: every version of Distribution.
    X5c,
    /// The key id of libtrust: Distribution 2.x, and 3.x where a JWKS file gives the key that name.
    KidLibtrust,
    /// The RFC 7638 thumbprint: Distribution 3.1 and later, most others.
    KidRfc7638,
}

impl KeyHeader {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::X5c, Self::KidLibtrust, Self::KidRfc7638];

    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X5c => "x5c",
            Self::KidLibtrust => "kid-libtrust",
            Self::KidRfc7638 => "kid-rfc7638",
        }
    }
}

impl fmt::Display for KeyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no key header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected x5c, kid-libtrust or kid-rfc7638")]
pub struct InvalidKeyHeader;

impl FromStr for KeyHeader {
    type Err = InvalidKeyHeader;

    fn from_str(text: &str) -> Result<Self, InvalidKeyHeader> {
        Self::ALL.into_iter().find(|header| header.as_str() == text).ok_or(InvalidKeyHeader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_configuration_read_back() {
        for header in [KeyHeader::X5c, KeyHeader::KidLibtrust, KeyHeader::KidRfc7638] {
            assert_eq!(header.to_string().parse(), Ok(header));
        }
        for text in ["", "X5C", "kid", "x5c "] {
            assert_eq!(text.parse::<KeyHeader>(), Err(InvalidKeyHeader));
        }
    }
}
