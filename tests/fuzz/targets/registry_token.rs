//! Registry tokens as callers show them: only what we have signed counts, whatever the header says of our key.
#![no_main]

use std::sync::LazyLock;

use dockpass::domain::key_header::KeyHeader;
use dockpass::domain::time::Timestamp;
use dockpass::domain::key_header::KeyHeader;
use dockpass::service::signing::{Claims, Dkp, Signer, SigningSettings};
use libfuzzer_sys::fuzz_target;

struct Ours {
    signer: Signer,
    /// A good token.
    token: String,
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_296_000)
}

static OURS: LazyLock<Ours> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = SigningSettings { leaf_lifetime: 7_776_000, key_header: KeyHeader::X5c, fixed_key: false };
    let signer = Signer::open(&directory.path().join("keys"), settings, now()).expect("a signer");
    let claims = Claims {
        iss: "dockpass".to_owned(),
        sub: String::new(),
        aud: "dockpass".to_owned(),
        exp: now().seconds() + 900,
        nbf: now().seconds() - 30,
        iat: now().seconds() - 30,
        jti: "J".to_owned(),
        access: Vec::new(),
        dkp: Dkp { account: None, token: None },
    };
    let token = signer.sign(&claims).expect("a token");
    Ours { signer, token }
});

fuzz_target!(|text: &str| {
    let Ours { signer, token } = &*OURS;
    let counts = |text: &str| signer.verify(text, "dockpass", &["dockpass".to_owned()], now()).is_ok();
    assert!(counts(token));
    assert_eq!(counts(text), text == token);
    let (header, _) = token.split_once('.').expect("a header");
    let (signed, _) = token.rsplit_once('.').expect("a signature");
    for forged in [format!("{header}.{text}"), format!("{signed}.{text}"), format!("{token}{text}")] {
        assert_eq!(counts(&forged), forged == *token);
    }
});
