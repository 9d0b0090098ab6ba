//! The life of the keys: first start, renewal, rotation, restarts, crashes, and directories in every bad state.

use crate::domain::registry::CertificateRole;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use tempfile::TempDir;

use super::*;

const DAY: i64 = 86_400;
const NINETY_DAYS: i64 = 90 * DAY;

fn start() -> Timestamp {
    Timestamp::from_seconds(1_763_726_400)
}

fn after(seconds: i64) -> Timestamp {
    start().plus_seconds(seconds)
}

fn leafs(leaf_lifetime: i64) -> SigningSettings {
    SigningSettings { leaf_lifetime, key_header: KeyHeader::X5c, fixed_key: false }
}

fn fixed(key_header: KeyHeader) -> SigningSettings {
    SigningSettings { leaf_lifetime: NINETY_DAYS, key_header, fixed_key: true }
}

/// A directory for keys, removed when it is dropped.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn keys(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.keys().join(name)
    }

    fn open(&self, settings: SigningSettings, now: Timestamp) -> Signer {
        Signer::open(&self.keys(), settings, now).unwrap()
    }

    fn open_error(&self, settings: SigningSettings, now: Timestamp) -> SigningError {
        Signer::open(&self.keys(), settings, now).unwrap_err()
    }
}

fn claims(now: Timestamp, lifetime: i64) -> Claims {
    let now = now.seconds();
    Claims {
        iss: "dockpass".into(),
        sub: String::new(),
        aud: "dockpass".into(),
        exp: now + lifetime,
        nbf: now - 30,
        iat: now - 30,
        jti: now.to_string(),
        access: Vec::new(),
        dkp: Dkp { account: None, token: None, generation: None },
    }
}

fn token(signer: &Signer, now: Timestamp) -> String {
    signer.sign(&claims(now, 900)).unwrap()
}

