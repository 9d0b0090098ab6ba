//! The audit log in the web pages: followed as it grows, narrowed by each filter, and taken along as a file.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    person::{ENTER, soon},
    site::{DAY, HOUR, MINUTE, repository_path},
};

const TABLE: &str = "Audit records";

/// A site where something happened two days, three hours and half an hour ago, and an administrator who looks at its log
/// from Tokyo.
fn with_story() -> (InProcess, Pages) {
    let site = InProcess::start();
    site.add_user("alice");
    let alice = site.as_user("alice");
    alice.post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    alice.get("/enzi/v0/accounts").must_be(403);
    site.as_admin().patch(&repository_path("alice/app"), &json!({ "visibility": "public" })).must_be(200);
    site.audit("");
    site.pass(2 * DAY);
    alice.post("/api/v0/api_tokens", &json!({ "tokenLabel": "laptop" })).must_be(200);
    site.audit("");
    site.pass(3 * HOUR);
    alice.post("/api/v0/repositories/alice", &json!({ "name": "lib" })).must_be(201);
    alice.delete("/api/v0/repositories/admin/none").must_be_one_of(&[403, 404]);
    site.pass(30 * MINUTE);
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "Asia/Tokyo");
    pages.sign_in("admin", PASSWORD);
    pages.browser.follow("Audit");
    pages.browser.see("End of the log");
    (site, pages)
}

/// What the table tells of a record at first glance: action, object, actor, outcome.
fn told(record: &Value) -> [String; 4] {
    let text = |field: &str| record[field].as_str().expect("a text").to_owned();
    let object = Some(text("object")).filter(|object| !object.is_empty()).unwrap_or_else(|| "—".to_owned());
    [text("action"), object, text("actor"), text("outcome")]
}

fn shown(pages: &Pages) -> Vec<[String; 4]> {
    // The action is said in words, and below them stands its name.
    let line = |place: usize, cell: &String| cell.lines().nth(usize::from(place == 0)).unwrap_or_default().to_owned();
    let rows = pages.browser.rows(TABLE).into_iter();
    rows.map(|row| std::array::from_fn(|place| row.get(place).map(|cell| line(place, cell)).unwrap_or_default()))
        .collect()
}

/// Waits until the page shows what the API selects by this query: some of the records, not all.
fn shows(site: &InProcess, pages: &Pages, query: &str) {
    let selected: Vec<_> = site.audit(query).iter().map(told).collect();
    assert!(!selected.is_empty() && selected.len() < site.audit("").len(), "{query} selects {selected:?}");
    soon(&format!("the page shows {query}: {selected:?}"), || (shown(pages) == selected).then_some(()));
}

/// Ends the filter that is set.
fn clear(site: &InProcess, pages: &Pages) {
    pages.browser.click("Clear");
    let all = site.audit("").len();
    soon("all records are back", || (shown(pages).len() == all).then_some(()));
}

#[test]
fn each_filter_selects_what_the_api_selects() {
    let (site, pages) = with_story();
    let browser = &pages.browser;
    browser.fill("Actor", "ali");
    browser.take("alice");
    browser.add("Actor", ENTER);
    shows(&site, &pages, "actor=alice");
    clear(&site, &pages);
    browser.fill("Action", "create");
    browser.take("repository.create");
    browser.add("Action", ENTER);
    shows(&site, &pages, "action=repository.create");
    clear(&site, &pages);
    browser.fill("Object", &format!("alice/app{ENTER}"));
    shows(&site, &pages, "object=alice/app");
    clear(&site, &pages);
    browser.fill("Account", &format!("alice{ENTER}"));
    shows(&site, &pages, "account=alice");
    clear(&site, &pages);
    browser.fill("Access token", &format!("laptop{ENTER}"));
    shows(&site, &pages, "token=laptop");
    clear(&site, &pages);
    for outcome in ["denied", "success"] {
        browser.pick("Outcome", outcome);
        shows(&site, &pages, &format!("outcome={outcome}"));
    }
    browser.fill("Actor", &format!("alice{ENTER}"));
    shows(&site, &pages, "outcome=success&actor=alice");
    browser.reload();
    shows(&site, &pages, "outcome=success&actor=alice");
    assert_eq!([browser.value("Actor"), browser.value("Outcome")], ["alice", "success"], "the fields tell the filter");
    pages.must_be_clean(&[]);
}

