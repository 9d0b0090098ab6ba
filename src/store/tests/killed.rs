//! kill -9 in the middle of changes: what was answered is there, what was not is there whole or not at all.

use std::io::BufReader;

use super::child::{self, Answered, NUMBERS};
use super::support::{Home, is_long};
use crate::domain::random;

/// So many answers at most before a child is killed.
const MOST: u64 = 120;

#[test]
fn nothing_answered_is_lost_when_the_process_is_killed() {
    let rounds = if is_long() { 500 } else { 20 };
    let home = Home::started();
    let mut answered = Answered::default();
    let program = std::env::current_exe().unwrap();
    for round in 1..=rounds {
        let first = round * 10 * NUMBERS;
        let mut process = child::command(program.as_os_str(), &home.path(), first, None).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let count = u64::from_be_bytes(random::bytes().unwrap()) % MOST;
        child::read_answers(&mut output, &mut answered, count);
        process.kill().unwrap();
        process.wait().unwrap();
        child::read_rest(output, &mut answered);
        answered.check(&home.open());
    }
    assert!(answered.added.len() as u64 > rounds, "the children did nothing");
    let (added, removed) = (answered.added.len(), answered.removed.len());
    eprintln!("killed {rounds} times: {added} answered additions and {removed} removals, none lost");
}
