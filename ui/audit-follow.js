// Owns following the audit log: asks for what is new, and can be paused. It rests while the window is hidden.
//
// Exports
//   follow({ context, read, take })
//       read(signal)     async → new records, newest first; null if there are too many to go on from here
//       take(records)    shows them; gives whether the person saw them come
//     → { button, node }: the switch, and the line that tells how it stands

import { isAbort } from "./api.js";
import { button, h, plural } from "./dom.js";

const EVERY = 3_000;
const SLOWER = 15_000;

export function follow({ context, read, take }) {
  let timer = 0;
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

  const ask = async () => {
    timer = 0;
    if (document.hidden || !isOn()) return;
    let wait = EVERY;
    try {
      const records = await read(context.signal);
      if (!isOn()) return;
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
    timer = setTimeout(ask, wait);
  };

  const draw = () => {
    switcher.textContent = isOn() ? "Pause" : "Follow";
    tell(isOn() ? "Following: new records appear on top." : "");
    line.classList.remove("danger");
  };

  const start = () => {
    clearTimeout(timer);
    if (isOn()) ask();
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
  context.signal.addEventListener("abort", () => clearTimeout(timer));
  addEventListener("scroll", () => {
    if (scrollY > 0 || up.hidden) return;
    unseen = 0;
    up.hidden = true;
  }, { passive: true, signal: context.signal });
  draw();
  if (isOn()) timer = setTimeout(ask, EVERY);
  return { button: switcher, node };
}
