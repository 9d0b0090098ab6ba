// Owns how times are told: relative, with the exact one on hover. What is away is told in its largest unit, rounded, as the
// command line tells it (src/cli/screen/shown.rs): tests/fixtures/moments.json holds both to the same words.
//
// Exports
//   when(iso, { never })      <time> like "3 hours ago", "in 5 days"; `never` (or "never") for null and for DTR's zero time
//   day(iso)                  <time> like "12 Dec 2026"
//   utcDay(day)               text like "12 December 2026", of a day that was counted in UTC, as "2026-12-12"
//   withDays(text)            a text of the API, with its moments as day() tells them
//   exact(iso)                text like "12 December 2026 at 14:03:11 CET"
//   isNever(iso)              whether it stands for no time at all
//   until(iso)                text like "in 5 days", "in 13 hours"
//   daysUntil(iso)            how many whole days until then; negative if it is over
//   SOON                      so many days before its end a thing is said to end soon
//   isLate(begin, end)        whether less than a quarter of the life from begin to end is left: a short life is a choice, and
//                             no alarm before
//   whenExactly(iso, options) nodes: the same as when(), and the exact time behind it
//   dayOf(date)               the day of a Date where the person is, as a date field has it: "2026-12-31"
//   keepTrue()                tells all relative times on the page anew, every half minute
//   startOf(day), endOf(day)  when that day begins and ends where the person is, as the API takes it; null if there is no
//                             such day, as after the year 9999

import { h } from "./dom.js";

const DAY = 86_400;
/**
 * The units, how long each is, and from when on a time is told in it: what would round to one hour is no 60 minutes, and 90
 * days are no 3 months.
 * @type {[unit: Intl.RelativeTimeFormatUnit, length: number, from: number][]}
 */
const UNITS = [["year", 365 * DAY, 350 * DAY], ["month", 30 * DAY, 99.5 * DAY], ["day", DAY, 23.5 * 3_600], ["hour", 3_600, 59.5 * 60], ["minute", 60, 60]];
const relative = new Intl.RelativeTimeFormat("en");
const precise = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

const utc = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/** @param {string} day */
export const utcDay = (day) => utc.format(new Date(day));

/** @param {string | null | undefined} iso */
export const isNever = (iso) => !iso || iso.startsWith("0001-01-01");

/** @param {string} iso */
export const exact = (iso) => precise.format(new Date(iso));

export const SOON = 14;

/** @param {string} begin @param {string} end */
export const isLate = (begin, end) => Date.parse(end) - Date.now() < (Date.parse(end) - Date.parse(begin)) / 4;

/** @param {string | Date} iso */
export const daysUntil = (iso) => Math.floor((new Date(iso).getTime() - Date.now()) / (DAY * 1_000));

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

/** @param {string} iso */
export function until(iso) {
  const seconds = (new Date(iso).getTime() - Date.now()) / 1_000;
  const [unit, length] = UNITS.find(([, , from]) => Math.abs(seconds) >= from) ?? [null, 1];
  if (unit === null) return seconds > 0 ? "in less than a minute" : "just now";
  return relative.format(Math.sign(seconds) * Math.round(Math.abs(seconds) / length), unit);
}

/** @param {string} iso @param {string} text */
function time(iso, text) {
  return h("time", { datetime: iso, title: exact(iso) }, text);
}

/** @param {string | null | undefined} iso @param {{ never?: string }} [options] */
export function when(iso, { never = "never" } = {}) {
  if (!iso || isNever(iso)) return never;
  const element = time(iso, until(iso));
  element.dataset.told = "";
  return element;
}

/** @param {string | null | undefined} iso @param {{ never?: string }} [options] */
export const whenExactly = (iso, options) => (!iso || isNever(iso) ? when(iso, options) : [when(iso), h("span.quiet", ` · ${exact(iso)}`)]);

/** @param {string} iso */
export const day = (iso) => time(iso, short.format(new Date(iso)));

/** @param {string} text */
export const withDays = (text) => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (iso) => short.format(new Date(iso)));

function tellAnew() {
  for (const element of document.querySelectorAll("time")) {
    if (element.dataset.told === undefined) continue;
    const text = until(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

export const keepTrue = () => setInterval(tellAnew, 30_000);
