//! The configuration of the registry side, as far as signing goes. Durations are seconds here, words are parsed here.

use std::fmt;
use std::str::FromStr;

use super::error::SigningError;

/// The shortest `registry.leaf_lifetime`, in seconds.
pub const MIN_LEAF_LIFETIME: i64 = 300;

/// What the registry side is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSettings {
    /// `registry.leaf_lifetime` in seconds, at least [`MIN_LEAF_LIFETIME`]. A registry refuses a token when the leaf
    /// that signed it has ended, so a token should live no longer than a third of this.
    pub leaf_lifetime: i64,
    /// `registry.key_header`.
    pub key_header: KeyHeader,
    /// `registry.fixed_key`: one key, changed only by [`super::Signer::rotate`], instead of a CA and its leafs.
    pub fixed_key: bool,
}

impl SigningSettings {
    /// Refuses what cannot work together.
    pub(super) fn check(&self) -> Result<(), SigningError> {
        if self.leaf_lifetime < MIN_LEAF_LIFETIME {
            return Err(SigningError::LeafLifetime(self.leaf_lifetime));
        }
        match self.key_header {
            KeyHeader::KidLibtrust | KeyHeader::KidRfc7638 if !self.fixed_key => {
                Err(SigningError::NeedsFixedKey(self.key_header))
            }
            KeyHeader::X5c | KeyHeader::KidLibtrust | KeyHeader::KidRfc7638 => Ok(()),
        }
    }
}

/// How a registry token's header names its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// The certificate itself: understood by Distribution 2.8 and 3.
    X5c,
    /// The key id of libtrust: Distribution 2.8, and 3 with a key set.
    KidLibtrust,
    /// The RFC 7638 thumbprint: Distribution 3.1, most others.
    KidRfc7638,
}

impl fmt::Display for KeyHeader {
    /// The word of the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X5c => "x5c",
            Self::KidLibtrust => "kid-libtrust",
            Self::KidRfc7638 => "kid-rfc7638",
        })
    }
}

/// The text is no key header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected x5c, kid-libtrust or kid-rfc7638")]
pub struct InvalidKeyHeader;

impl FromStr for KeyHeader {
    type Err = InvalidKeyHeader;

    fn from_str(text: &str) -> Result<Self, InvalidKeyHeader> {
        [Self::X5c, Self::KidLibtrust, Self::KidRfc7638]
            .into_iter()
            .find(|header| header.to_string() == text)
            .ok_or(InvalidKeyHeader)
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
