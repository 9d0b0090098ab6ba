//! Encryption of files to recipients: the format of age (<https://age-encryption.org/v1>), by the `age` crate, with the keys
//! that `age-keygen` makes. Of its kinds of recipients there is X25519 alone: no passphrase, no plugin, no SSH key.
//!
//! Both ways in pieces of 64 KiB, each of which is authenticated: what is opened is what was sealed, and its end its end.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, EncryptError, Encryptor, x25519};

/// Bytes that are read of a sealed file at a time: more than its longest header.
const BUFFER: usize = 128 * 1024;
/// How an identity begins.
const SECRET: &str = "AGE-SECRET-KEY-";
/// How the text form of a file begins.
const ARMOR: &[u8] = b"-----BEGIN AGE";

/// Why nothing was sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is not encrypted with age.
    #[error("it is not encrypted with age")]
    Foreign,
    /// It is in the text form.
    #[error("it is in age's text form: decrypt it with `age --decrypt` first")]
    Armored,
    /// A recipient is none. What it is instead is not said: it could be a secret key.
    #[error(
        "it is no recipient of age: one that `age-keygen` prints begins with age1, and no other kind is known here"
    )]
    NoRecipient,
    /// A recipient is an identity.
    #[error("it is an identity of age, which is secret: the recipient is its public half, which begins with age1")]
    IsIdentity,
    /// A line is no identity.
    #[error("it holds a line that is no identity of age: one that `age-keygen` makes begins with AGE-SECRET-KEY-1")]
    NoIdentity,
    /// There is nobody to seal for, or nothing to open with.
    #[error("it holds no key")]
    NoKeys,
    /// It was sealed for others.
    #[error("it is encrypted to other recipients than this identity")]
    ForOthers,
    /// It is not what was sealed.
    #[error("it is damaged, or was cut off")]
    Damaged,
    /// It cannot be sealed.
    #[error("the encryption failed: {0}")]
    Sealing(#[from] EncryptError),
}

/// Somebody to whom a file is sealed.
#[derive(Clone)]
pub struct Recipient(x25519::Recipient);

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Recipient {
    /// The recipient of a text that `age-keygen` prints: `age1…`.
    ///
    /// # Errors
    /// [`AgeError::NoRecipient`], [`AgeError::IsIdentity`]
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        if text.trim().to_ascii_uppercase().starts_with(SECRET) {
            return Err(AgeError::IsIdentity);
        }
        text.trim().parse().map(Self).map_err(|_| AgeError::NoRecipient)
    }

    /// The recipients of a file, one a line; lines that begin with `#` are comments.
    ///
    /// # Errors
    /// [`AgeError::NoRecipient`], [`AgeError::IsIdentity`]; [`AgeError::NoKeys`] if there is none.
    pub fn of_file(text: &str) -> Result<Vec<Self>, AgeError> {
        all(text, Self::parse)
    }
}

/// What opens files that were sealed to its recipient.
pub struct Identity(x25519::Identity);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// The identities of a file that `age-keygen` has written; lines that begin with `#` are comments.
    ///
    /// # Errors
    /// [`AgeError::NoIdentity`]; [`AgeError::NoKeys`] if there is none.
    pub fn of_file(text: &str) -> Result<Vec<Self>, AgeError> {
        all(text, |line| line.parse().map(Self).map_err(|_| AgeError::NoIdentity))
    }
}

fn all<T>(text: &str, parse: impl Fn(&str) -> Result<T, AgeError>) -> Result<Vec<T>, AgeError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(parse).collect::<Result<Vec<T>, AgeError>>()?;
    if keys.is_empty() { Err(AgeError::NoKeys) } else { Ok(keys) }
}

/// What is sealed and not fetched yet: the crate writes, and the bytes go on over a connection.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<Vec<u8>>>);

impl Ready {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is being sealed.
pub struct Sealer {
    writer: StreamWriter<Ready>,
    ready: Ready,
}

impl Sealer {
    /// Begins a file for these recipients, each of whom can open it.
    ///
    /// # Errors
    /// [`AgeError::NoKeys`] without one; [`AgeError::Sealing`].
    pub fn new(recipients: &[Recipient]) -> Result<Self, AgeError> {
        if recipients.is_empty() {
            return Err(AgeError::NoKeys);
        }
        let ready = Ready::default();
        let recipients = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
        let writer = Encryptor::with_recipients(recipients)?.wrap_output(ready.clone())?;
        Ok(Self { writer, ready })
    }

    /// Takes bytes in, and gives what can be written by now.
    ///
    /// # Errors
    /// [`AgeError::Read`]
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, AgeError> {
        self.writer.write_all(bytes)?;
        Ok(self.ready.take())
    }

    /// Ends the file, and gives the rest of it.
    ///
    /// # Errors
    /// [`AgeError::Read`]
    pub fn finish(self) -> Result<Vec<u8>, AgeError> {
        Ok(self.writer.finish()?.take())
    }
}

/// A sealed file, read as what it was. It gives nothing that is not authentic, and its end only where it was sealed.
pub struct Opened<R: Read>(StreamReader<BufReader<R>>);

impl<R: Read> Opened<R> {
    /// Opens a file with whichever of the identities it was sealed to.
    ///
    /// # Errors
    /// [`AgeError`]
    pub fn new(from: R, identities: &[Identity]) -> Result<Self, AgeError> {
        let mut from = BufReader::with_capacity(BUFFER, from);
        if from.fill_buf()?.starts_with(ARMOR) {
            return Err(AgeError::Armored);
        }
        let identities = identities.iter().map(|identity| &identity.0 as &dyn age::Identity);
        let opened = Decryptor::new_buffered(from).and_then(|sealed| sealed.decrypt(identities));
        opened.map(Self).map_err(|error| match error {
            DecryptError::InvalidHeader | DecryptError::UnknownFormat => AgeError::Foreign,
            DecryptError::NoMatchingKeys => AgeError::ForOthers,
            DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => AgeError::Read(error),
            _ => AgeError::Damaged,
        })
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                io::Error::new(io::ErrorKind::InvalidData, AgeError::Damaged)
            }
            _ => error,
        })
    }
}
