//! The registry token itself, as every version of Distribution and zot accept it: header, claims, times, keys and
//! certificates. It also checks what only a stricter registry would notice.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use dockpass::domain::time::Timestamp;
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::support::{
    InProcess,
    issued::{ENDPOINT, Issued, ask},
    site::{DAY, MINUTE},
};

/// The shortest life of a registry token, and how far it is back-dated, in seconds.
const SHORTEST: i64 = 60;
const BACK_DATED: i64 = 30;

fn now(site: &InProcess) -> i64 {
    Timestamp::parse(&site.in_time(0)).expect("a time").seconds()
}

fn parts(issued: &Issued) -> Vec<&str> {
    issued.text.split('.').collect()
}

/// The certificates of a PEM text.
fn certificates(pem: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for block in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (body, rest) = block.split_once("-----END CERTIFICATE-----").expect("an end");
        assert!(!rest.contains("-----BEGIN PRIVATE"), "a key was published");
        let body: String = body.split_whitespace().collect();
        found.push(STANDARD.decode(body).expect("base64"));
    }
    found
}

fn parsed(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).expect("a certificate");
    assert!(rest.is_empty());
    certificate
}

/// The uncompressed point of a certificate's key.
fn point(der: &[u8]) -> Vec<u8> {
    parsed(der).public_key().subject_public_key.data.to_vec()
}

// --- the form (1.4, 1.6) ---

#[test]
fn the_header_says_es256_and_brings_the_certificate_and_nothing_else() {
    let site = InProcess::start();
    let issued = ask(&site.as_nobody(), &[]);
    let header = issued.header.as_object().expect("an object");
    let names: Vec<_> = header.keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "typ", "x5c"], "no crit, which 3.x refuses, no kid or jwk, which win over nothing");
    assert_eq!((&issued.header["alg"], &issued.header["typ"]), (&json!("ES256"), &json!("JWT")));
    let chain = issued.header["x5c"].as_array().expect("a list");
    assert_eq!(chain.len(), 1, "the registry has the rest");
    assert!(chain[0].as_str().is_some_and(|text| STANDARD.decode(text).is_ok()), "x5c is padded base64, not base64url");
}

#[test]
fn the_claims_have_the_types_that_the_strictest_reader_wants() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let issued = ask(&alice, &["repository:alice/app:push"]);
    let claims = issued.claims.as_object().expect("an object");
    let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["access", "aud", "dkp", "exp", "iat", "iss", "jti", "nbf", "sub"]);
    for name in ["iss", "sub", "aud", "jti"] {
        assert!(claims[name].is_string(), "2.8 wants {name} as a string: {}", issued.claims);
    }
    for name in ["exp", "nbf", "iat"] {
        assert!(claims[name].is_i64(), "{name} is no whole number: {}", issued.claims);
    }
    let entry = json!({ "type": "repository", "name": "alice/app", "actions": ["pull", "push"] });
    assert_eq!(claims["access"], json!([entry]));
    assert_eq!(ask(&alice, &[]).claims["access"], json!([]), "a list, never null");
}

#[test]
fn no_claim_stands_twice() {
    let site = InProcess::start();
    let issued = ask(&site.as_nobody(), &[]);
    let payload = URL_SAFE_NO_PAD.decode(parts(&issued)[1]).expect("base64url");
    let text = String::from_utf8(payload).expect("UTF-8");
    for name in issued.claims.as_object().expect("an object").keys() {
        assert_eq!(text.matches(&format!("\"{name}\":")).count(), 1, "{text}");
    }
}

#[test]
fn the_parts_are_base64url_without_padding() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    // Names of three lengths leave three remainders.
    for name in ["alice/a", "alice/ab", "alice/abc"] {
        let issued = ask(&alice, &[&format!("repository:{name}:pull")]);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!(issued.text.bytes().all(is_plain), "{}", issued.text);
    }
}

#[test]
fn the_signature_is_r_and_s_side_by_side_by_the_key_of_the_leaf() {
    let site = InProcess::start();
    for _ in 0..20 {
        let issued = ask(&site.as_nobody(), &[]);
        let (signed, signature) = issued.text.rsplit_once('.').expect("a signature");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert_eq!(signature.len(), 64, "fixed width, also where r or s begins with zeros");
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&issued.leaf()));
        key.verify(signed.as_bytes(), &signature).expect("a good signature");
    }
}

#[test]
fn each_token_has_an_identifier_of_its_own() {
    let site = InProcess::start();
    let jti = || ask(&site.as_nobody(), &[]).claims["jti"].clone();
    assert_ne!(jti(), jti());
}

