// Owns the line that waits beside a new secret for its first use: it asks every few seconds while the page is to be seen, more
// slowly with time, and ends with the use, with the page, or after half an hour.
//
// Exports
//   firstUse(context, path)     the line; path is that of the access token in the API
//   pauses()                    for its test: the pauses in milliseconds, in turn

import { ApiError, get, ifChanged, isAbort } from "../lib/api.js";
import { button, h } from "../lib/dom.js";
import { isNever, when, withDays } from "../lib/time.js";

const FIRST = 2_000;
const LONGEST = 30_000;
const SLOWER = 1.2;
const ALTOGETHER = 30 * 60_000;
/** Every so many times it is asked whether something was refused. */
const EACH = 3;

export function* pauses() {
  let pause = FIRST;
  for (let all = 0; all < ALTOGETHER; ) {
    all += pause;
    yield pause;
    pause = Math.min(LONGEST, Math.round(pause * SLOWER));
  }
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
const seen = (signal) => new Promise((resolve) => {
  if (document.visibilityState === "visible") return resolve();
  const follow = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", follow);
    resolve();
  };
  document.addEventListener("visibilitychange", follow, { signal });
});

/** @param {number} time @param {AbortSignal} signal @returns {Promise<void>} */
const pass = (time, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, time);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
});

/** The address is told of the last use only: with an overlap that may be one of the old secret. @param {Api.ApiToken} token */
const used = ({ currentLastUsed, lastUsed, lastUsedIp }) =>
  [" ", when(currentLastUsed), lastUsedIp && lastUsed === currentLastUsed && ` from ${lastUsedIp}`, "."];

/** Whether there is nothing more to ask: the session or the access token is gone, or the person. @param {any} error */
const isOver = (error) => isAbort(error) || [401, 404].includes(error.status);

/** What was refused last, or null. @param {string} path @param {AbortSignal} signal @returns {Promise<Child>} */
async function refused(path, signal) {
  /** @type {Api.OwnRecords} */
  const { records: [last] } = await get(`${path}/activity`, { query: { outcome: "denied", pageSize: 1 }, signal, mayEnd: false });
  return last ? [" ", when(last.time), last.address && ` from ${last.address}`, last.reason && `: ${withDays(last.reason)}`, "."] : null;
}

/** @param {Context} context @param {string} path */
export function firstUse({ signal }, path) {
  // Times change by themselves: they stand beside what is read out, not in it.
  const status = h("span", { role: "status" });
  const beside = h("span");
  const node = h("p.live", status, beside);
  /** @param {string} text @param {Child} [more] */
  const say = (text, more = null) => {
    if (status.textContent !== text) status.textContent = text;
    beside.replaceChildren(.../** @type {any[]} */ ([more]).flat(Infinity).filter(Boolean));
  };
  /** @type {string | null} */
  let tag = null;
  /** Whether it was used. @param {boolean} withRefused */
  const ask = async (withRefused) => {
    const answer = await ifChanged(path, tag, { signal, mayEnd: false });
    if (signal.aborted) return true;
    tag = answer.tag;
    if (answer.body && !isNever(answer.body.currentLastUsed)) {
      say("Used", used(answer.body));
      return true;
    }
    if (withRefused) await askRefused();
    return signal.aborted;
  };
  /** Only a help: what is told stays if there is no answer. */
  const askRefused = async () => {
    const last = await refused(path, signal).catch(() => undefined);
    if (last === undefined || signal.aborted) return;
    if (last) say(`${WAITING} Refused`, last);
    else say(WAITING);
  };
  /** A question that is lost is asked again. @param {boolean} withRefused */
  const askAgain = (withRefused) => ask(withRefused).catch((error) => {
    if (isOver(error)) throw error;
    if (!(error instanceof ApiError)) console.error(error);
    return false;
  });
  const wait = async () => {
    say(WAITING);
    let count = 0;
    for (const pause of pauses()) {
      await pass(pause, signal);
      await seen(signal);
      if (signal.aborted) return;
      if (await askAgain((count += 1) % EACH === 0)) return;
    }
    say("Not used yet.", [" ", again]);
  };
  /** Not by asking to sign in: the secret would be gone with the page. */
  const start = () => wait().catch((error) => isAbort(error) || say(`Whether it was used is not known: ${error.status === 401 ? "your session ended." : error.message}`, [" ", again]));
  const again = button("Look again", { kind: "plain", onclick: () => void start() });
  start();
  return node;
}

const WAITING = "Waiting for the first use …";
