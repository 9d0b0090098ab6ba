//! Registry tokens as compact JWS (RFC 7515): ES256 with r and s side by side, unpadded base64url, three parts.
//!
//! A token of ours has a header that we wrote, so reading one begins by comparing its header with the few headers of
//! the known keys, letter by letter. Whatever else a header could say (another `alg`, `jwk`, `jku`, `x5u`, `crit`, a
//! foreign `x5c`, a `kid`) is never interpreted: such a header is simply not ours.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::claims::Claims;
use super::error::{Damage, SigningError};
use super::jwks;
use crate::domain::key_header::KeyHeader;
use crate::domain::time::Timestamp;
use crate::pki::{Certificate, PrivateKey};

/// Longest registry token, in bytes, that is issued and that is read: the registry's clients send it as a header, which
/// proxies bound.
pub const MAX_REGISTRY_TOKEN: usize = 48 * 1024;

/// Room for claims, in bytes: those of one repository have it all.
const CLAIMS: usize = 512;

/// Why a registry token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Longer than 16 KiB.
    #[error("the registry token is too long")]
    TooLong,
    /// Not three parts, or a part is not unpadded base64url.
    #[error("the registry token is malformed")]
    Malformed,
    /// The header is not that of a known key of ours.
    #[error("the registry token was not signed with a known key")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the registry token's signature is wrong")]
    Signature,
    /// A claim is missing, unknown, given twice or of another type.
    #[error("the registry token's claims are malformed")]
    Claims,
    /// Another issuer.
    #[error("the registry token has another issuer")]
    Issuer,
    /// Not for a service of ours.
    #[error("the registry token is for another service")]
    Audience,
    /// `nbf` is not reached.
    #[error("the registry token does not count yet")]
    NotYetValid,
    /// `exp` is reached.
    #[error("the registry token has expired")]
    Expired,
}

/// What a token must say to be accepted.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) services: &'a [String],
    pub(super) now: Timestamp,
}

/// The key that signs, with the header that names it.
pub(super) struct TokenKey {
    header: String,
    key: EcdsaKeyPair,
}

impl TokenKey {
    pub(super) fn new(form: KeyHeader, key: &PrivateKey, certificate: &Certificate) -> Result<Self, Damage> {
        Ok(Self { header: header(form, certificate), key: key.token_key().map_err(Damage::Key)? })
    }

    /// The compact form of these claims, signed.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let mut text = Vec::with_capacity(CLAIMS);
        serde_json::to_writer(&mut text, claims).map_err(SigningError::Encode)?;
        let claims = text;
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&claims, &mut token);
        let signature = self.key.sign(&SystemRandom::new(), token.as_bytes()).map_err(SigningError::Sign)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}

/// A key whose tokens are accepted.
pub(super) struct KnownKey {
    pub(super) certificate: Certificate,
    /// A leaf counts until its certificate ends, as it does for the registry; a fixed key until it is replaced.
    ends: Option<Timestamp>,
    headers: Vec<String>,
    verifier: ParsedPublicKey,
}

impl KnownKey {
    /// A leaf; its tokens carry its certificate.
    pub(super) fn leaf(certificate: Certificate) -> Result<Self, Damage> {
        let ends = Some(certificate.not_after);
        Self::new(certificate, ends, &[KeyHeader::X5c])
    }

    /// A fixed key; tokens signed before `registry.key_header` was changed go on counting.
    pub(super) fn fixed(certificate: Certificate) -> Result<Self, Damage> {
        Self::new(certificate, None, &[KeyHeader::X5c, KeyHeader::KidLibtrust, KeyHeader::KidRfc7638])
    }

    fn new(certificate: Certificate, ends: Option<Timestamp>, forms: &[KeyHeader]) -> Result<Self, Damage> {
        let headers = forms.iter().map(|form| header(*form, &certificate)).collect();
        let verifier = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &certificate.point).map_err(Damage::Key)?;
        Ok(Self { certificate, ends, headers, verifier })
    }

    /// Whether tokens of this key count at `now`.
    pub(super) fn counts_at(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|end| now <= end)
    }

    fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|own| own == header)
    }

    fn check(&self, signed: &str, signature: &str) -> Result<(), InvalidToken> {
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| InvalidToken::Malformed)?;
        self.verifier.verify_sig(signed.as_bytes(), &signature).map_err(|_| InvalidToken::Signature)
    }
}

