//! `ended.log`: a line for each power that was taken away, beside the store, to be copied elsewhere more often than backups
//! are made: whoever restores a backup gives it to the restore, and what was ended since is ended again.
//!
//! ```text
//! dockpass ended 1 01M8JYMEWMVJRPC17NVPEK66D6 CHECK          the store that it is of
//! 2026-11-30T07:46:12Z 1204 token.inactive 01M8… CHECK       when, in which batch, what, which
//! ```
//!
//! Identifiers only; of a grant on a namespace the key in hexadecimal, which has the name of that. `CHECK` are the first 16
//! hexadecimal digits of the BLAKE3 of what stands before it on the line, so that a line that was cut off is none. A batch with
//! endings has its lines on the disk before it is answered; they are made from its rows ([`ended_by`]), so none is
//! forgotten. A change that ends a thing and is undone later has its line all the same: whoever applies it ends more, never
//! less. The file is bounded: a full one becomes `ended.log.1`, in place of the one before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::change::RowChange;
use super::error::hex;
use super::record::{Gone, Part};
use super::row;
use super::state::State;
use super::table::{self, Table};
use crate::data_files::{ENDED, ENDED_BEFORE};
use crate::domain::account::Account;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::private_file::{NO_LINK, sync_directory};

/// What the file begins with.
const FIRST: &str = "dockpass ended 1 ";
/// Largest file, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Longest line, in bytes.
const LINE: u64 = 1024;
/// Digits of a check.
const CHECK: usize = 16;

/// What was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An account is gone.
    AccountRemoved(Id),
    /// An account was deactivated.
    AccountInactive(Id),
    /// A user is no system administrator any more.
    AccountDemoted(Id),
    /// The password of an account was changed.
    AccountPassword(Id),
    /// An access token is gone.
    TokenRemoved(Id),
    /// An access token was deactivated.
    TokenInactive(Id),
    /// An access token was revoked: it is ended for good.
    TokenRevoked(Id),
    /// The secret of an access token was replaced.
    TokenSecret(Id),
    /// The replaced secret of an access token was ended before its time.
    TokenOverlap(Id),
    /// A team is gone.
    TeamRemoved(Id),
    /// A user left an organization.
    MemberRemoved(Id, Id),
    /// A user left a team.
    TeamMemberRemoved(Id, Id),
    /// A grant on a namespace is gone; by its key.
    GrantRemoved(Vec<u8>),
    /// A grant on a repository is gone; by its key.
    RepositoryGrantRemoved(Vec<u8>),
}

impl Ended {
    fn words(&self) -> (&'static str, String) {
        let both = |one: &Id, other: &Id| format!("{one}/{other}");
        match self {
            Self::AccountRemoved(id) => ("account.removed", id.to_string()),
            Self::AccountInactive(id) => ("account.inactive", id.to_string()),
            Self::AccountDemoted(id) => ("account.demoted", id.to_string()),
            Self::AccountPassword(id) => ("account.password", id.to_string()),
            Self::TokenRemoved(id) => ("token.removed", id.to_string()),
            Self::TokenInactive(id) => ("token.inactive", id.to_string()),
            Self::TokenRevoked(id) => ("token.revoked", id.to_string()),
            Self::TokenSecret(id) => ("token.secret", id.to_string()),
            Self::TokenOverlap(id) => ("token.overlap", id.to_string()),
            Self::TeamRemoved(id) => ("team.removed", id.to_string()),
            Self::MemberRemoved(group, user) => ("member.removed", both(group, user)),
            Self::TeamMemberRemoved(team, user) => ("teamMember.removed", both(team, user)),
            Self::GrantRemoved(key) => ("grant.removed", hex(key)),
            Self::RepositoryGrantRemoved(key) => ("repositoryGrant.removed", hex(key)),
        }
    }

