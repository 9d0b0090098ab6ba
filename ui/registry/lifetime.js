// Owns a field for a length of time: a number with its unit, or never.
//
// Exports
//   lifetimeField({ name, label, hint, value, disabled })     value in seconds, or null for never → a field as those of form.js

import { h, unique } from "../lib/dom.js";
import { note } from "../lib/form.js";

const UNITS = [["86400", "days"], ["3600", "hours"], ["60", "minutes"], ["1", "seconds"]];

/** @param {number} seconds */
const unitOf = (seconds) => (UNITS.find(([length]) => seconds % Number(length) === 0) ?? UNITS[3])[0];

/** @param {FieldOptions} options @returns {FormField & { control: any }} */
export function lifetimeField({ name, label, hint, value, disabled = false }) {
  const below = note(hint, () => number);
  const described = below.node.id;
  const id = unique(name);
  const number = h("input.input", { type: "number", id, min: 1, step: 1, inputmode: "numeric", "aria-describedby": described });
  const unit = h("select", { "aria-label": `${label}: unit`, "aria-describedby": described, disabled }, h("option", { value: "never" }, "never"), UNITS.map(([length, word]) => h("option", { value: length }, word)));
  const isNever = () => unit.value === "never";
  const follow = () => (number.disabled = disabled || isNever());
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
  return {
    name,
    node: h("div.field", h("label", { for: id }, label), h("div.amount", number, unit), below.node),
    control: number,
    get value() { return isNever() ? null : Math.round(Number(number.value) * Number(unit.value)); },
    set value(seconds) { write(seconds); },
    focus: () => (isNever() ? unit : number).focus(),
    check: () => (isNever() || Number(number.value) > 0 ? null : "A number above 0, or never."),
    fail: below.fail,
  };
}
