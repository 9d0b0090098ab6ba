//! Reads the tables at a start: one thread reads the rows, in their order, as many as there are processors check and
//! decode them, a batch at a time, and whoever asked takes the batches in, in their order again.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

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

/// Reads every table but those of the audit log, in their order.
///
/// # Errors
/// The first one that the order of the rows comes to, of reading or of taking in.
pub(super) fn read_tables(
    engine: &Engine,
    key: &SealKey,
    mut take: impl FnMut(Table, Read) -> Result<(), Error>,
) -> Result<(), Error> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (to_read, batches) = sync_channel(2 * workers);
    let (to_take, done) = sync_channel(2 * workers);
    let batches = Arc::new(Mutex::new(batches));
    std::thread::scope(|scope| {
        let failed = to_take.clone();
        scope.spawn(move || scan(engine, &to_read, &failed));
        for _ in 0..workers {
            let (batches, to_take) = (Arc::clone(&batches), to_take.clone());
            scope.spawn(move || decode(key, &batches, &to_take));
        }
        // The ends that others wait for are theirs alone: if this one is dropped, since something failed, the workers end,
        // and so does who reads.
        drop((batches, to_take));
        in_order(done, &mut take)
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

/// Reads the rows of all tables.
fn scan(engine: &Engine, to_read: &SyncSender<Batch>, failed: &SyncSender<Done>) {
    let mut numbers = 0..;
    let mut next = || numbers.next().unwrap_or(usize::MAX);
    for table in Table::in_memory() {
        let mut rows = Vec::with_capacity(BATCH);
        // Whoever takes the batches has failed, and says why.
        let send =
            |number, rows, is_last| to_read.send(Batch { number, table, rows, is_last }).map_err(|_| Error::Closed);
        let scanned = engine.scan(table, |change| {
            rows.push(change.clone());
            if rows.len() == BATCH {
                send(next(), std::mem::replace(&mut rows, Vec::with_capacity(BATCH)), false)?;
            }
            Ok(())
        });
        if let Err(error) = scanned.and_then(|()| send(next(), rows, true)) {
            // If nobody is there to hear it, somebody has failed before.
            _ = failed.send((next(), Err(error)));
            return;
        }
    }
}

/// Decodes batches until there are no more.
fn decode(key: &SealKey, batches: &Mutex<Receiver<Batch>>, to_take: &SyncSender<Done>) {
    loop {
        let next = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Batch { number, table, rows, is_last }) = next else { return };
        let mut digest = StoreDigest::default();
        rows.iter().for_each(|row| digest.toggle(key, row));
        let rows = rows.into_iter().map(Row::read).collect::<Result<Vec<Row>, Error>>();
        let read = rows.map(|rows| (table, Read { rows, digest, is_last }));
        if to_take.send((number, read)).is_err() {
            return;
        }
    }
}
