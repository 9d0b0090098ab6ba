//! Backups, and the check of the store.

use crate::api::operation::operations;
use crate::api::{self, Document};

/// The media type of a backup.
pub const BACKUP: &str = "application/octet-stream";

operations! { Server:
    /// Make a backup, with every key; over the local socket only
    MakeBackup = Post "/api/v0/admin/backup" 200 {
        act: ServerBackup,
        answer: Document,
        media: [BACKUP],
    }

    /// Say that a backup is durable where it was written: only who wrote it knows; over the local socket only
    NoteBackup = Post "/api/v0/admin/backup/durable" 204 {
        act: ServerNoteBackup,
    }

    /// Read every record of the store, and say what is wrong; over the local socket only
    CheckStore = Post "/api/v0/admin/check" 200 {
        act: ServerCheck,
        answer: api::StoreCheck,
    }
}
