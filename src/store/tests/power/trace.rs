//! What strace recorded: the calls that change files, in order, and the answers between them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file, whatever it is called at the time.
pub(super) type FileId = usize;

/// What a call did.
pub(super) enum Act {
    /// Bytes at an offset.
    Write { file: FileId, offset: usize, bytes: Vec<u8> },
    /// A new length.
    SetLength { file: FileId, length: usize },
    /// The file's content is durable.
    Sync { file: FileId },
    /// The names are durable.
    SyncNames,
    /// A new name.
    Create { path: PathBuf, file: FileId },
    /// Another name.
    Rename { from: PathBuf, to: PathBuf },
    /// A name less.
    Unlink { path: PathBuf },
    /// A line on standard output.
    Answer(String),
}

/// A call: begun at one line of the trace, ended at another.
pub(super) struct Call {
    pub(super) begun: usize,
    pub(super) ended: usize,
    pub(super) act: Act,
}

/// Everything that was recorded, with the files as they were before.
pub(super) struct Trace {
    pub(super) calls: Vec<Call>,
    /// Names, relative to the data directory.
    pub(super) names: HashMap<PathBuf, FileId>,
    pub(super) files: Vec<Vec<u8>>,
    lines: usize,
}

impl Trace {
    /// Reads the recording of a child that worked on `data`, which was as `base` is when it began.
    pub(super) fn read(log: &Path, data: &Path, base: &Path) -> Self {
        let mut trace = Self { calls: Vec::new(), names: HashMap::new(), files: Vec::new(), lines: 0 };
        trace.take_base(base, base);
        let mut reader =
            Reader { data, names: trace.names.clone(), files: trace.files.len(), positions: HashMap::new() };
        let mut unfinished: HashMap<String, (usize, String)> = HashMap::new();
        for (number, line) in fs::read_to_string(log).unwrap().lines().enumerate() {
            trace.lines = number + 1;
            let (process, rest) = line.split_once(' ').unwrap();
            let rest = rest.trim_start();
            let (begun, text) = if let Some(begin) = rest.strip_suffix(" <unfinished ...>") {
                unfinished.insert(process.to_owned(), (number, begin.to_owned()));
                continue;
            } else if let Some((_, end)) = rest.split_once(" resumed>").filter(|_| rest.starts_with("<...")) {
                let (begun, begin) = unfinished.remove(process).unwrap();
                (begun, begin + end)
            } else {
                (number, rest.to_owned())
            };
            trace.calls.extend(reader.act(&text).map(|act| Call { begun, ended: number, act }));
        }
        trace.files.resize(reader.files, Vec::new());
        // A call takes effect at any time after it began.
        trace.calls.sort_by_key(|call| call.begun);
        trace
    }

    fn take_base(&mut self, base: &Path, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                self.take_base(base, &entry);
            } else {
                self.names.insert(entry.strip_prefix(base).unwrap().to_owned(), self.files.len());
                self.files.push(fs::read(entry).unwrap());
            }
        }
    }

    /// How many lines there are to cut between.
    pub(super) fn length(&self) -> usize {
        self.lines
    }

    /// The answers that were given before the cut.
    pub(super) fn answers(&self, cut: usize) -> Vec<&str> {
        let before = self.calls.iter().filter(|call| call.begun < cut);
        before.filter_map(|call| if let Act::Answer(line) = &call.act { Some(line.as_str()) } else { None }).collect()
    }

    /// As if nobody had synced anything.
    pub(super) fn forget_syncs(&mut self) {
        self.calls.retain(|call| !matches!(call.act, Act::Sync { .. }));
    }
}

/// Makes acts of lines.
struct Reader<'a> {
    data: &'a Path,
    names: HashMap<PathBuf, FileId>,
    files: usize,
    /// Where the next plain write of a file goes.
    positions: HashMap<FileId, usize>,
}

