//! What a clean-up costs, printed: `cargo test --release --lib service::tests::measured -- --ignored --nocapture`.
//!
//! `DOCKPASS_TEST_TOKENS` gives the numbers of access tokens, such as `1000,1000000`, which is the most that an account
//! may have.

use std::time::Instant;

use super::super::{Service, TokenFilter};
use super::content::new_user;
use super::support::{Home, call, put, start};
use crate::domain::id::Id;
use crate::domain::secret::TokenText;
use crate::domain::token::{AccessToken, PreviousSecret, TokenFields};

/// Access tokens of a family: each but the first was made with the one before.
const FAMILY: u64 = 20;
/// Access tokens that each change makes while the store is filled.
const BUNDLE: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "it measures; nothing is asserted about time")]
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    println!("{what}: {} ms", begin.elapsed().as_millis());
    done
}

#[expect(clippy::disallowed_methods, reason = "how tests are told what to do; the program reads it elsewhere")]
fn counts() -> Vec<u64> {
    let asked = std::env::var("DOCKPASS_TEST_TOKENS").unwrap_or_else(|_| "1000,2000,4000,8000".to_owned());
    asked.split(',').map(|count| count.parse().unwrap()).collect()
}

fn id(number: u64) -> Id {
    Id::from_bytes(u128::from(number + 1).to_be_bytes())
}

fn text(number: u64) -> TokenText {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    TokenText::from_random(bytes)
}

/// Each has a maker and a replaced secret, which was made with the same.
fn token(owner: Id, number: u64) -> AccessToken {
    let parent = number.checked_sub(1).filter(|_| !number.is_multiple_of(FAMILY)).map(id);
    AccessToken::from(TokenFields {
        previous: Some(PreviousSecret { hash: text(u64::MAX - number).hash(), until: start() }),
        label: "measured".to_owned(),
        created_at: start(),
        parent,
        generation: 1,
        previous_parent: parent,
        ..AccessToken::plain(id(number), owner, text(number).hash()).fields()
    })
}

fn filled(home: &Home, count: u64) -> Service {
    let service = home.open(start());
    let local = call(Service::local(0), start());
    let owner = service.create_user(&local, new_user("alice")).unwrap().account.id;
    for from in (0..count).step_by(usize::try_from(BUNDLE).unwrap()) {
        put(&service, move |txn| {
            let mut numbers = from..count.min(from + BUNDLE);
            Ok(numbers.try_for_each(|number| txn.put_token(token(owner, number)).map(drop))?)
        });
    }
    service
}

#[test]
#[ignore = "it measures, and asserts nothing about it"]
fn a_clean_up_of_all_access_tokens_of_an_account() {
    let local = call(Service::local(0), start().plus_seconds(1));
    let used_before = Some(start().plus_seconds(1));
    let filter = TokenFilter { username: Some("alice".to_owned()), used_before, ..TokenFilter::default() };
    for count in counts() {
        let home = Home::new();
        let service = filled(&home, count);
        let shown = timed(&format!("{count} access tokens, preview"), || {
            service.list_tokens(&local, &filter, None, usize::MAX, true).unwrap().count
        });
        let gone = timed(&format!("{count} access tokens, clean-up"), || service.clean_up_tokens(&local, &filter));
        assert_eq!((shown, gone.unwrap().len()), (usize::try_from(count).ok(), usize::try_from(count).unwrap()));
    }
}