    fn parse(kind: &str, which: &str) -> Option<Self> {
        let id = || which.parse::<Id>().ok();
        let both = || {
            let (one, other) = which.split_once('/')?;
            Some((one.parse().ok()?, other.parse().ok()?))
        };
        Some(match kind {
            "account.removed" => Self::AccountRemoved(id()?),
            "account.inactive" => Self::AccountInactive(id()?),
            "account.demoted" => Self::AccountDemoted(id()?),
            "account.password" => Self::AccountPassword(id()?),
            "token.removed" => Self::TokenRemoved(id()?),
            "token.inactive" => Self::TokenInactive(id()?),
            "token.revoked" => Self::TokenRevoked(id()?),
            "token.secret" => Self::TokenSecret(id()?),
            "token.overlap" => Self::TokenOverlap(id()?),
            "team.removed" => Self::TeamRemoved(id()?),
            "member.removed" => both().map(|(group, user)| Self::MemberRemoved(group, user))?,
            "teamMember.removed" => both().map(|(team, user)| Self::TeamMemberRemoved(team, user))?,
            "grant.removed" => Self::GrantRemoved(from_hex(which)?),
            "repositoryGrant.removed" => Self::RepositoryGrantRemoved(from_hex(which)?),
            _ => return None,
        })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.len().is_multiple_of(2).then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

/// What a batch ends, by what its rows were and what they become.
pub(super) fn ended_by(changes: &[RowChange], before: &[RowChange]) -> Vec<Ended> {
    changes.iter().zip(before).flat_map(|(change, before)| ended(change, before)).collect()
}

fn ended(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    let is_removed = change.value.is_none() && before.value.is_some();
    let key = || change.key.clone();
    match change.table {
        Table::Gone => change.value.as_deref().map_or(Vec::new(), buried),
        Table::Accounts => of_account(change, before),
        Table::Tokens => of_token(change, before),
        Table::Members if is_removed => pair(&change.key, Ended::MemberRemoved),
        Table::TeamMembers if is_removed => pair(&change.key, Ended::TeamMemberRemoved),
        Table::Grants if is_removed => vec![Ended::GrantRemoved(key())],
        Table::RepositoryGrants if is_removed => vec![Ended::RepositoryGrantRemoved(key())],
        Table::Meta
        | Table::Members
        | Table::Teams
        | Table::TeamMembers
        | Table::Repositories
        | Table::Tags
        | Table::Activity
        | Table::Days
        | Table::Deleted
        | Table::Grants
        | Table::RepositoryGrants
        | Table::Usage
        | Table::KnownAddresses
        | Table::Audit
        | Table::Removed => Vec::new(),
    }
}

fn pair(key: &[u8], ended: fn(Id, Id) -> Ended) -> Vec<Ended> {
    table::membership_of(key).map(|(group, user)| ended(group, user)).into_iter().collect()
}

fn buried(value: &[u8]) -> Vec<Ended> {
    let ids = row::decode::<Gone>(value).map(|gone| gone.ids).unwrap_or_default();
    let ended = |(part, id)| match part {
        Part::Account => Some(Ended::AccountRemoved(id)),
        Part::Team => Some(Ended::TeamRemoved(id)),
        Part::Token => Some(Ended::TokenRemoved(id)),
        // A name without content gives no power.
        Part::Repository => None,
    };
    ids.into_iter().filter_map(ended).collect()
}

fn both<R: row::Record>(change: &RowChange, before: &RowChange) -> Option<(R, R)> {
    let read = |value: &Option<Vec<u8>>| row::decode(value.as_deref()?).ok();
    Some((read(&before.value)?, read(&change.value)?))
}

fn of_account(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    let Some((old, new)) = both::<Account>(change, before) else { return Vec::new() };
    let ended = [
        (old.is_active && !new.is_active, Ended::AccountInactive(new.id)),
        (old.is_admin && !new.is_admin, Ended::AccountDemoted(new.id)),
        (old.password.is_some() && old.generation != new.generation, Ended::AccountPassword(new.id)),
    ];
    ended.into_iter().filter(|(is_it, _)| *is_it).map(|(_, ended)| ended).collect()
}

fn of_token(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    if change.value.is_none() {
        let id = table::id_of(&change.key).filter(|_| before.value.is_some());
        return id.map(Ended::TokenRemoved).into_iter().collect();
    }
    let Some((old, new)) = both::<AccessToken>(change, before) else { return Vec::new() };
    let is_revoked = old.revoked.is_none() && new.revoked.is_some();
    let ended = [
        (is_revoked, Ended::TokenRevoked(new.id)),
        (old.is_active && !new.is_active && !is_revoked, Ended::TokenInactive(new.id)),
        (old.generation != new.generation, Ended::TokenSecret(new.id)),
        (is_over(&old, &new), Ended::TokenOverlap(new.id)),
    ];
    ended.into_iter().filter(|(is_it, _)| *is_it).map(|(_, ended)| ended).collect()
}

fn is_over(old: &AccessToken, new: &AccessToken) -> bool {
    old.generation == new.generation && old.previous.is_some() && new.previous.is_none()
}

/// The file, open to be added to. One that cannot be written is told once; its lines are kept and tried again with the next
/// ones: the change itself is durable, and the journal has what a full disk keeps from here.
pub(super) struct EndedLog {
    directory: PathBuf,
    open: Option<File>,
    /// Lines that are not on the disk yet.
    waiting: String,
}

/// Most bytes of lines that wait for the disk.
const WAITING: usize = 1024 * 1024;

impl EndedLog {
    /// The file in this data directory.
    pub(super) fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), open: None, waiting: String::new() }
    }

    /// Adds lines; durable when it returns. Nothing is done where nothing was ended.
    pub(super) fn note(&mut self, instance: Option<Id>, batch: u64, ended: &[Ended], now: Timestamp) {
        let Some(instance) = instance.filter(|_| !ended.is_empty()) else { return };
        let was_failing = !self.waiting.is_empty();
        for ended in ended {
            let (kind, which) = ended.words();
            self.waiting.push_str(&checked(&format!("{} {batch} {kind} {which}", now.whole_seconds())));
        }
        let path = self.directory.join(ENDED);
        match self.write(instance) {
            Ok(()) => self.waiting.clear(),
            Err(error) => {
                self.open = None;
                if !was_failing {
                    log::error!("{}: {error}; what is ended now is not noted for a restore yet", path.display());
                }
                if self.waiting.len() > WAITING {
                    self.waiting.clear();
                    log::error!("{}: too much waits for it; what was ended meanwhile is not in it", path.display());
                }
            }
        }
    }

    fn write(&mut self, instance: Id) -> io::Result<()> {
        let mut file = match self.open.take() {
            Some(file) => file,
            None => self.opened()?,
        };
        if file.metadata()?.len() > LARGEST {
            drop(file);
            fs::rename(self.directory.join(ENDED), self.directory.join(ENDED_BEFORE))?;
            file = self.opened()?;
        }
        let is_new = file.metadata()?.len() == 0;
        if is_new {
            file.write_all(checked(&format!("{FIRST}{instance}")).as_bytes())?;
        }
        file.write_all(self.waiting.as_bytes())?;
        file.sync_data()?;
        if is_new {
            sync_directory(&self.directory)?;
        }
        self.open = Some(file);
        Ok(())
    }

    /// Opens the file, without a line that was cut off.
    fn opened(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(NO_LINK);
        let mut file = options.open(self.directory.join(ENDED))?;
        let length = file.metadata()?.len();
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(length.saturating_sub(2 * LINE)))?;
        file.read_to_end(&mut end)?;
        let torn = end.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
        file.set_len(length.saturating_sub(torn))?;
        Ok(file)
    }
}

