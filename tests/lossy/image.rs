//! Disks as they could be after a power cut.
//!
//! What a file held when it was synced is on the disk, and so are the names that a directory had when it was; of what was
//! done after that, the loss model says what is.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use fuser::FileType;

use super::files::{Act, FileId, Node, ROOT};

/// The unit in which a disk loses.
const PAGE: usize = 4_096;

/// What happens to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loss {
    /// All of it is gone.
    Everything,
    /// The first of it is there, in order, the last write only in part.
    Tail,
    /// Each page of a file is as it was at any time since the file was synced, and so is its length; of the names of a
    /// directory the first changes are there.
    Pages,
    /// Any half of it is gone, and so is every rename.
    Half,
}

impl Loss {
    pub(crate) const ALL: [Loss; 4] = [Self::Everything, Self::Tail, Self::Pages, Self::Half];
}

/// Chance that repeats itself for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
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
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).expect("it is below a usize")
    }

    fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }
}

/// What was recorded of a disk.
pub(crate) struct Recording {
    pub(super) acts: Vec<Act>,
    pub(super) nodes: HashMap<FileId, Node>,
}

impl Recording {
    /// How many acts there are to cut between.
    pub(crate) fn length(&self) -> usize {
        self.acts.len()
    }

    /// As if nobody had synced any file from this moment on.
    pub(crate) fn forget_syncs(&mut self, from: usize) {
        let mut place = 0;
        self.acts.retain(|act| {
            place += 1;
            place <= from || !matches!(act, Act::Sync { .. })
        });
    }

    /// The same of files alone whose first names begin like this.
    pub(crate) fn forget_syncs_of(&mut self, beginning: &str, from: usize) {
        let is_meant = |name: &OsString| name.to_string_lossy().starts_with(beginning);
        let named = self.acts.iter().filter_map(|act| match act {
            Act::Name { name, file, .. } if is_meant(name) => Some(*file),
            _ => None,
        });
        let files: Vec<FileId> = named.collect();
        for act in self.acts.iter_mut().skip(from) {
            if let Act::Sync { file } = act
                && files.contains(file)
            {
                // Of no file: the moments of the others stay.
                *file = FileId::MAX;
            }
        }
    }

    /// Writes the disk as it is after a power cut before act `cut` into a directory.
    pub(crate) fn write_image(&self, cut: usize, loss: Loss, dice: &mut Dice, to: &Path) {
        let acts = &self.acts[..cut];
        let synced = Synced::of(acts);
        let unsynced = acts.iter().enumerate().filter(|(at, act)| synced.loses(*at, act)).map(|(_, act)| act);
        let chosen = match loss {
            Loss::Everything => Chosen::Nothing,
            Loss::Tail => Chosen::First(dice.below(unsynced.count() + 1)),
            Loss::Pages => Chosen::Pages(Pages::choose(acts, &synced, dice)),
            Loss::Half => Chosen::Half,
        };
        let mut image = Image { chosen, contents: HashMap::new(), names: HashMap::new() };
        for (at, act) in acts.iter().enumerate() {
            if synced.loses(at, act) { image.perhaps(act, dice) } else { image.apply(act) }
        }
        image.cut_lengths();
        image.write(&self.nodes, ROOT, to);
    }
}

/// When each file and each directory was last synced.
struct Synced {
    files: HashMap<FileId, usize>,
    names: HashMap<FileId, usize>,
}

impl Synced {
    fn of(acts: &[Act]) -> Self {
        let mut synced = Self { files: HashMap::new(), names: HashMap::new() };
        for (at, act) in acts.iter().enumerate() {
            match act {
                Act::Sync { file } => _ = synced.files.insert(*file, at),
                Act::SyncNames { directory } => _ = synced.names.insert(*directory, at),
                _ => {}
            }
        }
        synced
    }

    /// Whether a power cut may take the act back.
    fn loses(&self, at: usize, act: &Act) -> bool {
        let is_after = |last: Option<&usize>| last.is_none_or(|last| at > *last);
        match act {
            Act::Write { file, .. } | Act::SetLength { file, .. } => is_after(self.files.get(file)),
            Act::Name { directory, .. } | Act::Unname { directory, .. } => is_after(self.names.get(directory)),
            Act::Rename { from, to } => is_after(self.names.get(&from.0)) || is_after(self.names.get(&to.0)),
            Act::Sync { .. } | Act::SyncNames { .. } => false,
        }
    }
}

/// What of the unsynced is there.
enum Chosen {
    Nothing,
    /// So many acts.
    First(usize),
    Pages(Pages),
    Half,
}

/// Which version of each page is there.
struct Pages {
    /// Of each page, how many of the writes since the sync are in it.
    versions: HashMap<(FileId, usize), usize>,
    lengths: HashMap<FileId, usize>,
    /// Of each directory, how many changes of its names.
    names: HashMap<FileId, usize>,
}

fn pages_of(offset: usize, length: usize) -> impl Iterator<Item = usize> {
    offset / PAGE..(offset + length).div_ceil(PAGE)
}

/// The directory whose names an act changes.
fn directory_of(act: &Act) -> Option<FileId> {
    match act {
        Act::Name { directory, .. } | Act::Unname { directory, .. } => Some(*directory),
        Act::Rename { to, .. } => Some(to.0),
        Act::Write { .. } | Act::SetLength { .. } | Act::Sync { .. } | Act::SyncNames { .. } => None,
    }
}

