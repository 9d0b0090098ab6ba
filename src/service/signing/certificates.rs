//! Certificates: the CA that the registry trusts, the leaf that signs, and the self-signed one of a fixed key.
//!
//! X.509 as RFC 5280 has it, and as Go's verifier (the registry's) wants it: CA with `keyCertSign`, leaf with
//! `digitalSignature` and no extended usage, key identifiers that match. Clocks differ, so all start a day early.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyUsagePurpose};
use time::OffsetDateTime;
use x509_parser::error::X509Error;
use x509_parser::nom::Err as Stop;
use x509_parser::prelude::X509Certificate;

use super::error::{Damage, SigningError};
use super::pem;
use super::private_key::PrivateKey;
use crate::domain::time::Timestamp;

/// How long before it is made a certificate starts, in seconds: a registry's clock may be behind by as much.
const BACKDATED: i64 = 24 * 60 * 60;
/// Seconds that a CA or a fixed key's certificate lives: 20 years.
const LONG_LIFE: i64 = 7_305 * 24 * 60 * 60;
/// Label of a certificate in PEM.
pub(super) const LABEL: &str = "CERTIFICATE";

/// A certificate in use, as the pages, the metrics and the command line show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// `ca` and `leaf`, or `signing` for a fixed key.
    pub role: &'static str,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends; no registry accepts a token of an ended `leaf` or `ca`.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate, in lower-case hexadecimal.
    pub sha256: String,
}

/// A certificate for a P-256 key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// The public key with its kind, in DER.
    pub(super) spki: Vec<u8>,
    /// The public key alone: 4, X, Y.
    pub(super) point: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate; one for a key of another kind than P-256 is refused.
    pub(super) fn parse(der: &[u8]) -> Result<Self, Damage> {
        let read = parse_x509(der)?;
        let key = read.public_key();
        let point = key.subject_public_key.data.to_vec();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).map_err(|_| Damage::OtherKind)?;
        Ok(Self {
            der: der.to_vec(),
            not_before: Timestamp::from_seconds(read.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(read.validity().not_after.timestamp()),
            spki: key.raw.to_vec(),
            point,
        })
    }

    /// The certificate as a PEM text.
    pub(super) fn pem(&self) -> String {
        pem::encode(LABEL, &self.der).to_string()
    }

    /// Whether the certificate holds at `now`; its last second counts, as in Go's verifier.
    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether a third of the life that it had when it was made is left, or less.
    pub(super) fn is_in_its_last_third(&self, now: Timestamp) -> bool {
        let made = self.not_before.plus_seconds(BACKDATED);
        let life = self.not_after.millis().saturating_sub(made.millis());
        let left = self.not_after.millis().saturating_sub(now.millis());
        left.saturating_mul(3) <= life
    }

    /// Whether `authority` signed this certificate.
    pub(super) fn is_signed_by(&self, authority: &Certificate) -> Result<bool, Damage> {
        let (own, issuer) = (parse_x509(&self.der)?, parse_x509(&authority.der)?);
        if own.issuer().as_raw() != issuer.subject().as_raw() {
            return Ok(false);
        }
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &authority.point).map_err(|_| Damage::OtherKind)?;
        Ok(key.verify_sig(own.tbs_certificate.as_ref(), &own.signature_value.data).is_ok())
    }

    /// What is shown of it.
    pub(super) fn info(&self, role: &'static str) -> CertificateInfo {
        let sha256 = hex(digest(&SHA256, &self.der).as_ref());
        CertificateInfo { role, not_before: self.not_before, not_after: self.not_after, sha256 }
    }
}

fn parse_x509(der: &[u8]) -> Result<X509Certificate<'_>, Damage> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], read)) => Ok(read),
        Ok(_) | Err(Stop::Incomplete(_)) => Err(Damage::Certificate(X509Error::InvalidCertificate)),
        Err(Stop::Error(error) | Stop::Failure(error)) => Err(Damage::Certificate(error)),
    }
}

/// The certificate of a new CA.
pub(super) fn make_authority(key: &PrivateKey, now: Timestamp) -> Result<Certificate, SigningError> {
    let mut params = authority_params(key);
    set_life(&mut params, now, now.plus_seconds(LONG_LIFE))?;
    finish(params.self_signed(key))
}

/// A leaf of `lifetime` seconds for `key`, signed by the CA; it never ends after the CA.
pub(super) fn make_leaf(
    key: &PrivateKey,
    authority: (&PrivateKey, &Certificate),
    lifetime: i64,
    now: Timestamp,
) -> Result<Certificate, SigningError> {
    let (authority_key, authority) = authority;
    let mut params = signing_params("dockpass registry token signer");
    set_life(&mut params, now, now.plus_seconds(lifetime).min(authority.not_after))?;
    let issuer = Issuer::new(authority_params(authority_key), authority_key);
    let leaf = finish(params.signed_by(key, &issuer))?;
    match leaf.is_signed_by(authority) {
        Ok(true) => Ok(leaf),
        Ok(false) => Err(SigningError::Unusable(Damage::OtherAuthority)),
        Err(damage) => Err(SigningError::Unusable(damage)),
    }
}

/// The certificate of a fixed key, which stands for itself.
pub(super) fn make_self_signed(key: &PrivateKey, now: Timestamp) -> Result<Certificate, SigningError> {
    let mut params = signing_params("dockpass registry token signer (fixed key)");
    set_life(&mut params, now, now.plus_seconds(LONG_LIFE))?;
    finish(params.self_signed(key))
}

/// The CA's parameters. Its name follows from its key: two installations have two names, and the name of an existing
/// CA can be rebuilt from the key. Another text here would cut the leafs of every existing CA off from it.
fn authority_params(key: &PrivateKey) -> CertificateParams {
    let mark = hex(digest(&SHA256, key.point()).as_ref());
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&format!("dockpass registry CA {mark:.8}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn signing_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn set_life(params: &mut CertificateParams, now: Timestamp, end: Timestamp) -> Result<(), SigningError> {
    params.not_before = date(now.plus_seconds(-BACKDATED))?;
    params.not_after = date(end)?;
    Ok(())
}

fn date(at: Timestamp) -> Result<OffsetDateTime, SigningError> {
    OffsetDateTime::from_unix_timestamp(at.seconds()).map_err(|_| SigningError::Issue(rcgen::Error::Time))
}

fn finish(made: Result<rcgen::Certificate, rcgen::Error>) -> Result<Certificate, SigningError> {
    let made = made.map_err(SigningError::Issue)?;
    Certificate::parse(made.der()).map_err(SigningError::Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::extensions::ParsedExtension;

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
        assert_eq!(made.info("signing").sha256.len(), 64);
        assert_eq!(identifiers(&made).0, identifiers(&made).1);
    }

    #[test]
    fn damaged_certificates_are_refused() {
        let whole = authority().1.der;
        let longer = [whole.as_slice(), &[0]].concat();
        for der in [&[][..], &[0x30], &whole[..whole.len() - 1], &whole[1..], &longer] {
            assert!(matches!(Certificate::parse(der), Err(Damage::Certificate(_))));
        }
    }

    #[test]
    fn a_certificate_for_another_kind_of_key_is_refused() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let made = CertificateParams::default().self_signed(&key).unwrap();
        assert!(matches!(Certificate::parse(made.der()), Err(Damage::OtherKind)));
    }
}
