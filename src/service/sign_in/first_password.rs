//! The initial password of the first account: generated at the first start, and kept in a file until it is changed.

use std::path::PathBuf;

use crate::data_files;
use crate::domain::account::Account;
use crate::domain::random::{self, NoRandomness};
use crate::domain::secret::Password;
use crate::service::Service;

/// The name of the first account.
pub(in crate::service) const ADMIN: &str = "admin";

/// Words of the initial password: short, distinct, and easy to type.
const WORDS: [&str; 64] = [
    "acorn", "amber", "anchor", "apple", "arrow", "autumn", "badger", "basil", "beacon", "birch", "bramble", "breeze",
    "brook", "cedar", "chalk", "cloud", "clover", "cobalt", "copper", "coral", "cotton", "crane", "cypress", "ember",
    "falcon", "fern", "fiddle", "flint", "forest", "garnet", "ginger", "granite", "harbour", "hazel", "heron",
    "indigo", "island", "ivory", "jasper", "kestrel", "lantern", "lemon", "linen", "maple", "marble", "meadow",
    "mellow", "mirror", "nutmeg", "oak", "olive", "orchard", "otter", "pebble", "pepper", "quartz", "raven", "river",
    "saffron", "silver", "thistle", "velvet", "violet", "willow",
];

impl Service {
    /// The file that holds the initial password.
    pub(in crate::service) fn initial_password_file(&self) -> PathBuf {
        self.store.directory().join(data_files::FIRST_PASSWORD)
    }

    /// That file, until the password is changed.
    #[must_use]
    pub fn first_password_file(&self) -> Option<PathBuf> {
        Some(self.initial_password_file()).filter(|file| file.exists())
    }

    /// Removes the file with the initial password once that is changed.
    pub(in crate::service) fn forget_initial_password(&self, changed: &Account) {
        if changed.name.as_str() != ADMIN {
            return;
        }
        let file = self.initial_password_file();
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                log::warn!("{} was not removed: {error}", file.display());
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Six of 64 words and one of 9,000 numbers: 49 bits, enough behind a slow hash and a throttle, and easy to type.
pub(in crate::service) fn made_up_password() -> Result<Password, NoRandomness> {
    let bytes: [u8; 8] = random::bytes()?;
    let [high, low, chosen @ ..] = bytes;
    let words = chosen.map(|byte| WORDS.get(usize::from(byte % 64)).copied().unwrap_or("oak"));
    let number = u32::from(u16::from_be_bytes([high, low])) % 9_000 + 1_000;
    Ok(Password::new(format!("{}-{number}", words.join("-"))))
}
