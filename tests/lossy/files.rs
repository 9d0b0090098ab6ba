//! The files in memory, what was done to them in order, and the faults that a test has asked for.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{Errno, FileAttr, FileType, INodeNo};
use rustix::process::{getegid, geteuid};

use super::image::Recording;

/// A file or a directory, whatever it is called at the time.
pub(super) type FileId = u64;

/// The directory at which it is mounted.
pub(super) const ROOT: FileId = INodeNo::ROOT.0;

/// What was done.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Bytes at an offset.
    Write { file: FileId, offset: usize, bytes: Vec<u8> },
    /// A new length.
    SetLength { file: FileId, length: usize },
    /// What the file holds is durable.
    Sync { file: FileId },
    /// A new name.
    Name { directory: FileId, name: OsString, file: FileId },
    /// A name less.
    Unname { directory: FileId, name: OsString },
    /// Another name.
    Rename { from: (FileId, OsString), to: (FileId, OsString) },
    /// The names in a directory are durable.
    SyncNames { directory: FileId },
}

/// What does not change what is on the disk in the end, however much of it is lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: FileType,
    /// Permission bits.
    pub(super) mode: u16,
}

/// Which syncs fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Syncs {
    /// `fdatasync`.
    OfData,
    /// `fsync` as well, of files and of directories.
    All,
}

struct Inode {
    node: Node,
    content: Vec<u8>,
    /// Of a directory.
    names: BTreeMap<OsString, FileId>,
    /// How many names it has.
    links: u32,
    changed: SystemTime,
}

/// All files of a disk.
pub(super) struct Files {
    inodes: HashMap<FileId, Inode>,
    next: FileId,
    /// User and group that all of them belong to: those of this process.
    owner: (u32, u32),
    pub(super) acts: Vec<Act>,
    /// Bytes in all files.
    pub(super) used: usize,
    /// Most bytes that fit.
    pub(super) room: Option<usize>,
    /// The name that fills it once something gets it.
    pub(super) fills_at: Option<OsString>,
    /// Whether nothing can be changed.
    pub(super) is_read_only: bool,
    /// Syncs until one fails, and which count.
    pub(super) syncs_left: Option<(usize, Syncs)>,
    pub(super) failed_syncs: usize,
    /// The name of the files that cannot be read.
    pub(super) unreadable: Option<OsString>,
    /// The name that makes it so once something gets it, and that of the file.
    pub(super) unreadable_at: Option<(OsString, OsString)>,
    pub(super) failed_reads: usize,
}

/// The result of a call.
type Done<T> = Result<T, Errno>;

impl Files {
    pub(super) fn new() -> Self {
        let mut files = Self {
            inodes: HashMap::new(),
            next: ROOT,
            owner: (geteuid().as_raw(), getegid().as_raw()),
            acts: Vec::new(),
            used: 0,
            room: None,
            fills_at: None,
            is_read_only: false,
            syncs_left: None,
            failed_syncs: 0,
            unreadable: None,
            unreadable_at: None,
            failed_reads: 0,
        };
        files.add(Node { kind: FileType::Directory, mode: 0o700 });
        files
    }

    /// Refuses what would change something, or is to.
    pub(super) fn may_change(&self) -> Done<()> {
        if self.is_read_only { Err(Errno::EROFS) } else { Ok(()) }
    }

    /// A file without a name.
    fn add(&mut self, node: Node) -> FileId {
        let (id, changed) = (self.next, self.clock());
        self.next += 1;
        self.inodes.insert(id, Inode { node, content: Vec::new(), names: BTreeMap::new(), links: 0, changed });
        id
    }

    /// A time that goes on with each act.
    fn clock(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_hours(500_000) + Duration::from_millis(self.acts.len() as u64)
    }

    fn inode(&self, id: FileId) -> Done<&Inode> {
        self.inodes.get(&id).ok_or(Errno::ENOENT)
    }

    fn inode_mut(&mut self, id: FileId) -> Done<&mut Inode> {
        self.inodes.get_mut(&id).ok_or(Errno::ENOENT)
    }

    pub(super) fn attributes(&self, id: FileId) -> Done<FileAttr> {
        let inode = self.inode(id)?;
        let is_directory = inode.node.kind == FileType::Directory;
        let size = inode.content.len() as u64;
        Ok(FileAttr {
            ino: INodeNo(id),
            size,
            blocks: size.div_ceil(512),
            atime: inode.changed,
            mtime: inode.changed,
            ctime: inode.changed,
            crtime: inode.changed,
            kind: inode.node.kind,
            perm: inode.node.mode,
            nlink: if is_directory { 2 } else { inode.links },
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: 4_096,
            flags: 0,
        })
    }