#[test]
fn records_are_found_by_the_time_where_the_person_is() {
    let (site, pages) = with_story();
    let browser = &pages.browser;
    for (choice, seconds) in [("1h", HOUR), ("24h", DAY)] {
        browser.pick("Time", choice);
        shows(&site, &pages, &format!("since={}", site.in_time(-seconds)));
    }
    let whole = site.audit("").len();
    browser.pick("Time", "7d");
    soon("all of the last seven days", || (shown(&pages).len() == whole).then_some(()));
    browser.pick("Time", "range");
    // The fifteenth at noon in Greenwich is nine in the evening there.
    browser.pick("From", "2026-01-15T20:59");
    browser.pick("Until", "2026-01-15T21:01");
    browser.add("Object", ENTER);
    shows(&site, &pages, "since=2026-01-15T11:59:00Z&until=2026-01-15T12:01:00Z");
    browser.reload();
    shows(&site, &pages, "since=2026-01-15T11:59:00Z&until=2026-01-15T12:01:00Z");
    assert_eq!(browser.value("From"), "2026-01-15T20:59");
    clear(&site, &pages);
    browser.pick("Time", "range");
    browser.pick("From", "2026-01-16T00:00");
    browser.add("Object", ENTER);
    shows(&site, &pages, "since=2026-01-15T15:00:00Z");
    browser.click("Clear");
    soon("all records are back", || (shown(&pages).len() == whole).then_some(()));
    assert!(!browser.has("field", "From"), "no time, no field for it");
    pages.must_be_clean(&[]);
}

#[test]
fn suggestions_do_not_come_after_the_choice() {
    let (_site, pages) = with_story();
    let browser = &pages.browser;
    pages.hold_timers(100);
    browser.fill("Actor", "ali");
    assert_eq!(pages.pass_time(), 1, "it asks for suggestions");
    browser.take("alice");
    assert_eq!(pages.pass_time(), 0, "it asks again for what was chosen");
    browser.fill("Actor", &format!("ali{ENTER}"));
    // What may be meant is read once, and the line that tells of late answers goes with it.
    browser.see("Names that contain it: alice");
    assert_eq!(pages.pass_time(), 0, "it asks for what was sent");
    assert!(!browser.has("css", "[role=listbox]"));
    pages.must_be_clean(&[401]);
}

#[test]
fn actions_are_suggested_with_what_they_mean() {
    let (site, pages) = with_story();
    let browser = &pages.browser;
    browser.fill("Action", "create");
    browser.see("Create a repository");
    browser.take("repository.create");
    browser.add("Action", ENTER);
    shows(&site, &pages, "action=repository.create");
    // All of a noun.
    browser.fill("Action", &format!("token{ENTER}"));
    shows(&site, &pages, "action=token");
    pages.must_be_clean(&[]);
}

#[test]
fn a_record_unfolds_and_leads_to_those_like_it() {
    let (site, pages) = with_story();
    let browser = &pages.browser;
    let record = site.audit("object=alice/lib&outcome=success")[0].clone();
    browser.fill("Object", &format!("alice/lib{ENTER}"));
    shows(&site, &pages, "object=alice/lib");
    browser.click("Create a repository");
    browser.see(record["hash"].as_str().expect("a hash"));
    browser.see("127.0.0.1");
    browser.follow("only these: actor alice");
    shows(&site, &pages, "actor=alice");
    browser.back();
    shows(&site, &pages, "object=alice/lib");
    browser.see(record["hash"].as_str().expect("a hash"));
    // A slip is answered with the word that may be meant, whether it was typed or came with the address.
    browser.fill("Action", &format!("token.crate{ENTER}"));
    browser.see("did you mean token.create?");
    pages.open("/audit?action=token.rotat");
    browser.see("did you mean token.rotate?");
    soon("the slip is told beside its field", || {
        browser.has("css", "input[name=action][aria-invalid=true]").then_some(())
    });
    pages.open("/audit?outcome=perhaps");
    soon("the wrong word is told beside its field", || {
        browser.has("css", "select[name=outcome][aria-invalid=true]").then_some(())
    });
    pages.must_be_clean(&[400, 401]);
}

