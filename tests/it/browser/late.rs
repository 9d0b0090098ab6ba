//! What happens between a click and its answer: answers that come after the person left, second clicks, rights that
//! changed meanwhile, input that makes no sense, and where the focus is afterwards.

use serde_json::json;

use crate::support::{Website, exe::PASSWORD, person::ENTER, person::soon};

const LIST: &str = "/profile/access-tokens";
const NEW: &str = "/profile/access-tokens/new";

fn count(site: &Website, selector: &str) -> u64 {
    let script = "return document.querySelectorAll(arguments[0]).length";
    site.browser.run(script, json!([selector])).as_u64().expect("a count")
}

fn has_focus(site: &Website, selector: &str) -> bool {
    site.browser.run("return document.activeElement.matches(arguments[0])", json!([selector])) == json!(true)
}

fn with_tokens(labels: &[&str]) -> Website {
    let site = Website::start();
    for label in labels {
        site.api("alice").post("/api/v0/api_tokens", &json!({ "tokenLabel": label })).must_be(200);
    }
    site.sign_in("alice", PASSWORD);
    site
}

#[test]
fn a_secret_that_comes_after_the_sign_out_is_shown_to_nobody() {
    let site = Website::start_as("alice");
    site.open(NEW);
    site.browser.fill("Description", "late");
    site.browser.choose("Push");
    site.hold_answers("POST", "/api_tokens?");
    site.browser.click("Create");
    site.held(1);
    site.sign_out_in_another_tab("alice");
    site.let_go();
    assert!(!site.browser.source().contains("dkp_"), "the secret is on the sign-in page");
    assert!(site.browser.url().contains("/sign-in"), "{}", site.browser.url());
    assert_eq!(site.api("alice").get("/api/v0/api_tokens").must_be(200).json().as_array().map(Vec::len), Some(1));
    site.must_be_clean(&[]);
}

#[test]
fn who_leaves_while_a_secret_is_made_is_asked_and_may_stay_for_it() {
    let site = Website::start_as("alice");
    site.open(NEW);
    site.browser.fill("Description", "late");
    site.browser.choose("Push");
    site.hold_answers("POST", "/api_tokens?");
    site.browser.click("Create");
    site.browser.follow("Repositories");
    site.browser.see("What you sent has no answer yet.");
    site.let_go();
    // The question was about something else: the one about the secret is another.
    site.browser.click("Leave");
    site.browser.see("The secret is not shown again.");
    site.browser.click("Stay");
    assert!(site.browser.value("Access token").starts_with("dkp_"));
    site.browser.click("Done");
    site.browser.arrive(LIST);
    site.must_be_clean(&[]);
}

#[test]
fn a_dialog_that_waits_for_its_answer_is_not_left_unasked() {
    let site = with_tokens(&["laptop"]);
    site.browser.follow("View details of laptop");
    site.browser.see("Replace or remove");
    site.hold_answers("POST", "");
    site.browser.click("Rotate");
    site.browser.click_css("dialog .button.primary");
    site.held(1);
    site.browser.back();
    site.browser.see("What you sent has no answer yet.");
    site.browser.click("Stay");
    site.let_go();
    site.browser.see("New secret for");
    let secret = site.browser.value("Access token");
    site.server.http_as("alice", &secret).get("/api/v0/repositories").must_be(200);
    site.browser.click("Done");
    site.must_be_clean(&[]);
}

#[test]
fn who_leaves_by_back_is_where_back_leads_and_back_goes_on_from_there() {
    let site = Website::start_as("alice");
    site.open("/profile");
    site.open(LIST);
    site.browser.follow("Repositories");
    site.browser.arrive("/repositories");
    site.browser.follow("Access tokens");
    site.browser.arrive(LIST);
    site.browser.follow("New access token");
    site.browser.fill("Description", "one");
    site.browser.choose("Push");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    site.browser.back();
    site.browser.see("Leave this page?");
    site.browser.click("Stay");
    assert!(site.browser.url().contains(LIST), "{}", site.browser.url());
    site.browser.see("It is not shown again.");
    site.browser.back();
    site.browser.click("Leave");
    site.browser.see("1 access token");
    site.browser.back();
    site.browser.arrive("/repositories");
    site.must_be_clean(&[]);
}

#[test]
fn a_late_answer_does_not_drag_the_person_back() {
    let site = Website::start_as("alice");
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "shop" })).must_be(201);
    site.open("/repositories/alice/shop?tab=settings");
    site.browser.fill("Description", "sells things");
    site.hold_answers("PATCH", "");
    site.browser.click("Save");
    site.held(1);
    site.browser.follow("Organizations");
    site.browser.click("Leave");
    site.browser.arrive("/organizations");
    site.browser.see("Organizations");
    site.let_go();
    assert!(site.browser.url().ends_with("/organizations"), "{}", site.browser.url());
    site.must_be_clean(&[]);
}

