//! A backup that is read: a file, as it is or encrypted with age.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::age::{AgeError, Identity, Opened, Recipient};
use crate::cli::screen::CliError;
use crate::http::BackupTrouble;
use crate::private_file::read_of_site;

/// Largest file of keys, in bytes.
const KEYS: usize = 1 << 20;

/// What opens an encrypted backup.
#[derive(Args)]
pub(in crate::cli) struct IdentityArgument {
    /// The file with the age identity that decrypts it, as `age-keygen` makes it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// A backup that can be read from its beginning as often as needed.
pub(in crate::cli) struct Source {
    path: PathBuf,
    file: File,
    identities: Option<Vec<Identity>>,
}

impl Source {
    /// Opens the file of a backup.
    pub(in crate::cli) fn open(path: &Path, identity: &IdentityArgument) -> Result<Self, CliError> {
        let failed = |cause| CliError::File { action: "read", path: path.to_owned(), cause };
        let file = File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(CliError::Finding(format!("{} is no ordinary file: a backup is read twice", path.display())));
        }
        let identities = identity.identity.as_deref().map(identities).transpose()?;
        Ok(Self { path: path.to_owned(), file, identities })
    }

    /// Whether it is to be decrypted.
    pub(in crate::cli) fn is_sealed(&self) -> bool {
        self.identities.is_some()
    }

    /// A reader of it, from its beginning.
    pub(in crate::cli) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        (&self.file).rewind()?;
        let buffered = BufReader::with_capacity(256 * 1024, &self.file);
        match &self.identities {
            None => Ok(Box::new(buffered)),
            Some(identities) => Ok(Box::new(Opened::new(buffered, identities).map_err(io::Error::other)?)),
        }
    }

    /// What is wrong with it, in a sentence that names it.
    pub(in crate::cli) fn trouble(&self, trouble: &BackupTrouble) -> CliError {
        let hint = if matches!(trouble, BackupTrouble::Encrypted) { " (--identity FILE)" } else { "" };
        CliError::Finding(format!("{}: {trouble}{hint}", self.path.display()))
    }
}

/// The recipients in a file.
pub(super) fn recipients(path: &Path) -> Result<Vec<Recipient>, CliError> {
    Recipient::of_file(&text(path)?).map_err(|error| of_file(path, &error))
}

fn identities(path: &Path) -> Result<Vec<Identity>, CliError> {
    Identity::of_file(&text(path)?).map_err(|error| of_file(path, &error))
}

fn of_file(path: &Path, error: &AgeError) -> CliError {
    CliError::Finding(format!("{}: {error}", path.display()))
}

fn text(path: &Path) -> Result<zeroize::Zeroizing<String>, CliError> {
    let failed = |cause| CliError::File { action: "read", path: path.to_owned(), cause };
    let (_, bytes) = read_of_site(path, KEYS).map_err(failed)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|cause| failed(io::Error::new(io::ErrorKind::InvalidData, cause)))?;
    Ok(zeroize::Zeroizing::new(text.to_owned()))
}
