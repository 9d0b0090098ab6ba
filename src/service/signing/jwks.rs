//! Names of public keys, and the key set (RFC 7517) that carries them.
//!
//! Two names are in use: the one of libtrust, which Distribution 2.8 computes, and the thumbprint of RFC 7638, which
//! Distribution 3 computes (3.0.0 wrongly for every P-256 key, 3.1 for one in 128).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::domain::key_header::KeyHeader;
use crate::pki::Certificate;

/// RFC 4648 section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Bytes of a hash that libtrust keeps: 240 bits, 48 characters.
const LIBTRUST_BYTES: usize = 30;
/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

/// The name of a certificate's key under a key header. `x5c` carries the certificate itself, so any name would do
/// there.
pub(super) fn key_id(header: KeyHeader, certificate: &Certificate) -> String {
    match header {
        KeyHeader::KidLibtrust => libtrust_id(&certificate.spki),
        KeyHeader::X5c | KeyHeader::KidRfc7638 => thumbprint(&certificate.point),
    }
}

/// A member of the key set.
pub(super) fn jwk(header: KeyHeader, certificate: &Certificate) -> Value {
    let (x, y) = coordinates(&certificate.point);
    json!({
        "kty": "EC", "crv": "P-256", "x": x, "y": y,
        "alg": "ES256", "use": "sig", "kid": key_id(header, certificate),
    })
}

/// docker/libtrust `key.go`: the public key in DER, hashed, cut to 30 bytes, in base32, in twelve groups of four.
fn libtrust_id(spki: &[u8]) -> String {
    let hash = digest(&SHA256, spki);
    let letters: Vec<char> = hash.as_ref().chunks(5).take(LIBTRUST_BYTES / 5).flat_map(base32).collect();
    let groups: Vec<String> = letters.chunks(4).map(String::from_iter).collect();
    groups.join(":")
}

/// Eight letters for five bytes.
fn base32(five: &[u8]) -> impl Iterator<Item = char> {
    let bits = five.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (0..8).rev().map(move |place| {
        let digit = usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0);
        char::from(BASE32.get(digit).copied().unwrap_or(b'A'))
    })
}

/// RFC 7638 section 3.2: the required members in the order of their names, without a space, hashed.
fn thumbprint(point: &[u8]) -> String {
    let (x, y) = coordinates(point);
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

/// X and Y of an uncompressed point, each with its leading zeros.
fn coordinates(point: &[u8]) -> (String, String) {
    let part = |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + COORDINATE).unwrap_or_default());
    (part(1), part(1 + COORDINATE))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// RFC 7515 appendix A.3.1.
    pub(in super::super) const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    pub(in super::super) const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    /// `id-ecPublicKey`, `prime256v1`, and the frame of a public key.
    const FRAME: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    pub(in super::super) fn point(x: &str, y: &str) -> Vec<u8> {
        let decode = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
        [vec![4], decode(x), decode(y)].concat()
    }

    #[test]
    fn key_names_of_a_published_key_are_the_known_ones() {
        // Computed from the definitions with another implementation (Python's hashlib and base64).
        let point = point(X, Y);
        assert_eq!(thumbprint(&point), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
        assert_eq!(
            libtrust_id(&[&FRAME[..], &point].concat()),
            "FPI3:WDCE:VCL4:GCT2:UCMR:ZXRY:3ADC:7ZCB:3ZIN:UD2G:QJJU:J5QC"
        );
    }

    #[test]
    fn coordinates_keep_their_leading_zeros() {
        let mut point = vec![4; 65];
        point[1] = 0;
        point[33] = 0;
        let (x, y) = coordinates(&point);
        assert_eq!((x.len(), y.len()), (43, 43));
        assert!(x.starts_with("AAQ") && y.starts_with("AAQ"));
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        assert_eq!(base32(b"fooba").collect::<String>(), "MZXW6YTB");
    }
}