fn verify(signer: &Signer, token: &str, now: Timestamp) -> Result<(), InvalidToken> {
    signer.verify(token, "dockpass", &["dockpass".to_owned()], now).map(|_| ())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn key_ids(signer: &Signer) -> Vec<String> {
    let set = signer.jwks();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn leaf_end(signer: &Signer) -> Timestamp {
    signer.certificates()[1].not_after
}

#[test]
fn a_signer_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Signer>();
}

#[test]
fn a_first_start_makes_keys_for_the_owner_alone() {
    let home = Home::new();
    let signer = home.open(leafs(NINETY_DAYS), start());
    assert_eq!(mode(&home.keys()), 0o700);
    for name in ["registry-ca.pem", "registry-leaf.pem"] {
        assert_eq!(mode(&home.file(name)), 0o600);
    }
    assert_eq!(fs::read_dir(home.keys()).unwrap().count(), 2);
    let token = token(&signer, start());
    assert_eq!(verify(&signer, &token, start()), Ok(()));
    assert_eq!(verify(&signer, &token, after(900)), Err(InvalidToken::Expired));
}

#[test]
fn the_claims_come_back_as_they_went_in() {
    let home = Home::new();
    let signer = home.open(leafs(NINETY_DAYS), start());
    let given = claims(start(), 60);
    let token = signer.sign(&given).unwrap();
    assert_eq!(signer.verify(&token, "dockpass", &["x".into(), "dockpass".into()], start()), Ok(given));
    assert_eq!(signer.verify(&token, "other", &["dockpass".into()], start()), Err(InvalidToken::Issuer));
    assert_eq!(signer.verify(&token, "dockpass", &[], start()), Err(InvalidToken::Audience));
}

#[test]
fn the_certificates_are_shown_with_their_dates() {
    let home = Home::new();
    let signer = home.open(leafs(NINETY_DAYS), start());
    let shown = signer.certificates();
    assert_eq!(shown.iter().map(|one| one.role).collect::<Vec<_>>(), [CertificateRole::Ca, CertificateRole::Leaf]);
    for one in &shown {
        assert_eq!(one.not_before, after(-DAY));
        assert!(one.sha256.len() == 64 && one.sha256 == one.sha256.to_lowercase());
    }
    assert_eq!(shown[1].not_after, after(NINETY_DAYS));
    assert_eq!(shown[0].not_after, after(7_305 * DAY));
    let pem = signer.trusted_pem();
    assert!(fs::read_to_string(home.file("registry-ca.pem")).unwrap().ends_with(&pem));
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n") && !pem.contains("PRIVATE"));
}

#[test]
fn a_restart_keeps_the_keys() {
    let home = Home::new();
    let first = home.open(leafs(NINETY_DAYS), start());
    let token = token(&first, start());
    let second = home.open(leafs(NINETY_DAYS), after(60));
    assert_eq!(verify(&second, &token, after(60)), Ok(()));
    assert_eq!(first.certificates(), second.certificates());
    assert_eq!(first.trusted_pem(), second.trusted_pem());
}

#[test]
fn two_installations_differ_and_refuse_each_others_tokens() {
    let (one, other) = (Home::new(), Home::new());
    for settings in [leafs(NINETY_DAYS), fixed(KeyHeader::X5c)] {
        let one = one.open(settings.clone(), start());
        let other = other.open(settings, start());
        assert_ne!(one.trusted_pem(), other.trusted_pem());
        assert_ne!(key_ids(&one), key_ids(&other));
        assert_eq!(verify(&one, &token(&other, start()), start()), Err(InvalidToken::UnknownKey));
    }
}

#[test]
fn the_leaf_is_renewed_at_exactly_a_third() {
    let home = Home::new();
    let signer = home.open(leafs(300), start());
    assert!(!signer.renew_if_due(start()).unwrap());
    assert!(!signer.renew_if_due(Timestamp::from_millis(after(200).millis() - 1)).unwrap());
    let before = signer.certificates();
    assert!(signer.renew_if_due(after(200)).unwrap());
    assert!(!signer.renew_if_due(after(200)).unwrap());
    let renewed = signer.certificates();
    assert_eq!(renewed[0], before[0], "the CA stays");
    assert_ne!(renewed[1].sha256, before[1].sha256);
    assert_eq!(renewed[1].not_after, after(500));
    assert_eq!(renewed[1].not_before, after(200 - DAY));
}

#[test]
fn renewal_takes_a_new_key_and_keeps_old_tokens_valid_until_their_leaf_ends() {
    let home = Home::new();
    let signer = home.open(leafs(300), start());
    let old = signer.sign(&claims(after(199), 900)).unwrap();
    let old_key = key_ids(&signer)[0].clone();
    assert!(signer.renew_if_due(after(200)).unwrap());
    assert_eq!(key_ids(&signer)[1..], [old_key]);
    for signer in [&signer, &home.open(leafs(300), after(210))] {
        assert_eq!(key_ids(signer).len(), 2);
        assert_eq!(verify(signer, &old, after(300)), Ok(()));
        assert_eq!(verify(signer, &old, after(301)), Err(InvalidToken::UnknownKey));
        assert_eq!(verify(signer, &token(signer, after(200)), after(201)), Ok(()));
    }
    assert_eq!(mode(&home.file("registry-leaf-previous.pem")), 0o600);
    assert!(!fs::read_to_string(home.file("registry-leaf-previous.pem")).unwrap().contains("PRIVATE"));
}

#[test]
fn earlier_leafs_are_forgotten_when_they_end_and_are_never_many() {
    let home = Home::new();
    let signer = home.open(leafs(300), start());
    for round in 1..=9 {
        assert!(signer.renew_if_due(after(200 * round)).unwrap());
        assert_eq!(key_ids(&signer).len(), 2);
    }
    for _ in 0..9 {
        signer.rotate(after(1_800)).unwrap();
    }
    assert_eq!(key_ids(&signer).len(), 5);
    assert_eq!(key_ids(&home.open(leafs(300), after(1_800))), key_ids(&signer));
}

#[test]
fn rotation_by_hand_takes_a_new_leaf_under_the_same_authority() {
    let home = Home::new();
    let signer = home.open(leafs(NINETY_DAYS), start());
    let (ca, old) = (signer.trusted_pem(), token(&signer, start()));
    signer.rotate(after(60)).unwrap();
    assert_eq!(signer.trusted_pem(), ca);
    assert_eq!(verify(&signer, &old, after(60)), Ok(()));
    assert_eq!(leaf_end(&signer), after(60 + NINETY_DAYS));
}

#[test]
fn a_leaf_never_ends_after_its_authority_and_is_not_renewed_in_vain() {
    let home = Home::new();
    home.open(leafs(NINETY_DAYS), start());
    let end = after(7_305 * DAY);
    let signer = home.open(leafs(NINETY_DAYS), end.plus_seconds(-10 * DAY));
    assert_eq!(leaf_end(&signer), end);
    assert!(!signer.renew_if_due(end.plus_seconds(-1)).unwrap());
    assert!(!signer.renew_if_due(end).unwrap());
    let error = signer.renew_if_due(end.plus_seconds(1)).unwrap_err();
    assert!(matches!(error, SigningError::NotValidNow { .. }), "{error}");
}

#[test]
fn an_authority_that_does_not_hold_now_is_named_and_kept() {
    let home = Home::new();
    home.open(leafs(NINETY_DAYS), start());
    let before = fs::read(home.file("registry-ca.pem")).unwrap();
    for now in [after(-DAY - 1), after(7_305 * DAY + 1)] {
        let error = home.open_error(leafs(NINETY_DAYS), now).to_string();
        assert!(error.contains("registry-ca.pem") && error.contains(&now.to_string()), "{error}");
        assert!(error.contains("/auth/ca.pem"), "{error}");
    }
    assert_eq!(fs::read(home.file("registry-ca.pem")).unwrap(), before);
}

#[test]
fn a_leaf_that_ended_while_the_server_was_off_is_replaced_at_the_start() {
    let home = Home::new();
    let first = home.open(leafs(NINETY_DAYS), start());
    let late = after(NINETY_DAYS + 1);
    let second = home.open(leafs(NINETY_DAYS), late);
    assert_eq!(first.trusted_pem(), second.trusted_pem());
    assert_eq!(leaf_end(&second), late.plus_seconds(NINETY_DAYS));
    assert_eq!(key_ids(&second).len(), 1);
    assert_eq!(verify(&second, &token(&second, late), late), Ok(()));
}

#[test]
fn a_leaf_that_does_not_hold_yet_is_due() {
    let home = Home::new();
    let early = home.open(leafs(300), start());
    early.rotate(after(2 * DAY)).unwrap();
    assert!(early.renew_if_due(start()).unwrap(), "the clock was set back");
    assert_eq!(leaf_end(&early), after(300));
}

#[test]
fn of_many_renewals_at_once_one_is_made_and_signing_goes_on() {
    let home = Home::new();
    let signer = Arc::new(home.open(leafs(300), start()));
    let gate = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (signer, gate) = (Arc::clone(&signer), Arc::clone(&gate));
            std::thread::spawn(move || {
                gate.wait();
                let renewed = signer.renew_if_due(after(250)).unwrap();
                let token = token(&signer, after(250));
                (renewed, verify(&signer, &token, after(250)))
            })
        })
        .collect();
    let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(results.iter().filter(|(renewed, _)| *renewed).count(), 1);
    assert!(results.iter().all(|(_, verified)| verified.is_ok()));
}

