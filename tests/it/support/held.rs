//! Answers that a test holds back in the page: what happens between a click and its answer.

use serde_json::json;

use super::{pages::Pages, person::soon};

impl Pages {
    /// From now on the page gets no answers to requests of this method whose address has this text, until
    /// [`Self::let_go`] or until it is loaded anew.
    pub(crate) fn hold_answers(&self, method: &str, text: &str) {
        let script = "const [method, text] = arguments; const real = window.fetch; window.held = []; \
            window.letGo = () => { window.fetch = real; held.splice(0).forEach((go) => go()); }; \
            window.fetch = async (address, given) => { \
              const answer = await real(address, given); \
              const isMeant = (given?.method ?? 'GET') === method && String(address).includes(text); \
              if (isMeant) await new Promise((go) => held.push(go)); \
              return answer; };";
        self.browser.run(script, json!([method, text]));
    }

    /// Waits until the server has answered so many of them.
    pub(crate) fn held(&self, count: u64) {
        let is_there = || self.browser.run("return held.length", json!([])).as_u64() >= Some(count);
        soon("answers are held back", || is_there().then_some(()));
    }

    /// Gives the page the answers, once there is one, and time to do something with them. Later ones are not held back.
    pub(crate) fn let_go(&self) {
        self.held(1);
        self.browser.run_async("const done = arguments[0]; letGo(); setTimeout(done, 500)", json!([]));
    }
}
