// Owns how a repository was used lately: pulls and pushes of 90 days, as a sentence, as a row of bars, and as a table.
//
// Exports
//   repositoryActivity(repository, days)     a node; days are those of the API
//   sums(days)        { pulls, pushes, mostPulls, mostPushes }: of all days, and of the busiest one
//   daily(day)        "29 November 2026: 12 pulls, 1 push"
//   height(count, most, room)     of a bar, where the highest takes all the room
//   walked(key, place, last)      where a key leads from the day at a place; null if it leads nowhere

import { h, svg } from "../lib/dom.js";
import { makeTable } from "../lib/table.js";
import { utcDay, when } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";

/** What one day takes across, and both rows of bars in height: pulls stand on the line, pushes hang from it. */
const STEP = 10;
const WIDTH = 7;
const ABOVE = 64;
const BELOW = 24;
/** One among thousands is still to be seen. */
const LEAST = 3;
/** Days that Page up and Page down pass over. */
const PAGE = 7;

/** @param {number} count */
const pulled = (count) => plural(count, "pull");
/** @param {number} count */
const pushed = (count) => plural(count, "push", "pushes");

/** @param {Api.ActivityDay[]} days */
export const sums = (days) => ({
  pulls: days.reduce((sum, { pulls }) => sum + pulls, 0),
  pushes: days.reduce((sum, { pushes }) => sum + pushes, 0),
  mostPulls: Math.max(0, ...days.map(({ pulls }) => pulls)),
  mostPushes: Math.max(0, ...days.map(({ pushes }) => pushes)),
});

/** @param {Api.ActivityDay} day */
export const daily = ({ day, pulls, pushes }) => `${utcDay(day)}: ${pulled(pulls)}, ${pushed(pushes)}`;

/** @param {number} count @param {number} most @param {number} room */
export const height = (count, most, room) => (count === 0 ? 0 : LEAST + (count / most) * (room - LEAST));

/** @param {Api.ActivityDay[]} days */
function drawing(days) {
  const { mostPulls, mostPushes } = sums(days);
  const mark = svg("rect.mark", { width: STEP, height: ABOVE + BELOW, x: -STEP });
  const bars = days.flatMap(({ pulls, pushes }, place) => {
    const x = place * STEP + (STEP - WIDTH) / 2;
    const [up, down] = [height(pulls, mostPulls, ABOVE), height(pushes, mostPushes, BELOW)];
    return [
      up > 0 && svg("rect.pulls", { x, y: ABOVE - up, width: WIDTH, height: up }),
      down > 0 && svg("rect.pushes", { x, y: ABOVE, width: WIDTH, height: down }),
    ];
  });
  const wide = days.length * STEP;
  const line = svg("line", { x1: 0, x2: wide, y1: ABOVE, y2: ABOVE });
  const node = svg("svg", { viewBox: `0 0 ${wide} ${ABOVE + BELOW}`, preserveAspectRatio: "none", "aria-hidden": "true" }, mark, bars, line);
  /** @param {number} place */
  const point = (place) => mark.setAttribute("x", String(place * STEP));
  return { node, point };
}

/** How many days a key leads on. @type {Record<string, number>} */
const STEPS = {
  ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -PAGE, PageUp: PAGE, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY,
};

/** @param {number} place @param {number} last */
const within = (place, last) => Math.min(last, Math.max(0, place));

/** @param {string} key @param {number} place @param {number} last */
export const walked = (key, place, last) => (key in STEPS ? within(place + STEPS[key], last) : null);

/**
 * The bars, which tell the figures of a day that is pointed at, or come to by the keyboard: one stop of it, not 90.
 * @param {Api.ActivityDay[]} days
 */
function bars(days) {
  const last = days.length - 1;
  const { node, point } = drawing(days);
  const told = h("p.told.quiet", "Each bar is a day (UTC). Point at it, tap it or use the arrow keys to see its figures.");
  const frame = h("div.bars", {
    role: "slider", tabindex: "0", "aria-label": "Pulls and pushes by day", "aria-valuemin": 0, "aria-valuemax": last,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const place = walked(event.key, present, last);
      if (place === null || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      tell(place);
    },
    onfocus: () => tell(present),
    onpointermove: (/** @type {PointerEvent} */ event) => tell(pointed(event)),
    onpointerdown: (/** @type {PointerEvent} */ event) => tell(pointed(event)),
  }, node);
  let present = last;
  /** @param {PointerEvent} event */
  const pointed = ({ clientX }) => {
    const { left, width } = node.getBoundingClientRect();
    return within(Math.floor(((clientX - left) / width) * days.length), last);
  };
  /** @param {number} place */
  const name = (place) => {
    present = place;
    frame.setAttribute("aria-valuenow", String(present));
    frame.setAttribute("aria-valuetext", daily(days[present]));
  };
  /** @param {number} place */
  const tell = (place) => {
    name(place);
    point(present);
    told.textContent = daily(days[present]);
  };
  name(last);
  const fromTo = h("div.from-to.quiet", { "aria-hidden": "true" }, h("span", utcDay(days[0].day)), h("span", utcDay(days[last].day)));
  return h("div.wide", frame, fromTo, told);
}

/** @param {Api.ActivityDay[]} days */
function legend(days) {
  const { mostPulls, mostPushes } = sums(days);
  return h("p.legend.quiet",
    h("span.pulls", `Pulls, at most ${figure(mostPulls)} a day`),
    h("span.pushes", `Pushes, at most ${figure(mostPushes)} a day`));
}

/** @param {Api.ActivityDay[]} days */
function table(days) {
  /** @type {Column<Api.ActivityDay>[]} */
  const columns = [
    { label: "Day", isName: true, cell: ({ day }) => utcDay(day) },
    { label: "Pulls", isEnd: true, cell: ({ pulls }) => figure(pulls) },
    { label: "Pushes", isEnd: true, cell: ({ pushes }) => figure(pushes) },
  ];
  const made = makeTable({ label: "pulls and pushes by day", columns });
  const busy = days.filter(({ pulls, pushes }) => pulls + pushes > 0).reverse();
  made.body.append(...busy.map((day) => made.row({}, day)));
  return h("details.by-day", h("summary", "Table of the days"), h("div.scroll", { tabindex: "0", role: "group", "aria-label": "Days" }, made.node));
}

/** @param {Api.Repository} repository @param {Api.ActivityDay[]} days */
export function repositoryActivity({ lastPush }, days) {
  const { pulls, pushes } = sums(days);
  const seen = pulls + pushes > 0;
  const summary = seen ? `${pulled(pulls)} and ${pushed(pushes)} in ${days.length} days` : `No pulls or pushes seen in ${days.length} days`;
  return h("div.stack.tight",
    h("p", summary, lastPush ? ["; last push ", when(lastPush)] : null, "."),
    seen && [legend(days), bars(days), table(days)]);
}
