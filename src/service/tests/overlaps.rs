//! Two secrets of one access token: what is told of the old one, and what ends it. And the life that a rotation renews.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{
    AuditFilter, AuditPlace, Call, Credentials, Error, Expiry, NewToken, Obstacle, RotatedToken, Rotation, Service,
    TokenFilter, TokenView,
};
use super::content::new_user;
use super::support::{Home, call, issue, sign_in, start};
use crate::domain::access::AccessLevel;
use crate::domain::scope::Scopes;
use crate::domain::secret::TokenText;
use crate::domain::settings::{Choices, Lifetime};
use crate::domain::time::Timestamp;
use crate::domain::token::{Limits, MOST_ENDED, Pattern};
use crate::service::access::{Authority, Used};
use crate::store::State;

const DAY: i64 = 24 * 3_600;
const UNTIL_USED: Rotation = Rotation { overlap: None, until_used: true, renew: false };
const HOUR: Rotation = Rotation { overlap: Some(3_600), until_used: false, renew: false };
const RENEWED: Rotation = Rotation { overlap: None, until_used: false, renew: true };

fn local() -> Call {
    call(Service::local(0), start())
}

fn with_alice(home: &Home) -> Service {
    let service = home.open(start());
    service.create_user(&local(), new_user("alice")).unwrap();
    service
}

fn new(expiry: Expiry) -> NewToken {
    NewToken { username: Some("alice".to_owned()), label: None, expiry, limits: Limits::none(), is_temporary: false }
}

fn made(service: &Service, expiry: Expiry) -> (TokenView, TokenText) {
    service.create_token(&local(), new(expiry)).unwrap()
}

fn rotated(service: &Service, by: &Call, view: &TokenView, rotation: Rotation) -> RotatedToken {
    service.rotate_token(by, &view.token.hash.to_string(), rotation, None).unwrap()
}

fn at(service: &Service, text: &TokenText, now: Timestamp) -> Result<Call, Error> {
    sign_in(service, "alice", text.reveal(), now).map(|caller| call(caller, now))
}

fn is_in(service: &Service, text: &TokenText) -> bool {
    at(service, text, start()).is_ok()
}

fn viewed(service: &Service, hash: &str) -> Result<TokenView, Error> {
    service.view_token(&local(), hash)
}

#[test]
fn the_first_sign_in_with_the_new_secret_ends_the_old_one_at_once() {
    let home = Home::new();
    let service = with_alice(&home);
    let (view, old) = made(&service, Expiry::Never);
    let asking = at(&service, &old, start()).unwrap();
    let nothing = Scopes::parse([]).unwrap();
    let session = service.open_session(&asking).unwrap();
    let by_old = issue(&service, &asking, &nothing).unwrap().token;
    let shown = |token: &str| service.authenticate(Credentials::RegistryToken(token.to_owned()), None, start()).is_ok();
    let session = |service: &Service| {
        let secret = crate::service::SessionSecret::shown(session.reveal());
        service.authenticate(Credentials::Session(secret), None, start()).is_ok()
    };
    let done = rotated(&service, &asking, &view, UNTIL_USED);
    let old_hash = old.hash().to_string();
    assert!(is_in(&service, &old) && shown(&by_old) && session(&service), "nobody has used the new one");
    let told = viewed(&service, &old_hash).unwrap().replaced.unwrap();
    assert!(told.until_used && told.until == start().plus_seconds(7 * DAY));
    // Wrong uses are none: another's name, a narrowed time, the old secret.
    assert!(sign_in(&service, "admin", done.text.reveal(), start()).is_err());
    assert!(is_in(&service, &old));
    assert!(is_in(&service, &done.text));
    assert!(!is_in(&service, &old) && !shown(&by_old) && !session(&service), "in force at once");
    for hash in [&old_hash, &done.text.hash().to_string()] {
        assert!(viewed(&service, hash).unwrap().replaced.is_none(), "the old hash names it, and signs in no longer");
    }
    // A call that was let in before is looked up anew at each use.
    assert!(matches!(service.view_token(&asking, &old_hash), Err(Error::Unauthenticated)));
    assert!(issue(&service, &asking, &nothing).is_err());
    // The chore of every half second writes it, once, with a record.
    for _ in 0..2 {
        service.keep_up(start());
    }
    assert_eq!(service.store.state().token_hashed(&old.hash()).unwrap().ended, [old.hash()]);
    let records = service.list_audit(&local(), &AuditFilter::default(), AuditPlace::newest(100)).unwrap().page.entries;
    let ends = records.iter().filter(|logged| logged.record.action == "token.endOverlap").collect::<Vec<_>>();
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].record.actor.as_str(), &ends[0].record.object), ("system", &view.token.id.to_string()));
    drop(service);
    let service = home.open(start());
    assert!(is_in(&service, &done.text) && !is_in(&service, &old), "after a restart");
}

