//! The audit log on its way to others: Debian's `rsyslog` over UDP, TCP and TLS, and a webhook of Python's standard library.
//! Receivers are killed and come back, and so is dockpass: nothing is missing, everything is in order, and what comes twice
//! came again after a failure.

use std::{collections::BTreeSet, thread};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    exe::{Dockpass, Setup, cli_command},
    process::{Run, eventually},
    syslog::{Message, Rsyslog},
    webhook::{Webhook, seq},
};

fn sending(keys: &str) -> Setup {
    Setup::config(format!("[audit]\n{keys}"))
}

/// The number of the last record.
fn last(dockpass: &Dockpass) -> u64 {
    dockpass.cli_json(&["audit", "head"])["seq"].as_u64().expect("a number")
}

/// The export of the log, line by line.
fn lines(dockpass: &Dockpass) -> Vec<String> {
    let exported = dockpass.cli(&["audit", "export"]).must_succeed().stdout;
    exported.lines().map(str::to_owned).collect()
}

/// Changes that each leave a record.
fn change(dockpass: &Dockpass, names: std::ops::Range<usize>) {
    for number in names {
        dockpass.cli(&["user", "create", &format!("user-{number}"), "--service"]).must_succeed();
    }
}

/// Asserts that each number comes for the first time after the one before it, and none is left out.
fn are_in_order(came: &[u64], last: u64) {
    let mut seen = BTreeSet::new();
    let first: Vec<u64> = came.iter().copied().filter(|seq| seen.insert(*seq)).collect();
    assert!(first.iter().copied().eq(1..=last), "{came:?}");
}

/// What of the ways `dockpass status` tells: the one of this key.
fn way(dockpass: &Dockpass, key: &str) -> Value {
    let ways = dockpass.cli_json(&["status"])["auditWays"].clone();
    let found = ways.as_array().expect("ways").iter().find(|way| way["key"] == key);
    found.unwrap_or_else(|| panic!("no {key} in {ways}")).clone()
}

#[test]
fn every_record_reaches_a_syslog_server_byte_by_byte_over_udp_tcp_and_tls() {
    for transport in ["udp", "tcp", "tls"] {
        let rsyslog = Rsyslog::over(transport);
        let dockpass = sending(&rsyslog.keys()).start();
        change(&dockpass, 0..5);
        dockpass.add_token("user-1", &[]);
        let messages = rsyslog.has_all_up_to(last(&dockpass));
        let came: Vec<u64> = messages.iter().filter_map(Message::seq).collect();
        are_in_order(&came, came.len() as u64);
        let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
        let exported = lines(&dockpass);
        assert!(
            exported.iter().map(String::as_str).zip(&texts).all(|(line, text)| line == *text),
            "{transport}: {texts:?}"
        );
        let made = messages.iter().find(|message| message.act == "token.create").expect("the record");
        let record: Value = serde_json::from_str(&made.text).expect("JSON");
        assert_eq!((made.priority.as_str(), made.value("outcome")), ("110", "success"));
        assert_eq!(made.value("hash"), record["hash"], "{made:?}");
        assert_eq!(made.value("accessTokenId"), record["accessToken"]["id"], "{made:?}");
        assert!(made.data.starts_with("[dockpass@32473 seq=\""), "{made:?}");
        eventually("all is there, as far as can be known", || {
            let way = way(&dockpass, "audit.syslog");
            (way["trouble"].is_null() && (transport != "udp" || way["behind"] == 0)).then_some(())
        });
        // Ended in order, it has nothing to repeat, over TCP neither.
        let sent = rsyslog.messages().len();
        let dockpass = Dockpass::start_in(dockpass.stop(), sending(&rsyslog.keys()));
        change(&dockpass, 5..6);
        let messages = rsyslog.has_all_up_to(last(&dockpass));
        let came: Vec<u64> = messages.iter().filter_map(Message::seq).collect();
        assert_eq!(
            came.iter().collect::<BTreeSet<_>>().len(),
            came.len(),
            "{transport}: twice: {came:?}, {sent} before"
        );
    }
}