#[test]
fn a_failed_renewal_leaves_the_present_leaf_in_use() {
    let home = Home::new();
    let signer = home.open(leafs(300), start());
    let before = signer.certificates();
    fs::create_dir(home.file("registry-leaf-previous.pem")).unwrap();
    let error = signer.renew_if_due(after(250)).unwrap_err();
    assert!(matches!(error, SigningError::Io { action: "write", .. }), "{error}");
    assert_eq!(signer.certificates(), before);
    assert_eq!(verify(&signer, &token(&signer, after(250)), after(250)), Ok(()));
    fs::remove_dir(home.file("registry-leaf-previous.pem")).unwrap();
    assert!(signer.renew_if_due(after(250)).unwrap());
}

#[test]
fn a_renewal_cut_short_at_any_step_leaves_a_directory_that_opens() {
    let home = Home::new();
    let signer = home.open(leafs(300), start());
    let old = token(&signer, start());
    let before = fs::read(home.file("registry-leaf.pem")).unwrap();
    signer.renew_if_due(after(200)).unwrap();
    let after_renewal = fs::read(home.file("registry-leaf.pem")).unwrap();
    // The earlier leafs were written, but not the new leaf, or only in part and under its temporary name.
    fs::write(home.file("registry-leaf.pem"), &before).unwrap();
    fs::write(home.file("registry-leaf.pem.new"), &after_renewal[..100]).unwrap();
    let signer = home.open(leafs(300), after(200));
    assert_eq!(key_ids(&signer).len(), 1);
    assert_eq!(verify(&signer, &old, after(200)), Ok(()));
    assert!(signer.renew_if_due(after(200)).unwrap());
    assert_eq!(verify(&signer, &old, after(200)), Ok(()));
    assert_eq!(fs::read_dir(home.keys()).unwrap().count(), 3);
}

