//! The certificates of registry tokens: the CA that the registry trusts, the leaf that signs, and the self-signed one
//! of a fixed key.

use super::error::{Damage, SigningError};
use crate::domain::registry::CertificateRole;
use crate::domain::time::Timestamp;
use crate::pki::{self, Certificate, Leaf, PrivateKey};

/// Seconds that a CA or a fixed key's certificate lives: 20 years.
const LONG_LIFE: i64 = 7_305 * 24 * 60 * 60;

/// A certificate in use, as the pages, the metrics and the command line show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// `ca` and `leaf`, or `signing` for a fixed key.
    pub role: CertificateRole,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends; no registry accepts a token of an ended `leaf` or `ca`.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate, in lower-case hexadecimal.
    pub sha256: String,
}

impl CertificateInfo {
    /// What to show of a certificate in this role.
    pub(super) fn of(role: CertificateRole, certificate: &Certificate) -> Self {
        let (not_before, not_after) = (certificate.not_before, certificate.not_after);
        Self { role, not_before, not_after, sha256: certificate.sha256() }
    }
}

/// Reads a certificate; its key must be a P-256 key.
pub(super) fn read(der: &[u8]) -> Result<Certificate, Damage> {
    let read = Certificate::parse(der).map_err(Damage::Certificate)?;
    if read.is_p256() { Ok(read) } else { Err(Damage::OtherKind) }
}

/// The certificate of a new CA.
pub(super) fn make_authority(key: &PrivateKey, now: Timestamp) -> Result<Certificate, SigningError> {
    finish(pki::make_authority(key, &authority_name(key), now, now.plus_seconds(LONG_LIFE)))
}

/// A leaf of `lifetime` seconds for `key`, signed by the CA; it never ends after the CA.
pub(super) fn make_leaf(
    key: &PrivateKey,
    (authority_key, authority): (&PrivateKey, &Certificate),
    lifetime: i64,
    now: Timestamp,
) -> Result<Certificate, SigningError> {
    let end = now.plus_seconds(lifetime).min(authority.not_after);
    let leaf = signing("dockpass registry token signer", now, end);
    let leaf = finish(leaf.signed_by((authority_key, &authority_name(authority_key)), key))?;
    match leaf.is_signed_by(authority) {
        Ok(true) => Ok(leaf),
        Ok(false) => Err(SigningError::Unusable(Damage::OtherAuthority)),
        Err(damage) => Err(SigningError::Unusable(Damage::Certificate(damage))),
    }
}

/// The self-signed certificate of a fixed key.
pub(super) fn make_self_signed(key: &PrivateKey, now: Timestamp) -> Result<Certificate, SigningError> {
    let leaf = signing("dockpass registry token signer (fixed key)", now, now.plus_seconds(LONG_LIFE));
    finish(leaf.self_signed(key))
}

fn authority_name(key: &PrivateKey) -> String {
    pki::authority_name("dockpass registry CA", key.point())
}

/// No extended key usage, as the registry's verifier (Go's) wants it.
fn signing(name: &str, now: Timestamp, end: Timestamp) -> Leaf<'_> {
    Leaf { name, hosts: Vec::new(), usages: Vec::new(), now, end }
}