#[test]
fn a_syslog_server_that_is_killed_misses_nothing_and_neither_does_a_killed_dockpass() {
    for transport in ["tcp", "tls"] {
        let mut rsyslog = Rsyslog::over(transport);
        let dockpass = sending(&rsyslog.keys()).start();
        change(&dockpass, 0..4);
        rsyslog.has_all_up_to(last(&dockpass));
        rsyslog.kill();
        change(&dockpass, 4..8);
        let way = eventually("it is noticed", || {
            let way = way(&dockpass, "audit.syslog");
            way["trouble"].is_string().then_some(way)
        });
        assert!(way["behind"].as_u64().expect("a number") >= 4, "{way}");
        assert!(
            way["trouble"].as_str().expect("text").contains("refused")
                || way["trouble"].as_str().expect("text").contains("closed"),
            "{way}"
        );
        let health = dockpass.http().get("/health").must_be(200).json();
        assert!(health["warning"].as_str().expect("text").contains("is not handed on"), "{health}");
        assert!(!health.to_string().contains(&rsyslog.address.to_string()), "{health}");
        let directory = dockpass.kill();
        let dockpass = Dockpass::start_in(directory, sending(&rsyslog.keys()));
        change(&dockpass, 8..10);
        rsyslog.start();
        let end = last(&dockpass);
        let messages = rsyslog.has_all_up_to(end);
        let came: Vec<u64> = messages.iter().filter_map(Message::seq).collect();
        are_in_order(&came, end);
        let exported = lines(&dockpass);
        let is_exported = |message: &Message| exported.contains(&message.text);
        assert!(messages.iter().all(is_exported), "{messages:?}");
        eventually("it is well again", || is_well(&dockpass).then_some(()));
        let told = dockpass.log().matches("it is tried again").count();
        assert!(told <= 2, "once for each change: {}", dockpass.log());
    }
}

fn is_well(dockpass: &Dockpass) -> bool {
    way(dockpass, "audit.syslog")["trouble"].is_null()
}

#[test]
fn a_certificate_that_nobody_vouches_for_gets_no_record() {
    let rsyslog = Rsyslog::over("tls");
    let keys = rsyslog.keys();
    let url = keys.lines().next().expect("the server").to_owned() + "\n";
    let dockpass = sending(&url).start();
    dockpass.must_log("UnknownIssuer");
    assert!(rsyslog.messages().is_empty());
    assert_eq!(way(&dockpass, "audit.syslog")["behind"], last(&dockpass));
}

#[test]
fn every_record_reaches_a_webhook_signed_and_in_order_whatever_is_killed() {
    let mut webhook = Webhook::start();
    webhook.answer(Some(503));
    let dockpass = sending(&webhook.keys()).start();
    change(&dockpass, 0..3);
    eventually("it has failed", || (webhook.refusals() >= 2).then_some(()));
    let way = way(&dockpass, "audit.webhook_url");
    assert!(way["trouble"].as_str().expect("text").contains("status 503"), "{way}");
    assert!(!way.to_string().contains("s3cret-path"), "{way}");
    webhook.answer(None);
    webhook.has_all_up_to(last(&dockpass));
    webhook.kill();
    change(&dockpass, 3..6);
    let directory = dockpass.kill();
    let dockpass = Dockpass::start_in(directory, sending(&webhook.keys()));
    webhook.start_again();
    change(&dockpass, 6..9);
    let end = last(&dockpass);
    let events = webhook.has_all_up_to(end);
    let came: Vec<u64> = events.iter().filter_map(seq).collect();
    are_in_order(&came, end);
    let exported = lines(&dockpass);
    for event in &events {
        let line = exported.iter().find(|line| is_same(line, &event["data"]));
        assert!(line.is_some(), "{event}");
        let (seq, hash) = (&event["data"]["seq"], event["data"]["hash"].as_str().expect("a hash"));
        assert_eq!(event["audithead"], format!("{seq}:{hash}"));
        assert_eq!(event["type"], format!("dockpass.audit.{}", event["data"]["action"].as_str().expect("an act")));
    }
    // Each head that came along is one by which the log is verified.
    let head = events.last().expect("an event")["audithead"].as_str().expect("a head").to_owned();
    dockpass.cli(&["audit", "verify", "--head", &head]).must_succeed();
    let log = dockpass.log();
    assert!(!log.contains("s3cret-path") && !log.contains("whsec"), "{log}");
}

