//! A process of its own that changes a store, and says on standard output what it was answered.
//!
//! It is the test executable itself, asked for one test of this module and told by the environment what to do.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::super::{Store, Trouble, WriteError};
use super::support::{Failure, account, entry, environment, id, now, open_at, repository, write};
use crate::able;
use crate::domain::audit::Occurrence;
use crate::domain::content::{Deletion, Remains};

const DIRECTORY: &str = "DOCKPASS_TEST_STORE";
const FIRST: &str = "DOCKPASS_TEST_FIRST";
const CHANGES: &str = "DOCKPASS_TEST_CHANGES";
/// So many changes a child makes unless it is killed.
const ENDLESS: u64 = 100_000;
const THREADS: u64 = 4;
/// So long a child may live.
const LONGEST: Duration = Duration::from_mins(1);
/// So many numbers one thread of one child may use.
pub(super) const NUMBERS: u64 = 1_000_000;

/// The answers of a child, or of several one after another.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) added: BTreeSet<u64>,
    pub(super) removed: BTreeSet<u64>,
    /// Removals that were begun: answered or not.
    pub(super) removing: BTreeSet<u64>,
    /// How changes were refused.
    pub(super) refused: Vec<String>,
    /// Additions since the last refusal.
    pub(super) added_since: u64,
}

impl Answered {
    /// Takes one line of a child; returns whether it was an answer.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let mut words = line.split_whitespace().skip_while(|word| *word != "answer");
        let (Some(_), Some(kind), Some(Ok(number))) = (words.next(), words.next(), words.next().map(str::parse)) else {
            return false;
        };
        match kind {
            "added" => self.added.insert(number),
            "removing" => self.removing.insert(number),
            "removed" => self.removed.insert(number),
            other => {
                self.refused.push(other.to_owned());
                self.added_since = 0;
                return true;
            }
        };
        self.added_since += u64::from(kind == "added");
        kind != "removing"
    }

    /// Every answered change is in the store, and every change is there whole.
    pub(super) fn check(&self, store: &Store) {
        assert_eq!(self.fault(store), None);
    }

    /// What is wrong with the store; none if nothing is.
    pub(super) fn fault(&self, store: &Store) -> Option<String> {
        let state = store.state();
        let present = |number: u64| state.account(id(number)).is_some();
        if let Some(lost) = self.added.iter().find(|number| !self.removing.contains(number) && !present(**number)) {
            return Some(format!("account {lost} was answered and is lost"));
        }
        if let Some(back) = self.removed.iter().find(|number| present(**number)) {
            return Some(format!("account {back} is back, although its removal was answered"));
        }
        let (added, removed) = audited(store);
        if state.users_count() + removed != added || state.repositories_count() != state.users_count() {
            let (users, repositories) = (state.users_count(), state.repositories_count());
            return Some(format!(
                "half a change: {users} users, {repositories} repositories, {added} added, {removed} removed; {:?}",
                store.verify_audit(None)
            ));
        }
        store.verify_audit(None).unwrap().problem
    }
}

/// How many additions and removals the audit log has.
fn audited(store: &Store) -> (usize, usize) {
    let (mut added, mut removed) = (0, 0);
    let mut before = None;
    loop {
        let page = store.audit_before(before, 1_000).unwrap();
        let Some(oldest) = page.last() else { return (added, removed) };
        before = Some(oldest.record.seq);
        added += page.iter().filter(|logged| logged.record.object.starts_with("added")).count();
        removed += page.iter().filter(|logged| logged.record.object.starts_with("removed")).count();
    }
}

