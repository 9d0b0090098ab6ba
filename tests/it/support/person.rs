//! What a person does with a browser, by visible names. Each step waits for its element, so that tests read like what
//! a person does.

use serde_json::{Value, json};

use super::{
    browser::{Browser, PATIENCE},
    process::eventually_within,
};

/// How `WebDriver` marks an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys without a letter, as `WebDriver` writes them.
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const ESCAPE: &str = "\u{E00C}";
pub(crate) const DOWN: &str = "\u{E015}";

/// Finds the element that a person would see under a name: in the topmost dialog, if there is one, else in the page.
const FIND: &str = r#"
    const [kind, text] = arguments;
    const root = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
    const all = (selector) => [...root.querySelectorAll(selector)].filter((it) => it.checkVisibility());
    const isCalled = (it) => it.getAttribute("aria-label") === text || it.textContent.trim() === text;
    const controlOf = (label) => label && (label.htmlFor ? document.getElementById(label.htmlFor) : label.querySelector("input"));
    switch (kind) {
        case "button": return all("button, a.button, summary").find(isCalled) ?? null;
        case "link": return all("a[href]").find(isCalled) ?? null;
        case "choice": return all("label.choice").find((it) => it.querySelector("span").firstChild.textContent.trim() === text)?.querySelector("input") ?? null;
        case "suggestion": return all("[role=option] > .mono").find((it) => it.textContent === text)?.parentNode ?? null;
        case "field": return controlOf(all("label").find((it) => it.textContent.trim() === text)) ?? all("input, select").find(isCalled) ?? null;
        default: return [...document.querySelectorAll(text)].find((it) => it.checkVisibility()) ?? null;
    }
"#;

/// Waits until a condition holds.
pub(crate) fn soon<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, ask)
}

