//! The configuration of the registry side, as far as signing goes. Durations are seconds here.

use super::error::{MIN_LEAF_LIFETIME, SigningError};
use crate::domain::key_header::KeyHeader;

/// What the registry side is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSettings {
    /// `registry.leaf_lifetime` in seconds, at least 300. A registry refuses a token when the leaf
    /// that signed it has ended, so a token should live no longer than a third of this.
    pub leaf_lifetime: i64,
    /// `registry.key_header`.
    pub key_header: KeyHeader,
    /// `registry.fixed_key`: one key, changed only by [`super::Signer::rotate`], instead of a CA and its leafs.
    pub fixed_key: bool,
}

impl SigningSettings {
    /// Refuses settings that contradict each other.
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
