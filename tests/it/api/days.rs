//! How a repository is used day by day, and who pushed its tags.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    notify::{pull, push},
    site::{Caller, DAY, repository_path},
};

const APP: &str = "alice/app";

fn activity_path(repository: &str) -> String {
    format!("{}/activity", repository_path(repository))
}

fn site() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("bob");
    site.add_repository(APP);
    site
}

/// The days with anything to count, as `day pulls pushes`.
fn days(caller: &Caller) -> Vec<String> {
    let shown = caller.get(&activity_path(APP)).must_be(200).json();
    let all = shown["days"].as_array().expect("days").clone();
    assert_eq!(all.len(), 90);
    let is_used = |day: &&Value| day["pulls"] != 0 || day["pushes"] != 0;
    let text = |day: &Value| format!("{} {} {}", day["day"].as_str().expect("a day"), day["pulls"], day["pushes"]);
    all.iter().filter(is_used).map(text).collect()
}

#[test]
fn pulls_and_pushes_are_shown_by_the_day_and_outlive_a_restart() {
    let site = site();
    site.notify(&[push("1", APP, "1.0", 1), pull("2", APP, "1.0", 1), pull("3", APP, "1.0", 1)]).must_be(200);
    let first = site.in_time(0)[..10].to_owned();
    assert_eq!(days(&site.as_user("alice")), [format!("{first} 2 1")]);
    site.pass(DAY);
    let site = site.restart();
    site.notify(&[pull("4", APP, "1.0", 1)]).must_be(200);
    let second = site.in_time(0)[..10].to_owned();
    let both = [format!("{first} 2 1"), format!("{second} 1 0")];
    assert_eq!(days(&site.as_user("alice")), both);
    let whole = site.as_user("alice").get(&repository_path(APP)).must_be(200).json();
    assert_eq!([&whole["pulls"], &whole["pushes"]], [&json!(3), &json!(1)]);
    let site = site.restart();
    assert_eq!(days(&site.as_admin()), both);
    site.pass(89 * DAY);
    assert_eq!(days(&site.as_admin()), both[1..], "the ninetieth day before is shown no more");
}

#[test]
fn who_may_not_see_the_repository_gets_the_answer_of_one_that_never_was() {
    let site = site();
    site.notify(&[push("1", APP, "1.0", 1)]).must_be(200);
    let bob = site.as_user("bob");
    let hidden = bob.get(&activity_path(APP)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    let none = bob.get(&activity_path("alice/nop")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    assert_eq!(hidden.body.replace("alice/app", "alice/nop"), none.body);
    site.grant(APP, "bob", "read-only");
    assert_eq!(days(&bob).len(), 1);
    site.as_nobody().get(&activity_path(APP)).must_be(401);
}

#[test]
fn a_tag_names_the_account_that_pushed_it_last() {
    let site = site();
    let by = |id: &str, tag: &str, who: &str| {
        let mut event = push(id, APP, tag, 1);
        event["actor"] = json!({ "name": who });
        event
    };
    site.notify(&[by("1", "a", "alice"), by("2", "b", "bob"), by("3", "c", "stranger"), by("4", "d", "")]).must_be(200);
    let tags = |caller: &Caller| caller.get(&format!("{}/tags", repository_path(APP))).must_be(200).json();
    let shown = tags(&site.as_user("alice"));
    let names: Vec<&Value> = shown.as_array().expect("tags").iter().map(|tag| &tag["pushedBy"]).collect();
    assert_eq!(names, [&json!("alice"), &json!("bob"), &Value::Null, &Value::Null]);
    let id = site.as_admin().get("/enzi/v0/accounts/bob").must_be(200).text("/id");
    assert_eq!([&shown[1]["pushedById"], &shown[2]["pushedById"]], [&json!(id), &Value::Null]);
    // Another account of that name is another one.
    site.as_admin().delete("/enzi/v0/accounts/bob").must_be(204);
    site.add_user("bob");
    let site = site.restart();
    assert_eq!(tags(&site.as_user("alice"))[1]["pushedById"], json!(id));
    assert_ne!(site.as_admin().get("/enzi/v0/accounts/bob").must_be(200).text("/id"), id);
}