/// What a person does.
impl Browser {
    /// Opens an address, as if from a bookmark.
    pub(crate) fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url }));
    }

    /// Goes back in the history.
    pub(crate) fn back(&self) {
        self.post("/back", json!({}));
    }

    /// Reloads the page.
    pub(crate) fn reload(&self) {
        self.post("/refresh", json!({}));
    }

    /// The address of the page.
    pub(crate) fn url(&self) -> String {
        self.get("/url").as_str().expect("an address").to_owned()
    }

    /// All visible text.
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText", json!([])).as_str().unwrap_or_default().to_owned()
    }

    /// The whole page, including its invisible parts.
    pub(crate) fn source(&self) -> String {
        let script = "return document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((it) => it.value).join(' ')";
        self.run(script, json!([])).as_str().expect("a text").to_owned()
    }

    /// Waits until the page shows a text.
    pub(crate) fn see(&self, text: &str) {
        soon(&format!("the page shows {text:?}"), || self.text().contains(text).then_some(()));
    }

    /// Waits until the page no longer shows a text.
    pub(crate) fn see_no_more(&self, text: &str) {
        soon(&format!("the page shows no {text:?}"), || (!self.text().contains(text)).then_some(()));
    }

    /// Waits for an address whose path begins with `path`.
    pub(crate) fn arrive(&self, path: &str) {
        soon(&format!("the address is {path}"), || {
            self.url().splitn(4, '/').nth(3)?.starts_with(&path[1..]).then_some(())
        });
    }

    /// Whether an element is there right now.
    pub(crate) fn has(&self, kind: &str, name: &str) -> bool {
        !self.run(FIND, json!([kind, name])).is_null()
    }

    /// Does something with an element, and tries again until it succeeds, because pages may be redrawn meanwhile.
    fn with<T>(&self, kind: &str, name: &str, mut act: impl FnMut(&str) -> Result<T, String>) -> T {
        soon(&format!("{kind} {name:?} can be used"), || {
            let found = self.run(FIND, json!([kind, name]));
            act(found[ELEMENT].as_str()?).ok()
        })
    }

    fn element(&self, id: &str, act: &str, body: &Value) -> Result<Value, String> {
        self.try_ask("POST", &self.at(&format!("/element/{id}/{act}")), body)
    }

    fn click_on(&self, kind: &str, name: &str) {
        self.with(kind, name, |id| self.element(id, "click", &json!({})));
    }

    /// Presses a button.
    pub(crate) fn click(&self, name: &str) {
        self.click_on("button", name);
    }

    /// Follows a link.
    pub(crate) fn follow(&self, name: &str) {
        self.click_on("link", name);
    }

    /// Clicks a radio button, a check box or a switch.
    pub(crate) fn choose(&self, name: &str) {
        self.click_on("choice", name);
    }

    /// Picks a suggestion of a field.
    pub(crate) fn take(&self, suggestion: &str) {
        self.click_on("suggestion", suggestion);
    }

    /// Clicks the first match of a CSS selector.
    pub(crate) fn click_css(&self, selector: &str) {
        self.click_on("css", selector);
    }

    /// Types into a field, replacing its text.
    pub(crate) fn fill(&self, name: &str, text: &str) {
        self.with("field", name, |id| self.element(id, "clear", &json!({})));
        self.add(name, text);
    }

    /// Types into a field, after its text.
    pub(crate) fn add(&self, name: &str, text: &str) {
        self.with("field", name, |id| self.element(id, "value", &json!({ "text": text })));
    }

    /// Sets the value of a field as a picker does, such as a date or an option.
    pub(crate) fn pick(&self, name: &str, value: &str) {
        let script = "const [field, value] = arguments; field.value = value; \
            for (const it of ['input', 'change']) field.dispatchEvent(new Event(it, { bubbles: true }))";
        self.with("field", name, |id| {
            let body = json!({ "script": script, "args": [{ ELEMENT: id }, value] });
            self.try_ask("POST", &self.at("/execute/sync"), &body)
        });
    }

    /// The value of a field.
    pub(crate) fn value(&self, name: &str) -> String {
        let read = |id: &str| self.try_ask("GET", &self.at(&format!("/element/{id}/property/value")), &Value::Null);
        self.with("field", name, read).as_str().unwrap_or_default().to_owned()
    }

    /// The options of a field.
    pub(crate) fn options(&self, name: &str) -> Vec<String> {
        let script = "return [...arguments[0].options].map((it) => it.textContent)";
        let read = |id: &str| {
            let body = json!({ "script": script, "args": [{ ELEMENT: id }] });
            self.try_ask("POST", &self.at("/execute/sync"), &body)
        };
        texts(&self.with("field", name, read))
    }

    /// The text of each cell of a table, by rows, without the head and the details that unfold below a row. Empty if
    /// there is no such table right now.
    pub(crate) fn rows(&self, table: &str) -> Vec<Vec<String>> {
        let script = "const isCalled = (it) => it.getAttribute('aria-label') === arguments[0]; \
            const table = [...document.querySelectorAll('table')].find(isCalled); \
            const rows = [...(table?.tBodies[0]?.rows ?? [])]; \
            return rows.filter((it) => it.cells.length > 1 && it.checkVisibility()) \
                .map((row) => [...row.cells].map((it) => it.innerText.trim()))";
        let rows = self.run(script, json!([table]));
        rows.as_array().expect("a list").iter().map(texts).collect()
    }

    /// Whether a button can be pressed.
    pub(crate) fn is_enabled(&self, name: &str) -> bool {
        let read = |id: &str| self.try_ask("GET", &self.at(&format!("/element/{id}/enabled")), &Value::Null);
        self.with("button", name, read) == json!(true)
    }

    /// Presses a key, wherever the focus is.
    pub(crate) fn press(&self, key: &str) {
        let strokes = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.post("/actions", json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] }));
    }

    /// The label or the text of the element that has the focus.
    pub(crate) fn focused(&self) -> String {
        let script = "const it = document.activeElement; \
            return it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? (it === document.body ? '' : it.textContent.trim())";
        self.run(script, json!([])).as_str().unwrap_or_default().to_owned()
    }

    /// The tab in front.
    pub(crate) fn tab(&self) -> String {
        self.get("/window").as_str().expect("a name").to_owned()
    }

    /// Opens another tab of the same profile, and returns it.
    pub(crate) fn new_tab(&self) -> String {
        let made = self.post("/window/new", json!({ "type": "tab" }));
        made["handle"].as_str().expect("a name").to_owned()
    }

    /// Brings a tab to the front.
    pub(crate) fn switch(&self, tab: &str) {
        self.post("/window", json!({ "handle": tab }));
    }
}

/// The texts of a list.
fn texts(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}
