// Owns following the audit log: asks for what is new, and can be paused. It rests while the window is hidden.
//
// Exports
//   follow({ context, read, take })
//       read(signal)     async → new records, newest first; null if there are too many to go on from here
//       take(records)    shows them; gives whether the person saw them come
//     → { button, node, rest(), goOn() }: the switch, and the line that tells how it stands; at rest it asks for nothing,
//       as while other records are loaded

import { isAbort } from "./api.js";
import { button, h, plural } from "./dom.js";

const EVERY = 3_000;
const SLOWER = 15_000;

export function follow({ context, read, take }) {
  let timer = 0;
  /** From one start to the next stop: answers of an earlier run are not shown. */
  let run = new AbortController();
  let isResting = false;
  let unseen = 0;
  const line = h("span.quiet", { role: "status" });
  const up = button("", { kind: "up", hidden: true, onclick: () => toTop() });
  const node = h("div.row.following", line, up);
  const isOn = () => context.query.get("follow") === "yes";

  const toTop = () => {
    unseen = 0;
    up.hidden = true;
    document.querySelector("main h1").focus({ preventScroll: true });
    scrollTo(0, 0);
  };

  const tell = (text) => (line.textContent = text);

  const shown = (records) => {
    if (records.length === 0) return;
    unseen = take(records) ? 0 : unseen + records.length;
    up.hidden = unseen === 0;
    up.textContent = `${plural(unseen, "new record")} above`;
    tell(`Following. ${plural(records.length, "new record")}.`);
  };

  const ask = async (signal) => {
    if (document.hidden) return;
    let wait = EVERY;
    try {
      const records = await read(signal);
      signal.throwIfAborted();
      if (records === null) return context.reload();
      shown(records);
      if (records.length === 0 && line.classList.contains("danger")) tell("Following.");
      line.classList.remove("danger");
    } catch (error) {
      if (isAbort(error)) return;
      wait = SLOWER;
      line.classList.add("danger");
      tell(`${error.status ? error.message : "The server cannot be reached."} Trying again in ${SLOWER / 1000} seconds.`);
    }
    timer = setTimeout(() => ask(signal), wait);
  };

  const draw = () => {
    switcher.textContent = isOn() ? "Pause" : "Follow";
    tell(isOn() ? "Following: new records appear on top." : "");
    line.classList.remove("danger");
  };

  const stop = () => {
    run.abort();
    clearTimeout(timer);
  };

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
      if (!isOn() && context.query.get("start")) {
        const query = new URLSearchParams(context.query);
        query.delete("start");
        query.set("follow", "yes");
        return context.go(`/audit?${query}`);
      }
      context.setQuery({ follow: isOn() ? null : "yes" });
      draw();
      start();
    },
  });

  document.addEventListener("visibilitychange", () => document.hidden || start(), { signal: context.signal });
  context.signal.addEventListener("abort", stop);
  addEventListener("scroll", () => {
    if (scrollY > 0 || up.hidden) return;
    unseen = 0;
    up.hidden = true;
  }, { passive: true, signal: context.signal });
  draw();
  return { button: switcher, node, rest, goOn };
}