#[test]
fn a_series_of_kills_in_the_middle_of_changes_loses_nothing() {
    let mut webhook = Webhook::start();
    let mut dockpass = sending(&webhook.keys()).start();
    for round in 0..6 {
        let (before, data) = (webhook.events().len(), dockpass.data());
        thread::scope(|scope| {
            let changing = scope.spawn(|| {
                for number in 0..8 {
                    // Some of these meet a dockpass that is gone: whether they are made, the log tells.
                    let name = format!("user-{round}-{number}");
                    Run::of(&mut cli_command(&data, &["user", "create", &name, "--service"]), "");
                }
            });
            eventually("records on their way", || (webhook.events().len() > before + round).then_some(()));
            if round % 2 == 0 {
                dockpass.signal(Signal::KILL);
            } else {
                webhook.kill();
                webhook.start_again();
            }
            changing.join().expect("the changes");
        });
        dockpass = Dockpass::start_in(dockpass.kill(), sending(&webhook.keys()));
    }
    let end = last(&dockpass);
    let events = webhook.has_all_up_to(end);
    are_in_order(&events.iter().filter_map(seq).collect::<Vec<_>>(), end);
    let exported = lines(&dockpass);
    assert!(events.iter().all(|event| exported.iter().any(|line| is_same(line, &event["data"]))), "{events:?}");
}

fn is_same(line: &str, data: &Value) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|line| line == *data)
}

#[test]
fn no_redirect_is_followed_and_https_needs_a_certificate_that_is_trusted() {
    let webhook = Webhook::start();
    webhook.answer(Some(307));
    let dockpass = sending(&webhook.keys()).start();
    dockpass.must_log("it answers with status 307, and no redirect is followed");
    assert!(webhook.events().is_empty());
    drop(dockpass);
    let webhook = Webhook::over_tls();
    let dockpass = sending(&webhook.keys()).start();
    dockpass.must_log("UnknownIssuer");
    assert!(webhook.events().is_empty());
    let dockpass = Dockpass::start_in(dockpass.stop(), sending(&(webhook.keys() + &webhook.ca())));
    webhook.has_all_up_to(last(&dockpass));
}

#[test]
fn an_older_copy_of_the_store_is_noticed_and_sent_from_the_beginning() {
    let webhook = Webhook::start();
    let dockpass = sending(&webhook.keys()).start();
    change(&dockpass, 0..2);
    let directory = dockpass.stop();
    let [data, copy] = ["data", "copy"].map(|name| directory.path().join(name));
    let copied = std::process::Command::new("cp").arg("-a").arg(&data).arg(&copy).status();
    assert!(copied.expect("cp").success());
    let dockpass = Dockpass::start_in(directory, sending(&webhook.keys()));
    change(&dockpass, 2..6);
    webhook.has_all_up_to(last(&dockpass));
    let directory = dockpass.stop();
    // The cursor is of the log that is gone.
    std::fs::copy(data.join("audit-webhook.cursor"), copy.join("audit-webhook.cursor")).expect("the cursor");
    std::fs::rename(&data, directory.path().join("gone")).expect("renamed");
    std::fs::rename(&copy, &data).expect("renamed");
    let dockpass = Dockpass::start_in(directory, sending(&webhook.keys()));
    dockpass.must_log("it was cut or exchanged; the whole log is sent again");
    let before = webhook.events().len();
    change(&dockpass, 20..22);
    let end = last(&dockpass);
    eventually("the records of today", || {
        let events = webhook.events();
        let today: BTreeSet<u64> = events.iter().skip(before.saturating_sub(1)).filter_map(seq).collect();
        today.contains(&end).then_some(())
    });
}

#[test]
fn the_end_of_an_access_token_is_told_once_to_whom_records_go() {
    let webhook = Webhook::start();
    let setup = || Setup::config(format!("[tokens]\nwarn_before = \"7d\"\n[audit]\n{}", webhook.keys()));
    let dockpass = setup().start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &["--expires", "2d"]);
    dockpass.add_token("alice", &["--expires", "60d"]);
    // The first look was before it was made; a start looks at once.
    let dockpass = Dockpass::start_in(dockpass.stop(), setup());
    let warnings = || {
        let events = webhook.events();
        events.into_iter().filter(|event| event["type"] == "dockpass.audit.token.warn").collect::<Vec<_>>()
    };
    let told = eventually("the warning", || Some(warnings()).filter(|told| !told.is_empty()));
    assert_eq!(told.len(), 1, "{told:?}");
    let data = &told[0]["data"];
    assert_eq!((&data["actor"], &data["accessToken"]["id"]), (&"system".into(), &token.id.as_str().into()));
    assert!(data["reason"].as_str().expect("a reason").starts_with("it ends on 20"), "{data}");
    let dockpass = Dockpass::start_in(dockpass.kill(), setup());
    dockpass.add_user("bob");
    webhook.has_all_up_to(last(&dockpass));
    let listed = dockpass.cli_json(&["audit", "list", "--action", "token.warn"]);
    assert_eq!(listed["records"].as_array().map(Vec::len), Some(1), "{listed}");
}