#[test]
fn new_records_come_while_one_follows_and_no_longer() {
    let (site, pages) = with_story();
    let browser = &pages.browser;
    pages.hold_timers(1000);
    let comes = |object: &str| {
        soon(&format!("{object} is on top"), || (shown(&pages).first()?[1] == object).then_some(()));
    };
    browser.click("Follow");
    browser.see("Following: new records appear on top.");
    for object in ["alice/one", "alice/two"] {
        site.add_repository(object);
        soon("it asks again", || (pages.pass_time() > 0).then_some(()));
        comes(object);
        browser.see("Following. 1 new record.");
    }
    browser.click("Pause");
    browser.see_no_more("Following");
    assert!(!browser.url().contains("follow"), "{}", browser.url());
    let before = shown(&pages);
    site.add_repository("alice/three");
    assert_eq!(pages.pass_time(), 0, "it does not ask again");
    assert_eq!(shown(&pages), before);
    browser.click("Follow");
    comes("alice/three");
    // Following stands in the address, and goes on after a reload, now by the true clock.
    browser.reload();
    browser.see("Following: new records appear on top.");
    site.add_repository("alice/four");
    comes("alice/four");
    pages.must_be_clean(&[]);
}

#[test]
fn the_records_are_those_of_the_last_choice() {
    let (site, pages) = with_story();
    pages.hold_answers("GET", "outcome=denied");
    pages.browser.pick("Outcome", "denied");
    pages.held(1);
    pages.browser.pick("Outcome", "success");
    shows(&site, &pages, "outcome=success");
    let before = shown(&pages);
    pages.let_go();
    assert_eq!(shown(&pages), before, "a late answer is not shown");
    pages.must_be_clean(&[]);
}

#[test]
fn a_filter_that_gets_no_answer_says_so_and_shows_no_other_records() {
    let (site, pages) = with_story();
    let broken = |shall: bool| {
        let script = "window.real ??= window.fetch; \
            window.fetch = arguments[0] ? () => Promise.reject(new TypeError('broken')) : window.real;";
        pages.browser.run(script, json!([shall]));
    };
    let fails = || {
        pages.browser.see("The server cannot be reached.");
        assert_eq!(shown(&pages), Vec::<[String; 4]>::new());
        broken(false);
        pages.browser.click("Try again");
    };
    broken(true);
    pages.browser.pick("Outcome", "denied");
    fails();
    shows(&site, &pages, "outcome=denied");
    assert!(!pages.browser.text().contains("The server cannot be reached."));
    broken(true);
    pages.browser.click("Clear");
    fails();
    let all = site.audit("").len();
    soon("all records are back", || (shown(&pages).len() == all).then_some(()));
    pages.browser.pick("Time", "range");
    pages.browser.pick("From", "20266-01-01T00:00");
    pages.browser.pick("Outcome", "denied");
    pages.browser.see("This is not a valid time.");
    pages.must_be_clean(&[]);
}

#[test]
fn a_record_comes_once_however_often_one_pauses() {
    let (site, pages) = with_story();
    site.add_repository("alice/one");
    pages.hold_answers("GET", "pageSize=200");
    for (count, button) in ["Follow", "Pause", "Follow", "Pause", "Follow"].into_iter().enumerate() {
        pages.browser.click(button);
        pages.held(count as u64 / 2 + 1);
    }
    pages.let_go();
    let of_it = || shown(&pages).iter().filter(|row| row[1] == "alice/one").count();
    soon("it comes", || (of_it() > 0).then_some(()));
    site.add_repository("alice/two");
    soon("following goes on", || (shown(&pages).first()?[1] == "alice/two").then_some(()));
    assert_eq!(of_it(), 1, "{:?}", shown(&pages));
    pages.must_be_clean(&[]);
}

