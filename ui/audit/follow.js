// Owns following the audit log: asks for what is new, and can be paused. It rests while the window is hidden.
//
// Exports
//   follow({ context, read, take })
//       read(signal)     async → new records, newest first; null if there are too many to go on from here
//       take(records)    shows them; gives whether the person saw them come
//     → { button, node, rest(), goOn() }: the switch, and the line that tells how it stands; at rest it asks for nothing,
//       as while other records are loaded

import { isAbort } from "../lib/api.js";
import { button, h } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { plural } from "../lib/words.js";

const EVERY = 3_000;
const SLOWER = 15_000;

/**
 * The line that tells how it stands, and the button that leads to new records which came above.
 * @param {Context} context @param {(records: Api.AuditRecord[]) => boolean} take
 */
function teller(context, take) {
  let unseen = 0;
  const line = h("span.quiet", { role: "status" });
  const up = button("", { kind: "up", hidden: true, onclick: () => toTop() });
  const seen = () => {
    unseen = 0;
    up.hidden = true;
  };
  const toTop = () => {
    seen();
    focusHeading();
    scrollTo(0, 0);
  };
  /** @param {string} text @param {boolean} [isTrouble] */
  const tell = (text, isTrouble = false) => {
    line.textContent = text;
    line.classList.toggle("danger", isTrouble);
  };
  /** @param {Api.AuditRecord[]} records */
  const show = (records) => {
    if (records.length > 0) {
      unseen = take(records) ? 0 : unseen + records.length;
      up.hidden = unseen === 0;
      up.textContent = `${plural(unseen, "new record")} above`;
      tell(`Following. ${plural(records.length, "new record")}.`);
    } else if (line.classList.contains("danger")) tell("Following.");
  };
  const scrolled = () => scrollY <= 0 && !up.hidden && seen();
  addEventListener("scroll", scrolled, { passive: true, signal: context.signal });
  return { node: h("div.row.following", line, up), tell, show };
}

/**
 * The address of the first page, following.
 * @param {URLSearchParams} present
 */
function firstPage(present) {
  const query = new URLSearchParams(present);
  query.delete("start");
  query.set("follow", "yes");
  return `/audit?${query}`;
}

/**
 * @param {{
 *   context: Context, read: (signal: AbortSignal) => Promise<Api.AuditRecord[] | null>, take: (records: Api.AuditRecord[]) => boolean,
 * }} options
 */
export function follow({ context, read, take }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** From one start to the next stop: answers of an earlier run are not shown. */
  let run = new AbortController();
  let isResting = false;
  const { node, tell, show } = teller(context, take);
  const isOn = () => context.query.get("follow") === "yes";

  /** @param {AbortSignal} signal */
  const ask = async (signal) => {
    if (document.hidden) return;
    let wait = EVERY;
    try {
      const records = await read(signal);
      signal.throwIfAborted();
      if (records === null) return context.reload();
      show(records);
    } catch (error) {
      if (isAbort(error)) return;
      wait = SLOWER;
      tell(`${error.status ? error.message : "The server cannot be reached."} Trying again in ${SLOWER / 1000} seconds.`, true);
    }
    timer = setTimeout(() => ask(signal), wait);
  };

  const draw = () => {
    switcher.textContent = isOn() ? "Pause" : "Follow";
    tell(isOn() ? "Following: new records appear on top." : "");
  };

  const stop = () => {
    run.abort();
    clearTimeout(timer);
  };

  /** @param {number} [wait] */
  const start = (wait = 0) => {
    stop();
    if (isResting || !isOn()) return;
    run = new AbortController();
    const signal = AbortSignal.any([context.signal, run.signal]);
    if (wait) timer = setTimeout(() => ask(signal), wait);
    else ask(signal);
  };

  const rest = () => {
    isResting = true;
    stop();
  };

  const goOn = () => {
    isResting = false;
    start(EVERY);
  };

  const switcher = button("Follow", {
    onclick: () => {
      // New ones come on the first page only.
      if (!isOn() && context.query.get("start")) return context.go(firstPage(context.query));
      context.setQuery({ follow: isOn() ? null : "yes" });
      draw();
      start();
    },
  });

  document.addEventListener("visibilitychange", () => document.hidden || start(), { signal: context.signal });
  context.signal.addEventListener("abort", stop);
  draw();
  return { button: switcher, node, rest, goOn };
}
