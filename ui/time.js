// Owns how times are told: relative, with the exact one on hover, kept true while the page stands.
//
// Exports
//   when(iso, { never })      <time> like "3 hours ago", "in 5 days"; `never` (or "never") for null and for DTR's zero time
//   day(iso)                  <time> like "12 Dec 2026"
//   exact(iso)                text like "12 December 2026 at 14:03:11 CET"
//   isNever(iso)              whether it stands for no time at all
//   until(iso)                text like "in 5 days", "tomorrow", "in 13 hours", for what is days away
//   daysUntil(iso)            how many midnights until then, where the person is; negative if it was before today
//   dayOf(date)               the day of a Date where the person is, as a date field has it: "2026-12-31"
//   startOf(day), endOf(day)  when that day begins and ends where the person is, as the API takes it; null if there is no
//                             such day, as after the year 9999

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
/** The units for times that are told in days. */
const DAYS = UNITS.slice(3);
const relative = new Intl.RelativeTimeFormat("en");
const relativeDay = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const precise = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export const isNever = (iso) => !iso || iso.startsWith("0001-01-01");

export const exact = (iso) => precise.format(new Date(iso));

const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;

export const daysUntil = (iso) => midnight(new Date(iso)) - midnight(new Date());

export const dayOf = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");

function moment(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(/\.\d+Z$/, "Z");
}

export const startOf = (text) => moment(`${text}T00:00:00`);

export const endOf = (text) => moment(`${text}T23:59:59`);

/** Days are counted by their midnights: "tomorrow" is tomorrow, whatever the hour. */
function told(date, units = UNITS) {
  const seconds = (date - Date.now()) / 1000;
  // What would round to the next unit is told in it: one hour, not 60 minutes.
  const isReached = ([, length], place) => Math.abs(seconds) >= length - (units[place + 1]?.[1] ?? 0) / 2;
  const [unit, length] = units.find(isReached) ?? [];
  if (!unit) return seconds > 0 ? "in less than a minute" : "just now";
  return unit === "day" ? relativeDay.format(daysUntil(date), unit) : relative.format(Math.round(seconds / length), unit);
}

export const until = (iso) => told(new Date(iso), DAYS);

function time(iso, text) {
  const element = document.createElement("time");
  element.dateTime = iso;
  element.title = exact(iso);
  element.textContent = text;
  return element;
}

export function when(iso, { never = "never" } = {}) {
  if (isNever(iso)) return never;
  const element = time(iso, told(new Date(iso)));
  element.dataset.told = "";
  return element;
}

export const day = (iso) => time(iso, short.format(new Date(iso)));

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-told]")) {
    const text = told(new Date(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
}, 30_000);
