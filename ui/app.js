// Owns what stands in the window: finds the page of the address, draws it, keeps history, title, focus and scroll.
//
// How to add a page
//   1. Its row stands in pages.js: path, area, module and the name of the export.
//   2. The module exports, by that name:
//        export const list = {
//          title: "Repositories",                    // or (context) => text; shown in the window's title
//          async render(context) { return [ ...head("Repositories"), node ]; },   // a node or an array of nodes
//        };
//      Until the promise settles the page before stays, so nothing jumps; a line on top appears after 300 ms. What render
//      throws is shown: a 403 or 404 of the API as "There is nothing here", everything else with "Try again".
//      The page begins with one <h1> (head() of lib/dom.js makes it); the focus goes there.
//   3. `context` is
//        session     who is signed in: { username, fullName, isAdmin, credential, accessLevel, setPassword, … }
//        params      the parts of the path, decoded: { namespace, reponame }
//        query       URLSearchParams of the address
//        signal      an AbortSignal: the person left; give it to the requests
//        go(href, { replace })          opens another page
//        reload()                       draws this page once more, where it is
//        setQuery({ tab: "tags", page: null }, { push })   keeps a state in the address without drawing anew; null
//                                       takes a key out; push makes Back return to the state before
//        setTitle(text)                 once the name is known
//        swap(nodes, { href, title })   what came of this page in its place, such as a new secret; href is the address from
//                                       now on, which a reload opens
//        drawn                          a promise: what it adds later waits for this, so that the page itself comes first
//        hold(text | null)              asks before leaving, with this reason, as long as it is set
//      Once the person left, none of them does anything: a late answer changes no other page.
//   Links are plain <a href="/repositories/…"> (path`…` of lib/dom.js encodes the parts); no handler is needed.
//
// What else there is, in lib/: api.js (requests, errors), dom.js (elements), form.js (fields, forms), dialog.js (ask), list.js
// and table.js (tables), complete.js (fields with suggestions), time.js (when), words.js and names.js (what is said), level.js
// (access levels), notice.js (say, during). Each begins with its exports. The other folders have what they show: tokens/,
// people/ (users, and one's own sign-in, profile and password), repositories/, organizations/, audit/, registry/.

import { isAbort, isGone } from "./lib/api.js";
import { ask, closeAll } from "./lib/dialog.js";
import { button, h, head, linkButton } from "./lib/dom.js";
import { remember } from "./lib/focus.js";
import { isAnyBusy } from "./lib/form.js";
import { during } from "./lib/notice.js";
import * as session from "./lib/session.js";
import { keepTrue } from "./lib/time.js";
import * as nav from "./nav.js";
import { find, part } from "./pages.js";

const UNANSWERED = "What you sent has no answer yet.";

const main = /** @type {HTMLElement} */ (document.getElementById("content"));
let leaving = new AbortController();
/** Where the window is: the address, and which entry of the history that is. */
let here = "";
let index = history.state?.index ?? 0;
/** The reason to ask before the page is left, or null. @type {string | null} */
let held = null;
let isAsking = false;
/** Whether the history may move: the person has agreed to leave, or need not be asked. */
let isFreeToMove = false;
/** The addresses of the history entries that this document made. @type {string[]} */
const trail = [];
/** The title that a page has set for itself. @type {string | null} */
let named = null;
let isDrawn = false;
let isFirst = true;
let isKnownOut = false;

/** @param {URL} url */
const place = (url) => url.pathname + url.search;

/**
 * Gives the present entry of the history this address, or makes the next one.
 * @param {string | URL} href @param {boolean} push
 */
function write(href, push) {
  if (push) index += 1;
  trail[index] = place(new URL(href, location.href));
  history[push ? "pushState" : "replaceState"]({ index }, "", href);
}