#[test]
fn the_token_says_whose_it_is() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let account = &site.as_local().get("/enzi/v0/accounts/alice").must_be(200).json()["id"];
    let of = |issued: &Issued| (issued.claims["sub"].clone(), issued.claims["dkp"].clone());
    let by_token = ask(&site.with_token("alice", &token), &[]);
    assert_eq!(of(&by_token), (json!("alice"), json!({ "account": account, "token": token.id, "generation": 0 })));
    let by_password = ask(&site.as_user("alice"), &[]);
    assert_eq!(of(&by_password), (json!("alice"), json!({ "account": account, "token": null, "generation": 0 })));
    let anonymous = ask(&site.as_nobody(), &[]);
    assert_eq!(of(&anonymous), (json!(""), json!({ "account": null, "token": null, "generation": null })));
}

// --- times (8, 9) ---

#[test]
fn a_token_is_back_dated_and_the_answer_tells_the_true_time() {
    let site = InProcess::start();
    let issued = ask(&site.as_nobody(), &[]);
    // zot allows no skew at all, neither for nbf nor for iat.
    assert_eq!((issued.time("nbf"), issued.time("iat")), (now(&site) - BACK_DATED, now(&site) - BACK_DATED));
    assert_eq!(issued.time("exp"), now(&site) + 15 * MINUTE);
    assert_eq!(issued.answer["issued_at"], site.in_time(0));
    assert_eq!(issued.answer["expires_in"], 15 * MINUTE);
}

#[test]
fn the_configured_life_is_the_life() {
    for (text, seconds) in [("60s", SHORTEST), ("1h", 60 * MINUTE)] {
        let site = InProcess::start_with(&[("registry.token_lifetime", text)]);
        let issued = ask(&site.as_nobody(), &[]);
        assert_eq!((issued.time("exp") - now(&site), &issued.answer["expires_in"]), (seconds, &json!(seconds)));
    }
}

#[test]
fn a_token_ends_with_its_access_token_but_lives_a_minute() {
    let site = InProcess::start();
    site.add_service("alice");
    for (left, life) in
        [(20 * MINUTE, 15 * MINUTE), (5 * MINUTE, 5 * MINUTE), (61, 61), (60, 60), (59, SHORTEST), (1, SHORTEST)]
    {
        let token = site.add_token("alice", &json!({ "expiresAt": site.in_time(left) }));
        let issued = ask(&site.with_token("alice", &token), &[]);
        assert_eq!(issued.time("exp") - now(&site), life, "{left} s before the end");
        assert_eq!(issued.answer["expires_in"], life);
    }
}

#[test]
fn an_end_within_a_second_leaves_whole_numbers() {
    let site = InProcess::start();
    site.add_service("alice");
    let end = site.in_time(100).replace('Z', ".750Z");
    let token = site.add_token("alice", &json!({ "expiresAt": end }));
    let issued = ask(&site.with_token("alice", &token), &[]);
    assert_eq!((issued.time("exp") - now(&site), &issued.answer["expires_in"]), (100, &json!(100)));
}

// --- keys and certificates (1.6, 1.8) ---

#[test]
fn the_registry_is_given_one_authority_that_signed_the_leaf() {
    let site = InProcess::start();
    let answer = site.as_nobody().get("/auth/ca.pem").must_be(200);
    assert_eq!(answer.header("Content-Type"), Some("application/x-pem-file"));
    let found = certificates(&answer.body);
    assert_eq!(found.len(), 1);
    let issued = ask(&site.as_nobody(), &[]);
    let leaf = issued.leaf();
    let (authority, leaf) = (parsed(&found[0]), parsed(&leaf));
    assert!(authority.is_ca() && !leaf.is_ca());
    assert_eq!(leaf.issuer().as_raw(), authority.subject().as_raw());
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(&found[0]));
    key.verify(leaf.tbs_certificate.as_ref(), &leaf.signature_value.data).expect("signed by the authority");
}

#[test]
fn authority_and_leaf_begin_a_day_early_and_live_long_and_ninety_days() {
    let site = InProcess::start();
    let found = certificates(&site.as_nobody().get("/auth/ca.pem").must_be(200).body);
    let leaf = ask(&site.as_nobody(), &[]).leaf();
    let life = |der: &[u8]| {
        let validity = parsed(der).validity().clone();
        (validity.not_before.timestamp() - now(&site), validity.not_after.timestamp() - now(&site))
    };
    assert_eq!(life(&leaf), (-DAY, 90 * DAY));
    let (begin, end) = life(&found[0]);
    assert_eq!(begin, -DAY);
    assert!(end >= 10 * 365 * DAY, "the registry is never given another one: {end}");
}

#[test]
fn the_leaf_lives_as_long_as_is_configured() {
    let site = InProcess::start_with(&[("registry.leaf_lifetime", "5m"), ("registry.token_lifetime", "60s")]);
    let leaf = ask(&site.as_nobody(), &[]).leaf();
    assert_eq!(parsed(&leaf).validity().not_after.timestamp() - now(&site), 5 * MINUTE);
}

