//! What ends or grows old: certificates, backups, and the secrets that stand in files. By the files alone, so that it is known
//! without a server, too.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::row::{self, ago, day, span};
use crate::api::ExaminedCheck;
use crate::denied;
use crate::domain::checkup::{Check, CheckState};
use crate::domain::time::Timestamp;
use crate::pki::Certificate;
use crate::private_file;
use crate::service::{ExaminedSite, OLD};

const DAY: i64 = 24 * 60 * 60;
/// A certificate that is put in by hand wants replacing so long before its end, in seconds.
const SOON: i64 = 14 * DAY;
/// The same of one that others have to be given: registries and clients.
const HANDED_OUT: i64 = 90 * DAY;
/// Days without a backup after which one is missing, in seconds.
const WITHOUT_BACKUP: i64 = 8 * DAY;
/// A site that is younger need not have one yet, in seconds.
const YOUNG: i64 = DAY;
/// How much of a certificate's file is read, in bytes.
const READ: usize = 1024 * 1024;

/// How a certificate is replaced before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// By dockpass itself, when a third of its life is left.
    ByItself,
    /// By whoever brought it.
    ByHand,
    /// By hand, and others have to be given the new one.
    HandedOut,
}

/// A certificate by its file.
#[derive(Clone, Debug)]
pub struct DatedFile {
    /// What it is.
    pub name: &'static str,
    /// Its file, of which the first certificate counts.
    pub file: PathBuf,
    /// How it is replaced.
    pub renewal: Renewal,
    /// What to do when its end comes near.
    pub remedy: &'static str,
}

/// When these certificates end.
#[must_use]
pub fn certificates(files: &[DatedFile], now: Timestamp) -> ExaminedCheck {
    let mut found: Vec<Ending> = files.iter().map(|file| Ending::of(file, now)).collect();
    found.sort_by_key(|ending| (std::cmp::Reverse(ending.state), ending.end));
    let seen: Vec<&str> = found.iter().map(|ending| ending.seen.as_str()).collect();
    let seen = seen.join("; ");
    let state = found.first().map_or(CheckState::NotApplicable, |worst| worst.state);
    let mut remedies: Vec<String> = found.into_iter().filter_map(|ending| ending.remedy).collect();
    remedies.dedup();
    let remedy = remedies.join("; ");
    match state {
        CheckState::Failed => row::failed(Check::Certificates, seen, remedy),
        CheckState::Warning => row::warning(Check::Certificates, seen, remedy),
        CheckState::Ok => row::ok(Check::Certificates, seen),
        CheckState::NotApplicable => row::not_applicable(Check::Certificates, "there are none yet"),
    }
}

/// The end of one certificate.
struct Ending {
    state: CheckState,
    end: Option<Timestamp>,
    seen: String,
    remedy: Option<String>,
}

impl Ending {
    fn of(dated: &DatedFile, now: Timestamp) -> Self {
        match read(&dated.file) {
            Ok(certificate) => Self::read(dated, &certificate, now),
            Err(reason) => Self {
                state: CheckState::Failed,
                end: None,
                seen: format!("{} cannot be read: {reason}", dated.name),
                remedy: Some(format!("put {} back", dated.file.display())),
            },
        }
    }

    fn read(dated: &DatedFile, certificate: &Certificate, now: Timestamp) -> Self {
        let end = certificate.not_after;
        let left = end.seconds() - now.seconds();
        let is_near = match dated.renewal {
            // It renews itself in its last third, within minutes: half of that is far too late.
            Renewal::ByItself => left * 6 < end.seconds() - certificate.not_before.seconds(),
            Renewal::ByHand => left < SOON,
            Renewal::HandedOut => left < HANDED_OUT,
        };
        let (state, seen) = if now < certificate.not_before {
            (CheckState::Failed, format!("{} holds only from {} on", dated.name, row::minute(certificate.not_before)))
        } else if left < 0 {
            (CheckState::Failed, format!("{} ended on {}", dated.name, day(end)))
        } else if is_near {
            (CheckState::Warning, format!("{} ends on {}, in {}", dated.name, day(end), span(left)))
        } else {
            (CheckState::Ok, format!("{} until {}", dated.name, day(end)))
        };
        let remedy = (state != CheckState::Ok).then(|| dated.remedy.to_owned());
        Self { state, end: Some(end), seen, remedy }
    }
}

