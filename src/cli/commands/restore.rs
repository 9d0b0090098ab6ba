//! `dockpass restore`: makes a data directory of a backup, where no server runs yet.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::backup::source::{IdentityArgument, Source};
use super::backup::verify::{age, answer};
use super::config;
use super::registry::Owner;
use crate::causes::with_causes;
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt, shown};
use crate::config::{SYSTEM_DATA, SYSTEM_FILE};
use crate::denied::{self, SYSTEM_USER};
use crate::domain::time::Timestamp;
use crate::http::{
    BackupTrouble, EndedFile, EndedSince, RestoreError, VerifiedBackup, read_ended, restore, verify_backup,
};

/// What `dockpass restore` takes.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dockpass restore /mnt/elsewhere/dockpass.backup --data-dir /var/lib/dockpass\n\nThe backup is read \
                  to its end first; then the data directory is made, which must be empty or not there. Start the server on it \
                  afterwards: every password, access token, permission and key is as it was.\n\nWhat was revoked, deactivated, \
                  deleted or given a new password after the backup is in force again, unless --ended ends it: copy `ended.log` of \
                  the data directory more often than you make backups. If these files do not reach back to the backup, that is said, \
                  and has to be confirmed.\n\nExit codes: 0 restored; 1 nothing was written; 2 wrong usage."
)]
pub(in crate::cli) struct RestoreArguments {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    identity: IdentityArgument,
    /// The `ended.log` of the old data directory, and `ended.log.1` if there is one: what they say was ended since the backup is
    /// ended again; may be repeated
    #[arg(long, value_name = "FILE")]
    ended: Vec<PathBuf>,
    #[command(flatten)]
    unasked: Unasked,
}

pub(in crate::cli) fn run(
    arguments: &RestoreArguments,
    global: &Global,
    console: &mut Console,
) -> Result<(), CliError> {
    let target = config::load(global, None, console)?.server.data_dir;
    let source = Source::open(&arguments.file, &arguments.identity)?;
    let trouble = |error| source.trouble(&BackupTrouble::Read(error));
    let found = verify_backup(source.reader().map_err(trouble)?).map_err(|trouble| source.trouble(&trouble))?;
    let files = arguments.ended.iter().map(|path| read(path, &found)).collect::<Result<Vec<_>, _>>()?;
    let since = EndedSince::of(&files, &found.header);
    if let Some(stakes) = stakes(&files, &since, &found, console.clock.now()) {
        if arguments.unasked.yes {
            console.note(&format!("{stakes}\n"))?;
        }
        prompt::confirm(Final::Restore, &stakes, arguments.unasked, console)?;
    }
    let restored = restore(|| source.reader(), &target, &since.ended, &console.clock).map_err(|error| match error {
        RestoreError::Backup(trouble) => source.trouble(&trouble),
        interrupted @ RestoreError::Interrupted { .. } => CliError::Finding(interrupted.to_string()),
        other => CliError::Finding(format!("nothing was restored: {}", with_causes(&other))),
    })?;
    let mut answer = answer(&restored.backup, source.is_sealed());
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("endedAgain".to_owned(), restored.ended_again.into());
    }
    let age = age(&restored.backup, console.clock.now());
    let mut line = format!("restored into {}: the backup was {age}", target.display());
    if !arguments.ended.is_empty() {
        let count = shown::counted_as(restored.ended_again, "thing that was", "things that were");
        line = format!("{line}, and {count} ended since then ended again");
        let told = since.until.map_or_else(
            || "these files tell of nothing that was ended since the backup".to_owned(),
            |until| {
                format!(
                    "the last that these files tell of was ended on {until}; what was ended later is in force again"
                )
            },
        );
        console.note(&format!("{told}\n"))?;
    }
    let next = next(&target, is_of_service(&target), console);
    console.report(&Report::done_then(answer, line, next))
}

/// Whether what was restored here is the user's of the package's service, as far as that user is known.
fn is_of_service(target: &Path) -> bool {
    let found = fs::metadata(target).map(|found| found.uid());
    Owner::named(SYSTEM_USER).ok().zip(found.ok()).is_none_or(|(service, owner)| service.user == owner)
}

/// The commands that are left: the package's directory is its service's, and any other somebody's who serves it.
fn next(target: &Path, is_of_service: bool, console: &Console) -> Vec<String> {
    let is_packaged = console.is_packaged || console.found_file.as_deref() == Some(Path::new(SYSTEM_FILE));
    let target_word = denied::word(target);
    if !is_packaged || target != Path::new(SYSTEM_DATA) {
        return vec![format!("dockpass serve --data-dir {target_word}")];
    }
    let given = (!is_of_service).then(|| format!("sudo chown -R {SYSTEM_USER}: {target_word}"));
    given.into_iter().chain(["sudo systemctl start dockpass".to_owned()]).collect()
}

/// What comes back, unless all that was ended since the backup is ended again.
fn stakes(files: &[EndedFile], since: &EndedSince, backup: &VerifiedBackup, now: Timestamp) -> Option<String> {
    let what = "What was revoked, deactivated, deleted or given a new password since then";
    let of = format!("The backup is of {}, {}.", backup.header.created_at, age(backup, now));
    if files.is_empty() {
        return Some(format!("{of} {what} is in force again."));
    }
    let doubts: Vec<String> = since.doubts.iter().map(ToString::to_string).collect();
    let doubts = doubts.join("; ");
    let told = format!("{of} {what}, and is not in the files of --ended, is in force again: {doubts}.");
    (!doubts.is_empty()).then_some(told)
}

/// A file of what was ended in the store of a backup.
fn read(path: &Path, backup: &VerifiedBackup) -> Result<EndedFile, CliError> {
    let file = File::open(path).map_err(|cause| CliError::File { action: "read", path: path.to_owned(), cause })?;
    let read = read_ended(file).and_then(|file| file.refuse_other(backup.header.instance).map(|()| file));
    read.map_err(|error| CliError::Finding(format!("nothing was restored: {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    #[test]
    fn the_service_of_the_package_is_started_and_owns_what_it_serves() {
        let (mut console, _) = console(b"");
        let at = |target: &str, is_of_service, console: &Console| next(Path::new(target), is_of_service, console);
        let by_hand = ["dockpass serve --data-dir /var/lib/dockpass"];
        assert_eq!(at(SYSTEM_DATA, true, &console), by_hand, "there is no package");
        console.found_file = Some(PathBuf::from(SYSTEM_FILE));
        assert_eq!(at(SYSTEM_DATA, true, &console), ["sudo systemctl start dockpass"]);
        let left = ["sudo chown -R dockpass: /var/lib/dockpass", "sudo systemctl start dockpass"];
        assert_eq!(at(SYSTEM_DATA, false, &console), left);
        assert_eq!(at("/srv/a b", true, &console), ["dockpass serve --data-dir '/srv/a b'"]);
    }
}
