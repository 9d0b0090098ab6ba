//! The fields of a certificate.

use std::collections::BTreeSet;
use std::net::IpAddr;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::nom::Err as Stop;
use x509_parser::prelude::X509Certificate;

use super::maker::BACKDATED;
use super::pem;
use crate::domain::time::Timestamp;

/// A certificate, for a key of any kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The whole certificate, in DER.
    pub der: Vec<u8>,
    /// Its first second.
    pub not_before: Timestamp,
    /// Its last second.
    pub not_after: Timestamp,
    /// The names it is for: host names, and IP addresses in their usual form.
    pub names: BTreeSet<String>,
    /// The issuer's name, in DER.
    pub issuer: Vec<u8>,
    /// Its own name, in DER.
    pub subject: Vec<u8>,
    /// The public key with its kind, in DER.
    pub spki: Vec<u8>,
    /// The public key alone: 4, X, Y for P-256.
    pub point: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// If it is damaged, or something follows it.
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        let read = parse_x509(der)?;
        let key = read.public_key();
        Ok(Self {
            der: der.to_vec(),
            not_before: Timestamp::from_seconds(read.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(read.validity().not_after.timestamp()),
            names: names(&read)?,
            issuer: read.issuer().as_raw().to_vec(),
            subject: read.subject().as_raw().to_vec(),
            spki: key.raw.to_vec(),
            point: key.subject_public_key.data.to_vec(),
        })
    }

    /// Whether it is for a P-256 key.
    #[must_use]
    pub fn is_p256(&self) -> bool {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.point).is_ok()
    }

    /// The certificate as a PEM text.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.der).to_string()
    }

    /// SHA-256 of the certificate, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        super::fingerprint(&self.der)
    }

    /// Whether the certificate is valid at `now`; its last second counts, as in Go's verifier.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether a third of its life, counted from when it was made, or less is left: time to renew it.
    #[must_use]
    pub fn is_in_its_last_third(&self, now: Timestamp) -> bool {
        let made = self.not_before.plus_seconds(BACKDATED);
        let life = self.not_after.millis().saturating_sub(made.millis());
        let left = self.not_after.millis().saturating_sub(now.millis());
        left.saturating_mul(3) <= life
    }

    /// Whether `authority`, with a P-256 key, signed this certificate.
    ///
    /// # Errors
    /// If the bytes are not those of a certificate.
    pub fn is_signed_by(&self, authority: &Self) -> Result<bool, X509Error> {
        if self.issuer != authority.subject {
            return Ok(false);
        }
        let own = parse_x509(&self.der)?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &authority.point);
        let verified = key.map(|key| key.verify_sig(own.tbs_certificate.as_ref(), &own.signature_value.data));
        Ok(verified.is_ok_and(|verified| verified.is_ok()))
    }
}

fn parse_x509(der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], read)) => Ok(read),
        Ok(_) | Err(Stop::Incomplete(_)) => Err(X509Error::InvalidCertificate),
        Err(Stop::Error(error) | Stop::Failure(error)) => Err(error),
    }
}

fn names(read: &X509Certificate<'_>) -> Result<BTreeSet<String>, X509Error> {
    let Some(extension) = read.subject_alternative_name()? else {
        return Ok(BTreeSet::new());
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    Ok(extension.value.general_names.iter().filter_map(name).collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
