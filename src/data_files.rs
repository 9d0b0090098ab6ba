//! The names of the files in the data directory: whatever is written there has its name here, so that an interrupted
//! first start is known for one.
//!
//! ```text
//! dockpass-data/            0700
//!   format                  "dockpass data 10", written last at the first start: from then on a missing store is damage
//!   lock                    flock and process number of who has it open
//!   end                     the seal of the last batch, noted outside the store after each change
//!   journal                 preallocated: what took a power away while the disk was full
//!   store/                  sled
//!   store.before-3/         the store of an earlier dockpass, as it was, until the next start after its migration
//!   store.new/              what a migration is making of it
//!   store.compact/          the store as it is being written anew, to give disk space back
//!   store.away/             the store while the one that was written anew takes its place; without `store`, it is the store
//!   keys/                   key files
//!   dockpass.sock           the local socket
//!   socket-secret           what each request over it shows, made at each start
//!   initial-admin-password  the first password of `admin`, until it is changed
//!   audit-syslog.cursor     the last record of the audit log that the syslog server has; audit-webhook.cursor: the webhook
//!   clock                   the latest date that was seen: what has ended by it stays ended when the clock is set back
//!   last-backup             its time says when the last backup was durable where it was written
//!   checking/               what a check without a server looks at
//!   ended.log               what took a power away, a line each; to be copied, for a restore
//!   ended.log.1             the same, before that was full
//!   ended.log.aside         one that was damaged, or of another store; ended.log.aside.1 and so on: further ones
//!   ended.place             in which life of the store, and where, ended.log is written: a copy of the directory begins another
//!   upgrade-backups/        backups of the store as it was, one of each format that a later dockpass has brought it from
//!   restoring/              what a restore is making; without `format` beside it, an interrupted one
//! ```
//!
//! A small file is written under its name with `.new` behind it, and renamed.

/// The format of the directory.
pub const FORMAT: &str = "format";
/// Who has it open.
pub const LOCK: &str = "lock";
/// The seal of the last batch.
pub const END: &str = "end";
/// What took a power away while the disk was full.
pub const JOURNAL: &str = "journal";
/// The store.
pub const STORE: &str = "store";
/// The store of an earlier dockpass.
pub const STORE_BEFORE: &str = "store.before-3";
/// The store that a migration is making.
pub const STORE_NEW: &str = "store.new";
/// The store as it is being written anew.
pub const STORE_COMPACT: &str = "store.compact";
/// The store while another one takes its place.
pub const STORE_AWAY: &str = "store.away";
/// The key files.
pub const KEYS: &str = "keys";
/// Among the key files, the secret that the registry shows with its notifications.
pub const EVENTS_SECRET: &str = "registry-events-secret";
/// Among the key files, the certificate of the CA for TLS, for clients.
pub const TLS_CA: &str = "tls-ca.pem";
/// The local socket.
pub const SOCKET: &str = "dockpass.sock";
/// The secret that requests over the local socket show.
pub const SOCKET_SECRET: &str = "socket-secret";
/// The first password of `admin`.
pub const FIRST_PASSWORD: &str = "initial-admin-password";
/// The latest date that was seen.
pub const CLOCK: &str = "clock";
/// Its time says when the last backup was durable where it was written.
pub const LAST_BACKUP: &str = "last-backup";

/// How far the syslog server has come that the audit log is sent to.
pub const SYSLOG_CURSOR: &str = "audit-syslog.cursor";
/// The same of the webhook.
pub const WEBHOOK_CURSOR: &str = "audit-webhook.cursor";

/// What took a power away, a line each.
pub const ENDED: &str = "ended.log";
/// The same, before it was full.
pub const ENDED_BEFORE: &str = "ended.log.1";
/// One that was damaged, or of another store.
pub const ENDED_ASIDE: &str = "ended.log.aside";
/// Which life of the store is told here.
pub const ENDED_PLACE: &str = "ended.place";

/// Backups that a start has kept before it brought the store to a later format.
pub const UPGRADE_BACKUPS: &str = "upgrade-backups";

/// A data directory that a restore is making, inside the one that it is for. It is not among those that are known: a server
/// does not start where it stands alone.
pub const RESTORING: &str = "restoring";

/// What a check without a server looks at: a copy, for as long as it takes.
pub const CHECKING: &str = "checking";

/// What a file's name ends with while it is being written.
pub const UNFINISHED: &str = ".new";

const ALL: [&str; 23] = [
    FORMAT,
    LOCK,
    END,
    JOURNAL,
    STORE,
    STORE_BEFORE,
    STORE_NEW,
    STORE_COMPACT,
    STORE_AWAY,
    KEYS,
    SOCKET,
    SOCKET_SECRET,
    FIRST_PASSWORD,
    SYSLOG_CURSOR,
    WEBHOOK_CURSOR,
    CLOCK,
    LAST_BACKUP,
    CHECKING,
    ENDED,
    ENDED_BEFORE,
    ENDED_ASIDE,
    ENDED_PLACE,
    UPGRADE_BACKUPS,
];

/// Whether dockpass itself writes files of this name, finished or not.
#[must_use]
pub fn is_known(name: &str) -> bool {
    ALL.contains(&name.strip_suffix(UNFINISHED).unwrap_or(name)) || ALL.contains(&name) || is_further_aside(name)
}

/// Whether it is one of the further ones that were put aside.
fn is_further_aside(name: &str) -> bool {
    let number =
        name.strip_suffix(UNFINISHED).unwrap_or(name).strip_prefix(ENDED_ASIDE).and_then(|it| it.strip_prefix('.'));
    number.is_some_and(|number| number.len() == 1 && number.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_finished_or_not_and_no_others() {
        for name in ALL {
            assert!(is_known(name) && is_known(&format!("{name}{UNFINISHED}")), "{name}");
        }
        assert!(is_known("ended.log.aside.1") && is_known("ended.log.aside.7.new"));
        assert!(["ended.log.aside.", "ended.log.aside.x", "ended.log.aside.12"].iter().all(|name| !is_known(name)));
        assert!(["", ".new", "formats", "format.old", "Format", "config.toml"].iter().all(|name| !is_known(name)));
    }
}
