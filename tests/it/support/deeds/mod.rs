//! Changes of every kind at a server that may end at any moment: who makes them (`writers`), what was answered (here), and
//! what is there afterwards (`found`). What was answered must be there; what was not is there whole or not at all.

mod found;
mod line;
mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Dockpass;

pub(crate) use found::{fault, state_fault};
pub(crate) use line::{Line, Lines, Reply};
pub(crate) use writers::{Writer, set_up};

/// The state of what is not there.
const GONE: &str = "gone";
/// Begins the name of an object that only signing in shows: the password of the account whose name follows.
const PASSWORD: &str = "password ";
/// The key that signs registry tokens, as an object.
const KEY: &str = "key";
/// A setting, as an object.
const ON_PUSH: &str = "setting createRepositoryOnPush";
/// Stands at the end of a state whose rest only the answer tells.
const ANYTHING: char = '*';

/// What a change does to one object.
#[derive(Debug)]
struct Deed {
    object: String,
    /// The state of the object after it.
    becomes: String,
    /// Before which act of the disk it was asked for.
    begun: usize,
    /// Before which act it was answered, if it was.
    ended: Option<usize>,
}

/// An access token's secret that somebody holds.
#[derive(Clone, Debug)]
struct Held {
    /// What the token is called here, as an object.
    object: String,
    user: String,
    secret: String,
    hash: String,
}

/// A registry token that somebody holds.
#[derive(Clone, Debug)]
struct Issued {
    text: String,
    at: usize,
}

#[derive(Debug)]
struct Pages {
    deeds: Vec<Deed>,
    held: Vec<Held>,
    issued: Vec<Issued>,
    /// When each rotation of the key of registry tokens was asked for.
    rotations: Vec<usize>,
    /// For each kind of object, how many more were made than deleted, by the audit log, than there are.
    surplus: Option<BTreeMap<&'static str, i64>>,
}

/// Everything that was asked for, and what was answered.
pub(crate) struct Book {
    pages: Mutex<Pages>,
    moment: Box<dyn Fn() -> usize + Send + Sync>,
}

/// Changes that were asked for and not answered yet, by their place in the book.
struct Open(std::ops::Range<usize>);