#[test]
fn what_a_kill_forgets_comes_with_the_next_use() {
    let home = Home::new();
    let service = with_alice(&home);
    let (view, old) = made(&service, Expiry::Never);
    let done = rotated(&service, &local(), &view, UNTIL_USED);
    assert!(is_in(&service, &done.text) && !is_in(&service, &old));
    // As by a kill within the half second: the store closes, the use of the secret was not written.
    drop(service);
    let service = home.open(start());
    assert!(is_in(&service, &done.text) && !is_in(&service, &old));
    service.close(start());
    drop(service);
    assert!(!is_in(&home.open(start()), &old), "an end in order writes it");
}

#[test]
fn an_overlap_until_used_ends_after_seven_days_at_most() {
    let home = Home::new();
    let service = with_alice(&home);
    let (view, old) = made(&service, Expiry::Never);
    let done = rotated(&service, &local(), &view, UNTIL_USED);
    let late = start().plus_seconds(7 * DAY);
    assert!(at(&service, &old, late.plus_seconds(-1)).is_ok() && at(&service, &old, late).is_err());
    let hash = done.text.hash().to_string();
    for wrong in [
        Rotation { overlap: Some(7 * DAY + 1), ..UNTIL_USED },
        Rotation { overlap: Some(0), ..UNTIL_USED },
        Rotation { overlap: Some(-1), ..HOUR },
    ] {
        assert!(matches!(service.rotate_token(&local(), &hash, wrong, None), Err(Error::Invalid { .. })), "{wrong:?}");
    }
    // A shorter one ends at its time, too.
    let (view, old) = made(&service, Expiry::Never);
    rotated(&service, &local(), &view, Rotation { overlap: Some(60), ..UNTIL_USED });
    assert!(
        at(&service, &old, start().plus_seconds(59)).is_ok() && at(&service, &old, start().plus_seconds(60)).is_err()
    );
}

#[test]
fn a_use_that_is_written_between_two_looks_is_seen() {
    let home = Home::new();
    let service = with_alice(&home);
    let (view, old) = made(&service, Expiry::Never);
    let asking = at(&service, &old, start()).unwrap();
    let done = rotated(&service, &local(), &view, UNTIL_USED);
    let looked = |used: &Used, state: &State| Authority::of(state, used, &asking.caller, start()).is_ok();
    let (used, state) = service.present();
    assert!(looked(&used, &state), "nobody has used the new one");
    assert!(is_in(&service, &done.text));
    // The use is written and forgotten after the first look, whichever state the second one finds.
    let (used, (before, after)) = service.first_uses.before(|| {
        let before = service.store.state();
        service.save_first_uses(start());
        (before, service.store.state())
    });
    assert!(service.first_uses.waiting().is_empty());
    assert!(!looked(&used, &before) && !looked(&used, &after));
    let (used, state) = service.present();
    assert!(!looked(&used, &state), "the state has it");
}