#[test]
fn who_filters_while_following_sees_no_records_of_the_filter_before() {
    let (site, pages) = with_story();
    site.add_repository("alice/one");
    pages.hold_answers("GET", "pageSize=200");
    pages.browser.click("Follow");
    pages.held(1);
    pages.browser.pick("Outcome", "denied");
    shows(&site, &pages, "outcome=denied");
    let before = shown(&pages);
    pages.let_go();
    assert_eq!(shown(&pages), before, "a late answer is not shown");
    site.as_user("alice").get("/enzi/v0/accounts").must_be(403);
    site.audit("");
    soon("following goes on", || (shown(&pages).len() > before.len()).then_some(()));
    shows(&site, &pages, "outcome=denied");
    pages.must_be_clean(&[]);
}

/// Exports what the filter selects, and gives the file as it is.
fn export(pages: &Pages, count: usize) -> String {
    let directory = pages.downloads();
    pages.browser.click("Export");
    pages.browser.see(&format!("{count} records exported"));
    soon("the file is there", || {
        let entry = fs::read_dir(directory.path()).expect("a directory").next()?.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let is_whole = name.starts_with("dockpass-audit-") && name.ends_with(".ndjson");
        is_whole.then(|| fs::read_to_string(entry.path()).expect("a text"))
    })
}

#[test]
fn the_export_holds_what_the_filter_selects_record_by_record() {
    let (site, pages) = with_story();
    let lines = site.as_local().header("Accept", "application/x-ndjson");
    for query in ["", "actor=alice"] {
        if !query.is_empty() {
            pages.browser.fill("Actor", &format!("alice{ENTER}"));
            shows(&site, &pages, query);
        }
        let records = site.audit(query);
        let exported = export(&pages, records.len());
        let parsed = exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record a line"));
        assert_eq!(parsed.collect::<Vec<_>>(), records);
        assert_eq!(exported, lines.get(&format!("/api/v0/audit?pageSize=0&{query}")).must_be(200).body);
    }
    pages.must_be_clean(&[]);
}

#[test]
fn a_name_that_was_written_in_part_is_found_in_the_audit_log() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_repository("alice/app");
    site.as_user("alice").post("/api/v0/repositories/alice", &json!({ "name": "lib" })).must_be(201);
    let pages = site.pages();
    let browser = &pages.browser;
    pages.sign_in("admin", PASSWORD);
    pages.open("/audit");
    browser.fill("Actor", &format!("ali{ENTER}"));
    browser.see("No record fits this filter.");
    browser.follow("alice");
    browser.arrive("/audit?actor=alice");
    browser.see("Create a repository");
    pages.open("/audit");
    browser.fill("Object", "ap");
    browser.take("alice/app");
    browser.add("Object", ENTER);
    soon("what was done to it", || {
        let rows = browser.rows("Audit records");
        (!rows.is_empty() && rows.iter().all(|row| row[1] == "alice/app")).then_some(())
    });
    pages.open("/audit");
    browser.fill("Credential", "local");
    browser.take("socket");
    browser.add("Credential", ENTER);
    browser.arrive("/audit?credential=socket");
    soon("what the local administrator did", || {
        let rows = browser.rows("Audit records");
        (!rows.is_empty() && rows.iter().all(|row| row[2].contains("local socket"))).then_some(())
    });
    pages.must_be_clean(&[]);
}

#[test]
fn events_that_were_counted_together_say_since_when() {
    let site = InProcess::start();
    site.add_person("alice");
    for _ in 0..3 {
        site.with("alice", "guessed").get("/api/v0/api_tokens").must_be(401);
        site.pass(5);
    }
    site.audit("");
    let pages = site.pages();
    let browser = &pages.browser;
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in("admin", PASSWORD);
    pages.open("/audit?actor=alice&outcome=denied");
    browser.see("3 times, first ");
    browser.click("Sign in");
    browser.see("3 times the same from 15 January 2026 at 12:00:00 UTC to 15 January 2026 at 12:00:10 UTC");
    assert_eq!(pages.look_at("audit-counted"), Vec::<String>::new());
    pages.must_be_clean(&[]);
}
