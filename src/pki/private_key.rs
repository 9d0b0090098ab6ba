//! A private key on its way between its file, its certificate and the signer. P-256 only.
//!
//! The bytes are wiped when it is dropped; nothing here prints them.

use std::fmt;

use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use zeroize::Zeroizing;

/// A P-256 private key.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    point: Vec<u8>,
}

impl PrivateKey {
    /// A new key. The cryptographic library draws it from its own generator, the only one it offers for keys.
    ///
    /// # Errors
    /// If that generator fails.
    pub fn generate() -> Result<Self, Unspecified> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let pkcs8 = Zeroizing::new(key.to_pkcs8v1()?.as_ref().to_vec());
        Ok(Self { pkcs8, point: key.public_key().as_ref().to_vec() })
    }

    /// The key of a PKCS #8 document.
    ///
    /// # Errors
    /// For anything but P-256.
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyRejected> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)?;
        Ok(Self { point: key.public_key().as_ref().to_vec(), pkcs8 })
    }

    /// The PKCS #8 document, for the key's file only.
    #[must_use]
    pub fn reveal_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key: an uncompressed point.
    #[must_use]
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// The public key with its kind, in DER.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        rcgen::PublicKeyData::subject_public_key_info(self)
    }

    /// The form that signs registry tokens: r and s side by side, as JWS demands.
    ///
    /// # Errors
    /// Cannot happen with a key that was read or generated.
    pub fn token_key(&self) -> Result<EcdsaKeyPair, KeyRejected> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8)
    }

    /// The form that signs certificates: r and s in DER, as X.509 demands.
    fn certificate_key(&self) -> Result<EcdsaKeyPair, rcgen::Error> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8)
            .map_err(|error| rcgen::Error::RingKeyRejected(error.to_string()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl rcgen::PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.certificate_key()?.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| rcgen::Error::RingUnspecified)?.as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;

    #[test]
    fn a_key_reads_back_and_prints_nothing() {
        let key = PrivateKey::generate().unwrap();
        let read = PrivateKey::from_pkcs8(Zeroizing::new(key.reveal_pkcs8().to_vec())).unwrap();
        assert_eq!(read.point(), key.point());
        assert_eq!(format!("{key:?}"), "PrivateKey");
        assert_ne!(PrivateKey::generate().unwrap().point(), key.point());
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        let other = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
        for bytes in [other.as_ref().to_vec(), vec![0x30, 0], Vec::new()] {
            assert!(PrivateKey::from_pkcs8(Zeroizing::new(bytes)).is_err());
        }
    }
}