#[test]
fn a_search_that_was_just_typed_stays_on_its_page() {
    let site = Website::start_as("admin");
    site.open("/people");
    site.hold_timers(250);
    site.browser.add("Search by name", "al");
    assert_eq!(site.timers(), 1, "the search waits for the end of the word");
    site.browser.follow("Audit");
    site.browser.see("End of the log");
    assert_eq!(site.pass_time(), 0, "it searches where nobody is any more");
    assert!(site.browser.url().ends_with("/audit"), "{}", site.browser.url());
    site.must_be_clean(&[]);
}

#[test]
fn who_is_no_administrator_any_more_sees_what_everybody_sees() {
    let site = Website::start();
    let set = |is_admin: bool| {
        site.api("admin").patch("/enzi/v0/accounts/alice", &json!({ "isAdmin": is_admin })).must_be(200);
    };
    set(true);
    site.sign_in("alice", PASSWORD);
    site.browser.see("People");
    set(false);
    site.browser.follow("Organizations");
    site.browser.arrive("/organizations");
    site.browser.see_no_more("People");
    site.browser.see_no_more("There is nothing here");
    site.browser.see("organization");
    site.must_be_clean(&[403]);
}

#[test]
fn a_second_click_opens_no_second_dialog() {
    let site = with_tokens(&["laptop"]);
    site.hold_answers("GET", "");
    let script = "const it = [...document.querySelectorAll('button')].find((it) => it.textContent === 'Clean up');
        it.click(); it.click();";
    site.browser.run(script, json!([]));
    site.let_go();
    site.browser.see("Clean up access tokens");
    assert_eq!(count(&site, "dialog"), 1);
    site.must_be_clean(&[]);
}

#[test]
fn a_clean_up_of_nothing_says_so() {
    let site = with_tokens(&["laptop"]);
    site.browser.click("Clean up");
    site.browser.see("No access token would be deleted.");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.see("There is nothing to delete.");
    assert_eq!(count(&site, "dialog"), 1);
    site.must_be_clean(&[]);
}

#[test]
fn a_date_that_does_not_exist_is_refused_beside_its_field() {
    let site = Website::start_as("alice");
    site.open(NEW);
    site.browser.fill("Description", "far");
    site.browser.choose("Push");
    site.browser.pick("Expires after", "date");
    site.browser.pick("Date", "20266-01-01");
    site.browser.click("Create");
    site.browser.see("Choose a date.");
    site.sign_out("alice");
    site.sign_in("admin", PASSWORD);
    site.open("/audit");
    site.browser.pick("Time", "range");
    site.browser.pick("From", "20266-01-01T00:00");
    site.browser.click_css("details.filter button[type=submit]");
    site.browser.see("This is not a valid time.");
    site.must_be_clean(&[]);
}

#[test]
fn the_focus_stays_where_somebody_works() {
    let site = with_tokens(&["laptop", "laptop", "laptop"]);
    let third = "tbody tr:nth-child(3) input";
    site.browser.click_css(third);
    site.browser.see("1 selected");
    assert!(has_focus(&site, third), "on {}", site.browser.focused());
    site.browser.click("Clear selection");
    site.browser.see_no_more("1 selected");
    assert!(has_focus(&site, "input[type=search]"), "on {}", site.browser.focused());
    site.browser.click_css(third);
    site.browser.click("Delete");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.see("2 access tokens");
    assert!(has_focus(&site, "main *"), "on {}", site.browser.focused());
    site.browser.click_css("tbody tr:nth-child(1) a");
    site.browser.fill("Description", "another");
    site.browser.click("Save");
    site.browser.see("Saved");
    soon("it is drawn anew", || site.browser.has("css", "h1").then_some(()));
    soon("the button has it", || (site.browser.focused() == "Save").then_some(()));
    site.must_be_clean(&[]);
}