/**
 * `sure` settles once it is certain for whom the page is: until then it leads nowhere else.
 * @param {URL} url @param {Record<string, string>} params @param {AbortSignal} signal @param {Promise<unknown>} sure @param {Promise<void>} drawn
 * @returns {Context}
 */
function context(url, params, signal, sure, drawn) {
  /** @template {any[]} Given @template Result @param {(...given: Given) => Result} act @returns {(...given: Given) => Result} */
  const whileHere = (act) => /** @type {any} */ ((/** @type {Given} */ ...given) => (signal.aborted ? undefined : act(...given)));
  return {
    session: /** @type {Api.Session} */ (session.current()),
    params,
    query: url.searchParams,
    signal,
    drawn,
    go: whileHere(async (/** @type {Parameters<Context["go"]>} */ ...given) => {
      await sure;
      if (!signal.aborted) await go(...given);
    }),
    reload: whileHere(() => show({ scroll: scrollY, keepsFocus: true })),
    setQuery: whileHere((/** @type {Parameters<Context["setQuery"]>[0]} */ changes, { push = false } = {}) => setQuery(url, changes, push)),
    setTitle: whileHere((/** @type {string} */ text) => {
      named = text;
      if (isDrawn) setTitle(text);
    }),
    swap: whileHere((/** @type {Node[]} */ nodes, /** @type {{ href: string, title: string }} */ { href, title }) => swap(nodes, href, title)),
    hold: whileHere((/** @type {string | null} */ text) => void (held = text)),
  };
}

/** @param {string | null} text */
function setTitle(text) {
  document.title = text ? `${text} · dockpass` : "dockpass";
}

/** @param {Node[]} nodes @param {string} href @param {string} title */
function swap(nodes, href, title) {
  write(href, false);
  here = place(new URL(location.href));
  setTitle(title);
  main.replaceChildren(...nodes);
  settle(0);
}

/** @param {URL} url @param {Parameters<Context["setQuery"]>[0]} changes @param {boolean} push */
function setQuery(url, changes, push) {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") url.searchParams.delete(key);
    else url.searchParams.set(key, String(value));
  }
  if (place(url) === here) return;
  here = place(url);
  write(here, push);
}

/** Shows the page of the address. @param {{ scroll?: number, keepsFocus?: boolean }} [options] */
async function show({ scroll = 0, keepsFocus = false } = {}) {
  leaving.abort();
  closeAll();
  held = null;
  const { signal } = (leaving = new AbortController());
  const url = new URL(location.href);
  here = place(url);
  try {
    const drawn = await during(draw(url, signal));
    if (signal.aborted || !drawn) return;
    nav.draw(drawn.isAlone ? null : session.current(), drawn.area);
    setTitle(drawn.title);
    isDrawn = true;
    const again = keepsFocus ? remember(main) : () => null;
    main.replaceChildren(.../** @type {any[]} */ ([drawn.nodes]).flat(Infinity).filter(Boolean));
    settle(scroll, again());
    drawn.tell?.();
  } catch (error) {
    if (!signal.aborted && !isAbort(error)) throw error;
  }
}

/**
 * `focused` is what had the focus before, if that is to stay.
 * @param {number} scroll @param {HTMLElement | null} [focused]
 */
function settle(scroll, focused = null) {
  const wanted = focused ?? /** @type {HTMLElement | null} */ (main.querySelector("[data-focus]"));
  const heading = main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  if (wanted) wanted.focus({ preventScroll: true });
  else if (!isFirst) heading?.focus({ preventScroll: true });
  isFirst = false;
  scrollTo(0, scroll);
}

/**
 * The content of the page: { nodes, title, area, isAlone }; nothing if the address leads elsewhere.
 * @param {URL} url @param {AbortSignal} signal @param {boolean} [isAgain] @returns {Promise<Drawn | null>}
 */