impl Book {
    /// An empty one; `moment` says when it is.
    pub(crate) fn new(moment: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        let from_the_start = |object: &str| {
            let becomes = ANYTHING.to_string();
            Deed { object: object.to_owned(), becomes, begun: 0, ended: Some(0) }
        };
        let deeds = [KEY, ON_PUSH].map(from_the_start).into();
        let pages = Pages { deeds, held: Vec::new(), issued: Vec::new(), rotations: Vec::new(), surplus: None };
        Self { pages: Mutex::new(pages), moment: Box::new(moment) }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many changes were answered.
    pub(crate) fn answered(&self) -> usize {
        self.pages().deeds.iter().filter(|deed| deed.ended.is_some()).count()
    }

    /// Notes a change before it is asked for: each object, and its state after it.
    fn begin(&self, becomes: &[(String, String)]) -> Open {
        let (mut pages, begun) = (self.pages(), (self.moment)());
        let from = pages.deeds.len();
        let rotations = becomes.iter().filter(|(object, _)| object == KEY).map(|_| begun);
        pages.rotations.extend(rotations);
        let deed = |(object, becomes): &(String, String)| {
            let (object, becomes) = (object.clone(), becomes.clone());
            Deed { object, becomes, begun, ended: None }
        };
        pages.deeds.extend(becomes.iter().map(deed));
        Open(from..pages.deeds.len())
    }

    /// Notes that it was answered; `rest` is what only the answer tells of the state.
    fn end(&self, open: Open, rest: &str) {
        let mut pages = self.pages();
        let ended = Some((self.moment)());
        for deed in &mut pages.deeds[open.0] {
            deed.ended = ended;
            if let Some(begin) = deed.becomes.strip_suffix(ANYTHING).filter(|_| !rest.is_empty()) {
                deed.becomes = format!("{begin}{rest}");
            }
        }
    }

    /// Asks for a change of one object that may be refused. What was refused may be there all the same: the book does not tell a
    /// refusal before the disk from one after it.
    pub(crate) fn may_be_refused(&self, line: &Line, method: &str, path: &str, body: &Value, object: &str) -> Reply {
        let open = self.begin(&[(object.to_owned(), ANYTHING.to_string())]);
        let reply = line.ask(method, path, body).expect("the server answers");
        if (200..300).contains(&reply.status) {
            self.end(open, "");
        }
        reply
    }

    /// The first secret of an account's that was given out.
    pub(crate) fn secret_of(&self, user: &str) -> String {
        let pages = self.pages();
        let held = pages.held.iter().find(|held| held.user == user);
        held.unwrap_or_else(|| panic!("{user} has no access token")).secret.clone()
    }

    /// Notes a secret that was given out.
    fn hold(&self, held: Held) {
        self.pages().held.push(held);
    }

    /// Notes a registry token that was given out.
    fn issue(&self, text: String) {
        let at = (self.moment)();
        self.pages().issued.push(Issued { text, at });
    }

    /// The passwords of each account that has had more than one, in their order; first whose was changed last.
    fn passwords(&self, cut: usize) -> Vec<(String, Vec<String>)> {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for deed in self.pages().deeds.iter().filter(|deed| deed.begun < cut) {
            let Some(name) = deed.object.strip_prefix(PASSWORD) else { continue };
            let place = all.iter().position(|(known, _)| known == name);
            let (name, mut texts) = place.map_or_else(|| (name.to_owned(), Vec::new()), |place| all.remove(place));
            texts.push(deed.becomes.clone());
            all.push((name, texts));
        }
        all.retain(|(_, texts)| texts.len() > 1);
        all.reverse();
        all
    }

    /// What each object may be after the power was cut at this moment: as the last answered change left it, or as one does
    /// that was under way.
    fn allowed(&self, cut: usize) -> BTreeMap<String, BTreeSet<String>> {
        let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for deed in self.pages().deeds.iter().filter(|deed| deed.begun < cut) {
            let states = allowed.entry(deed.object.clone()).or_insert_with(|| BTreeSet::from([GONE.to_owned()]));
            if deed.ended.is_some_and(|ended| ended <= cut) {
                states.clear();
            }
            states.insert(deed.becomes.clone());
        }
        allowed
    }

    /// What was found is from now on what must be there, and nothing is open any more.
    fn settle(&self, found: &BTreeMap<String, String>) {
        let (mut pages, now) = (self.pages(), (self.moment)());
        let deed = |(object, becomes): (&String, &String)| {
            let (object, becomes) = (object.clone(), becomes.clone());
            Deed { object, becomes, begun: now, ended: Some(now) }
        };
        // Nobody may have tried a password.
        let is_untold = |deed: &Deed| {
            deed.object.strip_prefix(PASSWORD).is_some_and(|name| found.contains_key(&format!("account {name}")))
                && !found.contains_key(&deed.object)
        };
        pages.deeds.retain(is_untold);
        pages.deeds.extend(found.iter().map(deed));
        pages.held.retain(|held| found.contains_key(&held.object));
    }

    /// What is wrong with the states that were found after a cut at this moment; nothing if all is well.
    fn faults(&self, cut: usize, found: &BTreeMap<String, String>) -> Vec<String> {
        let allowed = self.allowed(cut);
        let is = |state: &str, found: &str| match state.strip_suffix(ANYTHING) {
            Some(begin) => found.starts_with(begin),
            None => state == found,
        };
        let shown = allowed.iter().filter(|(object, _)| !object.starts_with(PASSWORD));
        let wrong = shown.filter_map(|(object, states)| {
            let found = found.get(object).map_or(GONE, String::as_str);
            let is_right = states.iter().any(|state| is(state, found));
            (!is_right).then(|| format!("{object} is {found}, and should be {states:?}"))
        });
        let unknown = found.iter().filter(|(object, _)| !allowed.contains_key(*object));
        wrong.chain(unknown.map(|(object, state)| format!("nobody made {object}, which is {state}"))).collect()
    }
}

/// What the book says to have been answered, and the server has never heard of, is lost.
#[test]
fn what_is_lost_is_noticed() {
    let dockpass = Dockpass::start();
    let lines = Lines::to(&dockpass);
    let moment = AtomicUsize::new(1);
    let book = Book::new(move || moment.fetch_add(1, Ordering::SeqCst));
    set_up(&lines, &book, 1);
    state_fault(&book, usize::MAX, &lines).expect("all is well");
    let note = |object: &str, becomes: &str| {
        book.end(book.begin(&[(object.to_owned(), becomes.to_owned())]), "");
        let fault = state_fault(&book, usize::MAX, &lines).expect_err(object);
        book.pages().deeds.pop();
        fault
    };
    for object in ["team house-0/lost", "in team house-0/lost/keeper", "member house-0/reader", "robot house-0/lost"] {
        assert!(note(object, "there").contains(object), "{object}");
    }
    let fault = note("password owner-0", "a-password-of-nobody");
    assert!(fault.starts_with("owner-0 has the password "), "{fault}");
}
