//! The keys in use at one moment: the one that signs, and those whose tokens are accepted.
//!
//! An immutable value, published whole: signing and verifying see the keys of one moment, never half a renewal.

use crate::domain::registry::CertificateRole;
use std::sync::Arc;

use super::certificates::CertificateInfo;
use super::directory::Pair;
use super::error::Damage;
use super::jwt::{KnownKey, TokenKey};
use crate::domain::key_header::KeyHeader;
use crate::domain::time::Timestamp;
use crate::pki::Certificate;

/// Most earlier leafs that are kept. Renewal alone leaves one at a time; the others are room for rotations by hand.
const MAX_PREVIOUS: usize = 4;

/// Every key of one moment.
pub(super) struct Keys {
    pub(super) signing: TokenKey,
    pub(super) current: Arc<KnownKey>,
    pub(super) previous: Vec<Arc<KnownKey>>,
    /// The CA that signed the current certificate; none for a fixed key, which stands for itself.
    pub(super) authority: Option<Certificate>,
    /// How often they were replaced since the start.
    pub(super) number: u64,
}

impl Keys {
    /// A fixed key, the only one. A replaced key is forgotten at once: the registry knows one key only, too, and a key
    /// is replaced because others may have it.
    pub(super) fn fixed(form: KeyHeader, pair: &Pair) -> Result<Self, Damage> {
        Ok(Self {
            signing: TokenKey::new(form, &pair.key, &pair.certificate)?,
            current: Arc::new(KnownKey::fixed(pair.certificate.clone())?),
            previous: Vec::new(),
            authority: None,
            number: 0,
        })
    }

    /// A leaf, the CA that signed it, and earlier leafs.
    pub(super) fn leaf(authority: Certificate, leaf: &Pair, previous: Vec<Arc<KnownKey>>) -> Result<Self, Damage> {
        Ok(Self {
            signing: TokenKey::new(KeyHeader::X5c, &leaf.key, &leaf.certificate)?,
            current: Arc::new(KnownKey::leaf(leaf.certificate.clone())?),
            previous,
            authority: Some(authority),
            number: 0,
        })
    }

    /// Every key whose tokens may still be alive, the current one first.
    pub(super) fn known(&self) -> impl Iterator<Item = &KnownKey> {
        std::iter::once(&self.current).chain(&self.previous).map(AsRef::as_ref)
    }

    /// The earlier leafs to keep when the current one is replaced at `now`.
    pub(super) fn retired(&self, now: Timestamp) -> Vec<Arc<KnownKey>> {
        let all = std::iter::once(&self.current).chain(&self.previous);
        all.filter(|key| key.counts_at(now)).take(MAX_PREVIOUS).cloned().collect()
    }

    /// Whether the leaf should be replaced: it does not hold yet, or a third of its life or less is left and a new one
    /// would live longer. It is due under an expired CA as well, so that the failure to sign a leaf is noticed.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let leaf = &self.current.certificate;
        let Some(authority) = &self.authority else {
            return false;
        };
        let gains = leaf.not_after < authority.not_after || authority.not_after < now;
        now < leaf.not_before || (gains && leaf.is_in_its_last_third(now))
    }

    /// The certificate that the registry must trust.
    pub(super) fn trusted(&self) -> &Certificate {
        self.authority.as_ref().unwrap_or(&self.current.certificate)
    }

    /// What to show of the certificates in use.
    pub(super) fn certificates(&self) -> Vec<CertificateInfo> {
        let current = &self.current.certificate;
        match &self.authority {
            Some(authority) => vec![
                CertificateInfo::of(CertificateRole::Ca, authority),
                CertificateInfo::of(CertificateRole::Leaf, current),
            ],
            None => vec![CertificateInfo::of(CertificateRole::Signing, current)],
        }
    }
}