async function draw(url, signal, isAgain = false) {
  const found = find(url.pathname);
  try {
    const begun = await meet(found, url, signal);
    if (signal.aborted) return null;
    // Signing in would lead to no page either.
    if (!found) return nothing("There is no page at this address.");
    if (!session.current() && !found.row.isOpen) {
      toSignIn(url);
      return null;
    }
    return await (begun?.() ?? drawPage(found, url, signal));
  } catch (error) {
    if (signal.aborted || isAbort(error)) return null;
    if (error.status === 401) {
      toSignIn(url);
      return null;
    }
    // Somebody may have changed what this person may since the last page.
    if (error.status === 403 && !isAgain && (await session.refresh().catch(() => false))) return draw(url, signal, true);
    return isGone(error) || error.status === 403 ? nothing(error.message) : failed(error);
  }
}

/**
 * Makes sure of who is signed in. On a slow line each answer that is waited for costs a journey: meanwhile the module of the
 * page comes, and the page is drawn for whom the tab knew last, which counts only if it is still so.
 * @param {ReturnType<typeof find>} found @param {URL} url @param {AbortSignal} signal @returns {Promise<(() => Promise<Drawn | null>) | null>}
 */
async function meet(found, url, signal) {
  const isKnown = session.recall() !== null;
  if (isKnown && !session.isOld()) return null;
  found?.row.load().catch(() => {});
  // After being led to the sign-in page, the session need not be asked for again.
  const isAsked = isKnown || !(isKnownOut && found?.row.isOpen);
  isKnownOut = false;
  if (!isKnown) {
    if (isAsked) await session.load();
    return null;
  }
  const attempt = new AbortController();
  const asked = session.refresh();
  // Before anything that the page has begun goes on.
  const sure = asked.then((isOther) => void (isOther && attempt.abort()), () => attempt.abort());
  const begun = found && drawPage(found, url, AbortSignal.any([signal, attempt.signal]), sure);
  begun?.catch(() => {});
  if (!(await asked)) return begun && (() => begun);
  held = null;
  return null;
}

/**
 * @param {NonNullable<ReturnType<typeof find>>} found @param {URL} url @param {AbortSignal} signal @param {Promise<unknown>} [sure]
 * @returns {Promise<Drawn | null>}
 */
async function drawPage({ row, params }, url, signal, sure = Promise.resolve()) {
  if (row.isAdmin && !session.current()?.isAdmin) return nothing("Only administrators see this page.");
  const page = await row.load();
  if (signal.aborted) return null;
  /** @type {() => void} */
  let tell = () => {};
  const given = context(url, params, signal, sure, new Promise((resolve) => (tell = resolve)));
  named = null;
  isDrawn = false;
  const nodes = await page.render(given);
  if (!nodes || signal.aborted) return null;
  const title = named ?? (typeof page.title === "function" ? page.title(given) : page.title);
  return { nodes: [row.isOpen || row.isAlone ? null : await banner(), nodes], title, area: row.area, isAlone: row.isOpen || row.isAlone, tell };
}

/** The line for who should set a password; its module is fetched for them alone. */
async function banner() {
  const present = session.current();
  return present?.setPassword ? (await part("people/page-password", "passwordBanner")())(present) : null;
}

/** @param {string} text */
const nothing = (text) => ({
  title: "There is nothing here",
  nodes: [...head("There is nothing here"), h("div.stack", h("p", text), linkButton("Access tokens", "/profile/access-tokens"))],
});

/** @param {any} error */
function failed(error) {
  if (!error.status) console.error(error);
  const again = button("Try again", { kind: "primary", onclick: () => show({ keepsFocus: true }) });
  return {
    title: "This did not work",
    nodes: [...head("This did not work"), h("div.stack", h("p", { role: "alert" }, error.message), again)],
  };
}

/** @param {URL} url */
function toSignIn(url) {
  const next = place(url);
  isKnownOut = true;
  go(next === "/" ? "/sign-in" : `/sign-in?${new URLSearchParams({ next })}`, { replace: true, isFree: true });
}

