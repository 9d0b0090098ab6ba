//! Wrong passwords: who waits, how long, and who does not (design, section 10.3). The test moves the clock.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{
    InProcess,
    crowd::begin,
    exe::PASSWORD,
    http::Answer,
    site::{Caller, DAY, MINUTE, account_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
/// Failures before an address waits, and before everybody does.
const PER_ADDRESS: u32 = 5;
const PER_ACCOUNT: u32 = 100;

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

/// A site that believes its proxy about the client's address.
fn behind_a_proxy() -> InProcess {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
    ]);
    site.add_user("alice");
    site
}

fn guess(site: &InProcess, name: &str, number: u32) -> Answer {
    site.with(name, &format!("wrong guess {number}")).get(TOKENS)
}

fn wait_of(answer: &Answer) -> i64 {
    let wait = answer.header("retry-after").and_then(|text| text.parse().ok());
    wait.unwrap_or_else(|| panic!("no Retry-After:\n{}", answer.describe()))
}

fn lock(site: &InProcess, name: &str) {
    (0..PER_ADDRESS).for_each(|number| drop(guess(site, name, number).must_be_refused(401, "NOT_AUTHENTICATED")));
}

#[test]
fn beyond_five_wrong_guesses_the_password_waits_longer_each_time() {
    let site = with_alice();
    lock(&site, "alice");
    let mut waits = Vec::new();
    for number in 0..10 {
        let refused = guess(&site, "alice", 100).must_be_refused(429, "TOO_MANY_REQUESTS");
        let wait = wait_of(&refused);
        // Not even the right one is looked at until then.
        assert_eq!(wait_of(&site.as_user("alice").get(TOKENS).must_be(429)), wait);
        site.pass(wait - 1);
        site.as_user("alice").get(TOKENS).must_be(429);
        site.pass(1);
        guess(&site, "alice", 200 + number).must_be(401);
        waits.push(wait);
    }
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1] || pair[1] == 15 * MINUTE), "{waits:?}");
    assert_eq!(waits.last(), Some(&(15 * MINUTE)), "{waits:?}");
    site.pass(15 * MINUTE);
    site.as_user("alice").get(TOKENS).must_be(200);
}

#[test]
fn the_same_guess_counts_once() {
    let site = with_alice();
    for _ in 0..12 {
        guess(&site, "alice", 1).must_be(401);
    }
    site.as_user("alice").get(TOKENS).must_be(200);
}

#[test]
fn a_sign_in_forgives_what_was_before() {
    let site = with_alice();
    for round in 0..3 {
        (0..PER_ADDRESS - 1).for_each(|number| drop(guess(&site, "alice", 10 * round + number).must_be(401)));
        site.as_user("alice").get(TOKENS).must_be(200);
    }
}

#[test]
fn access_tokens_and_other_accounts_go_on() {
    let site = with_alice();
    site.add_user("bob");
    let token = site.add_token("alice", &json!({}));
    lock(&site, "alice");
    site.as_user("alice").get(TOKENS).must_be(429);
    site.with_token("alice", &token).get(TOKENS).must_be(200);
    site.with_token("alice", &token).get("/auth/token").must_be(200);
    site.as_user("bob").get(TOKENS).must_be(200);
    site.as_user("alice").get(TOKENS).must_be(429);
    // Wrong access tokens lock nothing: they cannot be guessed.
    (0..20).for_each(|number| drop(site.with("bob", &format!("dkp_{number}")).get(TOKENS).must_be(401)));
    site.as_user("bob").get(TOKENS).must_be(200);
}

