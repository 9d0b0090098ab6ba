//! Reads the tables at a start: one thread reads the rows, in their order, as many as there are processors check and
//! decode them, a batch at a time, and whoever asked takes the batches in, in their order again.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use super::Row;
use crate::store::change::RowChange;
use crate::store::engine::Engine;
use crate::store::error::Error;
use crate::store::seal::{SealKey, StoreDigest};
use crate::store::table::Table;

/// Rows of a batch.
const BATCH: usize = 1_024;

/// Rows of a table, as they stand on the disk.
struct Batch {
    number: usize,
    table: Table,
    rows: Vec<RowChange>,
    is_last: bool,
}

/// A batch that was read.
pub(super) struct Read {
    /// Its rows, to be taken in.
    pub(super) rows: Vec<Row>,
    /// Of all of them.
    pub(super) digest: StoreDigest,
    /// Whether it is the last one of its table. Every table has one.
    pub(super) is_last: bool,
}

/// What comes back of a batch, or why the disk gave none.
type Done = (usize, Result<(Table, Read), Error>);

/// Most threads that decode: more would wait for the one that reads.
const MOST_WORKERS: usize = 16;

/// Reads every table but those of the audit log, in their order.
///
/// # Errors
/// The first one that the order of the rows comes to, of reading or of taking in.
pub(super) fn read_tables(
    engine: &Engine,
    key: &SealKey,
    take: impl FnMut(Table, Read) -> Result<(), Error>,
) -> Result<(), Error> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_WORKERS);
    read_by(workers, |_| Builder::new(), engine, key, take)
}

/// The same by so many threads that decode, and one that reads. Where the system makes no more threads, by those that it made,
/// or by this one alone.
fn read_by(
    workers: usize,
    thread: impl Fn(usize) -> Builder,
    engine: &Engine,
    key: &SealKey,
    mut take: impl FnMut(Table, Read) -> Result<(), Error>,
) -> Result<(), Error> {
    let (to_read, batches) = sync_channel(2 * workers);
    let (to_take, done) = sync_channel(2 * workers);
    let batches = Arc::new(Mutex::new(batches));
    std::thread::scope(|scope| {
        let decoder = |number| {
            let (batches, to_take) = (Arc::clone(&batches), to_take.clone());
            let decoder = thread(number).name("decode".to_owned());
            decoder.spawn_scoped(scope, move || decode(key, &batches, &to_take)).is_ok()
        };
        let decoders = (0..workers).take_while(|number| decoder(*number)).count();
        let failed = to_take.clone();
        let reader = thread(workers).name("read".to_owned());
        let reads = decoders > 0 && reader.spawn_scoped(scope, move || scan(engine, &to_read, &failed)).is_ok();
        // The ends that others wait for are theirs alone: if this one is dropped, since something failed, the workers end,
        // and so does who reads.
        drop((batches, to_take));
        if reads {
            in_order(done, &mut take)
        } else {
            log::warn!("the store is read by one thread: the system makes no more");
            scan_with(engine, |batch| {
                let table = batch.table;
                take(table, batch.decoded(key)?)
            })
        }
    })
}

/// Hands the batches on in the order of their numbers.
fn in_order(done: Receiver<Done>, take: &mut impl FnMut(Table, Read) -> Result<(), Error>) -> Result<(), Error> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    for (number, read) in done {
        waiting.insert(number, read);
        while let Some(read) = waiting.remove(&next) {
            let (table, read) = read?;
            take(table, read)?;
            next += 1;
        }
    }
    Ok(())
}

/// Reads the rows of all tables, and hands them on.
fn scan(engine: &Engine, to_read: &SyncSender<Batch>, failed: &SyncSender<Done>) {
    let mut next = 0;
    let scanned = scan_with(engine, |batch| {
        next = batch.number + 1;
        // Whoever takes the batches has failed, and says why.
        to_read.send(batch).map_err(|_| Error::Closed)
    });
    if let Err(error) = scanned {
        // If nobody is there to hear it, somebody has failed before.
        _ = failed.send((next, Err(error)));
    }
}

/// Reads the rows of all tables.
fn scan_with(engine: &Engine, mut each: impl FnMut(Batch) -> Result<(), Error>) -> Result<(), Error> {
    let mut numbers = 0..;
    for table in Table::in_memory() {
        let has_it = engine.has(table)?;
        let mut rows = Vec::with_capacity(BATCH);
        let mut send = |rows, is_last| {
            let number = numbers.next().unwrap_or(usize::MAX);
            each(Batch { number, table, rows, is_last })
        };
        let take = |change: &RowChange| {
            rows.push(change.clone());
            if rows.len() == BATCH {
                send(std::mem::replace(&mut rows, Vec::with_capacity(BATCH)), false)?;
            }
            Ok(())
        };
        // One of an earlier dockpass has not all.
        if has_it {
            engine.scan(table, take)?;
        }
        send(rows, true)?;
    }
    Ok(())
}

impl Batch {
    fn decoded(self, key: &SealKey) -> Result<Read, Error> {
        let mut digest = StoreDigest::default();
        self.rows.iter().for_each(|row| digest.toggle(key, row));
        let rows = self.rows.into_iter().map(Row::read).collect::<Result<Vec<Row>, Error>>()?;
        Ok(Read { rows, digest, is_last: self.is_last })
    }
}

/// Decodes batches until there are no more.
fn decode(key: &SealKey, batches: &Mutex<Receiver<Batch>>, to_take: &SyncSender<Done>) {
    loop {
        let next = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(batch) = next else { return };
        let (number, table) = (batch.number, batch.table);
        if to_take.send((number, batch.decoded(key).map(|read| (table, read)))).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::days::Days;
    use crate::domain::id::Id;
    use crate::store::audit_key::AuditKey;
    use crate::store::record::StoredDays;
    use crate::store::row;

    /// A stack that no process has room for.
    const TOO_LARGE: usize = 1 << 47;

    #[test]
    fn a_store_is_read_by_as_many_threads_as_the_system_makes() {
        let home = tempfile::tempdir().unwrap();
        let engine = Engine::open(home.path()).unwrap();
        let days =
            |number: u128| StoredDays { repository: Id::from_bytes(number.to_be_bytes()), days: Days::default() };
        let rows: Vec<RowChange> = (0..5_000).map(|number| row::put(&days(number)).unwrap()).collect();
        engine.commit(&rows).unwrap();
        let key = SealKey::of(&AuditKey::new([7; 32]));
        let mut whole = StoreDigest::default();
        rows.iter().for_each(|row| whole.toggle(&key, row));
        // Of four that decode and one that reads, the first so many are made.
        for made in [5, 4, 3, 1, 0] {
            let thread = |number| if number < made { Builder::new() } else { Builder::new().stack_size(TOO_LARGE) };
            let (mut tables, mut digest, mut count) = (Vec::new(), StoreDigest::default(), 0);
            let read = read_by(4, thread, &engine, &key, |table, read| {
                digest.toggle_all(read.digest);
                tables.extend(read.is_last.then_some(table));
                count += read.rows.len();
                Ok(())
            });
            read.unwrap();
            assert_eq!((count, digest), (rows.len(), whole), "{made}");
            assert_eq!(tables, Table::in_memory().collect::<Vec<_>>());
            let failed =
                read_by(
                    4,
                    thread,
                    &engine,
                    &key,
                    |_, read| if read.rows.is_empty() { Ok(()) } else { Err(Error::Closed) },
                );
            assert!(matches!(failed, Err(Error::Closed)), "{made}");
        }
    }
}