impl Pages {
    fn choose(acts: &[Act], synced: &Synced, dice: &mut Dice) -> Self {
        let mut versions: BTreeMap<(FileId, usize), usize> = BTreeMap::new();
        let mut now: HashMap<FileId, usize> = HashMap::new();
        let mut lengths: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        let mut names: BTreeMap<FileId, usize> = BTreeMap::new();
        for (at, act) in acts.iter().enumerate() {
            let is_lost = synced.loses(at, act);
            if let Some(directory) = directory_of(act).filter(|_| is_lost) {
                *names.entry(directory).or_default() += 1;
            }
            let (file, length) = match act {
                Act::Write { file, offset, bytes } => {
                    if is_lost {
                        pages_of(*offset, bytes.len())
                            .for_each(|page| *versions.entry((*file, page)).or_default() += 1);
                    }
                    (*file, (offset + bytes.len()).max(now.get(file).copied().unwrap_or(0)))
                }
                Act::SetLength { file, length } => (*file, *length),
                _ => continue,
            };
            if is_lost {
                let before = now.get(&file).copied().unwrap_or(0);
                lengths.entry(file).or_insert_with(|| vec![before]).push(length);
            }
            now.insert(file, length);
        }
        Self {
            versions: versions.into_iter().map(|(page, count)| (page, dice.below(count + 1))).collect(),
            lengths: lengths.into_iter().map(|(file, all)| (file, all[dice.below(all.len())])).collect(),
            names: names.into_iter().map(|(directory, count)| (directory, dice.below(count + 1))).collect(),
        }
    }

    /// Takes one of what is left of a number; false if nothing is.
    fn take(left: Option<&mut usize>) -> bool {
        left.is_some_and(|left| {
            let is_there = *left > 0;
            *left = left.saturating_sub(1);
            is_there
        })
    }
}

/// A disk that is being made.
struct Image {
    chosen: Chosen,
    contents: HashMap<FileId, Vec<u8>>,
    names: HashMap<FileId, BTreeMap<OsString, FileId>>,
}

impl Image {
    /// Does an act that was not synced, as far as it is there.
    fn perhaps(&mut self, act: &Act, dice: &mut Dice) {
        match (&mut self.chosen, act) {
            // Of pages, the length is chosen in the end.
            (Chosen::Nothing | Chosen::First(0), _)
            | (Chosen::Half, Act::Rename { .. })
            | (Chosen::Pages(_), Act::SetLength { .. }) => {}
            (Chosen::First(left), _) => {
                *left -= 1;
                match act {
                    Act::Write { file, offset, bytes } if *left == 0 => {
                        let torn = dice.below(bytes.len() + 1);
                        self.put(*file, *offset, &bytes[..torn]);
                    }
                    _ => self.apply(act),
                }
            }
            (Chosen::Half, _) => {
                if dice.coin() {
                    self.apply(act);
                }
            }
            (Chosen::Pages(pages), Act::Write { file, offset, bytes }) => {
                let of_page = |page: &usize| Pages::take(pages.versions.get_mut(&(*file, *page)));
                let there: Vec<_> = pages_of(*offset, bytes.len()).filter(of_page).collect();
                for page in there {
                    let (from, to) = ((page * PAGE).max(*offset), ((page + 1) * PAGE).min(offset + bytes.len()));
                    self.put(*file, from, &bytes[from - offset..to - offset]);
                }
            }
            (Chosen::Pages(pages), _) => {
                if directory_of(act).is_some_and(|directory| Pages::take(pages.names.get_mut(&directory))) {
                    self.apply(act);
                }
            }
        }
    }

    fn put(&mut self, file: FileId, offset: usize, bytes: &[u8]) {
        let content = self.contents.entry(file).or_default();
        content.resize(content.len().max(offset + bytes.len()), 0);
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Does an act.
    fn apply(&mut self, act: &Act) {
        match act {
            Act::Write { file, offset, bytes } => self.put(*file, *offset, bytes),
            Act::SetLength { file, length } => self.contents.entry(*file).or_default().resize(*length, 0),
            Act::Name { directory, name, file } => {
                self.names.entry(*directory).or_default().insert(name.clone(), *file);
            }
            Act::Unname { directory, name } => _ = self.names.entry(*directory).or_default().remove(name),
            Act::Rename { from, to } => {
                if let Some(file) = self.names.entry(from.0).or_default().remove(&from.1) {
                    self.names.entry(to.0).or_default().insert(to.1.clone(), file);
                }
            }
            Act::Sync { .. } | Act::SyncNames { .. } => {}
        }
    }

    fn cut_lengths(&mut self) {
        if let Chosen::Pages(pages) = &self.chosen {
            for (file, length) in &pages.lengths {
                self.contents.entry(*file).or_default().resize(*length, 0);
            }
        }
    }

    /// Writes what has this number at this path.
    fn write(&self, nodes: &HashMap<FileId, Node>, file: FileId, to: &Path) {
        let node = nodes[&file];
        match node.kind {
            FileType::Directory => {
                fs::create_dir_all(to).expect("a directory");
                for (name, file) in self.names.get(&file).into_iter().flatten() {
                    self.write(nodes, *file, &to.join(name));
                }
            }
            // Nobody listens there any more.
            FileType::Socket => drop(UnixListener::bind(to).expect("a socket")),
            _ => fs::write(to, self.contents.get(&file).map_or(&[][..], Vec::as_slice)).expect("a file"),
        }
        fs::set_permissions(to, Permissions::from_mode(node.mode.into())).expect("its permissions");
    }
}
