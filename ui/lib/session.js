// Owns who is signed in, in this tab and, by word of mouth, in the others. The session itself is a cookie that no script
// reads; what is known of it comes from the API.
//
// Exports
//   current()                    { username, fullName, isAdmin, credential, accessLevel, expiresAt, setPassword, … } or null
//   recall()                     the same; after a reload what this tab knew before, which isOld
//   registryHost()               the host, and port, that images are pulled from; HOST where dockpass does not know it
//   load()                       asks the API, if this browser was signed in; null if nobody is
//   isOld()                      whether what is known of who is signed in is older than a minute
//   refresh()                    asks again → whether something changed, such as administrator or not; throws as get() does
//   signIn(username, password)   throws the API's error
//   signOut()
//   onChange(handler)            handler(reason, username): "out" (signed out, here or in another tab), "ended", "other"
//                                (another tab signed in); username is who was signed in until now

import { ApiError, get, onEnded, post, remove } from "./api.js";
import { ask, isAnyOpen } from "./dialog.js";
import { field, whose } from "./form.js";

const PATH = "/api/v0/session";
const FRESH = 60_000;
/** Whether this browser was signed in. Without it the API is not asked, and no refusal stands in the console. */
const MARK = "signed-in";
/** What a tab knows of its session, so that after a reload it need not wait for that before it asks for what it shows. */
const KNOWN = "session";
const others = new BroadcastChannel("dockpass");
/** @type {((reason: string, username?: string) => void)[]} */
const handlers = [];

/** @type {Api.Session | null} */
let present = null;
let readAt = 0;
/** Counts the ends of what is known: an answer that was asked for before the last one tells of somebody else. */
let era = 0;
/** @type {Promise<boolean> | null} */
let again = null;

export const current = () => present;

const UNKNOWN = "HOST";

export const registryHost = () => present?.registryHost ?? UNKNOWN;

/** @param {(reason: string, username?: string) => void} handler */
export const onChange = (handler) => handlers.push(handler);

/** @template {Api.Session | null} Answer @param {Answer} answer */
function know(answer) {
  present = answer;
  readAt = Date.now();
  if (answer) {
    localStorage.setItem(MARK, "yes");
    sessionStorage.setItem(KNOWN, JSON.stringify(answer));
  } else {
    localStorage.removeItem(MARK);
    sessionStorage.removeItem(KNOWN);
  }
  return answer;
}

export function recall() {
  if (!present && localStorage.getItem(MARK)) present = JSON.parse(sessionStorage.getItem(KNOWN) ?? "null");
  return present;
}

/** Asks for the session, or its end: what comes after somebody signed out is given up. @param {{ mayEnd?: boolean }} [options] @returns {Promise<Api.Session>} */
async function read(options) {
  const asked = era;
  const answer = await get(PATH, options).catch((error) => {
    if (asked === era) throw error;
  });
  if (asked !== era) throw new DOMException("Somebody signed out meanwhile.", "AbortError");
  return answer;
}

/** @param {string} reason */
function end(reason) {
  era += 1;
  const before = present?.username;
  know(null);
  handlers.forEach((handler) => handler(reason, before));
}

export async function load() {
  if (!localStorage.getItem(MARK)) return know(null);
  try {
    return know(await read({ mayEnd: false }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    return know(null);
  }
}

export const isOld = () => present !== null && Date.now() - readAt > FRESH;

export async function refresh() {
  /** @param {Api.Session | null} it */
  const rights = (it) => JSON.stringify({ ...it, expiresAt: null });
  const before = rights(present);
  return rights(know(await read())) !== before;
}

/** @param {string} username @param {string} password @returns {Promise<Api.Session>} */
export async function signIn(username, password) {
  let opened;
  try {
    opened = know(await post(PATH, { body: { username, password }, mayEnd: false }));
  } catch (error) {
    // The message must not tell which part was wrong.
    if (error.status === 401) error.message = "Wrong user name, password or access token.";
    throw error;
  }
  others.postMessage({ in: username });
  return opened;
}

export async function signOut() {
  await remove(PATH, { mayEnd: false }).catch((error) => {
    if (error.status !== 401) throw error;
  });
  others.postMessage({ out: true });
  end("out");
}

/** Asks for the password on top of what stands there, so that nothing typed is lost. @param {string} username */
async function signInAgain(username) {
  const password = field({ name: "password", label: "Password or access token", type: "password", autocomplete: "current-password", required: true });
  const done = await ask({
    title: "Your session ended",
    body: `Sign in as ${username} to go on where you were. What you typed is kept.`,
    fields: [whose(username), password],
    confirm: "Sign in",
    cancel: "Leave",
    act: (values) => signIn(username, values.password),
  });
  return done !== null;
}

onEnded(async (method) => {
  if (!present) return false;
  // With a change, or a dialog, typed text would be lost. Reading has nothing to lose but its place.
  if (method === "GET" && !isAnyOpen()) {
    end("ended");
    return false;
  }
  again ??= signInAgain(present.username).finally(() => (again = null));
  const isBack = await again;
  if (!isBack && present) end("ended");
  return isBack;
});

others.addEventListener("message", ({ data }) => {
  if (data.out && present) end("out");
  if (data.in && data.in !== present?.username) {
    era += 1;
    sessionStorage.removeItem(KNOWN);
    handlers.forEach((handler) => handler("other"));
  }
});