fn finish(made: Result<impl AsRef<[u8]>, rcgen::Error>) -> Result<Certificate, SigningError> {
    read(made.map_err(SigningError::Issue)?.as_ref()).map_err(SigningError::Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::prelude::X509Certificate;

    const DAY: i64 = 86_400;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-21T12:00:00.25Z").unwrap()
    }

    fn authority() -> (PrivateKey, Certificate) {
        let key = PrivateKey::generate().unwrap();
        let certificate = make_authority(&key, now()).unwrap();
        (key, certificate)
    }

    fn leaf(of: &(PrivateKey, Certificate), lifetime: i64, at: Timestamp) -> Certificate {
        make_leaf(&PrivateKey::generate().unwrap(), (&of.0, &of.1), lifetime, at).unwrap()
    }

    fn parse_x509(der: &[u8]) -> Result<X509Certificate<'_>, x509_parser::nom::Err<x509_parser::error::X509Error>> {
        x509_parser::parse_x509_certificate(der).map(|(_, read)| read)
    }

    /// Subject and authority key identifiers.
    fn identifiers(certificate: &Certificate) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let read = parse_x509(&certificate.der).unwrap();
        let (mut subject, mut authority) = (None, None);
        for extension in read.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => subject = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    authority = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => {}
            }
        }
        (subject, authority)
    }

    #[test]
    fn authority_and_leaf_start_a_day_early_and_end_in_time() {
        let authority = authority();
        let leaf = leaf(&authority, 90 * DAY, now());
        for certificate in [&authority.1, &leaf] {
            assert_eq!(certificate.not_before.to_string(), "2026-11-20T12:00:00Z");
        }
        assert_eq!(authority.1.not_after.to_string(), "2046-11-21T12:00:00Z");
        assert_eq!(leaf.not_after.to_string(), "2027-02-19T12:00:00Z");
    }

    #[test]
    fn each_has_its_usage_and_matching_key_identifiers() {
        let authority = authority();
        let leaf = leaf(&authority, DAY, now());
        let (ca, end) = (parse_x509(&authority.1.der).unwrap(), parse_x509(&leaf.der).unwrap());
        let usage = |read: &X509Certificate<'_>| read.key_usage().unwrap().unwrap().value.flags;
        assert_eq!((usage(&ca), usage(&end)), (1 << 5, 1 << 0), "keyCertSign, digitalSignature");
        let constraints = ca.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        assert!(!end.basic_constraints().unwrap().unwrap().value.ca);
        assert!(ca.extended_key_usage().unwrap().is_none() && end.extended_key_usage().unwrap().is_none());
        let (of_authority, of_leaf) = (identifiers(&authority.1), identifiers(&leaf));
        assert!(of_authority.0.is_some());
        assert_eq!(of_leaf.1, of_authority.0);
        assert_ne!(of_leaf.0, of_authority.0);
    }

    #[test]
    fn a_leaf_never_ends_after_its_authority() {
        let authority = authority();
        let late = authority.1.not_after.plus_seconds(-DAY);
        assert_eq!(leaf(&authority, 90 * DAY, late).not_after, authority.1.not_after);
        assert_eq!(leaf(&authority, i64::MAX, now()).not_after, authority.1.not_after);
    }

    #[test]
    fn only_the_authority_that_signed_a_leaf_is_found_to_have() {
        let (one, other) = (authority(), authority());
        let leaf = leaf(&one, DAY, now());
        assert!(leaf.is_signed_by(&one.1).unwrap());
        assert!(!leaf.is_signed_by(&other.1).unwrap());
        assert!(!leaf.is_signed_by(&leaf).unwrap());
        assert!(one.1.is_signed_by(&one.1).unwrap());
    }

    #[test]
    fn a_key_that_does_not_match_its_authority_signs_no_leaf() {
        let (one, other) = (authority(), authority());
        let made = make_leaf(&PrivateKey::generate().unwrap(), (&one.0, &other.1), DAY, now());
        assert!(matches!(made, Err(SigningError::Unusable(Damage::OtherAuthority))));
    }

    #[test]
    fn the_last_third_begins_at_exactly_a_third() {
        let leaf = leaf(&authority(), 300, now());
        let end = leaf.not_after;
        assert!(!leaf.is_in_its_last_third(end.plus_seconds(-100).plus_seconds(-1)));
        assert!(!leaf.is_in_its_last_third(Timestamp::from_millis(end.millis() - 100_001)));
        assert!(leaf.is_in_its_last_third(end.plus_seconds(-100)));
        assert!(leaf.is_in_its_last_third(end.plus_seconds(1)));
    }

    #[test]
    fn the_first_and_the_last_second_count() {
        let leaf = leaf(&authority(), 300, now());
        assert!(leaf.holds_at(leaf.not_before) && leaf.holds_at(leaf.not_after));
        assert!(!leaf.holds_at(leaf.not_before.plus_seconds(-1)) && !leaf.holds_at(leaf.not_after.plus_seconds(1)));
    }

    #[test]
    fn a_fixed_key_signs_for_itself() {
        let key = PrivateKey::generate().unwrap();
        let made = make_self_signed(&key, now()).unwrap();
        assert!(made.is_signed_by(&made).unwrap());
        assert_eq!(made.point, key.point());
        assert_eq!(made.sha256().len(), 64);
        assert_eq!(identifiers(&made).0, identifiers(&made).1);
    }

    #[test]
    fn damaged_certificates_are_refused() {
        let whole = authority().1.der;
        let longer = [whole.as_slice(), &[0]].concat();
        for der in [&[][..], &[0x30], &whole[..whole.len() - 1], &whole[1..], &longer] {
            assert!(matches!(read(der), Err(Damage::Certificate(_))));
        }
    }

    #[test]
    fn a_certificate_for_another_kind_of_key_is_refused() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let made = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        assert!(matches!(read(made.der()), Err(Damage::OtherKind)));
    }
}
