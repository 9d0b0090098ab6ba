// Owns how times are told: relative, with the exact one on hover, kept true while the page stands.
//
// Exports
//   when(iso, { never })      <time> like "3 hours ago", "in 5 days"; `never` (or "never") for null and for DTR's zero time
//   day(iso)                  <time> like "12 Dec 2026"
//   exact(iso)                text like "12 December 2026 at 14:03:11 CET"
//   isNever(iso)              whether it stands for no time at all
//   daysUntil(iso)            days until then, rounded as when() does; negative if it is past

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const precise = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export const isNever = (iso) => !iso || iso.startsWith("0001-01-01");

export const exact = (iso) => precise.format(new Date(iso));

export const daysUntil = (iso) => Math.round((new Date(iso) - Date.now()) / 86_400_000);

function told(date) {
  const seconds = (date - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  if (!unit) return seconds > 0 ? "in less than a minute" : "just now";
  return relative.format(Math.round(seconds / length), unit);
}

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