#[test]
fn once_the_new_secret_has_signed_in_the_old_one_never_counts_again() {
    let home = Home::new();
    let service = with_alice(&home);
    let nothing = Scopes::parse([]).unwrap();
    for _ in 0..20 {
        let (view, old) = made(&service, Expiry::Never);
        let asking = at(&service, &old, start()).unwrap();
        let by_old = issue(&service, &asking, &nothing).unwrap().token;
        let session = service.open_session(&asking).unwrap();
        let session = || Credentials::Session(crate::service::SessionSecret::shown(session.reveal()));
        let done = rotated(&service, &local(), &view, UNTIL_USED);
        let is_over = AtomicBool::new(false);
        let counts = |what: usize| match what {
            0 => is_in(&service, &old),
            1 => service.authenticate(Credentials::RegistryToken(by_old.to_string()), None, start()).is_ok(),
            2 => service.authenticate(session(), None, start()).is_ok(),
            _ => issue(&service, &asking, &nothing).is_ok(),
        };
        std::thread::scope(|scope| {
            for what in 0..4 {
                let (is_over, counts) = (&is_over, &counts);
                scope.spawn(move || {
                    for _ in 0..100 {
                        let was_over = is_over.load(Ordering::SeqCst);
                        let counted = counts(what);
                        assert!(!(was_over && counted), "{what} of the old secret counted after a use of the new one");
                    }
                });
            }
            scope.spawn(|| service.keep_up(start()));
            scope.spawn(|| {
                assert!(is_in(&service, &done.text));
                is_over.store(true, Ordering::SeqCst);
                service.keep_up(start());
            });
        });
        assert!(is_in(&service, &done.text) && !is_in(&service, &old));
    }
}

#[test]
fn the_last_use_of_each_secret_is_told() {
    let home = Home::new();
    let service = with_alice(&home);
    let (view, old) = made(&service, Expiry::Never);
    at(&service, &old, start()).unwrap();
    let done = rotated(&service, &local(), &view, HOUR);
    let (one, two) = (start().plus_seconds(60), start().plus_seconds(120));
    let uses = |service: &Service| {
        let view = viewed(service, &old.hash().to_string()).unwrap();
        let last = |used: Option<crate::domain::usage::SecretUse>| used.map(|used| used.at);
        (view.usage.map(|usage| usage.at), last(view.current_use), last(view.replaced.unwrap().used))
    };
    assert_eq!(uses(&service), (Some(start()), None, Some(start())));
    at(&service, &done.text, one).unwrap();
    assert_eq!(uses(&service), (Some(one), Some(one), Some(start())));
    at(&service, &old, two).unwrap();
    assert_eq!(uses(&service), (Some(two), Some(one), Some(two)));
    drop(service);
    let service = home.open(start());
    assert_eq!(uses(&service), (Some(two), Some(one), Some(two)), "after a restart");
    let listed = service.list_tokens(&local(), &TokenFilter::default(), None, 10, false).unwrap().entries;
    assert_eq!(listed[0].replaced.unwrap().hash, old.hash());
}

#[test]
fn an_ended_secret_names_its_access_token_in_the_record_of_its_refusal() {
    let home = Home::new();
    let service = with_alice(&home);
    let (mut view, first) = made(&service, Expiry::Never);
    let mut secrets = vec![first];
    let mut rotate = |view: &mut TokenView, rotation| {
        let done = rotated(&service, &local(), view, rotation);
        *view = done.view;
        secrets.push(done.text);
    };
    // It is ended by another rotation, by hand and by a use of the new one.
    rotate(&mut view, HOUR);
    rotate(&mut view, HOUR);
    service.end_overlap(&local(), &view.token.hash.to_string()).unwrap();
    rotate(&mut view, UNTIL_USED);
    assert!(is_in(&service, &secrets[3]));
    service.keep_up(start());
    drop(service);
    let service = home.open(start());
    let token = service.store.state().token(view.token.id).cloned().unwrap();
    assert_eq!((token.hash, token.previous), (secrets[3].hash(), None));
    assert_eq!(token.ended, [2, 1, 0].map(|place: usize| secrets[place].hash()));
    for secret in &secrets[..3] {
        assert!(!is_in(&service, secret), "it signs in never");
    }
    service.keep_up(start());
    let records = service.list_audit(&local(), &AuditFilter::default(), AuditPlace::newest(100)).unwrap().page.entries;
    let refused: Vec<_> = records.iter().filter(|it| it.record.action == "account.signIn").collect();
    assert!(!refused.is_empty());
    for it in refused {
        assert!(it.record.credential.ends_with(&format!(":{}", view.token.id)), "{}", it.record.credential);
        assert_eq!(it.record.reason.as_deref(), Some("a rotation has replaced this secret"));
    }
}

