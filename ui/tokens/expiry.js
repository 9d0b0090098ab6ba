// Owns the choice of an expiry: presets, a date, never where the site allows it.
//
// Exports
//   expiryField(session, { like })     a field as those of form.js, named expiresAt; its value is a time for the API, or null for
//                            never; `like` is the length of life that is chosen; propose(seconds) chooses another if it is offered
//   lifeOf(token)            its length of life, for `like`
//   lasting, offered, latest, within     for their tests: a length of time in words, what is offered, the end that is allowed
//   temporaryField()         the same for a temporary password: 1 to 7 days

import { h } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { day, dayOf, endOf } from "../lib/time.js";
import { plural } from "../lib/words.js";

const DAY = 86_400;
const PRESETS = [7, 30, 60, 90, 180, 365];

/** @param {number} seconds */
const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");

/** @param {number} seconds */
export function lasting(seconds) {
  if (seconds % DAY === 0) return plural(seconds / DAY, "day");
  return seconds % 3600 === 0 ? plural(seconds / 3600, "hour") : plural(Math.round(seconds / 60), "minute");
}

/**
 * Seconds to offer: those of the presets that the site allows, its default and its longest.
 * @param {number[]} presets @param {number | null} first @param {number | null} longest
 */
export function offered(presets, first, longest) {
  const all = new Set([...presets.map((days) => days * DAY), first, longest].filter((it) => it && (!longest || it <= longest)));
  return /** @type {number[]} */ ([...all]).sort((one, two) => one - two);
}

/**
 * @param {{ presets: number[], first: number | null, longest: number | null, name?: string, extra?: number | null }} options
 * @returns {Field & { propose(seconds: number | null): void }}
 */
function chooser({ presets, first, longest, name = "expiresAt", extra = null }) {
  const options = offered(extra === null ? presets : [...presets, extra / DAY], first, longest).map((seconds) => [String(seconds), lasting(seconds)]);
  const never = longest === null ? [["never", "Never"]] : [];
  const choice = field({
    name, label: "Expires after", type: "select", value: String(first ?? "never"),
    options: [...options, ["date", "On a date"], ...never],
    hint: longest === null ? "" : `At most ${lasting(longest)}.`,
  });
  const date = field({
    name: "date", label: "Date", type: "date", min: dayOf(new Date()), max: longest === null ? "9999-12-31" : dayOf(new Date(lastOf(longest))),
    hint: "It works until the end of that day.",
  });
  const told = h("p.note");
  const read = () => {
    if (choice.value === "never") return null;
    if (choice.value !== "date") return inSeconds(Number(choice.value));
    return latest(endOf(date.value), longest) ?? undefined;
  };
  const follow = () => {
    date.node.hidden = choice.value !== "date";
    const end = read();
    const text = end === null ? ["It works until somebody ends it."] : end && choice.value !== "date" ? ["It works until ", day(end), "."] : [];
    told.replaceChildren(...text);
  };
  choice.onchange(follow);
  follow();
  const present = () => (choice.value === "date" ? date : choice);
  return {
    name,
    node: h("div.stack.tight", choice.node, date.node, told),
    control: choice.control,
    get value() { return read(); },
    get typed() { return [choice.value, date.value]; },
    /** @param {number | null} seconds */
    propose: (seconds) => {
      const offer = String(seconds ?? "never");
      if (!choice.control.querySelector(`option[value="${offer}"]`)) return;
      choice.value = offer;
      follow();
    },
    fail: (text) => present().fail(text),
    focus: () => present().focus(),
    onchange: (handler) => [choice, date].forEach((it) => it.onchange(() => handler(read()))),
    check: () => (read() === undefined ? "Choose a date." : null),
  };
}

/** A minute less than is allowed: between the choice and the request time passes. @param {number} longest */
const lastOf = (longest) => inSeconds(longest - 60);

/**
 * The last allowed day, where the person is, ends before its end.
 * @param {string | null} end @param {number | null} longest
 */
export function latest(end, longest) {
  const last = longest === null ? null : lastOf(longest);
  return last !== null && end && last < end && dayOf(new Date(last)) === dayOf(new Date(end)) ? last : end;
}

/**
 * `like` is a length of life that is chosen, as far as the site allows it: in seconds, or null for one without an end.
 * @param {Api.Session} session @param {{ like?: number | null }} [options]
 */
export function expiryField(session, { like } = {}) {
  const { tokenDefaultLifetime: usual = null, tokenMaxLifetime: longest = null } = session;
  const first = usual ?? (longest === null ? 90 * DAY : Math.min(longest, 90 * DAY));
  const wanted = like === undefined ? null : within(like, longest);
  const made = chooser({ presets: PRESETS, first, longest, extra: wanted });
  if (like !== undefined) made.propose(wanted);
  return made;
}

/** @param {number | null} seconds @param {number | null} longest */
export const within = (seconds, longest) => (longest === null || (seconds !== null && seconds <= longest) ? seconds : longest);

/** The length of life that was meant, in seconds: the API's is shorter by the time that a request took. @param {Pick<Api.ApiToken, "lifetime">} token */
export function lifeOf({ lifetime: seconds }) {
  if (seconds === null || seconds === undefined) return null;
  const [unit] = [DAY, 3600, 60].filter((it) => seconds >= it);
  return unit ? Math.max(unit, Math.round(seconds / unit) * unit) : 60;
}

export const temporaryField = () => chooser({ presets: [1, 3, 7], first: DAY, longest: 7 * DAY });
