// Owns how times are told: relative, with the exact one on hover.
//
// Exports
//   when(iso, { never })      <time> like "3 hours ago", "in 5 days"; `never` (or "never") for null and for DTR's zero time
//   day(iso)                  <time> like "12 Dec 2026"
//   exact(iso)                text like "12 December 2026 at 14:03:11 CET"
//   isNever(iso)              whether it stands for no time at all
//   until(iso)                text like "in 5 days", "tomorrow", "in 13 hours", for what is days away
//   daysUntil(iso)            how many midnights until then, where the person is; negative if it was before today
//   SOON                      so many days before its end a thing is said to end soon
//   isLate(begin, end)        whether less than a quarter of the life from begin to end is left: a short life is a choice, and
//                             no alarm before
//   whenExactly(iso, options) nodes: the same as when(), and the exact time behind it
//   dayOf(date)               the day of a Date where the person is, as a date field has it: "2026-12-31"
//   keepTrue()                tells all relative times on the page anew, every half minute
//   startOf(day), endOf(day)  when that day begins and ends where the person is, as the API takes it; null if there is no
//                             such day, as after the year 9999

import { h } from "./dom.js";

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
/** The units for times that are told in days. */
const DAYS = UNITS.slice(3);
const relative = new Intl.RelativeTimeFormat("en");
const relativeDay = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const precise = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** @param {string | null | undefined} iso */
export const isNever = (iso) => !iso || iso.startsWith("0001-01-01");

/** @param {string} iso */
export const exact = (iso) => precise.format(new Date(iso));

export const SOON = 14;

/** @param {string} begin @param {string} end */
export const isLate = (begin, end) => Date.parse(end) - Date.now() < (Date.parse(end) - Date.parse(begin)) / 4;

/** @param {Date} date */
const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;

/** @param {string | Date} iso */
export const daysUntil = (iso) => midnight(new Date(iso)) - midnight(new Date());

/** @param {Date} date */
export const dayOf = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");

/** @param {string} text */
function moment(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** @param {string} text */
export const startOf = (text) => moment(`${text}T00:00:00`);

/** @param {string} text */
export const endOf = (text) => moment(`${text}T23:59:59`);

/**
 * Days are counted by their midnights: "tomorrow" is tomorrow, whatever the hour.
 * @param {Date} date @param {typeof UNITS} [units]
 */
function told(date, units = UNITS) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  // What would round to the next unit is told in it: one hour, not 60 minutes.
  /** @type {(unit: [string, number], place: number) => boolean} */
  const isReached = ([, length], place) => Math.abs(seconds) >= length - (units[place + 1]?.[1] ?? 0) / 2;
  const [unit, length] = units.find(isReached) ?? [null, 1];
  if (unit === null) return seconds > 0 ? "in less than a minute" : "just now";
  return unit === "day" ? relativeDay.format(daysUntil(date), unit) : relative.format(Math.round(seconds / length), unit);
}

/** @param {string} iso */
export const until = (iso) => told(new Date(iso), DAYS);

/** @param {string} iso @param {string} text */
function time(iso, text) {
  return h("time", { datetime: iso, title: exact(iso) }, text);
}

/** @param {string | null | undefined} iso @param {{ never?: string }} [options] */
export function when(iso, { never = "never" } = {}) {
  if (!iso || isNever(iso)) return never;
  const element = time(iso, told(new Date(iso)));
  element.dataset.told = "";
  return element;
}

/** @param {string | null | undefined} iso @param {{ never?: string }} [options] */
export const whenExactly = (iso, options) => (!iso || isNever(iso) ? when(iso, options) : [when(iso), h("span.quiet", ` · ${exact(iso)}`)]);

/** @param {string} iso */
export const day = (iso) => time(iso, short.format(new Date(iso)));

function tellAnew() {
  for (const element of document.querySelectorAll("time")) {
    if (element.dataset.told === undefined) continue;
    const text = told(new Date(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
}

export const keepTrue = () => setInterval(tellAnew, 30_000);