#[test]
fn a_first_start_cut_short_after_the_authority_goes_on_with_it() {
    let home = Home::new();
    let ca = home.open(leafs(NINETY_DAYS), start()).trusted_pem();
    fs::remove_file(home.file("registry-leaf.pem")).unwrap();
    assert_eq!(home.open(leafs(NINETY_DAYS), start()).trusted_pem(), ca);
}

#[test]
fn a_lost_authority_is_never_replaced_in_silence() {
    let home = Home::new();
    let signer = home.open(leafs(300), start());
    fs::remove_file(home.file("registry-ca.pem")).unwrap();
    for error in [signer.renew_if_due(after(250)).unwrap_err(), home.open_error(leafs(300), start())] {
        assert!(matches!(error, SigningError::AuthorityMissing { .. }), "{error}");
        assert!(error.to_string().contains("put it back from a copy"), "{error}");
    }
    fs::remove_file(home.file("registry-leaf.pem")).unwrap();
    assert!(matches!(signer.renew_if_due(after(250)), Err(SigningError::AuthorityMissing { .. })));
    assert!(!home.file("registry-ca.pem").exists());
}

#[test]
fn a_leaf_of_another_authority_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    home.open(leafs(NINETY_DAYS), start());
    other.open(leafs(NINETY_DAYS), start());
    fs::copy(other.file("registry-leaf.pem"), home.file("registry-leaf.pem")).unwrap();
    let error = home.open_error(leafs(NINETY_DAYS), start());
    assert!(matches!(&error, SigningError::Damaged { source: Damage::OtherAuthority, .. }), "{error}");
    assert!(error.to_string().contains("registry-leaf.pem"), "{error}");
    fs::remove_file(home.file("registry-leaf.pem")).unwrap();
    home.open(leafs(NINETY_DAYS), start());
}

#[test]
fn what_others_can_read_is_closed() {
    for name in ["registry-ca.pem", "registry-leaf.pem", "registry-leaf-previous.pem", "registry-fixed.pem"] {
        let home = Home::new();
        home.open(fixed(KeyHeader::X5c), start());
        home.open(leafs(NINETY_DAYS), start()).rotate(start()).unwrap();
        fs::set_permissions(home.file(name), fs::Permissions::from_mode(0o640)).unwrap();
        let settings = if name == "registry-fixed.pem" { fixed(KeyHeader::X5c) } else { leafs(NINETY_DAYS) };
        fs::set_permissions(home.keys(), fs::Permissions::from_mode(0o2770)).unwrap();
        home.open(settings, start());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&home.keys()), mode(&home.file(name))), (0o700, 0o600), "{name}");
    }
}