    pub(super) fn find(&self, directory: FileId, name: &OsStr) -> Done<FileId> {
        self.inode(directory)?.names.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// The names in a directory.
    pub(super) fn list(&self, directory: FileId) -> Done<Vec<(OsString, FileId, FileType)>> {
        let names = &self.inode(directory)?.names;
        names.iter().map(|(name, id)| Ok((name.clone(), *id, self.inode(*id)?.node.kind))).collect()
    }

    pub(super) fn make(&mut self, directory: FileId, name: &OsStr, node: Node) -> Done<FileId> {
        self.may_change()?;
        if self.inode(directory)?.names.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        if self.room.is_some_and(|room| self.used >= room) {
            return Err(Errno::ENOSPC);
        }
        let file = self.add(node);
        self.put_name(directory, name, file)?;
        self.acts.push(Act::Name { directory, name: name.to_owned(), file });
        Ok(file)
    }

    fn put_name(&mut self, directory: FileId, name: &OsStr, file: FileId) -> Done<()> {
        let before = self.inode_mut(directory)?.names.insert(name.to_owned(), file);
        self.inode_mut(file)?.links += 1;
        before.map_or(Ok(()), |before| self.lose_name(before))
    }

    fn lose_name(&mut self, file: FileId) -> Done<()> {
        let inode = self.inode_mut(file)?;
        inode.links -= 1;
        let freed = if inode.links == 0 { inode.content.len() } else { 0 };
        self.used = self.used.saturating_sub(freed);
        Ok(())
    }

    pub(super) fn remove(&mut self, directory: FileId, name: &OsStr) -> Done<()> {
        self.may_change()?;
        let file = self.find(directory, name)?;
        if !self.inode(file)?.names.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.inode_mut(directory)?.names.remove(name);
        self.lose_name(file)?;
        self.acts.push(Act::Unname { directory, name: name.to_owned() });
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (FileId, &OsStr), to: (FileId, &OsStr)) -> Done<()> {
        self.may_change()?;
        let file = self.find(from.0, from.1)?;
        if self.find(to.0, to.1).is_ok_and(|there| self.inode(there).is_ok_and(|it| !it.names.is_empty())) {
            return Err(Errno::ENOTEMPTY);
        }
        if self.fills_at.as_deref() == Some(to.1) {
            (self.fills_at, self.room) = (None, Some(self.used));
        }
        if let Some((_, file)) = self.unreadable_at.take_if(|(name, _)| name.as_os_str() == to.1) {
            self.unreadable = Some(file);
        }
        self.put_name(to.0, to.1, file)?;
        self.inode_mut(from.0)?.names.remove(from.1);
        self.inode_mut(file)?.links -= 1;
        self.acts.push(Act::Rename { from: (from.0, from.1.to_owned()), to: (to.0, to.1.to_owned()) });
        Ok(())
    }

    pub(super) fn read(&mut self, file: FileId, offset: usize, size: usize) -> Done<Vec<u8>> {
        if self.unreadable.as_ref().is_some_and(|name| self.is_called(file, name)) {
            self.failed_reads += 1;
            return Err(Errno::EIO);
        }
        let content = &self.inode(file)?.content;
        let rest = content.get(offset..).unwrap_or_default();
        Ok(rest[..rest.len().min(size)].to_vec())
    }

    fn is_called(&self, file: FileId, name: &OsStr) -> bool {
        self.inodes.values().any(|directory| directory.names.get(name) == Some(&file))
    }

    /// Writes as much as fits; how much that was.
    pub(super) fn write(&mut self, file: FileId, offset: usize, bytes: &[u8]) -> Done<usize> {
        self.may_change()?;
        let length = self.inode(file)?.content.len();
        let most = self.room.map_or(usize::MAX, |room| length + room.saturating_sub(self.used));
        let fits = bytes.len().min(most.saturating_sub(offset));
        if fits == 0 && !bytes.is_empty() {
            return Err(Errno::ENOSPC);
        }
        let (end, bytes) = (offset + fits, &bytes[..fits]);
        self.used += end.saturating_sub(length);
        let changed = self.clock();
        let inode = self.inode_mut(file)?;
        inode.content.resize(length.max(end), 0);
        inode.content[offset..end].copy_from_slice(bytes);
        inode.changed = changed;
        self.acts.push(Act::Write { file, offset, bytes: bytes.to_vec() });
        Ok(fits)
    }

    pub(super) fn set_length(&mut self, file: FileId, length: usize) -> Done<()> {
        self.may_change()?;
        let before = self.inode(file)?.content.len();
        if self.room.is_some_and(|room| length > before && self.used + length - before > room) {
            return Err(Errno::ENOSPC);
        }
        self.used = (self.used + length).saturating_sub(before);
        let changed = self.clock();
        let inode = self.inode_mut(file)?;
        inode.content.resize(length, 0);
        inode.changed = changed;
        self.acts.push(Act::SetLength { file, length });
        Ok(())
    }

    /// Makes room for a file up to this length.
    pub(super) fn allocate(&mut self, file: FileId, length: usize) -> Done<()> {
        if length > self.inode(file)?.content.len() { self.set_length(file, length) } else { Ok(()) }
    }

    pub(super) fn set_mode(&mut self, file: FileId, mode: u16) -> Done<()> {
        self.may_change()?;
        self.inode_mut(file)?.node.mode = mode & 0o7777;
        Ok(())
    }

    /// Makes a file or the names in a directory durable; `is_of_data` says whether by `fdatasync`.
    pub(super) fn sync(&mut self, file: FileId, is_of_data: bool) -> Done<()> {
        if let Some((left, which)) = self.syncs_left.filter(|(_, which)| is_of_data || *which == Syncs::All) {
            self.syncs_left = left.checked_sub(1).map(|left| (left, which));
            if left == 0 {
                self.failed_syncs += 1;
                return Err(Errno::EIO);
            }
        }
        let is_directory = self.inode(file)?.node.kind == FileType::Directory;
        self.acts.push(if is_directory { Act::SyncNames { directory: file } } else { Act::Sync { file } });
        Ok(())
    }

    pub(super) fn settle(&mut self) {
        let all: Vec<_> = self.inodes.iter().map(|(id, inode)| (*id, inode.node.kind)).collect();
        let sync = |(id, kind)| {
            if kind == FileType::Directory { Act::SyncNames { directory: id } } else { Act::Sync { file: id } }
        };
        self.acts.extend(all.into_iter().map(sync));
    }

    pub(super) fn recording(&self) -> Recording {
        let nodes = self.inodes.iter().map(|(id, inode)| (*id, inode.node)).collect();
        Recording { acts: self.acts.clone(), nodes }
    }
}