/// The command that runs a child; `changes` are as many as each of its threads makes, endless if none.
pub(super) fn command(program: &OsStr, data: &Path, first: u64, changes: Option<u64>) -> Command {
    let name = format!("{}::works", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(program);
    command.env(DIRECTORY, data).env(FIRST, first.to_string()).env(CHANGES, changes.unwrap_or(ENDLESS).to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    // Arguments of the test executable come last, whatever runs it.
    let executable = std::env::current_exe().unwrap();
    if program != executable.as_os_str() {
        command.arg("--").arg(executable);
    }
    command.args(["--exact", &name, "--nocapture", "--test-threads", "1"]);
    command
}

/// The command that runs a child under strace with these arguments.
pub(super) fn traced(arguments: &[&OsStr], data: &Path, first: u64, changes: u64) -> Command {
    let plain = command(OsStr::new("strace"), data, first, Some(changes));
    let mut command = Command::new("strace");
    command.args(arguments).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Runs a child to its end, and takes its answers. None where it may not be run so, which is said; root may.
pub(super) fn finish(mut command: Command) -> Option<Answered> {
    let started = command.spawn().map_err(|error| format!("strace does not run here: {error}"));
    let mut process = able::given(started)?;
    let mut answered = Answered::default();
    read_rest(BufReader::new(process.stdout.take().unwrap()), &mut answered);
    let status = process.wait().unwrap();
    able::given(if answered.added.is_empty() {
        Err(format!("the child cannot be traced here: {status}"))
    } else {
        Ok(())
    })?;
    assert!(status.success(), "the child ended badly, or hung: {status}");
    Some(answered)
}

/// Reads answers until there have been `count`, or the child ends.
pub(super) fn read_answers(output: &mut BufReader<ChildStdout>, answered: &mut Answered, count: u64) {
    let mut line = String::new();
    let mut read = 0;
    while read < count && output.read_line(&mut line).unwrap_or(0) > 0 {
        read += u64::from(answered.take(&line));
        line.clear();
    }
}

/// Reads what a dead child still said.
pub(super) fn read_rest(mut output: BufReader<ChildStdout>, answered: &mut Answered) {
    let mut rest = Vec::new();
    let _ = output.read_to_end(&mut rest);
    // The last line may be cut in the middle of its number.
    let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    String::from_utf8_lossy(&rest[..whole]).lines().for_each(|line| {
        answered.take(line);
    });
}

fn say(kind: &str, number: u64) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("answer {kind} {number}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Adds an account, a repository of its own and an audit record in one change.
pub(super) fn add(store: &Store, number: u64) -> Result<(), Failure> {
    write(store, move |txn| {
        txn.put_account(account(number))?;
        let mut repository = repository(&format!("user-{number}/app"), number);
        repository.long_description = "x".repeat(usize::try_from(number % 7).unwrap() * 2_000);
        txn.put_repository(repository)?;
        Ok(txn.audit(&entry(&format!("added {number}")), Occurrence::once(now()))?)
    })
}

/// Removes what [`add`] has added.
pub(super) fn remove(store: &Store, number: u64) -> Result<(), Failure> {
    write(store, move |txn| {
        txn.remove_account(id(number))?;
        let deletion = Deletion { at: now(), content: Remains::Stays };
        txn.remove_repository(&repository(&format!("user-{number}/app"), number).name, deletion)?;
        Ok(txn.audit(&entry(&format!("removed {number}")), Occurrence::once(now()))?)
    })
}

/// Says how a change ended.
fn answer(kind: &str, number: u64, outcome: Result<(), Failure>) {
    match outcome {
        Ok(()) => say(kind, number),
        Err(Failure::Write(WriteError::Refused(Trouble::Full) | WriteError::Unknown(Trouble::Full))) => {
            say("full", number);
        }
        Err(Failure::Write(WriteError::Refused(Trouble::Broken))) => say("broken", number),
        Err(Failure::Write(WriteError::Unknown(Trouble::Broken))) => say("unknown", number),
        Err(other) => panic!("{other:?}"),
    }
}

/// Not a test of its own: what the child does. Without its environment it does nothing.
#[test]
fn works() {
    let Some(data) = environment(DIRECTORY) else { return };
    let number = |name| environment(name).unwrap().into_string().unwrap().parse::<u64>().unwrap();
    let (first, changes) = (number(FIRST), number(CHANGES));
    thread::spawn(|| {
        // A hang becomes a failure of the test that waits for this process.
        thread::park_timeout(LONGEST);
        std::process::abort();
    });
    let store = Arc::new(open_at(Path::new(&data)).unwrap().0);
    let threads = (0..THREADS).map(|thread| {
        let store = Arc::clone(&store);
        let first = first + thread * NUMBERS;
        thread::spawn(move || {
            for number in first..first + changes {
                answer("added", number, add(&store, number));
                // Not if it was refused.
                if number % 3 == 2 && store.state().account(id(number - 1)).is_some() {
                    say("removing", number - 1);
                    answer("removed", number - 1, remove(&store, number - 1));
                }
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
