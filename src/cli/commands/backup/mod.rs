//! `dockpass backup`: a copy of the whole data directory as of one moment, from a running server or from a store without one;
//! `backup verify`, which reads one again.

mod copies;
pub(in crate::cli) mod source;
pub(in crate::cli) mod verify;

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::age::{Recipient, Sealer};
use crate::api::operations::keeping as op;
use crate::cli::commands::target::{self, Signing};
use crate::cli::files::{Output, clear_left};
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, Report, shown};
use crate::cli::wire::Api;
use copies::Copies;

/// The command, as messages name it.
const COMMAND: &str = "dockpass backup";
/// The permissions of a backup: it holds every key.
const MODE: u32 = 0o600;

/// What `dockpass backup` takes.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example:\n  dockpass backup /mnt/elsewhere/dockpass.backup\n  dockpass backup --recipient age1… --keep 7 \
                  /mnt/elsewhere\n  dockpass backup verify /mnt/elsewhere/dockpass.backup\n\nIt works while the server runs, and \
                  is one moment of it: accounts, permissions, access tokens, the audit log, and every key. Whoever has it can \
                  be this site, so encrypt it for an age key (`age-keygen`), or keep it where you keep keys. The configuration \
                  and what it names elsewhere are not in it. `dockpass restore` brings it back.\n\nExit codes: 0 the backup is \
                  durable, or all of it went to `-`; 1 there is none; 2 wrong usage."
)]
pub(in crate::cli) struct BackupArguments {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// The file to write, which must not be there yet; `-` is standard output. With --keep, a directory
    #[arg(value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    /// Write into a directory, under a name with the date, and then remove the oldest such files but this many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    keep: Option<u32>,
    /// Encrypt it for this age recipient; may be repeated, and each opens it
    #[arg(long, value_name = "age1…")]
    recipient: Vec<String>,
    /// The same for every recipient in a file, one a line
    #[arg(long, value_name = "FILE")]
    recipients_file: Vec<PathBuf>,
}

/// What can be done with a backup.
#[derive(Subcommand)]
enum BackupCommand {
    /// Read a backup from its beginning to its end, and say what is in it
    Verify(verify::VerifyArguments),
}

pub(in crate::cli) async fn run(
    arguments: BackupArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    let BackupArguments { command, file, keep, recipient, recipients_file } = arguments;
    if let Some(BackupCommand::Verify(arguments)) = command {
        return verify::run(&arguments, console);
    }
    let file = file.ok_or_else(|| CliError::Usage(format!("`{COMMAND}` needs a file to write")))?;
    // Read here, and not by clap, which says what it does not understand: it could be the secret half of a key.
    let recipient = recipient.iter().map(|text| Recipient::parse(text)).collect::<Result<Vec<_>, _>>();
    let mut recipient = recipient.map_err(|error| CliError::Usage(format!("--recipient: {error}")))?;
    for path in recipients_file {
        recipient.extend(source::recipients(&path)?);
    }
    let mut api = target::open(Signing::Needed, global, console).await?;
    let made = match keep {
        None => write(&file, &recipient, &mut api, console).await,
        Some(keep) => rotate(&file, keep, &recipient, &mut api, console).await,
    };
    api.close().await;
    if let Some(report) = made? { console.report(&report) } else { Ok(()) }
}

/// Writes a backup into a file, which must not be there.
async fn write(
    file: &Path,
    recipients: &[Recipient],
    api: &mut Api,
    console: &mut Console,
) -> Result<Option<Report>, CliError> {
    if file == Path::new("-") && std::io::stdout().is_terminal() && console.out_is_terminal {
        return Err(CliError::Usage("a backup is no text for a terminal: name a file, or a pipe".to_owned()));
    }
    if let (Some(directory), Some(name)) = (file.parent(), file.file_name().and_then(OsStr::to_str)) {
        clear_left(directory, console.clock.now(), |meant| meant == name);
    }
    let output = Output::to_new(file, MODE)?;
    let (path, bytes) = stream(output, recipients, api, console).await?;
    Ok(path.map(|path| {
        let line = format!("wrote the backup {} ({})", path.display(), shown::size(bytes));
        Report::done(json!({ "file": path, "bytes": bytes, "removed": [] }), line)
    }))
}

/// Writes a backup beside earlier ones, of which so many stay.
async fn rotate(
    directory: &Path,
    keep: u32,
    recipients: &[Recipient],
    api: &mut Api,
    console: &mut Console,
) -> Result<Option<Report>, CliError> {
    let copies = Copies::in_directory(directory)?;
    copies.clear_left(console.clock.now());
    let file = copies.name_at(console.clock.now(), !recipients.is_empty());
    let output = Output::to_new(&file, MODE)?;
    let (_, bytes) = stream(output, recipients, api, console).await?;
    // The backup is good, whatever becomes of the older ones.
    let removed = match copies.keep(usize::try_from(keep).unwrap_or(usize::MAX), &file) {
        Ok(removed) => removed,
        Err(error) => {
            console.note(&format!("older backups stay: {error}\n"))?;
            Vec::new()
        }
    };
    let mut line = format!("wrote the backup {} ({})", file.display(), shown::size(bytes));
    if !removed.is_empty() {
        line = format!("{line}, and removed {}", shown::counted_as(removed.len(), "older one", "older ones"));
    }
    Ok(Some(Report::done(json!({ "file": file, "bytes": bytes, "removed": removed }), line)))
}

/// Writes what comes as it comes; returns the file, if it is one, and how many bytes were written.
async fn stream(
    mut output: Output,
    recipients: &[Recipient],
    api: &mut Api,
    console: &mut Console,
) -> Result<(Option<PathBuf>, u64), CliError> {
    let sealed = |error: crate::age::AgeError| CliError::Finding(format!("the backup is not encrypted: {error}"));
    let mut sealer = if recipients.is_empty() { None } else { Some(Sealer::new(recipients).map_err(sealed)?) };
    let mut stop = output.stop();
    let mut bytes = 0;
    let work = async {
        let mut coming = api.document(op::MakeBackup, COMMAND).await?;
        while let Some(piece) = coming.piece().await? {
            let piece = match &mut sealer {
                Some(sealer) => sealer.push(&piece).map_err(sealed)?,
                None => piece.to_vec(),
            };
            bytes += piece.len() as u64;
            output.write_bytes(&piece, console)?;
        }
        if let Some(sealer) = sealer.take() {
            let last = sealer.finish().map_err(sealed)?;
            bytes += last.len() as u64;
            output.write_bytes(&last, console)?;
        }
        Ok(())
    };
    stop.or(work).await?;
    let path = output.finish()?;
    // The backup is good, whatever becomes of the note.
    if let Err(error) = api.call(op::NoteBackup, [], &()).await {
        console.note(&format!("that this backup is durable was not noted for the metrics: {error}\n"))?;
    }
    Ok((path, bytes))
}