/**
 * Whether the page may be left. A person who leaves is asked, too, while something that was sent has no answer.
 * @param {boolean} isByPerson @returns {Promise<boolean>}
 */
async function mayLeave(isByPerson) {
  const reason = held ?? (isByPerson && isAnyBusy() ? UNANSWERED : null);
  if (!reason) return true;
  if (isAsking) return false;
  isAsking = true;
  const left = await ask({ title: "Leave this page?", body: reason, confirm: "Leave", kind: "danger", cancel: "Stay" });
  isAsking = false;
  if (left === null) return false;
  // Meanwhile there may be another reason to stay: the answer came with a secret.
  if (held && held !== reason) return mayLeave(isByPerson);
  held = null;
  return true;
}

/** @param {string | URL} href @param {{ replace?: boolean, isFree?: boolean, isByPerson?: boolean }} [options] */
async function go(href, { replace = false, isFree = false, isByPerson = false } = {}) {
  const url = new URL(href, location.href);
  if (!isFree && !(await mayLeave(isByPerson))) return;
  clearTimeout(scrolled);
  if (!replace) keepScroll();
  // Going back instead: otherwise the history would have the same page twice in a row.
  if (replace && index > 0 && trail[index - 1] === place(url)) return moveBy(-1);
  write(url, !replace && place(url) !== here);
  await show();
}

/** @param {number} steps */
function moveBy(steps) {
  isFreeToMove = true;
  history.go(steps);
}

const keepScroll = () => history.replaceState({ ...history.state, scroll: scrollY }, "");

/** A link that one of the pages answers, opened in this window. @param {MouseEvent} event */
function pageLink(event) {
  /** @type {HTMLAnchorElement | null} */
  const link = /** @type {Element} */ (event.target).closest?.("a[href]");
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute("download")) return null;
  const url = new URL(link.href);
  const isHere = url.hash && place(url) === place(new URL(location.href));
  return url.origin === location.origin && !isHere && find(url.pathname) ? url : null;
}

addEventListener("click", (event) => {
  const url = pageLink(event);
  if (!url) return;
  event.preventDefault();
  go(url, { isByPerson: true });
});

addEventListener("popstate", async (event) => {
  const there = place(new URL(location.href));
  const entry = event.state?.index ?? index;
  if (there === here) {
    index = entry;
    return;
  }
  const isFree = isFreeToMove;
  isFreeToMove = false;
  if (!isFree && (held || isAnyBusy())) {
    // The window has moved already: back to where it was, then ask.
    const steps = entry - index;
    if (steps) history.go(-steps);
    else history.pushState({ index }, "", here);
    if (await mayLeave(true)) steps ? moveBy(steps) : go(there, { replace: true, isFree: true });
    return;
  }
  index = entry;
  show({ scroll: event.state?.scroll ?? 0 });
});

addEventListener("beforeunload", (event) => void ((held || isAnyBusy()) && event.preventDefault()));

// Back finds the place in the page again.
/** @type {ReturnType<typeof setTimeout> | undefined} */
let scrolled;
addEventListener("scroll", () => {
  clearTimeout(scrolled);
  scrolled = setTimeout(keepScroll, 200);
}, { passive: true });

// A page that the browser kept whole may show what its person may no longer see.
addEventListener("pageshow", (event) => void (event.persisted && location.reload()));

session.onChange((reason, username) => {
  closeAll();
  held = null;
  main.replaceChildren();
  if (reason === "other") return location.reload();
  if (reason === "ended") sessionStorage.setItem("ended", username ?? "");
  if (reason === "out") return go("/sign-in", { isFree: true });
  toSignIn(new URL(location.href));
});

keepTrue();
history.scrollRestoration = "manual";
history.replaceState({ ...history.state, index }, "");
trail[index] = place(new URL(location.href));
show({ scroll: history.state?.scroll ?? 0 });
