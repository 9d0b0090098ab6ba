//! Keys and certificates of our own: a CA, the certificates that it signs, their renewal, and PEM.
//!
//! X.509 as RFC 5280 has it, and as the verifiers of Go and rustls want it: CA with `keyCertSign`, leaf with
//! `digitalSignature`, key identifiers that match. P-256 only. Knows no files, no names of its users, and no clock; a new
//! key is drawn by the cryptographic library itself.

mod certificate;
mod maker;
pub mod pem;
mod private_key;

pub use certificate::Certificate;
pub use maker::{Leaf, authority_name, make_authority};
pub use private_key::PrivateKey;

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