#[test]
fn an_ended_hash_finds_its_access_token_and_changes_nothing_but_ends() {
    let home = Home::new();
    let service = with_alice(&home);
    service.create_user(&local(), new_user("bob")).unwrap();
    let (view, old) = made(&service, Expiry::Never);
    let done = rotated(&service, &local(), &view, Rotation::default());
    let (ended, present) = (old.hash().to_string(), done.text.hash().to_string());
    assert_eq!(viewed(&service, &ended).unwrap().token.hash, done.text.hash());
    let missing = |error: Error| assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let id = view.token.id;
    let told = |error: Error| match error {
        Error::Conflict(Obstacle::SecretEnded { token }) => assert_eq!(token, id),
        other => panic!("{other}"),
    };
    told(service.rotate_token(&local(), &ended, HOUR, None).unwrap_err());
    told(service.update_token(&local(), &ended, Some("mine"), None).unwrap_err());
    told(service.update_token(&local(), &ended, Some("mine"), Some(false)).unwrap_err());
    let never = "0".repeat(ended.len());
    missing(service.rotate_token(&local(), &never, HOUR, None).unwrap_err());
    let bob = NewToken { username: Some("bob".to_owned()), ..new(Expiry::Never) };
    let (_, bob) = service.create_token(&local(), bob).unwrap();
    let bob = call(sign_in(&service, "bob", bob.reveal(), start()).unwrap(), start());
    assert!(matches!(service.view_token(&bob, &ended), Err(Error::Hidden { .. })));
    assert!(matches!(service.delete_token(&bob, &ended), Err(Error::Hidden { .. })));
    missing(service.rotate_token(&bob, &ended, HOUR, None).unwrap_err());
    missing(service.update_token(&bob, &ended, Some("mine"), None).unwrap_err());
    missing(service.update_token(&bob, &ended, None, Some(true)).unwrap_err());
    assert!(service.update_token(&local(), &ended, None, Some(false)).is_ok());
    told(service.update_token(&local(), &ended, None, Some(true)).unwrap_err());
    assert!(service.update_token(&local(), &present, None, Some(true)).is_ok());
    service.delete_token(&local(), &ended).unwrap();
    for hash in [&ended, &present] {
        missing(viewed(&service, hash).unwrap_err());
    }
}

#[test]
fn the_oldest_ended_secrets_are_forgotten() {
    let home = Home::new();
    let service = with_alice(&home);
    let (mut view, old) = made(&service, Expiry::Never);
    let find = |secret: &TokenText| viewed(&service, &secret.hash().to_string()).is_ok();
    for _ in 0..=MOST_ENDED {
        view = rotated(&service, &local(), &view, Rotation::default()).view;
        assert!(find(&old));
    }
    rotated(&service, &local(), &view, Rotation::default());
    assert!(!find(&old));
}

#[test]
fn an_overlap_is_ended_early_and_only_by_who_may() {
    let home = Home::new();
    let service = with_alice(&home);
    service.create_user(&local(), new_user("bob")).unwrap();
    let (view, old) = made(&service, Expiry::Never);
    let asking = at(&service, &old, start()).unwrap();
    let done = rotated(&service, &local(), &view, HOUR);
    let hash = done.text.hash().to_string();
    assert!(matches!(service.end_overlap(&asking, &hash), Err(Error::Denied(_))), "an old secret changes nothing");
    let bob = NewToken { username: Some("bob".to_owned()), ..new(Expiry::Never) };
    let (_, bob) = service.create_token(&local(), bob).unwrap();
    let bob = call(sign_in(&service, "bob", bob.reveal(), start()).unwrap(), start());
    assert!(matches!(service.end_overlap(&bob, &hash), Err(Error::Hidden { .. })));
    assert!(is_in(&service, &old));
    let by_new = at(&service, &done.text, start()).unwrap();
    assert!(service.end_overlap(&by_new, &hash).unwrap().replaced.is_none());
    assert!(!is_in(&service, &old) && is_in(&service, &done.text));
    let count = || service.store.state().audit().seq;
    let before = count();
    assert!(service.end_overlap(&local(), &hash).unwrap().replaced.is_none(), "there is none any more");
    assert_eq!(count(), before, "nothing was done");
    assert!(matches!(service.end_overlap(&local(), &"0".repeat(64)), Err(Error::NotFound { .. })));
}

