//! `dockpass backup verify`: reads a backup from its beginning to its end, without a server and without a store.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::source::{IdentityArgument, Source};
use crate::cli::screen::{CliError, Console, Report, View, shown};
use crate::domain::time::Timestamp;
use crate::http::{BackupTrouble, VerifiedBackup, verify_backup};

/// What `dockpass backup verify` takes.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dockpass backup verify /mnt/elsewhere/dockpass.backup\n  dockpass backup verify --identity key.txt \
                  /mnt/elsewhere/dockpass.backup.age\n\nIt compares every byte with the checksum at the end, the rows with the \
                  seal among them, and the audit log with its chain: what passes can be restored.\n\nExit codes: 0 it is \
                  whole; 1 it is damaged, cut off, encrypted for others, of a later dockpass, or no backup; 2 wrong usage."
)]
pub(in crate::cli) struct VerifyArguments {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    identity: IdentityArgument,
}

pub(in crate::cli) fn run(arguments: &VerifyArguments, console: &mut Console) -> Result<(), CliError> {
    let source = Source::open(&arguments.file, &arguments.identity)?;
    let reader = source.reader().map_err(|error| source.trouble(&BackupTrouble::Read(error)))?;
    let found = verify_backup(reader).map_err(|trouble| source.trouble(&trouble))?;
    let age = age(&found, console.clock.now());
    let header = &found.header;
    let counted = |count: u64| shown::grouped(i128::from(count));
    let fields = vec![
        ("Backup", "whole".to_owned()),
        ("Made", format!("{} ({age})", shown::exact_time(&header.created_at.to_string()))),
        ("Made by", format!("dockpass {}", shown::plain(&header.program))),
        ("Encrypted", if source.is_sealed() { "with age" } else { "no: whoever has it has every key" }.to_owned()),
        ("Users", counted(header.users)),
        ("Organizations", counted(header.organizations)),
        ("Repositories", counted(header.repositories)),
        ("Access tokens", counted(header.tokens)),
        ("Audit records", counted(found.audit_records)),
        ("Audit head", format!("{}:{}", header.audit.seq, blake3::Hash::from_bytes(header.audit.hash).to_hex())),
        ("Key files", counted(found.files)),
        ("Size", shown::size(found.bytes)),
    ];
    console.report(&Report { answer: answer(&found, source.is_sealed()), view: View::One(fields) })
}

/// How long ago a backup was made, in words.
pub(in crate::cli) fn age(found: &VerifiedBackup, now: Timestamp) -> String {
    format!("{} old", shown::span(now.seconds().saturating_sub(found.header.created_at.seconds())))
}

/// A backup as JSON.
pub(in crate::cli) fn answer(found: &VerifiedBackup, is_encrypted: bool) -> Value {
    let header = &found.header;
    json!({
        "createdAt": header.created_at.to_string(),
        "version": header.program,
        "format": header.format,
        "instance": header.instance.map(|id| id.to_string()),
        "encrypted": is_encrypted,
        "users": header.users,
        "organizations": header.organizations,
        "repositories": header.repositories,
        "tokens": header.tokens,
        "auditRecords": found.audit_records,
        "auditRemoved": found.audit_removed,
        "auditHead": { "seq": header.audit.seq, "hash": blake3::Hash::from_bytes(header.audit.hash).to_hex().to_string() },
        "files": found.files,
        "rows": found.rows,
        "bytes": found.bytes,
    })
}
