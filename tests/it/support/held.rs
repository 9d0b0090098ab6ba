//! Answers and timers that a test holds back in the page: answers, so that something can happen between a click and
//! its answer; timers, so that the test decides when their time has passed. Nothing here relies on a pause.

use serde_json::json;

use super::{pages::Pages, person::soon};

/// Holds back the answers that a test selects, and counts the page's unfinished work: requests, and answers that it
/// reads. Between two of them, and after the last, nothing else can run in the page: when the count is zero, the page
/// has dealt with everything that it was given.
const HOLD_ANSWERS: &str = "\
    const [method, text] = arguments; \
    if (!window.answers) { \
      const answers = (window.answers = { held: [], atWork: 0 }); \
      const counted = (work) => { answers.atWork += 1; return work.finally(() => (answers.atWork -= 1)); }; \
      const real = window.fetch; \
      const ask = async (address, given) => { \
        const answer = await real(address, given); \
        if (answers.isMeant?.(address, given)) await new Promise((go) => answers.held.push(go)); \
        return answer; }; \
      window.fetch = (...given) => counted(ask(...given)); \
      for (const name of ['json', 'text', 'blob']) { \
        const read = Response.prototype[name]; \
        Response.prototype[name] = function () { return counted(read.call(this)); }; } } \
    answers.isMeant = (address, given) => (given?.method ?? 'GET') === method && String(address).includes(text);";

const HOLD_TIMERS: &str = "\
    const least = arguments[0]; const [set, clear] = [setTimeout, clearTimeout]; let last = 0; \
    const held = (window.heldTimers = new Map()); \
    const hold = (work) => { held.set(last += 1, work); return -last; }; \
    globalThis.setTimeout = (work, wait, ...given) => (wait < least ? set(work, wait, ...given) : hold(work)); \
    globalThis.clearTimeout = (id) => held.delete(-id) || clear(id);";

/// Answers.
impl Pages {
    /// From now on the page gets no answers to requests with this method whose address contains this text, until
    /// [`Self::let_go`] or a reload.
    pub(crate) fn hold_answers(&self, method: &str, text: &str) {
        self.browser.run(HOLD_ANSWERS, json!([method, text]));
    }

    /// Waits until the server has given this many of the answers.
    pub(crate) fn held(&self, count: u64) {
        let is_there = || self.browser.run("return answers.held.length", json!([])).as_u64() >= Some(count);
        soon("answers are held back", || is_there().then_some(()));
    }

    /// Waits for an answer and gives the page the first one. The others stay held back.
    pub(crate) fn let_one_go(&self) {
        self.held(1);
        self.browser.run("answers.held.shift()()", json!([]));
    }

    /// Waits for an answer, gives the page all of them, and waits until it has dealt with them. Later ones are not
    /// held back.
    pub(crate) fn let_go(&self) {
        self.held(1);
        self.browser.run("answers.isMeant = null; answers.held.splice(0).forEach((go) => go())", json!([]));
        // A page that was reloaded meanwhile waits for nothing of the old one.
        let at_work = || self.browser.run("return window.answers?.atWork ?? 0", json!([]));
        soon("the page has dealt with its answers", || (at_work() == 0).then_some(()));
    }
}

/// Timers.
impl Pages {
    /// Holds back the page's timers of this many milliseconds or more.
    pub(crate) fn hold_timers(&self, least: u32) {
        self.browser.run(HOLD_TIMERS, json!([least]));
    }

    /// How many timers are held back.
    pub(crate) fn timers(&self) -> u64 {
        self.browser.run("return heldTimers.size", json!([])).as_u64().expect("a number")
    }

    /// Lets the time of the held timers pass; returns how many there were.
    pub(crate) fn pass_time(&self) -> u64 {
        let script = "const due = [...heldTimers.values()]; heldTimers.clear(); due.forEach((work) => work()); \
            return due.length";
        self.browser.run(script, json!([])).as_u64().expect("a number")
    }
}