#[test]
fn an_administrator_sees_and_lifts_it() {
    let site = with_alice();
    let shown = || site.as_local().get(&account_path("alice")).must_be(200).json()["lockedUntil"].clone();
    assert_eq!(shown(), json!(null));
    lock(&site, "alice");
    let wait = wait_of(&site.as_user("alice").get(TOKENS).must_be(429));
    assert_eq!(shown(), json!(site.in_time(wait)));
    let listed = site.as_local().get("/enzi/v0/accounts").must_be(200).json();
    assert_eq!(listed["accounts"][1]["lockedUntil"], json!(site.in_time(wait)));
    site.as_admin().delete("/api/v0/accounts/alice/lock").must_be(204);
    assert_eq!(shown(), json!(null));
    site.as_user("alice").get(TOKENS).must_be(200);
    site.as_admin().delete("/api/v0/accounts/alice/lock").must_be(204);
    site.as_admin().delete("/api/v0/accounts/nobody/lock").must_be_refused(404, "NO_SUCH_ACCOUNT");
    lock(&site, "alice");
    site.pass(wait);
    assert_eq!(shown(), json!(null), "what is over is not shown");
    // A new password, set by somebody who may, lifts it as well.
    lock(&site, "alice");
    let body = json!({ "newPassword": "another-long-password" });
    site.as_admin().post(&format!("{}/changePassword", account_path("alice")), &body).must_be(200);
    site.with("alice", "another-long-password").get(TOKENS).must_be(200);
}

#[test]
fn every_way_to_guess_counts() {
    let site = with_alice();
    guess(&site, "alice", 0).must_be(401);
    site.with("alice", "wrong guess 1").get("/auth/token").must_be(401);
    let form = "grant_type=password&username=alice&password=wrong+guess+2";
    site.as_nobody().post_form("/auth/token", form).must_be(401);
    site.with("alice", "wrong guess 3").get("/v2/").must_be(401);
    let alice = site.as_user("alice");
    let body = json!({ "oldPassword": "wrong guess 4", "newPassword": "another-long-password" });
    let path = format!("{}/changePassword", account_path("alice"));
    // The sign-in of each of these requests forgives what was before it, but not its own wrong old password.
    for number in 0..PER_ADDRESS {
        let body = json!({ "oldPassword": format!("wrong old {number}"), "newPassword": "another-long-password" });
        alice.post(&path, &body).must_be(400);
    }
    (0..PER_ADDRESS - 1).for_each(|number| drop(guess(&site, "alice", number).must_be(401)));
    guess(&site, "alice", 50).must_be_one_of(&[401, 429]);
    alice.post(&path, &body).must_be(429);
    let refused = alice.get("/auth/token").must_be(429);
    assert_eq!(
        (refused.text("/error"), refused.code()),
        ("temporarily_unavailable".into(), "TOO_MANY_REQUESTS".into())
    );
    assert!(wait_of(&refused) > 0);
    let form = format!("grant_type=password&username=alice&password={PASSWORD}");
    assert!(wait_of(&site.as_nobody().post_form("/auth/token", &form).must_be(429)) > 0);
    assert!(wait_of(&alice.get("/v2/").must_be(429)) > 0);
}

#[test]
fn names_without_an_account_look_the_same() {
    let site = with_alice();
    site.add_service("robot");
    let courses = ["alice", "robot", "nobody"].map(|name| {
        let answers = (0..PER_ADDRESS + 2).map(|number| guess(&site, name, number));
        answers
            .map(|answer| (answer.status, answer.body.clone(), answer.header("retry-after").map(str::to_owned)))
            .collect::<Vec<_>>()
    });
    assert_eq!(courses[0].last().map(|(status, ..)| *status), Some(429));
    assert!(courses.iter().all(|course| *course == courses[0]), "{courses:#?}");
    // What is no name has no counter, and no account behind it either.
    (0..PER_ADDRESS + 2).for_each(|number| drop(guess(&site, "ALICE", number).must_be(401)));
}