#[test]
fn a_renewal_gives_the_same_length_of_life_again() {
    let home = Home::new();
    let service = with_alice(&home);
    let end = |days| start().plus_seconds(days * DAY);
    let (view, old) = made(&service, Expiry::At(end(10)));
    let later = |days| call(Service::local(0), end(days));
    let once = rotated(&service, &later(4), &view, Rotation { overlap: Some(7 * DAY), ..RENEWED });
    assert_eq!(once.view.token.expires_at, Some(end(14)));
    assert_eq!(once.replaced.until, end(10), "the old secret lives no longer than before");
    assert!(at(&service, &old, end(10)).is_err());
    let twice = rotated(&service, &later(13), &once.view, RENEWED);
    assert_eq!(twice.view.token.expires_at, Some(end(23)), "ten days, not fourteen");
    assert!(at(&service, &twice.text, end(22)).is_ok() && at(&service, &twice.text, end(23)).is_err());
    let too_late = service.rotate_token(&later(23), &twice.text.hash().to_string(), RENEWED, None);
    assert!(matches!(too_late, Err(Error::Conflict(_))));
    drop(service);
    let service = home.open(start());
    let again = rotated(&service, &later(20), &twice.view, RENEWED);
    assert_eq!(again.view.token.expires_at, Some(end(30)), "after a restart");
    let (never, _) = made(&service, Expiry::Never);
    assert_eq!(rotated(&service, &local(), &never, RENEWED).view.token.expires_at, None);
}

#[test]
fn no_access_token_lives_longer_by_itself_or_than_the_site_lets_it() {
    let home = Home::new();
    let service = with_alice(&home);
    let end = |days| start().plus_seconds(days * DAY);
    let on = |text: &TokenText, days| at(&service, text, end(days)).unwrap();
    let (short, short_text) = made(&service, Expiry::At(end(10)));
    let (_, long) = made(&service, Expiry::At(end(12)));
    let own = rotated(&service, &on(&short_text, 5), &short, RENEWED);
    assert_eq!(own.view.token.expires_at, Some(end(10)), "by itself");
    let by_other = rotated(&service, &on(&long, 5), &own.view, RENEWED);
    assert_eq!(by_other.view.token.expires_at, Some(end(12)), "as long as the one that asks");
    let bound = |days| {
        let longest = Some(Lifetime::Seconds(days * DAY));
        let choices = Choices { token_max_lifetime: longest, token_default_lifetime: longest, ..Choices::default() };
        service.choose_settings(&local(), choices).unwrap();
    };
    bound(9);
    let at_five = call(Service::local(0), end(5));
    let bounded = rotated(&service, &at_five, &by_other.view, RENEWED);
    assert_eq!(bounded.view.token.expires_at, Some(end(14)), "as long as the site lets it");
    // A shorter bound takes nothing from what was given.
    bound(1);
    assert_eq!(rotated(&service, &at_five, &bounded.view, RENEWED).view.token.expires_at, Some(end(14)));
    let temporary = NewToken { is_temporary: true, ..new(Expiry::Default) };
    let (view, _) = service.create_token(&local(), temporary).unwrap();
    let refused = service.rotate_token(&local(), &view.token.hash.to_string(), RENEWED, None);
    assert!(matches!(refused, Err(Error::Invalid { field: "renew", .. })));
}

#[test]
fn labels_that_nobody_chose_are_numbered() {
    let home = Home::new();
    let service = with_alice(&home);
    let label = || made(&service, Expiry::Never).0.token.label.to_string();
    assert_eq!([label(), label(), label()], ["access token", "access token 2", "access token 3"]);
    let all = service.list_tokens(&local(), &TokenFilter::default(), None, 10, false).unwrap().entries;
    let second = all.iter().find(|view| *view.token.label == *"access token 2").unwrap();
    service.delete_token(&local(), &second.token.hash.to_string()).unwrap();
    assert_eq!([label(), label()], ["access token 2", "access token 4"]);
}

