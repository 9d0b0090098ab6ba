//! The directory of the signing keys: which file holds what, and what must be true of it.
//!
//! A key and its certificate share one file, so that no crash can part them. Leaf and fixed key have their own files:
//! switching `registry.fixed_key` destroys neither. A file that is there but unusable is an error, never replaced.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::certificates;
use super::error::{Damage, SigningError};
use crate::domain::registry::CertificateRole;
use crate::pki::pem::{self, Block};
use crate::pki::{Certificate, PrivateKey};
use crate::private_file::{self, PrivateFileError};

/// A file in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFile {
    /// The CA's key and certificate.
    Authority,
    /// The leaf's key and certificate.
    Leaf,
    /// The certificates of earlier leafs, without their keys.
    Previous,
    /// The fixed key and its certificate.
    Fixed,
}

impl KeyFile {
    fn name(self) -> &'static str {
        match self {
            Self::Authority => "registry-ca.pem",
            Self::Leaf => "registry-leaf.pem",
            Self::Previous => "registry-leaf-previous.pem",
            Self::Fixed => "registry-fixed.pem",
        }
    }

    /// What to do about an unusable file, as the end of a sentence.
    pub(super) fn way_out(self) -> &'static str {
        match self {
            Self::Authority => {
                "put it back from a copy, or move it, registry-leaf.pem and registry-leaf-previous.pem away and start \
                 again: a new CA is then made, and the registry must be given the new /auth/ca.pem"
            }
            Self::Leaf => "move it away and start again: a new leaf is then made, and the registry needs no change",
            Self::Previous => {
                "move it away and start again: dockpass then refuses registry tokens from before the last renewal"
            }
            Self::Fixed => {
                "put it back from a copy, or move it away and start again: a new key is then made, and the registry \
                 must be given the new /auth/ca.pem"
            }
        }
    }
}

/// The files of the directory that hold the certificates in use, each with its role.
#[must_use]
pub fn certificate_files(fixed_key: bool) -> Vec<(CertificateRole, &'static str)> {
    let in_use = if fixed_key {
        &[(CertificateRole::Signing, KeyFile::Fixed)][..]
    } else {
        &[(CertificateRole::Ca, KeyFile::Authority), (CertificateRole::Leaf, KeyFile::Leaf)]
    };
    in_use.iter().map(|(role, file)| (*role, file.name())).collect()
}

/// A private key with its certificate.
pub(super) struct Pair {
    pub(super) key: PrivateKey,
    pub(super) certificate: Certificate,
}

/// The directory, accessible to its owner only.
#[derive(Debug)]
pub(super) struct KeyDirectory {
    path: PathBuf,
}

