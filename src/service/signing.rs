//! Signs registry tokens, and owns the keys that do.
//!
//! A long-lived CA is what the registry trusts; a leaf under it signs, travels with each token (`x5c`) and is replaced
//! with a new key before it ends, so neither side ever restarts. For registries that know one key only there is a
//! fixed key instead. Must not decide what a token grants. The formats are those of the Distribution token
//! specification (`jwt.md`), RFC 7515, 7517 and 5280. Time is an argument everywhere; a new key is drawn by the
//! cryptographic library itself.

mod certificates;
mod claims;
mod directory;
mod error;
mod jwks;
mod jwt;
mod keys;
mod settings;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use serde_json::{Value, json};

pub use certificates::CertificateInfo;
pub(in crate::service) use claims::BACK_DATED;
pub use claims::{AccessEntry, Claims, Dkp};
pub use directory::certificate_files;
pub use error::{Damage, SigningError};
pub use jwt::{InvalidToken, MAX_REGISTRY_TOKEN};
pub use settings::SigningSettings;

use crate::domain::key_header::KeyHeader;
use crate::domain::time::Timestamp;
use crate::metrics::Metrics;
use crate::pki::{Certificate, PrivateKey};
use directory::{KeyDirectory, KeyFile, Pair};
use jwt::{Expected, KnownKey};
use keys::Keys;

/// Signs and verifies registry tokens. Shared by all threads: signing and verifying never wait, not even for a renewal.
pub struct Signer {
    directory: KeyDirectory,
    settings: SigningSettings,
    keys: ArcSwap<Keys>,
    /// Held while keys are replaced.
    replacing: Mutex<()>,
    /// Where the times of signatures are noted, if they are.
    metrics: Option<Arc<Metrics>>,
}

/// Which key signs. Two are equal if no key was replaced between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::service) struct KeyMark(u64);

impl Signer {
    /// Opens the keys in `dir`, or makes them if there are none. A leaf that does not hold at `now` is replaced; one
    /// that is merely due is left to [`Signer::renew_if_due`], so that a full disk does not prevent a start.
    ///
    /// # Errors
    /// [`SigningError`] if the settings contradict each other, the directory or a file is open to others than its
    /// owner, a file cannot be used, or the CA is lost or does not hold at `now`. A key file that cannot be used is
    /// never replaced by a new one.
    pub fn open(dir: &Path, settings: SigningSettings, now: Timestamp) -> Result<Signer, SigningError> {
        settings.check()?;
        let directory = KeyDirectory::open(dir)?;
        let keys = if settings.fixed_key {
            open_fixed(&directory, settings.key_header, now)?
        } else {
            open_leaf(&directory, settings.leaf_lifetime, now)?
        };
        let signer =
            Self { directory, settings, keys: ArcSwap::from_pointee(keys), replacing: Mutex::new(()), metrics: None };
        if !signer.settings.fixed_key && !signer.keys.load().current.certificate.holds_at(now) {
            signer.replace_leaf(now)?;
        }
        Ok(signer)
    }

    /// Replaces the leaf and its key when a third of its life or less is left; true if it did. Tokens of earlier leafs
    /// are accepted until those end, also after a restart. Of concurrent callers, one does it. A fixed key is never
    /// due.
    ///
    /// # Errors
    /// [`SigningError`] if the CA cannot be used or the files cannot be written; the present leaf goes on signing.
    pub fn renew_if_due(&self, now: Timestamp) -> Result<bool, SigningError> {
        if !self.keys.load().is_due(now) {
            return Ok(false);
        }
        let _turn = self.turn();
        if !self.keys.load().is_due(now) {
            return Ok(false);
        }
        self.replace_leaf(now).map(|()| true)
    }

    /// Makes a new signing key now. Tokens of the latest four earlier leafs are accepted until those end. Tokens of an
    /// earlier fixed key are refused at once by dockpass, and by the registry as soon as it is given the new
    /// [`Signer::trusted_pem`]; until then the registry refuses the new ones.
    ///
    /// # Errors
    /// As for [`Signer::renew_if_due`].
    pub fn rotate(&self, now: Timestamp) -> Result<(), SigningError> {
        let _turn = self.turn();
        if !self.settings.fixed_key {
            return self.replace_leaf(now);
        }
        let keys = make_fixed(&self.directory, self.settings.key_header, now)?;
        self.put(keys);
        Ok(())
    }