/// Verifies a token: signed by one of `known`, with the expected claims, and not at its end; answers the claims.
pub(super) fn verify<'a>(
    token: &str,
    known: impl Iterator<Item = &'a KnownKey>,
    expected: &Expected<'_>,
) -> Result<Claims, InvalidToken> {
    let claims = verify_whenever(token, known, expected)?;
    if claims.has_ended(expected.now) { Err(InvalidToken::Expired) } else { Ok(claims) }
}

/// The same whether the token has ended or not.
pub(super) fn verify_whenever<'a>(
    token: &str,
    mut known: impl Iterator<Item = &'a KnownKey>,
    expected: &Expected<'_>,
) -> Result<Claims, InvalidToken> {
    if token.len() > MAX_REGISTRY_TOKEN {
        return Err(InvalidToken::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(InvalidToken::Malformed)?;
    if payload.contains('.') {
        return Err(InvalidToken::Malformed);
    }
    let key = known.find(|key| key.counts_at(expected.now) && key.has(header)).ok_or(InvalidToken::UnknownKey)?;
    key.check(signed, signature)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| InvalidToken::Malformed)?;
    let claims = serde_json::from_slice(&payload).map_err(|_| InvalidToken::Claims)?;
    expected.check(&claims)?;
    Ok(claims)
}

impl Expected<'_> {
    fn check(&self, claims: &Claims) -> Result<(), InvalidToken> {
        if claims.iss != self.issuer {
            return Err(InvalidToken::Issuer);
        }
        if !self.services.contains(&claims.aud) {
            return Err(InvalidToken::Audience);
        }
        if self.now < Timestamp::from_seconds(claims.nbf) {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }
}

/// The encoded header. Nothing in it needs escaping: standard base64, base32 and colons, or base64url.
fn header(form: KeyHeader, certificate: &Certificate) -> String {
    let naming = match form {
        KeyHeader::X5c => format!(r#""x5c":["{}"]"#, STANDARD.encode(&certificate.der)),
        KeyHeader::KidLibtrust | KeyHeader::KidRfc7638 => {
            format!(r#""kid":"{}""#, jwks::key_id(form, certificate))
        }
    };
    URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"JWT","alg":"ES256",{naming}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::signing::certificates::make_self_signed;
    use crate::service::signing::claims::{AccessEntry, Dkp};
    use crate::service::signing::jwks::tests::{X, Y, point};
    use aws_lc_rs::hmac;
    use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_763_726_400;

    fn claims() -> Claims {
        Claims {
            iss: "dockpass".into(),
            sub: "alice".into(),
            aud: "registry".into(),
            exp: NOW + 900,
            nbf: NOW - 30,
            iat: NOW - 30,
            jti: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
            access: vec![AccessEntry {
                kind: "repository".into(),
                name: "alice/app".into(),
                actions: vec!["pull".into(), "push".into()],
                id: None,
            }],
            dkp: Dkp { account: Some("01ARZ3NDEKTSV4RRFFQ69G5FAA".into()), token: None, generation: Some(0) },
        }
    }

    /// A key, and what our verifier knows of it.
    struct Ours {
        private: PrivateKey,
        known: KnownKey,
        signer: TokenKey,
    }

    fn ours(form: KeyHeader) -> Ours {
        let private = PrivateKey::generate().unwrap();
        let certificate = make_self_signed(&private, Timestamp::from_seconds(NOW)).unwrap();
        let signer = TokenKey::new(form, &private, &certificate).unwrap();
        Ours { private, known: KnownKey::fixed(certificate).unwrap(), signer }
    }

    impl Ours {
        fn verify_at(&self, token: &str, now: Timestamp) -> Result<Claims, InvalidToken> {
            let services = ["other".to_owned(), "registry".to_owned()];
            let expected = Expected { issuer: "dockpass", services: &services, now };
            verify(token, std::iter::once(&self.known), &expected)
        }

        fn verify(&self, token: &str) -> Result<Claims, InvalidToken> {
            self.verify_at(token, Timestamp::from_seconds(NOW))
        }

        /// Signs a payload that is no claim set, under our own header.
        fn sign_payload(&self, payload: &str) -> String {
            let signed = format!("{}.{}", self.signer.header, URL_SAFE_NO_PAD.encode(payload));
            with_signature(&signed, &self.signer.key)
        }
    }

    fn with_signature(signed: &str, key: &EcdsaKeyPair) -> String {
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// The parts of a compact form, decoded.
    fn parts(token: &str) -> Vec<Vec<u8>> {
        token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect()
    }

    fn with_header(header: &Value, token: &str) -> String {
        let payload = token.split('.').nth(1).unwrap();
        format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    #[test]
    fn a_token_reads_back_in_every_form() {
        for form in [KeyHeader::X5c, KeyHeader::KidLibtrust, KeyHeader::KidRfc7638] {
            let ours = ours(form);
            let token = ours.signer.sign(&claims()).unwrap();
            assert_eq!(ours.verify(&token), Ok(claims()));
            assert_eq!(parts(&token)[2].len(), 64);
        }
    }

    #[test]
    fn the_header_names_the_key_in_the_configured_form() {
        let header = |form| {
            let ours = ours(form);
            let read: Value = serde_json::from_slice(&parts(&ours.signer.sign(&claims()).unwrap())[0]).unwrap();
            assert_eq!((&read["typ"], &read["alg"]), (&json!("JWT"), &json!("ES256")));
            assert_eq!(read.as_object().unwrap().len(), 3);
            (read, ours)
        };
        let (read, ours) = header(KeyHeader::X5c);
        assert_eq!(read["x5c"], json!([STANDARD.encode(&ours.known.certificate.der)]));
        for form in [KeyHeader::KidLibtrust, KeyHeader::KidRfc7638] {
            let (read, ours) = header(form);
            assert_eq!(read["kid"], json!(jwks::key_id(form, &ours.known.certificate)));
        }
    }

    #[test]
    fn the_published_signature_of_the_jws_specification_is_accepted() {
        // RFC 7515 appendix A.3.1.
        let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS\
                      9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let mut known = ours(KeyHeader::X5c).known;
        known.verifier = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(X, Y)).unwrap();
        assert_eq!(known.check(signed, signature), Ok(()));
        assert_eq!(known.check(&signed.replace("NiJ9", "NiJ8"), signature), Err(InvalidToken::Signature));
    }

    #[test]
    fn a_foreign_key_is_refused_however_the_header_presents_it() {
        let (ours, foreign) = (ours(KeyHeader::KidRfc7638), ours(KeyHeader::KidRfc7638));
        let good = ours.signer.sign(&claims()).unwrap();
        let kid = jwks::key_id(KeyHeader::KidRfc7638, &ours.known.certificate);
        let mut jwk = jwks::jwk(KeyHeader::KidRfc7638, &foreign.known.certificate);
        jwk["kid"] = json!(kid);
        let certificate = STANDARD.encode(&foreign.known.certificate.der);
        let own_certificate = STANDARD.encode(&ours.known.certificate.der);
        for header in [
            json!({"typ": "JWT", "alg": "ES256", "kid": kid, "jwk": jwk}),
            json!({"typ": "JWT", "alg": "ES256", "jwk": jwk}),
            json!({"typ": "JWT", "alg": "ES256", "x5c": [certificate]}),
            json!({"typ": "JWT", "alg": "ES256", "kid": kid, "x5c": [certificate]}),
            json!({"typ": "JWT", "alg": "ES256", "x5c": [certificate, own_certificate]}),
            json!({"typ": "JWT", "alg": "ES256", "kid": kid, "jku": "http://127.0.0.1/keys"}),
            json!({"typ": "JWT", "alg": "ES256", "kid": kid, "x5u": "http://127.0.0.1/ca.pem"}),
        ] {
            let token = with_signature(&with_header(&header, &good), &foreign.signer.key);
            assert_eq!(ours.verify(&token), Err(InvalidToken::UnknownKey), "{header}");
        }
        let (signed, _) = good.rsplit_once('.').unwrap();
        assert_eq!(ours.verify(&with_signature(signed, &foreign.signer.key)), Err(InvalidToken::Signature));
        assert_eq!(ours.verify(&foreign.signer.sign(&claims()).unwrap()), Err(InvalidToken::UnknownKey));
    }

    #[test]
    fn other_algorithms_are_refused() {
        let ours = ours(KeyHeader::X5c);
        let good = ours.signer.sign(&claims()).unwrap();
        for alg in ["none", "None", "HS256", "ES384", "RS256", "es256", ""] {
            let signed = with_header(&json!({"typ": "JWT", "alg": alg}), &good);
            for secret in [ours.known.certificate.pem().into_bytes(), ours.known.certificate.spki.clone()] {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
                let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
                assert_eq!(ours.verify(&token), Err(InvalidToken::UnknownKey), "{alg}");
            }
            assert_eq!(ours.verify(&format!("{signed}.")), Err(InvalidToken::UnknownKey), "{alg}");
        }
        let (signed, _) = good.rsplit_once('.').unwrap();
        assert_eq!(ours.verify(&format!("{signed}.")), Err(InvalidToken::Signature));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &ours.known.certificate.spki), signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        assert_eq!(ours.verify(&token), Err(InvalidToken::Signature));
    }

    #[test]
    fn even_our_own_key_under_a_header_that_we_do_not_write_is_refused() {
        let ours = ours(KeyHeader::KidRfc7638);
        let kid = jwks::key_id(KeyHeader::KidRfc7638, &ours.known.certificate);
        let good = ours.signer.sign(&claims()).unwrap();
        for text in [
            json!({"alg": "ES256", "kid": kid}).to_string(),
            json!({"typ": "JWT", "alg": "ES256", "kid": kid, "crit": ["exp"], "exp": 1}).to_string(),
            json!({"typ": "JWT", "alg": "ES256", "kid": kid, "crit": []}).to_string(),
            format!(r#"{{"typ":"JWT","alg":"ES256","kid":"{kid}","crit":["b64"],"crit":[]}}"#),
            format!(r#"{{"typ":"JWT","alg":"none","alg":"ES256","kid":"{kid}"}}"#),
            format!("{{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"{kid}\"}}\n"),
            "[".repeat(4_000),
        ] {
            let payload = good.split('.').nth(1).unwrap();
            let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(&text));
            assert_eq!(
                ours.verify(&with_signature(&signed, &ours.signer.key)),
                Err(InvalidToken::UnknownKey),
                "{text}"
            );
        }
    }

    #[test]
    fn a_signature_in_der_is_refused() {
        let ours = ours(KeyHeader::X5c);
        let good = ours.signer.sign(&claims()).unwrap();
        let (signed, _) = good.rsplit_once('.').unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, ours.private.reveal_pkcs8()).unwrap();
        assert_eq!(ours.verify(&with_signature(signed, &key)), Err(InvalidToken::Signature));
    }

    #[test]
    fn an_altered_token_is_refused() {
        let ours = ours(KeyHeader::X5c);
        let token = ours.signer.sign(&claims()).unwrap();
        let admin = Claims { sub: "admin".into(), ..claims() };
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_string(&admin).unwrap());
        let mut altered: Vec<&str> = token.split('.').collect();
        altered[1] = &payload;
        assert_eq!(ours.verify(&altered.join(".")), Err(InvalidToken::Signature));
        let tail = parts(&token)[2].clone();
        for (from, to) in [(0, 0), (0, 63), (1, 64)] {
            let cut = format!("{}.{}", token.rsplit_once('.').unwrap().0, URL_SAFE_NO_PAD.encode(&tail[from..to]));
            assert_eq!(ours.verify(&cut), Err(InvalidToken::Signature));
        }
        let zeros = format!("{}.{}", token.rsplit_once('.').unwrap().0, URL_SAFE_NO_PAD.encode([0; 64]));
        assert_eq!(ours.verify(&zeros), Err(InvalidToken::Signature));
    }

    #[test]
    fn whatever_is_not_three_parts_is_refused() {
        let ours = ours(KeyHeader::X5c);
        let token = ours.signer.sign(&claims()).unwrap();
        let two = token.rsplit_once('.').unwrap().0;
        for text in ["", ".", "..", "...", two, &format!("{token}."), &format!("{token}.x"), &format!(".{token}")] {
            let error = ours.verify(text).unwrap_err();
            assert!(matches!(error, InvalidToken::Malformed | InvalidToken::UnknownKey), "{text}: {error}");
        }
        assert_eq!(ours.verify(&format!("{token}.x")), Err(InvalidToken::Malformed));
    }

    #[test]
    fn padding_other_alphabets_and_stray_characters_are_refused() {
        let ours = ours(KeyHeader::X5c);
        let token = ours.signer.sign(&claims()).unwrap();
        let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        for text in [
            format!("{token}=="),
            format!("{token}\n"),
            format!(" {token}"),
            format!("{header}=.{payload}.{signature}"),
            format!("{header}.{payload}.{signature}A"),
        ] {
            assert!(ours.verify(&text).is_err(), "{text}");
        }
        let padded = format!("{header}.{payload}=");
        assert_eq!(ours.verify(&with_signature(&padded, &ours.signer.key)), Err(InvalidToken::Malformed));
        // The last character of 64 bytes carries four bits only: the other bits must be zero.
        let last = signature.chars().last().unwrap();
        let twins = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|c| *c != last);
        for twin in twins {
            let text = format!("{header}.{payload}.{}{twin}", &signature[..signature.len() - 1]);
            assert!(ours.verify(&text).is_err(), "{twin}");
        }
    }

    #[test]
    fn huge_tokens_are_refused_unread() {
        let ours = ours(KeyHeader::X5c);
        for text in [".".repeat(1_000_000), "a".repeat(1_000_000), "a".repeat(MAX_REGISTRY_TOKEN + 1)] {
            assert_eq!(ours.verify(&text), Err(InvalidToken::TooLong));
        }
        assert_eq!(ours.verify(&".".repeat(MAX_REGISTRY_TOKEN)), Err(InvalidToken::Malformed));
    }

    #[test]
    fn claims_of_other_shapes_are_refused_even_when_signed() {
        let ours = ours(KeyHeader::X5c);
        let good = serde_json::to_value(claims()).unwrap();
        assert_eq!(ours.verify(&ours.sign_payload(&good.to_string())), Ok(claims()));
        for (name, value) in [
            ("aud", json!(["registry"])),
            ("exp", json!(1.8e9)),
            ("exp", json!("9999999999")),
            ("exp", json!(true)),
            ("exp", Value::Null),
            ("nbf", json!("0")),
            ("iat", json!(0.5)),
            ("access", json!({})),
            ("sub", Value::Null),
            ("extra", json!(1)),
        ] {
            let mut other = good.clone();
            other[name] = value;
            assert_eq!(ours.verify(&ours.sign_payload(&other.to_string())), Err(InvalidToken::Claims), "{other}");
        }
        for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access", "dkp"] {
            let mut other = good.clone();
            other.as_object_mut().unwrap().remove(name);
            assert_eq!(ours.verify(&ours.sign_payload(&other.to_string())), Err(InvalidToken::Claims), "{name}");
        }
        let twice = good.to_string().replacen('{', r#"{"exp":99999999999,"#, 1);
        for text in [&twice, "", "null", "{}", "[]", &"[".repeat(9_000), &format!("{good}x")] {
            assert_eq!(ours.verify(&ours.sign_payload(text)), Err(InvalidToken::Claims), "{text}");
        }
    }

    #[test]
    fn a_token_counts_from_nbf_until_just_before_exp() {
        let ours = ours(KeyHeader::X5c);
        let token = ours.signer.sign(&claims()).unwrap();
        let (nbf, exp) = (claims().nbf * 1_000, claims().exp * 1_000);
        for (millis, expected) in [
            (nbf - 1, Some(InvalidToken::NotYetValid)),
            (nbf, None),
            (exp - 1, None),
            (exp, Some(InvalidToken::Expired)),
        ] {
            assert_eq!(ours.verify_at(&token, Timestamp::from_millis(millis)).err(), expected, "{millis}");
        }
    }

    #[test]
    fn extreme_times_neither_overflow_nor_pass() {
        let ours = ours(KeyHeader::X5c);
        for (nbf, exp, expected) in [
            (i64::MIN, i64::MIN, Err(InvalidToken::Expired)),
            (i64::MAX, i64::MAX, Err(InvalidToken::NotYetValid)),
            (i64::MIN, i64::MAX, Ok(())),
        ] {
            let token = ours.signer.sign(&Claims { exp, nbf, ..claims() }).unwrap();
            assert_eq!(ours.verify(&token).map(|_| ()), expected);
        }
    }

    #[test]
    fn other_issuers_and_services_are_refused() {
        let ours = ours(KeyHeader::X5c);
        for (iss, aud, expected) in [
            ("Dockpass", "registry", InvalidToken::Issuer),
            ("", "registry", InvalidToken::Issuer),
            ("dockpass", "registry2", InvalidToken::Audience),
            ("dockpass", "", InvalidToken::Audience),
        ] {
            let token = ours.signer.sign(&Claims { iss: iss.into(), aud: aud.into(), ..claims() }).unwrap();
            assert_eq!(ours.verify(&token), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_verifier_panic_or_pass(text in "[A-Za-z0-9_=.é-]{0,60}(\\.[A-Za-z0-9_-]{0,60}){0,3}") {
            let ours = ours(KeyHeader::KidRfc7638);
            prop_assert!(ours.verify(&text).is_err());
            let under_our_header = format!("{}.{text}", ours.signer.header);
            prop_assert!(ours.verify(&under_our_header).is_err());
        }
    }
}
