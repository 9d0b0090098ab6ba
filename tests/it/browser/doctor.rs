//! The page of the doctor: what is wrong is told with what to do, and is well again once that is done.

use std::os::unix::fs::PermissionsExt;

use crate::support::{InProcess, exe::PASSWORD, person::soon};

/// State and text of the check of this title.
fn told(pages: &crate::support::Pages, title: &str) -> Option<(String, String)> {
    let rows = pages.browser.rows("Checks");
    let row = rows.into_iter().find(|row| row.first().is_some_and(|name| name == title))?;
    Some((row.get(1)?.clone(), row.get(2)?.clone()))
}

#[test]
fn what_is_wrong_is_told_with_what_to_do_and_looked_at_again() {
    let site = InProcess::start();
    let secret = site.data().join("keys/metrics-secret");
    let set_mode =
        |mode| std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).expect("its owner may");
    set_mode(0o644);
    let pages = site.pages();
    pages.sign_in("admin", PASSWORD);
    pages.browser.follow("Doctor");
    pages.browser.arrive("/doctor");
    let modes = soon("the checks", || told(&pages, "File modes"));
    assert_eq!(modes.0, "look after", "{modes:?}");
    assert!(modes.1.contains("is open to others (mode 644)") && modes.1.contains("To do: chmod go= "), "{modes:?}");
    assert_eq!(told(&pages, "Server").expect("a row").0, "ok");
    pages.browser.see("to look after");
    let faults = pages.look_at("doctor-told");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    set_mode(0o600);
    site.pass(60);
    pages.browser.click("Examine again");
    soon("it is well", || told(&pages, "File modes").filter(|(state, _)| state == "ok"));
    pages.must_be_clean(&[]);
}