impl KeyDirectory {
    /// Opens the directory, making it if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, SigningError> {
        let made = private_file::make_directory(path);
        made.map_err(|error| failed("make", "move the keys in it away", error))?;
        Ok(Self { path: path.to_owned() })
    }

    pub(super) fn path_of(&self, file: KeyFile) -> PathBuf {
        self.path.join(file.name())
    }

    /// The key and certificate in a file; none if there is no file.
    pub(super) fn read_pair(&self, file: KeyFile) -> Result<Option<Pair>, SigningError> {
        let Some(text) = self.read(file)? else { return Ok(None) };
        pair_of(&text).map(Some).map_err(|damage| self.damaged(file, damage))
    }

    /// Replaces a key and its certificate, both or neither.
    pub(super) fn write_pair(&self, file: KeyFile, pair: &Pair) -> Result<(), SigningError> {
        self.write(file, &pem::pair(&pair.key, &pair.certificate.der))
    }

    /// The certificates of earlier leafs, newest first; none if there is no file.
    pub(super) fn read_previous(&self) -> Result<Vec<Certificate>, SigningError> {
        let file = KeyFile::Previous;
        let text = self.read(file)?.unwrap_or_default();
        certificates_of(&text).map_err(|damage| self.damaged(file, damage))
    }

    /// Replaces the certificates of earlier leafs.
    pub(super) fn write_previous<'a>(
        &self,
        certificates: impl Iterator<Item = &'a Certificate>,
    ) -> Result<(), SigningError> {
        let text: String = certificates.map(Certificate::pem).collect();
        self.write(KeyFile::Previous, &text)
    }

    fn read(&self, file: KeyFile) -> Result<Option<Zeroizing<String>>, SigningError> {
        let read = private_file::read(&self.path_of(file));
        let Some(mut content) = read.map_err(|error| failed("read", file.way_out(), error))? else { return Ok(None) };
        match String::from_utf8(std::mem::take(&mut *content)) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(self.damaged(file, Damage::Pem(pem::NotPem)))
            }
        }
    }

    fn write(&self, file: KeyFile, text: &str) -> Result<(), SigningError> {
        let written = private_file::write(&self.path_of(file), text.as_bytes());
        written.map_err(|error| failed("write", file.way_out(), error))
    }

    /// The CA; none if there never was one. It is an error if the CA is missing, but something that it signed is
    /// there.
    pub(super) fn read_authority(&self) -> Result<Option<Pair>, SigningError> {
        let found = self.read_pair(KeyFile::Authority)?;
        if found.is_none() {
            self.refuse_lost_authority()?;
        }
        Ok(found)
    }

    fn refuse_lost_authority(&self) -> Result<(), SigningError> {
        let witness =
            [KeyFile::Leaf, KeyFile::Previous].map(|file| self.path_of(file)).into_iter().find(|it| it.exists());
        match witness {
            Some(witness) => Err(SigningError::AuthorityMissing { path: self.path_of(KeyFile::Authority), witness }),
            None => Ok(()),
        }
    }

    pub(super) fn damaged(&self, file: KeyFile, source: Damage) -> SigningError {
        SigningError::Damaged { path: self.path_of(file), way_out: file.way_out(), source }
    }
}

/// Adds the way out to what went wrong.
fn failed(action: &'static str, way_out: &'static str, error: PrivateFileError) -> SigningError {
    match error {
        PrivateFileError::Io { path, source } => SigningError::Io { action, path, source },
        PrivateFileError::Exposed { .. } | PrivateFileError::Theirs { .. } => SigningError::Exposed(error),
        PrivateFileError::Unsuitable { path } => SigningError::Damaged { path, way_out, source: Damage::NotAKeyFile },
    }
}

/// Reads exactly one key and one certificate, which must belong together.
fn pair_of(text: &str) -> Result<Pair, Damage> {
    let (keys, others): (Vec<Block>, Vec<Block>) =
        pem::decode(text)?.into_iter().partition(|block| block.label == pem::PRIVATE_KEY);
    let mut certificates = others.into_iter();
    let mut keys = keys.into_iter();
    let (key, certificate) = match (keys.next(), certificates.next()) {
        (None, None) => return Err(Damage::Pem(pem::NotPem)),
        (None, Some(_)) => return Err(Damage::NoKey),
        (Some(_), None) => return Err(Damage::NoCertificate),
        (Some(key), Some(certificate)) => (key, certificate),
    };
    if keys.next().is_some() || certificates.next().is_some() {
        return Err(Damage::Surplus);
    }
    let key = PrivateKey::from_pkcs8(key.der).map_err(Damage::Key)?;
    let certificate = certificate_of(&certificate)?;
    if certificate.point == key.point() { Ok(Pair { key, certificate }) } else { Err(Damage::Mismatch) }
}

fn certificates_of(text: &str) -> Result<Vec<Certificate>, Damage> {
    pem::decode(text)?.iter().map(certificate_of).collect()
}

