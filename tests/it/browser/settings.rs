//! Settings in the web pages: what may be changed, and what the configuration fixes.

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, exe::Setup, person::soon};

fn settings(site: &Website) -> Value {
    site.api("admin").get("/api/v0/meta/settings").must_be(200).json()
}

/// Some of the keys are fixed, each elsewhere.
fn partly_fixed() -> Website {
    let mut setup = Setup::config("[tokens]\ndefault_lifetime = \"30d\"\n[audit]\nregistry_tokens = true\n");
    setup.environment.push(("DOCKPASS_TOKENS_MAX_PER_ACCOUNT", "77".to_owned()));
    let site = Website::start_with(setup);
    site.sign_in("admin", PASSWORD);
    site
}

#[test]
fn what_the_configuration_fixes_is_off_and_says_where_it_is_set() {
    let site = partly_fixed();
    let fixed = json!({
        "auditRegistryTokens": { "key": "audit.registry_tokens", "from": "file" },
        "maxTokensPerAccount": { "key": "tokens.max_per_account", "from": "environment" },
        "tokenDefaultLifetime": { "key": "tokens.default_lifetime", "from": "file" },
    });
    assert_eq!(settings(&site)["fixed"], fixed);
    site.open("/settings");
    site.browser.see("Set in the configuration file of dockpass as audit.registry_tokens. Change it there.");
    site.browser.see("Set in the environment of dockpass as tokens.max_per_account. Change it there.");
    let script = "return [...document.querySelectorAll('main form input:disabled, main form select:disabled')] \
        .map((it) => it.name || it.getAttribute('aria-label') \
        || it.labels?.[0]?.textContent)";
    let off = [
        "maxTokensPerAccount",
        "Access tokens expire after",
        "Access tokens expire after: unit",
        "Audit each registry token",
    ];
    assert_eq!(site.browser.run(script, json!([])), json!(off));
    // Where there is no limit, there is no empty field for its number.
    assert!(!site.browser.has("css", "main form input[type=number][aria-label='Access tokens live at most']"));
    assert_eq!(site.browser.value("Access tokens expire after"), "30");
    site.browser.fill("Repositories per namespace, at most", "12");
    site.browser.click("Save");
    site.browser.see("Saved");
    assert_eq!(settings(&site)["maxRepositoriesPerNamespace"], 12);
    // A longest lifetime below the fixed one is refused where it can be changed.
    let pick = "const unit = document.querySelector('[aria-label=\"Access tokens live at most: unit\"]'); \
        unit.value = '86400'; unit.dispatchEvent(new Event('change', { bubbles: true }))";
    site.browser.run(pick, json!([]));
    site.browser.fill("Access tokens live at most", "7");
    site.browser.click("Save");
    site.browser.see("Must not be shorter than the default expiry above.");
    assert_eq!(settings(&site)["tokenMaxLifetime"], Value::Null);
    site.must_be_clean(&[]);
}

#[test]
fn a_message_that_begins_with_a_key_keeps_it_as_it_is() {
    let site = partly_fixed();
    let said = |body: Value| {
        let script = "const [body, done] = arguments; import(new URL('lib/api.js', document.querySelector('script[src]').src)).then(({ post }) => \
            post('/api/v0/meta/settings', { body })).then(done, (error) => done(error.message))";
        site.browser.run_async(script, json!([body]))
    };
    let fixed = said(json!({ "auditRegistryTokens": false }));
    assert_eq!(fixed, "audit.registry_tokens is set in the configuration file of the server.");
    assert_eq!(said(json!({ "auditAuthLogsEnabled": false })), "Sign-ins are always recorded.");
    soon("the page is there", || site.browser.has("css", "main h1").then_some(()));
    site.must_be_clean(&[400, 401]);
}

#[test]
fn settings_have_their_own_page_with_separators_and_a_proposal() {
    let site = Website::start_as("admin");
    site.browser.follow("Settings");
    site.browser.arrive("/settings");
    assert_eq!(site.browser.value("Access tokens per account, at most"), "1,000");
    // What the clients' notifications tell is proposed, and taken by one click.
    site.push("alice/app", &[("v1", 1)]);
    site.browser.reload();
    site.browser.see("Most clients call it");
    let seen = site.api("admin").get("/api/v0/meta/settings").must_be(200).text("/registryPublicHostSeen");
    site.browser.click(&format!("Use {seen}"));
    assert_eq!(site.browser.value("Registry's public host"), seen);
    site.browser.see_no_more("Most clients call it");
    site.browser.fill("Repositories per namespace, at most", "12,500");
    site.browser.follow("Registry");
    site.browser.see("What you changed is not saved.");
    site.browser.click("Stay");
    site.browser.click("Save");
    site.browser.see("Saved");
    let settings = site.api("admin").get("/api/v0/meta/settings").must_be(200).json();
    assert_eq!(settings["maxRepositoriesPerNamespace"], 12_500);
    assert_eq!(settings["registryPublicHost"], json!(seen));
    site.browser.fill("Repositories per namespace, at most", "many");
    site.browser.click("Save");
    site.browser.see("A whole number above 0.");
    // Bookmarks of the place where they were.
    site.browser.fill("Repositories per namespace, at most", "12,500");
    site.browser.click("Save");
    site.open("/registry?tab=settings");
    site.browser.arrive("/settings");
    site.must_be_clean(&[]);
}
