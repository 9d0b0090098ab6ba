//! The web pages behind nginx, by TLS as browsers have them, and the tab that shows nginx's file.

use serde_json::json;

use crate::support::{browser::Browser, exe::PASSWORD, nginx::Front};

#[test]
fn the_pages_work_behind_nginx_and_show_its_file() {
    let front = Front::with_users(&[]);
    let first = front.pair.dockpass().admin_password();
    let own = json!({ "oldPassword": first, "newPassword": PASSWORD });
    front.http().basic("admin", &first).post("/enzi/v0/accounts/admin/changePassword", &own).must_be(200);
    let browser = Browser::start();
    let address = |path: &str| format!("https://{}{path}", front.authority);
    browser.open(&address("/registry?tab=configuration&for=nginx"));
    browser.fill("User name", "admin");
    browser.fill("Password or access token", PASSWORD);
    browser.click("Sign in");
    browser.see("nginx puts dockpass and the registry under one host name with TLS.");
    let printed = front.pair.dockpass().cli(&["registry", "config", "--for", "nginx"]).must_succeed().stdout;
    let blocks = browser.run("return [...document.querySelectorAll('pre')].map((it) => it.textContent)", json!([]));
    assert_eq!(blocks, json!([printed, "sudo nginx -t && sudo systemctl reload nginx"]));
    browser.see("Download dockpass.conf");
    browser.see_no_more("Path on the registry's machine");
    assert_eq!(browser.value("Registry or proxy"), "nginx");

    browser.pick("Registry or proxy", "distribution");
    browser.see("Download dockpass-ca.pem");
    browser.see(&format!("realm: \"{}\"", address("/auth/token")));
    // A place that was emptied holds up the others and not nginx, which needs none.
    browser.fill("Path on the registry's machine", "");
    browser.pick("Registry or proxy", "nginx");
    browser.see("ssl_certificate_key");
    browser.pick("Registry or proxy", "distribution");
    browser.see("rootcertbundle: \"/etc/docker/registry/dockpass-ca.pem\"");
    browser.back();
    browser.see("ssl_certificate_key");
    browser.see_no_more("Path on the registry's machine");

    let said = browser.log("browser");
    let is_refusal =
        |entry: &serde_json::Value| entry["message"].as_str().unwrap_or_default().contains("a status of 401");
    assert!(said.iter().all(is_refusal), "{said:?}");
}