#[test]
fn a_narrowed_access_token_sees_itself_in_the_list() {
    let home = Home::new();
    let service = with_alice(&home);
    made(&service, Expiry::Never);
    let limits = Limits { cap: AccessLevel::ReadOnly, ..Limits::none() };
    let (view, text) = service.create_token(&local(), NewToken { limits, ..new(Expiry::Never) }).unwrap();
    let narrowed = at(&service, &text, start()).unwrap();
    let list = |filter: TokenFilter| service.list_tokens(&narrowed, &filter, None, 10, true);
    let of = |username: &str| TokenFilter { username: Some(username.to_owned()), ..TokenFilter::default() };
    for filter in [TokenFilter::default(), of("alice")] {
        let page = list(filter).unwrap();
        let ids: Vec<_> = page.entries.iter().map(|view| view.token.id).collect();
        assert_eq!((ids, page.count, page.next), (vec![view.token.id], Some(1), None));
    }
    let expired = TokenFilter { state: Some(crate::domain::token::TokenState::Expired), ..TokenFilter::default() };
    assert!(list(expired).unwrap().entries.is_empty());
    let preview = TokenFilter { used_before: Some(start().plus_seconds(60)), ..TokenFilter::default() };
    for refused in [of("admin"), of("nobody"), preview] {
        assert!(matches!(list(refused), Err(Error::Denied(_))));
    }
}

#[test]
fn what_ends_soon_and_what_nobody_uses_is_found() {
    let home = Home::new();
    let service = with_alice(&home);
    let end = |days| start().plus_seconds(days * DAY);
    let (soon, text) = made(&service, Expiry::At(end(10)));
    let (late, _) = made(&service, Expiry::At(end(100)));
    let (never, _) = made(&service, Expiry::Never);
    at(&service, &text, end(5)).unwrap();
    let found = |now: i64, filter: TokenFilter| {
        let call = call(Service::local(0), end(now));
        let page = service.list_tokens(&call, &filter, None, 10, true).unwrap();
        assert_eq!(page.count, Some(page.entries.len()));
        page.entries.iter().map(|view| view.token.id).collect::<std::collections::BTreeSet<_>>()
    };
    let before = |days| TokenFilter { expires_before: Some(end(days)), ..TokenFilter::default() };
    let since = |days| TokenFilter { unused_since: Some(end(days)), ..TokenFilter::default() };
    assert_eq!(found(1, before(15)), [soon.token.id].into());
    assert_eq!(found(1, before(10)), [].into(), "not before its end");
    assert_eq!(found(1, before(101)), [late.token.id, soon.token.id].into());
    assert_eq!(found(10, before(101)), [late.token.id].into(), "what has ended ends no more");
    assert_eq!(found(6, since(1)), [never.token.id, late.token.id].into());
    assert_eq!(found(6, since(6)), [never.token.id, late.token.id, soon.token.id].into());
}

#[test]
fn patterns_that_reach_nothing_are_told() {
    let home = Home::new();
    let service = with_alice(&home);
    service.create_user(&local(), new_user("bob")).unwrap();
    for name in ["alice/app", "bob/secret", "bob/group/x"] {
        super::support::adopt(&service, name);
    }
    let unreached = |username: &str, patterns: &[&str]| {
        let limits =
            Limits { patterns: patterns.iter().map(|it| Pattern::parse(it).unwrap()).collect(), ..Limits::none() };
        let username = Some(username.to_owned());
        let (view, _) = service.create_token(&local(), NewToken { username, limits, ..new(Expiry::Never) }).unwrap();
        let found = service.unreached_patterns(&local(), &view.token.hash.to_string()).unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    // Her own namespace, known or still to be made by a push.
    assert_eq!(unreached("alice", &["alice/app", "alice/new", "alice/*", "alice/group/*"]), Vec::<String>::new());
    assert_eq!(unreached("bob", &["bob/*", "bob/new", "bob/to/*"]), Vec::<String>::new());
    service.create_user(&local(), new_user("carol")).unwrap();
    assert_eq!(unreached("carol", &["carol/*"]), Vec::<String>::new(), "nothing is there yet");
    // Another's, which is there, is told like what never was.
    let nothing = ["bob/secret", "bob/none", "bob/*", "nope/nope", "nope/*", "_/alice"];
    assert_eq!(unreached("alice", &nothing), nothing);
    assert_eq!(unreached("admin", &["bob/*", "bob/group/*", "alice/app"]), Vec::<String>::new());
    assert_eq!(unreached("admin", &["nope/*", "_/app"]), ["nope/*", "_/app"]);
}