    /// The registry token with these claims: a compact JWS, ES256.
    ///
    /// # Errors
    /// [`SigningError`] if the cryptographic library refuses.
    pub fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let sign = || self.keys.load().signing.sign(claims);
        match &self.metrics {
            Some(metrics) => metrics.sign.time(sign),
            None => sign(),
        }
    }

    /// The key that signs at present.
    pub(in crate::service) fn key_mark(&self) -> KeyMark {
        KeyMark(self.keys.load().number)
    }

    /// The same signer, which notes how long its signatures take.
    #[must_use]
    pub fn measured(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Verifies a token: signed by a key of ours, for one of `services`, valid at `now`; answers its claims. No
    /// leeway: a token counts from `nbf` until just before `exp`. Only our own keys verify, whatever the header says.
    ///
    /// # Errors
    /// [`InvalidToken`] in every other case.
    pub fn verify(
        &self,
        token: &str,
        issuer: &str,
        services: &[String],
        now: Timestamp,
    ) -> Result<Claims, InvalidToken> {
        jwt::verify(token, self.keys.load().known(), &Expected { issuer, services, now })
    }

    /// The same whether the token has ended or not: [`Claims::has_ended`] tells.
    ///
    /// # Errors
    /// [`InvalidToken`] in every other case.
    pub fn verify_whenever(
        &self,
        token: &str,
        issuer: &str,
        services: &[String],
        now: Timestamp,
    ) -> Result<Claims, InvalidToken> {
        jwt::verify_whenever(token, self.keys.load().known(), &Expected { issuer, services, now })
    }

    /// The key set (RFC 7517) of every known key, the current one first.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys = self.keys.load();
        let set: Vec<Value> = keys.known().map(|key| jwks::jwk(self.settings.key_header, &key.certificate)).collect();
        json!({ "keys": set })
    }

    /// What the registry must trust: the CA's certificate, or a fixed key's own, as PEM.
    #[must_use]
    pub fn trusted_pem(&self) -> String {
        self.keys.load().trusted().pem()
    }

    /// The certificates in use, with their ends.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateInfo> {
        self.keys.load().certificates()
    }

    /// The right to replace keys. The lock guards no data, so a panic under it leaves nothing half done.
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.replacing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs with these keys from now on. Only in its turn.
    fn put(&self, keys: Keys) {
        let number = self.keys.load().number + 1;
        self.keys.store(Arc::new(Keys { number, ..keys }));
    }

    /// Writes the earlier leafs first: a crash in between leaves the present leaf among them, which does no harm. Only
    /// here is the CA's key in memory.
    fn replace_leaf(&self, now: Timestamp) -> Result<(), SigningError> {
        let authority = existing_authority(&self.directory, now)?;
        let leaf = sign_leaf(&authority, self.settings.leaf_lifetime, now)?;
        let previous = self.keys.load().retired(now);
        let keys = Keys::leaf(authority.certificate, &leaf, previous).map_err(SigningError::Unusable)?;
        self.directory.write_previous(keys.previous.iter().map(|key| &key.certificate))?;
        self.directory.write_pair(KeyFile::Leaf, &leaf)?;
        self.put(keys);
        Ok(())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("directory", &self.directory)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn open_fixed(directory: &KeyDirectory, form: KeyHeader, now: Timestamp) -> Result<Keys, SigningError> {
    let file = KeyFile::Fixed;
    let Some(pair) = directory.read_pair(file)? else {
        return make_fixed(directory, form, now);
    };
    match form {
        KeyHeader::X5c => refuse_unless_it_holds(directory, file, &pair.certificate, now)?,
        // Where only the key counts, no registry looks at the certificate's dates.
        KeyHeader::KidLibtrust | KeyHeader::KidRfc7638 => {}
    }
    Keys::fixed(form, &pair).map_err(|damage| directory.damaged(file, damage))
}

fn make_fixed(directory: &KeyDirectory, form: KeyHeader, now: Timestamp) -> Result<Keys, SigningError> {
    let key = PrivateKey::generate().map_err(SigningError::Generate)?;
    let certificate = certificates::make_self_signed(&key, now)?;
    let pair = Pair { key, certificate };
    let keys = Keys::fixed(form, &pair).map_err(SigningError::Unusable)?;
    directory.write_pair(KeyFile::Fixed, &pair)?;
    Ok(keys)
}

fn open_leaf(directory: &KeyDirectory, lifetime: i64, now: Timestamp) -> Result<Keys, SigningError> {
    let authority = match directory.read_authority()? {
        Some(authority) => authority,
        None => make_authority(directory, now)?,
    };
    refuse_unless_it_holds(directory, KeyFile::Authority, &authority.certificate, now)?;
    let leaf = match directory.read_pair(KeyFile::Leaf)? {
        Some(leaf) => leaf,
        None => make_leaf(directory, &authority, lifetime, now)?,
    };
    refuse_leaf_of_another(directory, &authority, &leaf)?;
    let previous = open_previous(directory, &leaf.certificate)?;
    Keys::leaf(authority.certificate, &leaf, previous).map_err(|damage| directory.damaged(KeyFile::Leaf, damage))
}

/// The earlier leafs, without the current one, which is in their file if a renewal was cut short.
fn open_previous(directory: &KeyDirectory, current: &Certificate) -> Result<Vec<Arc<KnownKey>>, SigningError> {
    let others = directory.read_previous()?.into_iter().filter(|certificate| certificate != current);
    let known: Result<Vec<_>, _> = others.map(|certificate| KnownKey::leaf(certificate).map(Arc::new)).collect();
    known.map_err(|damage| directory.damaged(KeyFile::Previous, damage))
}

fn make_authority(directory: &KeyDirectory, now: Timestamp) -> Result<Pair, SigningError> {
    let key = PrivateKey::generate().map_err(SigningError::Generate)?;
    let certificate = certificates::make_authority(&key, now)?;
    let authority = Pair { key, certificate };
    directory.write_pair(KeyFile::Authority, &authority)?;
    Ok(authority)
}

fn make_leaf(directory: &KeyDirectory, authority: &Pair, lifetime: i64, now: Timestamp) -> Result<Pair, SigningError> {
    let leaf = sign_leaf(authority, lifetime, now)?;
    directory.write_pair(KeyFile::Leaf, &leaf)?;
    Ok(leaf)
}

fn sign_leaf(authority: &Pair, lifetime: i64, now: Timestamp) -> Result<Pair, SigningError> {
    let key = PrivateKey::generate().map_err(SigningError::Generate)?;
    let issuer = (&authority.key, &authority.certificate);
    let certificate = certificates::make_leaf(&key, issuer, lifetime, now)?;
    Ok(Pair { key, certificate })
}

/// The CA for a renewal. If its file vanished while the server ran, no other CA replaces it.
fn existing_authority(directory: &KeyDirectory, now: Timestamp) -> Result<Pair, SigningError> {
    let file = KeyFile::Authority;
    let lost =
        || SigningError::AuthorityMissing { path: directory.path_of(file), witness: directory.path_of(KeyFile::Leaf) };
    let authority = directory.read_authority()?.ok_or_else(lost)?;
    refuse_unless_it_holds(directory, file, &authority.certificate, now)?;
    Ok(authority)
}

fn refuse_leaf_of_another(directory: &KeyDirectory, authority: &Pair, leaf: &Pair) -> Result<(), SigningError> {
    let damage = match leaf.certificate.is_signed_by(&authority.certificate) {
        Ok(true) => return Ok(()),
        Ok(false) => Damage::OtherAuthority,
        Err(damage) => Damage::Certificate(damage),
    };
    Err(directory.damaged(KeyFile::Leaf, damage))
}

fn refuse_unless_it_holds(
    directory: &KeyDirectory,
    file: KeyFile,
    certificate: &Certificate,
    now: Timestamp,
) -> Result<(), SigningError> {
    if certificate.holds_at(now) {
        return Ok(());
    }
    let (not_before, not_after) = (certificate.not_before, certificate.not_after);
    Err(SigningError::NotValidNow {
        path: directory.path_of(file),
        not_before,
        not_after,
        now,
        way_out: file.way_out(),
    })
}

#[cfg(test)]
mod tests;