fn certificate_of(block: &Block) -> Result<Certificate, Damage> {
    if block.label == pem::CERTIFICATE { certificates::read(&block.der) } else { Err(Damage::Surplus) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    fn pair() -> Pair {
        let key = PrivateKey::generate().unwrap();
        let certificate = certificates::make_authority(&key, Timestamp::from_seconds(1_763_726_400)).unwrap();
        Pair { key, certificate }
    }

    fn directory() -> (TempDir, KeyDirectory) {
        let home = tempfile::tempdir().unwrap();
        let directory = KeyDirectory::open(&home.path().join("keys")).unwrap();
        (home, directory)
    }

    fn key_text(pair: &Pair) -> String {
        pem::encode(pem::PRIVATE_KEY, pair.key.reveal_pkcs8()).to_string()
    }

    #[test]
    fn a_pair_reads_back() {
        let (_home, directory) = directory();
        let pair = pair();
        assert!(directory.read_pair(KeyFile::Leaf).unwrap().is_none());
        directory.write_pair(KeyFile::Leaf, &pair).unwrap();
        let read = directory.read_pair(KeyFile::Leaf).unwrap().unwrap();
        assert!(read.certificate == pair.certificate);
        assert_eq!(read.key.reveal_pkcs8(), pair.key.reveal_pkcs8());
    }

    #[test]
    fn previous_certificates_read_back_in_order() {
        let (_home, directory) = directory();
        assert!(directory.read_previous().unwrap().is_empty());
        let both = [pair().certificate, pair().certificate];
        directory.write_previous(both.iter()).unwrap();
        assert!(directory.read_previous().unwrap() == both);
        directory.write_previous([].iter()).unwrap();
        assert!(directory.read_previous().unwrap().is_empty());
    }

    #[test]
    fn an_unusable_file_is_named_with_the_way_out_and_left_alone() {
        let (_home, directory) = directory();
        let (one, other) = (pair(), pair());
        let (key, certificate) = (key_text(&one), one.certificate.pem());
        let damaged_certificate = certificate.replacen("MII", "AII", 1);
        for (text, reason) in [
            (certificate.clone(), "no private key"),
            (key.clone(), "no certificate"),
            (String::new(), "no PEM"),
            ("garbage\n".to_owned(), "no PEM"),
            (key[..key.len() / 2].to_owned(), "no PEM"),
            (format!("{key}{key}{certificate}"), "more than"),
            (format!("{key}{certificate}{certificate}"), "more than"),
            (format!("{}{certificate}", key_text(&other)), "does not belong"),
            (format!("{key}{damaged_certificate}"), "cannot be read"),
            (format!("{}{certificate}", pem::encode(pem::PRIVATE_KEY, b"no key").as_str()), "PKCS #8"),
            (format!("{key}{}", pem::encode("PUBLIC KEY", b"odd").as_str()), "more than"),
        ] {
            let path = directory.path_of(KeyFile::Authority);
            private_file::write(&path, text.as_bytes()).unwrap();
            let error = directory.read_authority().err().unwrap();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            assert!(error.to_string().contains("put it back from a copy"), "{error}");
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(reason), "{cause} / {reason}");
            assert!(!format!("{error:?}{cause}").contains(&key[40..80]), "a key in an error");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn private_keys_among_the_previous_certificates_are_refused() {
        let (_home, directory) = directory();
        let path = directory.path_of(KeyFile::Previous);
        private_file::write(&path, key_text(&pair()).as_bytes()).unwrap();
        assert!(matches!(directory.read_previous(), Err(SigningError::Damaged { source: Damage::Surplus, .. })));
    }

    #[test]
    fn what_is_no_key_file_is_refused_with_its_name_and_the_way_out() {
        let (_home, directory) = directory();
        let path = directory.path_of(KeyFile::Leaf);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = directory.read_pair(KeyFile::Leaf).err().unwrap();
        assert!(matches!(error, SigningError::Damaged { source: Damage::Pem(_), .. }));
        let told = error.to_string();
        assert!(told.contains(&path.display().to_string()) && told.contains("move it away"), "{told}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = directory.read_pair(KeyFile::Leaf).err().unwrap();
        assert!(matches!(error, SigningError::Damaged { source: Damage::NotAKeyFile, .. }));
    }

    #[test]
    fn a_lost_authority_is_noticed_by_what_it_signed() {
        let (_home, directory) = directory();
        assert!(directory.read_authority().unwrap().is_none());
        for file in [KeyFile::Leaf, KeyFile::Previous] {
            directory.write_pair(file, &pair()).unwrap();
            let error = directory.read_authority().err().unwrap();
            assert!(
                matches!(&error, SigningError::AuthorityMissing { witness, .. } if *witness == directory.path_of(file))
            );
            assert!(error.to_string().contains("registry-ca.pem is missing"), "{error}");
            fs::remove_file(directory.path_of(file)).unwrap();
        }
    }
}