impl Reader<'_> {
    /// What a line did to the data directory, if it did anything: `call(arguments) = result`.
    fn act(&mut self, line: &str) -> Option<Act> {
        let (call, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ")?;
        if result.starts_with('-') {
            return None;
        }
        let arguments = arguments.trim_end().strip_suffix(')')?;
        let strings: Vec<Vec<u8>> = arguments.split('"').skip(1).step_by(2).map(unescaped).collect();
        let number = || arguments.rsplit(", ").next()?.parse::<usize>().ok();
        match call {
            "openat" => self.opened(self.inside(strings.first()?)?, arguments),
            "rename" => self.renamed(self.inside(strings.first()?)?, self.inside(strings.get(1)?)?),
            "unlink" => {
                let path = self.inside(strings.first()?)?;
                self.names.remove(&path)?;
                Some(Act::Unlink { path })
            }
            "write" if arguments.starts_with("1<") => {
                let text = String::from_utf8(strings.into_iter().next()?).ok()?;
                text.contains("answer ").then_some(Act::Answer(text))
            }
            "write" => {
                let (file, bytes) = (self.file(arguments)?, strings.into_iter().next()?);
                let offset = self.positions.insert(file, self.position(file) + bytes.len()).unwrap_or(0);
                Some(Act::Write { file, offset, bytes })
            }
            "pwrite64" => {
                let (file, bytes) = (self.file(arguments)?, strings.into_iter().next()?);
                let written: usize = result.trim().parse().ok()?;
                Some(Act::Write { file, offset: number()?, bytes: bytes.get(..written)?.to_vec() })
            }
            "ftruncate" => Some(Act::SetLength { file: self.file(arguments)?, length: number()? }),
            "fsync" | "fdatasync" => match self.file(arguments) {
                Some(file) => Some(Act::Sync { file }),
                None => self.descriptor(arguments).map(|_| Act::SyncNames),
            },
            _ => None,
        }
    }

    fn position(&self, file: FileId) -> usize {
        self.positions.get(&file).copied().unwrap_or(0)
    }

    fn opened(&mut self, path: PathBuf, arguments: &str) -> Option<Act> {
        if let Some(file) = self.names.get(&path) {
            self.positions.insert(*file, 0);
            return arguments.contains("O_TRUNC").then_some(Act::SetLength { file: *file, length: 0 });
        }
        if !arguments.contains("O_CREAT") {
            return None;
        }
        let file = self.files;
        self.files += 1;
        self.names.insert(path.clone(), file);
        Some(Act::Create { path, file })
    }

    fn renamed(&mut self, from: PathBuf, to: PathBuf) -> Option<Act> {
        rename(&mut self.names, &from, &to).then_some(Act::Rename { from, to })
    }

    /// The path relative to the data directory, if it is in there.
    fn inside(&self, path: &[u8]) -> Option<PathBuf> {
        let path = PathBuf::from(String::from_utf8(path.to_vec()).ok()?);
        path.strip_prefix(self.data).ok().map(Path::to_owned)
    }

    /// The path of the first argument, a descriptor: `3</path>`.
    fn descriptor(&self, arguments: &str) -> Option<PathBuf> {
        let (_, path) = arguments.split_once('<')?;
        let (path, _) = path.split_once('>')?;
        self.inside(&unescaped(path))
    }

    fn file(&self, arguments: &str) -> Option<FileId> {
        self.names.get(&self.descriptor(arguments)?).copied()
    }
}

/// Gives a file, or all files below a directory, another name. Whether there was one.
pub(super) fn rename(names: &mut HashMap<PathBuf, FileId>, from: &Path, to: &Path) -> bool {
    let moved: Vec<PathBuf> = names.keys().filter(|name| name.starts_with(from)).cloned().collect();
    for name in &moved {
        let below = name.strip_prefix(from).unwrap();
        let new = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
        let file = names.remove(name).unwrap();
        names.insert(new, file);
    }
    !moved.is_empty()
}

/// Every byte is written as `\x` and two digits.
fn unescaped(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let byte = |escape: &[u8]| escape.get(2..4).map_or(0, |digits| digit(digits[0]) << 4 | digit(digits[1]));
    text.as_bytes().chunks(4).map(byte).collect()
}
