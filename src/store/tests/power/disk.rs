//! Disks as they could be after a power cut.

use std::fs;
use std::path::Path;

use super::trace::{Act, Call, FileId, Trace, rename};

/// The unit in which a disk loses.
const PAGE: usize = 4_096;

/// What happens to writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Loss {
    /// All of them are gone.
    Everything,
    /// The first ones are there, the last of those only in part.
    Tail,
    /// Any of them may be gone.
    Calls,
    /// Any page of any of them may be gone.
    Pages,
}

impl Loss {
    pub(super) const ALL: [Loss; 4] = [Self::Everything, Self::Tail, Self::Calls, Self::Pages];
}

/// Chance that repeats itself for the same seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }
}

/// Writes the data directory as it is after a power cut before line `cut` of the trace.
pub(super) fn write_image(trace: &Trace, cut: usize, loss: Loss, dice: &mut Dice, to: &Path) {
    let begun: Vec<&Call> = trace.calls.iter().filter(|call| call.begun < cut).collect();
    let mut files = trace.files.clone();
    let unsynced = begun.iter().filter(|call| file_of(call).is_some_and(|file| !is_synced(call, file, &begun, cut)));
    let mut left = if loss == Loss::Tail { dice.below(unsynced.count() + 1) } else { 0 };
    for call in &begun {
        let Some(file) = file_of(call) else { continue };
        if is_synced(call, file, &begun, cut) {
            apply(&mut files[file], &call.act, |_| true, usize::MAX);
            continue;
        }
        match loss {
            Loss::Everything => {}
            Loss::Tail if left == 0 => {}
            Loss::Tail => {
                left -= 1;
                let torn = if left == 0 { dice.below(PAGE * 4) } else { usize::MAX };
                apply(&mut files[file], &call.act, |_| true, torn);
            }
            Loss::Calls if dice.coin() => {}
            Loss::Calls => apply(&mut files[file], &call.act, |_| true, usize::MAX),
            Loss::Pages => apply(&mut files[file], &call.act, |_| dice.coin(), usize::MAX),
        }
    }
    write_files(trace, &begun, cut, dice, &files, to);
}

/// The file whose content a call changes.
fn file_of(call: &Call) -> Option<FileId> {
    match call.act {
        Act::Write { file, .. } | Act::SetLength { file, .. } => Some(file),
        _ => None,
    }
}

/// Whether the file was synced after the call had ended, and the sync ended before the cut.
fn is_synced(call: &Call, file: FileId, begun: &[&Call], cut: usize) -> bool {
    begun.iter().any(|other| {
        matches!(other.act, Act::Sync { file: synced } if synced == file)
            && other.begun > call.ended
            && other.ended < cut
    })
}

/// Does a call to the content of a file: only pages that are kept, at most `most` bytes.
fn apply(content: &mut Vec<u8>, act: &Act, mut is_kept: impl FnMut(usize) -> bool, most: usize) {
    match act {
        Act::Write { offset, bytes, .. } => {
            let bytes = &bytes[..bytes.len().min(most)];
            let mut at = *offset;
            let mut rest = bytes;
            while !rest.is_empty() {
                let length = rest.len().min(PAGE - at % PAGE);
                if is_kept(at / PAGE) {
                    content.resize(content.len().max(at + length), 0);
                    content[at..at + length].copy_from_slice(&rest[..length]);
                }
                (at, rest) = (at + length, &rest[length..]);
            }
        }
        Act::SetLength { length, .. } if is_kept(0) => content.resize(*length, 0),
        _ => {}
    }
}

/// Names become durable in order; those after the last sync of names, up to anywhere.
fn write_files(trace: &Trace, begun: &[&Call], cut: usize, dice: &mut Dice, files: &[Vec<u8>], to: &Path) {
    let is_naming = |call: &&&Call| matches!(call.act, Act::Create { .. } | Act::Rename { .. } | Act::Unlink { .. });
    let naming: Vec<&&Call> = begun.iter().filter(is_naming).collect();
    let is_sync = |call: &&&Call| matches!(call.act, Act::SyncNames) && call.ended < cut;
    let synced_at = begun.iter().filter(is_sync).map(|call| call.begun).max().unwrap_or(0);
    let durable = naming.iter().filter(|call| call.ended < synced_at).count();
    let kept = durable + dice.below(naming.len() - durable + 1);
    let mut names = trace.names.clone();
    for call in &naming[..kept] {
        match &call.act {
            Act::Create { path, file } => drop(names.insert(path.clone(), *file)),
            Act::Unlink { path } => drop(names.remove(path)),
            Act::Rename { from, to } => _ = rename(&mut names, from, to),
            _ => {}
        }
    }
    fs::create_dir_all(to.join("keys")).unwrap();
    for (name, file) in names {
        let path = to.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.ends_with("db") {
            fs::create_dir_all(path.with_file_name("blobs")).unwrap();
        }
        fs::write(path, &files[file]).unwrap();
    }
}