#[test]
fn damaged_files_stop_the_start_and_stay_as_they_are() {
    for name in ["registry-ca.pem", "registry-leaf.pem", "registry-leaf-previous.pem", "registry-fixed.pem"] {
        let home = Home::new();
        home.open(fixed(KeyHeader::X5c), start());
        home.open(leafs(NINETY_DAYS), start()).rotate(start()).unwrap();
        let half = fs::read(home.file(name)).unwrap()[..90].to_vec();
        fs::write(home.file(name), &half).unwrap();
        let settings = if name == "registry-fixed.pem" { fixed(KeyHeader::X5c) } else { leafs(NINETY_DAYS) };
        let error = home.open_error(settings, start());
        assert!(matches!(&error, SigningError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(name) && error.to_string().contains("move it"), "{error}");
        assert_eq!(fs::read(home.file(name)).unwrap(), half);
    }
}

#[test]
fn a_fixed_key_signs_in_every_form_and_is_never_due() {
    let home = Home::new();
    let signers =
        [KeyHeader::X5c, KeyHeader::KidLibtrust, KeyHeader::KidRfc7638].map(|it| home.open(fixed(it), start()));
    let late = after(30 * 365 * DAY);
    for signer in &signers {
        assert_eq!(signer.certificates().iter().map(|one| one.role).collect::<Vec<_>>(), [CertificateRole::Signing]);
        assert_eq!(signer.trusted_pem(), signers[0].trusted_pem());
        assert!(!signer.renew_if_due(late).unwrap());
        // Tokens from before the header was changed go on counting.
        assert!(signers.iter().all(|other| verify(other, &token(signer, start()), start()).is_ok()));
    }
    assert_eq!(key_ids(&signers[1])[0].len(), 59);
    assert_eq!(key_ids(&signers[0]), key_ids(&signers[2]));
    assert_eq!(fs::read_dir(home.keys()).unwrap().count(), 1);
    assert_eq!(mode(&home.file("registry-fixed.pem")), 0o600);
}

#[test]
fn an_ended_certificate_stops_a_fixed_key_only_where_a_registry_looks_at_it() {
    let home = Home::new();
    home.open(fixed(KeyHeader::X5c), start());
    let late = after(30 * 365 * DAY);
    let error = home.open_error(fixed(KeyHeader::X5c), late);
    assert!(matches!(error, SigningError::NotValidNow { .. }), "{error}");
    let signer = home.open(fixed(KeyHeader::KidRfc7638), late);
    assert_eq!(verify(&signer, &token(&signer, late), late), Ok(()));
}

#[test]
fn rotating_a_fixed_key_forgets_the_old_one() {
    let home = Home::new();
    let signer = home.open(fixed(KeyHeader::KidLibtrust), start());
    let (pem, old) = (signer.trusted_pem(), token(&signer, start()));
    signer.rotate(after(60)).unwrap();
    assert_ne!(signer.trusted_pem(), pem);
    assert_eq!(key_ids(&signer).len(), 1);
    assert_eq!(verify(&signer, &old, after(60)), Err(InvalidToken::UnknownKey));
    let reopened = home.open(fixed(KeyHeader::KidLibtrust), after(60));
    assert_eq!(verify(&reopened, &token(&signer, after(60)), after(60)), Ok(()));
}

#[test]
fn switching_the_fixed_key_on_and_off_destroys_neither_mode() {
    let home = Home::new();
    let first = home.open(leafs(NINETY_DAYS), start());
    let second = home.open(fixed(KeyHeader::KidRfc7638), start());
    assert_ne!(first.trusted_pem(), second.trusted_pem());
    let (third, fourth) = (home.open(leafs(NINETY_DAYS), start()), home.open(fixed(KeyHeader::X5c), start()));
    assert_eq!(third.certificates(), first.certificates());
    assert_eq!(fourth.certificates(), second.certificates());
    assert_eq!(verify(&fourth, &token(&first, start()), start()), Err(InvalidToken::UnknownKey));
}

#[test]
fn contradictory_settings_are_refused_before_anything_is_made() {
    let home = Home::new();
    for header in [KeyHeader::KidLibtrust, KeyHeader::KidRfc7638] {
        let error = home.open_error(SigningSettings { key_header: header, ..leafs(300) }, start()).to_string();
        assert!(error.contains(&header.to_string()) && error.contains("one key only"), "{error}");
        assert!(error.contains("set registry.fixed_key = true"), "{error}");
    }
    for lifetime in [299, 0, -1, i64::MIN] {
        assert!(matches!(home.open_error(leafs(lifetime), start()), SigningError::LeafLifetime(_)));
    }
    assert!(!home.keys().exists());
}

#[test]
fn the_key_set_has_exactly_the_members_of_a_public_key() {
    let home = Home::new();
    let signer = home.open(leafs(NINETY_DAYS), start());
    signer.rotate(start()).unwrap();
    let set = signer.jwks();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
}

#[test]
fn nothing_that_is_printed_holds_a_key() {
    let home = Home::new();
    let signer = home.open(leafs(NINETY_DAYS), start());
    let file = fs::read_to_string(home.file("registry-leaf.pem")).unwrap();
    let key = file.lines().nth(1).unwrap();
    let printed = format!("{signer:?} {:?} {}", signer.certificates(), signer.jwks());
    assert!(!printed.contains(key) && !printed.contains("PRIVATE"));
    assert!(printed.contains("leaf_lifetime"));
}
