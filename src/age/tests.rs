//! Sealing and opening: with the keys and the files of age itself, and against damage of every byte.

use std::io::Read;

use age::secrecy::ExposeSecret;

use super::{AgeError, Identity, Opened, Recipient, Sealer};

/// Bytes of one piece, and how many more it has once it is sealed.
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

/// A key pair that is used in tests alone.
const SECRET: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
const PUBLIC: &str = "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef";

fn identities() -> Vec<Identity> {
    Identity::of_file(&format!("# created: 2026-11-30\n# public key: {PUBLIC}\n{SECRET}\n")).unwrap()
}

fn sealed(content: &[u8], pieces: usize) -> Vec<u8> {
    let mut sealer = Sealer::new(&[Recipient::parse(PUBLIC).unwrap()]).unwrap();
    let mut out = Vec::new();
    for piece in content.chunks(pieces) {
        out.extend(sealer.push(piece).unwrap());
    }
    out.extend(sealer.finish().unwrap());
    out
}

fn opened(sealed: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = Opened::new(sealed, &identities()).map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|error| error.to_string())?;
    Ok(content)
}

#[test]
fn keys_are_read_as_age_keygen_writes_them() {
    assert_eq!(identities()[0].0.to_public().to_string(), PUBLIC);
    for wrong in [
        "",
        "age1",
        "age",
        &PUBLIC[..20],
        &PUBLIC.replace("xmww", "xmwx"),
        &PUBLIC.replace("xm", "XM"),
        "ssh-ed25519 AAAA",
    ] {
        assert!(matches!(Recipient::parse(wrong), Err(AgeError::NoRecipient)), "{wrong}");
    }
    assert!(matches!(Recipient::parse(SECRET), Err(AgeError::IsIdentity)));
    assert!(matches!(Identity::of_file("# none\n\n"), Err(AgeError::NoKeys)));
    let said = Identity::of_file("AGE-SECRET-KEY-1EGTZ").unwrap_err().to_string();
    assert!(!said.contains("EGTZ"), "a secret is told to nobody: {said}");
    assert_eq!(Recipient::of_file(&format!("# me\n{PUBLIC}\n\n{PUBLIC}")).unwrap().len(), 2);
    assert_eq!(format!("{:?}", identities()), "[Identity]");
}

#[test]
fn what_is_sealed_opens_whatever_its_length() {
    for length in [0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 7] {
        let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let sealed = sealed(&content, 10_000);
        assert_eq!(opened(&sealed).unwrap(), content, "{length}");
        let body = length + TAG * length.div_ceil(PIECE).max(1);
        assert!(sealed.len() > body && sealed.len() < body + 1_000, "no piece more than needed");
    }
}

/// A new identity, and its recipient.
fn another() -> (Vec<Identity>, Recipient) {
    let made = age::x25519::Identity::generate();
    let identities = Identity::of_file(made.to_string().expose_secret()).unwrap();
    (identities, Recipient::parse(&made.to_public().to_string()).unwrap())
}

#[test]
fn each_recipient_opens_it_and_nobody_else() {
    let ((other, recipient), (third, _)) = (another(), another());
    let both = [recipient, Recipient::parse(PUBLIC).unwrap()];
    let mut sealer = Sealer::new(&both).unwrap();
    let mut sealed = sealer.push(b"for two").unwrap();
    sealed.extend(sealer.finish().unwrap());
    assert_eq!(opened(&sealed).unwrap(), b"for two");
    assert!(Opened::new(sealed.as_slice(), &other).is_ok());
    assert!(matches!(Opened::new(sealed.as_slice(), &third), Err(AgeError::ForOthers)));
    assert!(matches!(Sealer::new(&[]), Err(AgeError::NoKeys)));
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let whole = sealed(&[9; 300], 300);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(opened(&damaged).is_err(), "byte {at}");
        assert!(opened(&whole[..at]).is_err(), "cut at {at}");
    }
    assert!(opened(&[whole.as_slice(), b"x"].concat()).is_err());
    // Pieces that are exchanged or left out, although each is whole.
    let long = sealed(&vec![9; 3 * PIECE], 300);
    let begin = long.len() - 3 * (PIECE + TAG);
    let piece = |place: usize| &long[begin + place * (PIECE + TAG)..begin + (place + 1) * (PIECE + TAG)];
    for order in [&[0, 1][..], &[1, 0, 2], &[0, 2], &[0, 1, 2, 2]] {
        let exchanged: Vec<u8> =
            long[..begin].iter().chain(order.iter().flat_map(|place| piece(*place))).copied().collect();
        assert!(opened(&exchanged).is_err(), "{order:?}");
    }
    for other in
        [&b"dockpass backup\n"[..], b"", b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", b"age-encryption.org/v1\n"]
    {
        assert!(opened(other).is_err());
    }
}

/// Made by rage with the same recipient, among others of kinds that are not known here.
#[test]
fn what_age_itself_has_sealed_opens() {
    let made = include_bytes!("../../tests/fixtures/backup/by-age.age");
    assert_eq!(opened(made).unwrap(), b"sealed by age itself\n");
}
