// Owns lengths of time: how one is told, and a field for it: a number with its unit, or a word where there is none.
//
// Exports
//   lifetimeField({ name, label, hint, value, none, disabled })     value in seconds, or null, for which `none` stands ("never")
//                                                                  → a field as those of form.js
//   lasting(seconds)                                               text like "12 hours"

import { h, unique } from "../lib/dom.js";
import { note } from "../lib/form.js";
import { plural } from "../lib/words.js";

const UNITS = [["86400", "days"], ["3600", "hours"], ["60", "minutes"], ["1", "seconds"]];

/** @param {number} seconds */
const unitOf = (seconds) => (UNITS.find(([length]) => seconds % Number(length) === 0) ?? UNITS[3])[0];

/** @param {number} seconds */
export function lasting(seconds) {
  const [length, words] = UNITS.find(([length]) => length === unitOf(seconds)) ?? UNITS[3];
  return plural(seconds / Number(length), words.slice(0, -1));
}

/** @param {FieldOptions} options @returns {FormField & { control: any }} */
export function lifetimeField({ name, label, hint, value, none = "never", disabled = false }) {
  const below = note(hint, () => number);
  const described = below.node.id;
  const id = unique(name);
  const number = h("input.input", { type: "number", id, min: 1, step: 1, inputmode: "numeric", disabled, "aria-label": label, "aria-describedby": described });
  const unit = h("select", { id: unique("unit"), "aria-label": `${label}: unit`, "aria-describedby": described, disabled }, h("option", { value: "never" }, none), UNITS.map(([length, word]) => h("option", { value: length }, word)));
  const caption = h("label", label);
  const isNever = () => unit.value === "never";
  // A grey field before "never" says nothing.
  const follow = () => {
    number.hidden = isNever();
    caption.htmlFor = isNever() ? unit.id : id;
  };
  /** @param {number | null} seconds */
  const write = (seconds) => {
    unit.value = seconds === null ? "never" : unitOf(seconds);
    number.value = seconds === null ? "" : String(seconds / Number(unit.value));
    follow();
  };
  unit.addEventListener("change", () => {
    follow();
    if (!isNever() && !number.value) number.focus();
  });
  write(value);
  const node = h("div.field", caption, h("div.amount", number, unit), below.node);
  return {
    name,
    node,
    control: number,
    get value() { return isNever() ? null : Math.round(Number(number.value) * Number(unit.value)); },
    set value(seconds) { write(seconds); },
    focus: () => (isNever() ? unit : number).focus(),
    check: () => (isNever() || Number(number.value) > 0 ? null : `A number above 0, or “${none}”.`),
    fail: below.fail,
  };
}