#[test]
fn an_address_waits_for_itself_alone() {
    let site = behind_a_proxy();
    let from = |address: &str, secret: &str| site.with("alice", secret).from_address(address);
    for number in 0..PER_ADDRESS {
        from("203.0.113.1", &format!("wrong {number}")).get(TOKENS).must_be(401);
    }
    from("203.0.113.1", PASSWORD).get(TOKENS).must_be(429);
    from("203.0.113.2", PASSWORD).get(TOKENS).must_be(200);
    // One host has a whole IPv6 network to itself.
    for number in 0..PER_ADDRESS {
        from(&format!("2001:db8::{number}"), &format!("wrong {number}")).get(TOKENS).must_be(401);
    }
    from("2001:db8::ffff", PASSWORD).get(TOKENS).must_be(429);
    from("2001:db8:0:1::1", PASSWORD).get(TOKENS).must_be(200);
}

#[test]
fn after_a_hundred_everybody_waits_but_addresses_that_signed_in_before() {
    let site = behind_a_proxy();
    let at = |address: &str| -> Caller { site.as_user("alice").from_address(address) };
    at("198.51.100.7").get(TOKENS).must_be(200);
    for number in 0..PER_ACCOUNT {
        let guess = site.with("alice", &format!("wrong guess {number}"));
        guess.from_address(&format!("10.1.{}.1", number / 4)).get(TOKENS).must_be(401);
    }
    let refused = at("203.0.113.50").get(TOKENS).must_be_refused(429, "TOO_MANY_REQUESTS");
    assert!(wait_of(&refused) > 0);
    at("198.51.100.7").get(TOKENS).must_be(200);
    let until = site.as_local().get(&account_path("alice")).must_be(200).json()["lockedUntil"].clone();
    assert_eq!(until, json!(site.in_time(wait_of(&refused))));
    site.as_admin().delete("/api/v0/accounts/alice/lock").must_be(204);
    at("203.0.113.50").get(TOKENS).must_be(200);
}

#[test]
fn a_known_address_stays_known_for_thirty_days_and_over_a_restart() {
    let site = behind_a_proxy();
    site.as_user("alice").from_address("198.51.100.7").get(TOKENS).must_be(200);
    site.pass(29 * DAY);
    let site = site.restart();
    for number in 0..PER_ACCOUNT {
        let guess = site.with("alice", &format!("wrong guess {number}"));
        guess.from_address(&format!("10.1.{}.1", number / 4)).get(TOKENS).must_be(401);
    }
    site.as_user("alice").from_address("203.0.113.50").get(TOKENS).must_be(429);
    site.as_user("alice").from_address("198.51.100.7").get(TOKENS).must_be(200);
}

#[test]
fn of_many_guesses_at_once_few_are_looked_at() {
    let site = with_alice();
    let looked_at = thread::scope(|scope| {
        let guesses: Vec<_> = (0..40)
            .map(|number| {
                scope.spawn({
                    let site = &site;
                    move || guess(site, "alice", number).status
                })
            })
            .collect();
        guesses.into_iter().map(|guess| guess.join().expect("a guess")).filter(|status| *status == 401).count()
    });
    let at_once = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let most = usize::try_from(PER_ADDRESS).expect("a small number") + at_once;
    assert!(looked_at <= most, "{looked_at} guesses were looked at, {most} are the most");
}

/// Sends wrong passwords from so many clients at a time, each by `send`, until `meanwhile` is done.
fn flooded(clients: u32, send: impl Fn(u32, u32) -> Answer + Sync, meanwhile: impl FnOnce()) {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for client in 0..clients {
            let (send, is_over) = (&send, &is_over);
            scope.spawn(move || {
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    send(client, number).must_be_one_of(&[401, 429]);
                }
            });
        }
        let _over = Over(&is_over);
        meanwhile();
    });
}

#[test]
fn a_flood_from_one_address_keeps_nobody_out_who_comes_from_another() {
    let site = behind_a_proxy();
    let flood = |client: u32, number: u32| {
        let guesser = site.with(&format!("user{client}x{number}"), "wrong guess").from_address("203.0.113.1");
        guesser.get(TOKENS)
    };
    flooded(80, flood, || {
        for host in 0..15 {
            let alice = site.as_user("alice").from_address(&format!("198.51.100.{host}"));
            alice.get(TOKENS).must_be(200);
        }
    });
}

