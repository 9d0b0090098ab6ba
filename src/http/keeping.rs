//! `/api/v0/admin/backup`: a backup, streamed to the local administrator; and what the command line does with one where no
//! server runs.

use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::audit::shown_head;
use super::failure::Failure;
use super::pools::{Place, busy};
use super::reply::{Replied, Reply};
use super::request::Request;
use crate::api::operations::keeping as op;
use crate::api::{self, Nothing};
use crate::service::{CheckedStore, Error, OpenError, Service, StoreProblem, check_directory};

pub use crate::service::{
    BackupTrouble, EndedFile, EndedSince, RestoreError, Restored, VerifiedBackup, read_ended, restore, verify_backup,
};

/// Bytes of one piece.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for the client.
const WAITING: usize = 4;

/// What comes of a backup: pieces, and nothing once it is whole. Without that, its end is none.
type Come = Result<Option<Bytes>, Error>;

pub(super) async fn back_up(request: Request<op::MakeBackup>) -> Replied<op::MakeBackup> {
    request.run(Service::may_back_up)?;
    let place = request.app.pools.for_backup().await.ok_or_else(busy)?;
    request.block(Service::begin_backup).await?;
    let (sender, mut pieces) = channel(WAITING);
    let (app, call) = (Arc::clone(&request.app), request.call.clone());
    // It may take hours, and holds no thread that others wait for.
    let thread = std::thread::Builder::new().name("backup".to_owned());
    let work = move || {
        let mut out = Sending { sender: sender.clone(), piece: Vec::with_capacity(PIECE) };
        let made = app.service.write_backup(&call, &mut out).map(|_| None);
        // Whoever hung up needs no answer.
        let _ = sender.blocking_send(made);
    };
    thread.spawn(work).map_err(|error| Failure::internal(&error))?;
    // What goes wrong before anything is sent is told in the ordinary way.
    let first = match pieces.recv().await {
        Some(Ok(Some(first))) => first,
        Some(Err(error)) => return Err(error.into()),
        Some(Ok(None)) | None => return Err(Failure::internal(&without_a_word())),
    };
    Ok(Reply::streamed(BoxBody::new(Coming { first: Some(first), pieces, _place: place, broken: None })))
}

pub(super) async fn note_backup(request: Request<op::NoteBackup>) -> Replied<op::NoteBackup> {
    request.block(Service::note_backup).await?;
    Ok(Reply::new(&Nothing))
}

pub(super) async fn check(request: Request<op::CheckStore>) -> Replied<op::CheckStore> {
    Ok(Reply::new(&shown(request.read_long(Service::check_store).await?)))
}

fn shown(found: CheckedStore) -> api::StoreCheck {
    let problem = |it: StoreProblem| api::StoreProblem {
        table: it.table.map(str::to_owned),
        key: it.key,
        problem: it.problem,
        remedy: it.remedy.to_owned(),
    };
    api::StoreCheck {
        records: found.records,
        audit_records: found.audit_records,
        audit_removed: found.audit_removed,
        batch: found.batch,
        audit_head: shown_head(found.audit),
        problems: found.problems.into_iter().map(problem).collect(),
        more_problems: found.more,
    }
}

/// Reads the store of a data directory without a server.
///
/// # Errors
/// What stands in the way.
pub fn check_store(directory: &Path) -> Result<api::StoreCheck, OpenError> {
    Ok(shown(check_directory(directory)?))
}

/// Where a backup is written to: pieces for the client, as fast as it takes them.
struct Sending {
    sender: Sender<Come>,
    piece: Vec<u8>,
}

impl Sending {
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(Some(piece.into()))).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        let room = PIECE.saturating_sub(self.piece.len()).min(bytes.len());
        let (taken, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.piece.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// The body of the answer.
struct Coming {
    first: Option<Bytes>,
    pieces: Receiver<Come>,
    /// The room for it, until it has gone.
    _place: Place,
    /// What it broke off with, told once all before it is written.
    broken: Option<io::Error>,
}

impl MessageBody for Coming {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        // What breaks off breaks the connection off: it must not look whole.
        if let Some(broken) = self.broken.take() {
            return Poll::Ready(Some(Err(broken)));
        }
        match ready!(self.pieces.poll_recv(cx)) {
            Some(Ok(Some(piece))) => Poll::Ready(Some(Ok(piece))),
            Some(Ok(None)) => Poll::Ready(None),
            Some(Err(error)) => {
                log::error!("a backup broke off: {}", crate::causes::with_causes(&error));
                self.broken = Some(io::Error::other(error));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(Some(Err(without_a_word()))),
        }
    }
}

/// Why a backup that did not come to its end is none.
fn without_a_word() -> io::Error {
    io::Error::other("the backup ended without a word")
}