#[test]
fn a_server_that_does_not_answer_is_said_in_words() {
    let site = Website::start_as("alice");
    let offline = |shall: bool| {
        let wishes = json!({ "offline": shall, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        site.browser.cdp("Network.emulateNetworkConditions", wishes);
    };
    offline(true);
    site.browser.follow("Organizations");
    site.browser.see("The server cannot be reached. Check the connection, then try again.");
    offline(false);
    site.browser.click("Try again");
    site.browser.see_no_more("The server cannot be reached.");
    // The console tells of requests that failed, as it should; nothing went elsewhere.
    let (_, foreign) = site.noise(&[], &[]);
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn who_wants_to_leave_by_back_leaves_at_once() {
    let site = Website::start_as("alice");
    site.browser.follow("New access token");
    site.browser.fill("Description", "late");
    site.browser.choose("Push");
    site.hold_answers("POST", "/api_tokens?");
    site.browser.click("Create");
    site.held(1);
    site.browser.back();
    site.browser.see("What you sent has no answer yet.");
    site.browser.click("Leave");
    site.browser.arrive(LIST);
    site.browser.see("New access token");
    soon("nothing is asked any more", || (count(&site, "dialog") == 0).then_some(()));
    site.let_go();
    assert!(site.browser.url().ends_with(LIST) && !site.browser.source().contains("dkp_"), "{}", site.browser.url());
    site.must_be_clean(&[]);
}

#[test]
fn a_temporary_password_that_comes_after_the_sign_out_is_shown_to_nobody() {
    let site = Website::start_as("admin");
    site.open("/people");
    site.browser.click("New user");
    site.browser.fill("User name", "carol");
    site.browser.choose("The user chooses it");
    site.hold_answers("POST", "api_tokens");
    site.browser.click("Create");
    site.held(1);
    site.sign_out_in_another_tab("admin");
    site.let_go();
    // Not by loading it anew: what the tab keeps in memory would be there.
    site.try_sign_in("admin", PASSWORD);
    site.browser.arrive(LIST);
    site.browser.follow("People");
    site.browser.follow("carol");
    site.browser.arrive("/people/carol");
    site.browser.see("Temporary password");
    assert!(!site.browser.source().contains("dkp_"), "another one sees it");
    site.must_be_clean(&[]);
}

#[test]
fn a_clean_up_that_is_looked_up_slowly_opens_on_no_other_page() {
    let site = with_tokens(&["laptop"]);
    site.hold_answers("GET", "");
    site.browser.click("Clean up");
    site.held(1);
    let script = "document.querySelector('#nav a[href=\"/repositories\"]').click()";
    site.browser.run(script, json!([]));
    site.let_go();
    site.browser.arrive("/repositories");
    assert_eq!(count(&site, "dialog"), 0);
    site.must_be_clean(&[]);
}

#[test]
fn suggestions_of_an_ended_session_take_nothing_that_was_typed() {
    let site = Website::start_as("alice");
    site.open(NEW);
    site.browser.fill("Description", "kept");
    site.browser.choose("Push");
    site.end_sessions("alice");
    site.hold_answers("GET", "/index/autocomplete");
    site.browser.fill("Repositories", "alice/app");
    site.let_go();
    site.browser.press(ENTER);
    assert_eq!(site.browser.value("Description"), "kept");
    site.browser.click("Create");
    site.browser.see("Your session ended");
    site.browser.fill("Password or access token", PASSWORD);
    site.browser.click("Sign in");
    site.browser.see("It is not shown again.");
    site.browser.click("Done");
    site.must_be_clean(&[401]);
}

#[test]
fn the_same_page_once_more_is_no_step_of_the_history() {
    let site = Website::start_as("alice");
    site.browser.follow("Repositories");
    site.browser.arrive("/repositories");
    for _ in 0..3 {
        site.browser.follow("Repositories");
        site.drawn();
    }
    site.browser.back();
    site.browser.arrive(LIST);
    // Done leads back to the list that one came from.
    site.browser.follow("Repositories");
    site.browser.follow("Access tokens");
    site.browser.follow("New access token");
    site.browser.fill("Description", "one");
    site.browser.choose("Push");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    site.browser.click("Done");
    site.browser.see("1 access token");
    site.browser.back();
    site.browser.arrive("/repositories");
    site.must_be_clean(&[]);
}

#[test]
fn who_gives_up_administration_sees_the_pages_of_a_user() {
    let site = Website::start();
    site.api("admin").patch("/enzi/v0/accounts/alice", &json!({ "isAdmin": true })).must_be(200);
    site.sign_in("alice", PASSWORD);
    site.open("/people/alice");
    site.browser.choose("Is administrator");
    site.browser.click("Save");
    site.browser.see("Give up administration?");
    site.browser.click("OK");
    site.browser.arrive("/profile/access-tokens");
    site.browser.see_no_more("People");
    site.must_be_clean(&[]);
}

#[test]
fn in_a_dialog_the_keyboard_begins_at_what_is_chosen() {
    let site = Website::start_as("alice");
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "shop" })).must_be(201);
    site.api("admin").post("/enzi/v0/accounts", &json!({ "name": "carol" })).must_be(201);
    let grant = json!({ "accessLevel": "read-write" });
    site.api("alice").put("/api/v0/repositories/alice/shop/userAccess/carol", &grant).must_be(200);
    site.open("/repositories/alice/shop?tab=access");
    site.browser.click("Change the access of carol");
    assert!(has_focus(&site, "dialog input[value='read-write']:checked"), "on {}", site.browser.focused());
    for _ in 0..6 {
        site.browser.press("\u{E004}");
        assert!(has_focus(&site, "dialog *"), "on {}", site.browser.focused());
    }
    site.browser.click("Cancel");
    site.must_be_clean(&[]);
}
