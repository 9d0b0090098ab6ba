//! How far a receiver has come: the last record that it has for certain, in a small file of the data directory.
//!
//! The file is written after the receiver's acknowledgement, so that what it says was received; what was received after it
//! was written is sent again after a crash.

use std::path::PathBuf;

use crate::domain::audit::AuditHead;
use crate::private_file::{self, PrivateFileError};

/// What the text begins with: the version of its form.
const VERSION: &str = "dockpass cursor 1 ";

/// The file.
pub(super) struct CursorFile(PathBuf);

impl CursorFile {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The last record that was received; none if nothing was sent yet.
    ///
    /// # Errors
    /// What stands in the way, in words.
    pub(super) fn read(&self) -> Result<Option<AuditHead>, String> {
        let read = private_file::read(&self.0).map_err(|error| error.to_string())?;
        let Some(content) = read else { return Ok(None) };
        let text = String::from_utf8_lossy(&content);
        let head = text.strip_prefix(VERSION).and_then(|rest| rest.trim_end().parse().ok());
        head.map(Some).ok_or_else(|| format!("{} is no cursor of this dockpass", self.0.display()))
    }

    /// Notes it, durably.
    ///
    /// # Errors
    /// [`PrivateFileError`]
    pub(super) fn write(&self, head: AuditHead) -> Result<(), PrivateFileError> {
        private_file::write(&self.0, format!("{VERSION}{head}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back_and_what_is_no_note_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cursor");
        let file = CursorFile::at(path.clone());
        assert_eq!(file.read(), Ok(None));
        let head = AuditHead { seq: 12, hash: [0xab; 32] };
        file.write(head).unwrap();
        assert_eq!(file.read(), Ok(Some(head)));
        // As it stands on disks.
        let text = format!("dockpass cursor 1 12:{}\n", "ab".repeat(32));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        for bad in ["", "dockpass cursor 2 12:ab\n", "12\n"] {
            std::fs::write(&path, bad).unwrap();
            assert!(file.read().unwrap_err().contains("is no cursor"), "{bad}");
        }
    }
}