fn checked(line: &str) -> String {
    format!("{line} {}\n", check_of(line))
}

fn check_of(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex().chars().take(CHECK).collect()
}

/// Why a file of endings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndedError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("it is no ended.log of dockpass")]
    Foreign,
    /// It is of another store.
    #[error("it is of another store than the backup")]
    OfAnother,
    /// A line is damaged.
    #[error("line {0} is damaged: remove it to go on without what it ended")]
    Damaged(usize),
}

/// Reads what was ended in a store after a batch. A last line that was cut off is left out: it was never answered for.
///
/// # Errors
/// [`EndedError`]
pub fn read_ended(from: impl Read, instance: Option<Id>, after: u64) -> Result<Vec<Ended>, EndedError> {
    let (mut from, mut found, mut number) = (io::BufReader::new(from), Vec::new(), 0);
    loop {
        let mut bytes = Vec::new();
        (&mut from).take(LINE).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return if number == 0 { Err(EndedError::Foreign) } else { Ok(found) };
        }
        number += 1;
        let is_last = bytes.last() != Some(&b'\n');
        let line = std::str::from_utf8(&bytes).ok().map(str::trim_end);
        let line = line.and_then(|line| line.rsplit_once(' ')).filter(|(line, check)| check_of(line) == *check);
        let line = match line {
            Some((line, _)) => line,
            None if number == 1 => return Err(EndedError::Foreign),
            None if is_last && from.fill_buf()?.is_empty() => {
                log::warn!("the last line was cut off, and is left out");
                return Ok(found);
            }
            None => return Err(EndedError::Damaged(number)),
        };
        if number == 1 {
            let of = line.strip_prefix(FIRST).ok_or(EndedError::Foreign)?;
            if instance.is_none_or(|instance| instance.to_string() != of) {
                return Err(EndedError::OfAnother);
            }
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let [_, batch, kind, which] = words.as_slice() else { return Err(EndedError::Damaged(number)) };
        let batch: u64 = batch.parse().map_err(|_| EndedError::Damaged(number))?;
        let ended = Ended::parse(kind, which).ok_or(EndedError::Damaged(number))?;
        if batch > after {
            found.push(ended);
        }
    }
}

impl Ended {
    /// The grant that this was about, where its repository is there.
    #[must_use]
    pub fn grant(&self, state: &State) -> Option<(GrantTarget, Grantee)> {
        match self {
            Self::GrantRemoved(key) => {
                table::namespace_grant_of(key).map(|(namespace, grantee)| (GrantTarget::Namespace(namespace), grantee))
            }
            Self::RepositoryGrantRemoved(key) => {
                let (repository, grantee) = table::repository_grant_of(key)?;
                let name = state.repository_of(repository)?.name.clone();
                Some((GrantTarget::Repository(name), grantee))
            }
            Self::AccountRemoved(_)
            | Self::AccountInactive(_)
            | Self::AccountDemoted(_)
            | Self::AccountPassword(_)
            | Self::TokenRemoved(_)
            | Self::TokenInactive(_)
            | Self::TokenRevoked(_)
            | Self::TokenSecret(_)
            | Self::TokenOverlap(_)
            | Self::TeamRemoved(_)
            | Self::MemberRemoved(..)
            | Self::TeamMemberRemoved(..) => None,
        }
    }
}