/// The bound is on what one address gets in a time, so that a slow machine passes as well.
#[test]
fn whoever_asks_again_at_once_waits_for_the_answer_that_says_come_back_later() {
    const CLIENTS: u32 = 64;
    let site = behind_a_proxy();
    let (begun, refused) = (begin(), AtomicU32::new(0));
    let flood = |client: u32, number: u32| {
        let guesser = site.with(&format!("user{client}x{number}"), "wrong guess").from_address("203.0.113.1");
        let answer = guesser.get(TOKENS);
        refused.fetch_add(u32::from(answer.status == 429), Ordering::Relaxed);
        answer
    };
    let alice = site.as_user("alice").from_address("198.51.100.1");
    flooded(CLIENTS, flood, || {
        while begun.elapsed() < Duration::from_secs(3) {
            alice.get(TOKENS).must_be(200);
        }
    });
    let (refused, seconds) = (refused.into_inner(), begun.elapsed().as_secs_f64());
    let most = f64::from(64 + CLIENTS) + 100.0 * seconds;
    assert!(refused > 0 && f64::from(refused) < most, "{refused} answers in {seconds} s, {most} are the most");
}

#[test]
fn in_a_flood_from_many_addresses_one_that_signed_in_before_comes_first() {
    let site = behind_a_proxy();
    let alice = site.as_user("alice").from_address("198.51.100.1");
    alice.get(TOKENS).must_be(200);
    let flood = |client: u32, number: u32| {
        let address = format!("203.0.{client}.{}", number % 250);
        site.with(&format!("user{client}x{number}"), "wrong guess").from_address(&address).get(TOKENS)
    };
    flooded(100, flood, || (0..15).for_each(|_| drop(alice.get(TOKENS).must_be(200))));
}

#[test]
fn an_address_that_guesses_at_a_hundred_names_waits_and_tells_not_who_signed_in_from_there() {
    let site = behind_a_proxy();
    site.add_user("bob");
    let from_there = |name: &str, secret: &str| site.with(name, secret).from_address("203.0.113.1").get(TOKENS);
    from_there("bob", PASSWORD).must_be(200);
    for number in 0..100 {
        from_there(&format!("Not A Name {number}"), "summer").must_be_one_of(&[401, 429]);
        from_there(&format!("user{number}"), "summer").must_be_one_of(&[401, 429]);
    }
    let wait = wait_of(&from_there("alice", PASSWORD).must_be(429));
    let told = |name: &str| {
        let answer = from_there(name, "a guess").must_be(429);
        (wait_of(&answer), answer.body.clone())
    };
    assert_eq!((told("bob"), told("nobody")), (told("alice"), told("Not A Name")));
    // What signed in from there before does again.
    from_there("bob", PASSWORD).must_be(200);
    site.as_user("alice").from_address("203.0.113.2").get(TOKENS).must_be(200);
    site.pass(wait);
    from_there("alice", PASSWORD).must_be(200);
}

#[test]
fn a_clock_that_jumps_neither_locks_for_years_nor_ends_a_lock() {
    const TEN_YEARS: i64 = 3_653 * DAY;
    let site = with_alice();
    site.set_date(TEN_YEARS);
    lock(&site, "alice");
    for jump in [-TEN_YEARS, -TEN_YEARS, 2 * TEN_YEARS, -TEN_YEARS] {
        site.set_date(jump);
        let waits = site.as_user("alice").get(TOKENS).must_be_refused(429, "TOO_MANY_REQUESTS");
        assert_eq!(wait_of(&waits), 5);
        let shown = site.as_local().get(&account_path("alice")).must_be(200);
        assert_eq!(shown.text("/lockedUntil"), site.in_time(5), "the date as it is said now");
    }
    site.pass(5);
    site.as_user("alice").get(TOKENS).must_be(200);
}
