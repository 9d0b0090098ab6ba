//! The initial password of the first account: generated at the first start, and kept in a file until it is changed.

use std::path::PathBuf;

use crate::data_files;
use crate::domain::account::Account;
use crate::service::Service;

/// The name of the first account.
pub(in crate::service) const ADMIN: &str = "admin";

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
