//! `kill -9` in the middle of many writers' changes: what was answered is there after the next start, what was not is there
//! whole or not at all, and everything agrees with everything else.

use std::{
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{park_timeout, scope},
    time::Duration,
};

use dockpass::domain::random;
use tempfile::TempDir;

use crate::support::{
    Dockpass, Setup,
    deeds::{Book, Lines, Writer, fault, set_up},
    lossy::Dice,
    process::is_long,
};

const CONFIG: &str = "[tokens]\nmax_per_account = 100000\n";
const WRITERS: usize = 6;
/// So many answers at most before a kill.
const MOST: usize = 60;
/// So many rounds on one data directory, so that looking at all of it stays short.
const ON_ONE: usize = 40;

fn new_book() -> Arc<Book> {
    let moment = AtomicUsize::new(1);
    Arc::new(Book::new(move || moment.fetch_add(1, Ordering::SeqCst)))
}

/// Lets the writers write until so many changes were answered, and kills the server.
fn kill_after(dockpass: Dockpass, book: &Book, round: usize, answers: usize, seed: u64) -> TempDir {
    let (lines, goal) = (Lines::to(&dockpass), book.answered() + answers);
    scope(|threads| {
        for number in 0..WRITERS {
            let dice = Dice::new(seed.wrapping_add((round * WRITERS + number) as u64));
            let mut writer = Writer::new(number, round, &lines, book, dice);
            threads.spawn(move || while writer.step().is_some() {});
        }
        while book.answered() < goal {
            park_timeout(Duration::from_millis(1));
        }
        dockpass.kill()
    })
}

#[test]
fn nothing_that_was_answered_is_lost_when_the_server_is_killed() {
    let rounds = if is_long() { 10_000 } else { 200 };
    let seed = u64::from_le_bytes(random::bytes().expect("a seed"));
    println!("seed {seed}");
    let (mut dice, mut answered) = (Dice::new(seed), 0);
    for begun in (0..rounds).step_by(ON_ONE) {
        let book = new_book();
        let mut dockpass = Setup::config(CONFIG).start();
        set_up(&Lines::to(&dockpass), &book, WRITERS);
        fault(&book, usize::MAX, &Lines::to(&dockpass), true).expect("all is well without a kill");
        for round in begun..rounds.min(begun + ON_ONE) {
            let before = book.answered();
            let directory = kill_after(dockpass, &book, round, dice.below(MOST), seed);
            answered += book.answered() - before;
            dockpass = Dockpass::start_in(directory, Setup::config(CONFIG));
            if let Err(fault) = fault(&book, usize::MAX, &Lines::to(&dockpass), true) {
                panic!("round {round} of seed {seed}: {fault}");
            }
        }
    }
    assert!(answered > rounds * 10, "only {answered} changes in {rounds} rounds");
    println!("killed {rounds} times: {answered} answers, none lost");
}
