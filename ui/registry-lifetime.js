// Owns a field for a length of time: a number with its unit, or never.
//
// Exports
//   lifetimeField({ name, label, hint, value, disabled })     value in seconds, or null for never → a field as those of form.js

import { h, unique } from "./dom.js";

const UNITS = [["86400", "days"], ["3600", "hours"], ["60", "minutes"], ["1", "seconds"]];

const unitOf = (seconds) => UNITS.find(([length]) => seconds % Number(length) === 0)[0];

export function lifetimeField({ name, label, hint, value, disabled = false }) {
  const ids = { number: unique(name), note: unique("note") };
  const number = h("input.input", { type: "number", id: ids.number, min: 1, step: 1, inputmode: "numeric", "aria-describedby": ids.note });
  const unit = h("select", { "aria-label": `${label}: unit`, "aria-describedby": ids.note, disabled }, h("option", { value: "never" }, "never"), UNITS.map(([length, word]) => h("option", { value: length }, word)));
  const note = h("p.note", { id: ids.note }, hint);
  const isNever = () => unit.value === "never";
  const follow = () => (number.disabled = disabled || isNever());
  const write = (seconds) => {
    unit.value = seconds === null ? "never" : unitOf(seconds);
    number.value = seconds === null ? "" : seconds / Number(unit.value);
    follow();
  };
  unit.addEventListener("change", () => {
    follow();
    if (!isNever() && !number.value) number.focus();
  });
  write(value);
  return {
    name,
    node: h("div.field", h("label", { for: ids.number }, label), h("div.amount", number, unit), note),
    control: number,
    get value() { return isNever() ? null : Math.round(Number(number.value) * Number(unit.value)); },
    set value(seconds) { write(seconds); },
    focus: () => (isNever() ? unit : number).focus(),
    check: () => (isNever() || Number(number.value) > 0 ? null : "A number above 0, or never."),
    fail: (text) => {
      note.replaceChildren(...(text ? [text] : [hint].flat()));
      note.classList.toggle("error", Boolean(text));
      if (text) number.setAttribute("aria-invalid", "true");
      else number.removeAttribute("aria-invalid");
    },
  };
}