fn read(file: &Path) -> Result<Certificate, String> {
    let (_, text) = private_file::read_of_site(file, READ).map_err(|cause| denied::told_of_site(file, &cause))?;
    let first = CertificateDer::pem_slice_iter(&text).next();
    let none = || format!("{} holds no certificate", file.display());
    let der = first.ok_or_else(none)?.map_err(|_| none())?;
    Certificate::parse(&der).map_err(|_| none())
}

/// Whether a backup was made lately. `made` is when the site was made, if that is known.
#[must_use]
pub fn backup(last: Option<Timestamp>, made: Option<Timestamp>, now: Timestamp) -> ExaminedCheck {
    let remedy = "make one each day, and keep it elsewhere: dockpass backup --keep 7 DIRECTORY";
    match last {
        Some(last) if last >= now.plus_seconds(-WITHOUT_BACKUP) => {
            row::ok(Check::Backup, format!("the last one was made {}, at {}", ago(now, last), row::minute(last)))
        }
        Some(last) => row::warning(
            Check::Backup,
            format!("the last one was made {}, at {}", ago(now, last), row::minute(last)),
            remedy,
        ),
        None if made.is_some_and(|made| made > now.plus_seconds(-YOUNG)) => {
            row::not_applicable(Check::Backup, "none yet; this site is less than a day old")
        }
        None => row::warning(Check::Backup, "none was ever made", remedy),
    }
}

/// A secret in a file.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// What it is.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
}

/// Secrets that are old. `first_password` is the file of the first administrator's, which should not stay; without a server,
/// nothing is known of access tokens.
#[must_use]
pub fn secrets(
    files: &[SecretFile],
    first_password: &Path,
    site: Option<&ExaminedSite>,
    now: Timestamp,
) -> ExaminedCheck {
    let (mut seen, mut remedies) = (Vec::new(), Vec::new());
    if first_password.exists() {
        seen.push(format!("the first password of admin still stands in {}", first_password.display()));
        remedies.push("set another one: dockpass user password admin".to_owned());
    }
    if let Some((site, oldest)) = site.and_then(|site| Some((site, site.oldest_token?))) {
        let count = row::counted(site.old_tokens, "access token");
        let never = if site.old_tokens == 1 { "was" } else { "were" };
        seen.push(format!(
            "{count} {never} never rotated in more than {}, the oldest is of {}",
            span(OLD),
            day(oldest)
        ));
        remedies.push("rotate or delete them, the oldest stand last: dockpass token list --all-users".to_owned());
    }
    for SecretFile { name, file } in files {
        let Some(written) = written(file).filter(|at| *at < now.plus_seconds(-OLD)) else { continue };
        seen.push(format!("{name} is of {}, {}", day(written), ago(now, written)));
        remedies
            .push(format!("write a new one into {}, restart dockpass, and give it to who shows it", file.display()));
    }
    if seen.is_empty() {
        // When a rotated access token got its secret, its record does not say.
        let tokens = if site.is_some() { ", and no access token that was never rotated," } else { "" };
        return row::ok(Check::Secrets, format!("no secret in a file{tokens} is older than {}", span(OLD)));
    }
    row::warning(Check::Secrets, seen.join("; "), remedies.join("; "))
}