#[test]
fn the_published_keys_hold_the_key_of_the_leaf() {
    let site = InProcess::start();
    let published = site.as_nobody().get("/auth/keys").must_be(200).json();
    let [key] = published["keys"].as_array().expect("a list").as_slice() else { panic!("one key: {published}") };
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().expect("text")).expect("base64url");
    let (x, y) = (coordinate("x"), coordinate("y"));
    assert_eq!((x.len(), y.len()), (32, 32), "leading zeros stay (RFC 7518, 6.2.1.2)");
    assert_eq!(point(&ask(&site.as_nobody(), &[]).leaf()), [vec![4], x, y].concat());
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
    assert_eq!(key.get("d"), None, "a private key was published");
}

#[test]
fn after_a_rotation_both_keys_are_published_and_both_tokens_count() {
    let site = InProcess::start();
    let before = ask(&site.as_nobody(), &[]);
    site.as_local().post("/api/v0/admin/registry/rotate-key", &json!({})).must_be(200);
    let after = ask(&site.as_nobody(), &[]);
    assert_ne!(before.leaf(), after.leaf());
    assert_eq!(site.as_nobody().get("/auth/keys").must_be(200).json()["keys"].as_array().map(Vec::len), Some(2));
    for issued in [&before, &after] {
        site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/").must_be(200);
    }
}

#[test]
fn authority_leaf_and_tokens_outlive_a_restart() {
    let site = InProcess::start();
    let authority = |site: &InProcess| site.as_nobody().get("/auth/ca.pem").must_be(200).body;
    let (before, issued) = (authority(&site), ask(&site.as_nobody(), &[]));
    let site = site.restart();
    assert_eq!((authority(&site), ask(&site.as_nobody(), &[]).leaf()), (before, issued.leaf()));
    site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/").must_be(200);
}

// --- registries that know one key (1.6, 1.8.4, 1.9) ---

fn fixed(header: &str) -> InProcess {
    InProcess::start_with(&[("registry.fixed_key", "true"), ("registry.key_header", header)])
}

/// The certificate that the registry gets with a fixed key, and the header of a token.
fn fixed_key(site: &InProcess) -> (Vec<u8>, Value) {
    let mut found = certificates(&site.as_nobody().get("/auth/ca.pem").must_be(200).body);
    assert_eq!(found.len(), 1);
    (found.remove(0), ask(&site.as_nobody(), &[]).header)
}

#[test]
fn a_fixed_key_signs_with_what_the_registry_was_given() {
    let site = fixed("x5c");
    let issued = ask(&site.as_nobody(), &[]);
    let (certificate, _) = fixed_key(&site);
    assert_eq!(issued.leaf(), certificate, "zot looks at nothing but this key");
    let (signed, signature) = issued.text.rsplit_once('.').expect("a signature");
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&certificate));
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).expect("base64url")).expect("a good signature");
}

#[test]
fn the_libtrust_key_id_is_the_fingerprint_of_the_key() {
    let site = fixed("kid-libtrust");
    let (certificate, header) = fixed_key(&site);
    let hash = digest(&SHA256, parsed(&certificate).public_key().raw);
    let text = base32(&hash.as_ref()[..30]);
    let groups: Vec<_> = (0..12).map(|place| &text[place * 4..place * 4 + 4]).collect();
    assert_eq!(header, json!({ "typ": "JWT", "alg": "ES256", "kid": groups.join(":") }), "no x5c beside it");
    let published = site.as_nobody().get("/auth/keys").must_be(200).json();
    assert_eq!(published["keys"][0]["kid"], header["kid"], "3.x finds the key by the same text");
}

#[test]
fn the_rfc_7638_key_id_is_the_thumbprint_of_the_key() {
    let site = fixed("kid-rfc7638");
    let (certificate, header) = fixed_key(&site);
    let point = point(&certificate);
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let canonical = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
    let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
    assert_eq!(header, json!({ "typ": "JWT", "alg": "ES256", "kid": expected }), "no x5c beside it");
    let published = site.as_nobody().get("/auth/keys").must_be(200).json();
    assert_eq!(published["keys"][0]["kid"], header["kid"]);
}

fn base32(bytes: &[u8]) -> String {
    let bit = |place: usize| usize::from(bytes[place / 8] >> (7 - place % 8) & 1);
    let digit = |place: usize| (place * 5..place * 5 + 5).fold(0, |digit, place| digit * 2 + bit(place));
    (0..bytes.len() * 8 / 5).map(|place| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digit(place)])).collect()
}

#[test]
fn a_fixed_key_that_was_replaced_counts_no_longer() {
    let site = fixed("x5c");
    let before = ask(&site.as_nobody(), &[]);
    site.as_local().post("/api/v0/admin/registry/rotate-key", &json!({})).must_be(200);
    let shown = |issued: &Issued| site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text));
    shown(&before).get("/v2/").must_be(401);
    shown(&Issued::of(site.as_nobody().get(ENDPOINT))).get("/v2/").must_be(200);
}
