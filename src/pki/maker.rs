//! Makes the certificates of CAs and leaves.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::private_key::PrivateKey;
use crate::domain::time::Timestamp;

/// How long before they are made certificates become valid, in seconds: a verifier's clock may be behind by as much.
pub(super) const BACKDATED: i64 = 24 * 60 * 60;

/// The name of the CA with this key. It follows from the key, so two installations have two names, and the name of an
/// existing CA can be rebuilt. Its text never changes: certificates name their issuer by it.
#[must_use]
pub fn authority_name(prefix: &str, public_key: &[u8]) -> String {
    format!("{prefix} {:.8}", super::fingerprint(public_key))
}

/// The certificate of a CA that signs leaves only, in DER, from a day before `now` to `end`.
///
/// # Errors
/// An error of rcgen, or a time that X.509 cannot write.
pub fn make_authority(
    key: &PrivateKey,
    name: &str,
    now: Timestamp,
    end: Timestamp,
) -> Result<CertificateDer<'static>, Error> {
    Ok(lasting(authority(name), now, end)?.self_signed(key)?.der().clone())
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// The content of a leaf certificate.
pub struct Leaf<'a> {
    /// Its own name.
    pub name: &'a str,
    /// The host names and IP addresses that it is for.
    pub hosts: Vec<String>,
    /// What TLS may use it for; empty for any use.
    pub usages: Vec<ExtendedKeyUsagePurpose>,
    /// When it is made.
    pub now: Timestamp,
    /// Its last second.
    pub end: Timestamp,
}

impl Leaf<'_> {
    /// The certificate for `key`, signed by the CA with this key and this name, in DER.
    ///
    /// # Errors
    /// An error of rcgen, an invalid host, or a time that X.509 cannot write.
    pub fn signed_by(
        self,
        (authority_key, authority_name): (&PrivateKey, &str),
        key: &PrivateKey,
    ) -> Result<CertificateDer<'static>, Error> {
        let issuer = Issuer::new(authority(authority_name), authority_key);
        Ok(self.params()?.signed_by(key, &issuer)?.der().clone())
    }

    /// The self-signed certificate for `key`, in DER.
    ///
    /// # Errors
    /// As for [`Leaf::signed_by`].
    pub fn self_signed(self, key: &PrivateKey) -> Result<CertificateDer<'static>, Error> {
        Ok(self.params()?.self_signed(key)?.der().clone())
    }

    fn params(self) -> Result<CertificateParams, Error> {
        let mut params = CertificateParams::new(self.hosts)?;
        params.distinguished_name = common_name(self.name);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = self.usages;
        params.use_authority_key_identifier_extension = true;
        lasting(params, self.now, self.end)
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn lasting(mut params: CertificateParams, now: Timestamp, end: Timestamp) -> Result<CertificateParams, Error> {
    let date = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.seconds()).map_err(|_| Error::Time);
    params.not_before = date(now.plus_seconds(-BACKDATED))?;
    params.not_after = date(end)?;
    Ok(params)
}