/// When a file was written last.
fn written(file: &Path) -> Option<Timestamp> {
    let at = std::fs::metadata(file).and_then(|found| found.modified()).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::{self, PrivateKey};

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-30T12:00:00Z").unwrap()
    }

    /// The check of one certificate of so many seconds of life, of which so many are left.
    fn told(directory: &Path, renewal: Renewal, (life, left): (i64, i64)) -> ExaminedCheck {
        let file = directory.join("one.pem");
        let key = PrivateKey::generate().unwrap();
        let end = now().plus_seconds(left);
        let made = pki::make_authority(&key, "a CA", end.plus_seconds(-life), end).unwrap();
        std::fs::write(&file, Certificate::parse(&made).unwrap().pem()).unwrap();
        certificates(&[DatedFile { name: "the CA", file, renewal, remedy: "renew it" }], now())
    }

    #[test]
    fn a_certificate_is_told_of_in_time_by_who_has_to_replace_it() {
        let directory = tempfile::tempdir().unwrap();
        let state = |renewal, left| told(directory.path(), renewal, (900 * DAY, left)).state;
        for (renewal, soon) in
            [(Renewal::ByHand, SOON), (Renewal::HandedOut, HANDED_OUT), (Renewal::ByItself, 150 * DAY)]
        {
            assert_eq!(state(renewal, soon + DAY), CheckState::Ok, "{renewal:?}");
            assert_eq!(state(renewal, soon - DAY), CheckState::Warning, "{renewal:?}");
            assert_eq!(state(renewal, -DAY), CheckState::Failed, "{renewal:?}");
        }
        let ended = told(directory.path(), Renewal::ByHand, (9 * DAY, -2 * DAY));
        assert_eq!((ended.seen.as_str(), ended.remedy.as_deref()), ("the CA ended on 2026-11-28", Some("renew it")));
        let early = told(directory.path(), Renewal::ByHand, (DAY, 9 * DAY));
        assert_eq!(early.state, CheckState::Failed);
        assert!(early.seen.starts_with("the CA holds only from 2026-12-0"), "{}", early.seen);
    }

    #[test]
    fn a_file_without_a_certificate_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("one.pem");
        let told = || {
            let file = file.clone();
            certificates(&[DatedFile { name: "the CA", file, renewal: Renewal::ByHand, remedy: "" }], now())
        };
        assert!(told().state == CheckState::Failed && told().seen.contains("No such file"), "{}", told().seen);
        std::fs::write(&file, "nothing").unwrap();
        assert!(told().seen.ends_with("one.pem holds no certificate"), "{}", told().seen);
        assert_eq!(certificates(&[], now()).state, CheckState::NotApplicable);
    }

    #[test]
    fn a_backup_is_missed_after_a_week() {
        let at = |days: i64| Some(now().plus_seconds(-days * DAY));
        let states = [at(1), at(8), at(9), None].map(|last| backup(last, at(30), now()).state);
        assert_eq!(states, [CheckState::Ok, CheckState::Ok, CheckState::Warning, CheckState::Warning]);
        assert_eq!(backup(None, Some(now().plus_seconds(-60)), now()).state, CheckState::NotApplicable);
        assert_eq!(backup(None, None, now()).state, CheckState::Warning);
        assert_eq!(backup(at(9), None, now()).seen, "the last one was made 9 days ago, at 2026-11-21 12:00 UTC");
    }

    #[test]
    fn secrets_grow_old_in_a_year() {
        let directory = tempfile::tempdir().unwrap();
        let (file, first) = (directory.path().join("secret"), directory.path().join("first"));
        std::fs::write(&file, "x").unwrap();
        let written = written(&file).unwrap();
        let files = [SecretFile { name: "the secret of the metrics".to_owned(), file }];
        let told = |site: Option<&ExaminedSite>, at: i64| secrets(&files, &first, site, written.plus_seconds(at));
        assert_eq!(told(None, OLD).state, CheckState::Ok);
        assert_eq!(told(None, OLD).seen, "no secret in a file is older than 365 days");
        // One that was rotated long ago is not told of: nothing may be said of it.
        let well = told(Some(&ExaminedSite::default()), OLD).seen;
        assert_eq!(well, "no secret in a file, and no access token that was never rotated, is older than 365 days");
        assert_eq!(told(None, OLD + 1).state, CheckState::Warning);
        let site = ExaminedSite { old_tokens: 2, oldest_token: Some(now()), ..ExaminedSite::default() };
        let old = told(Some(&site), 0);
        let said = "2 access tokens were never rotated in more than 365 days, the oldest is of 2026-11-30";
        assert_eq!((old.state, old.seen.as_str()), (CheckState::Warning, said));
        std::fs::write(&first, "x").unwrap();
        assert!(told(None, 0).seen.starts_with("the first password of admin still stands in "));
    }
}
