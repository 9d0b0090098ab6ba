// Owns forms: one field a line, label above, hint below, the error in place of the hint. Nothing is lost on an error.
//
// Exports
//   field({ name, label, hint, type, value, options, check, required, ... })   a field:
//       type      "text" (default), "password", "date", "email", "number", "search"; "textarea"; "select" and "radio" with
//                 options [[value, label, hint], ...]; "checkbox" and "switch", whose value is a boolean
//       check     (value) => what would be right, or nothing if it is right already
//       others    go to the control as attributes (autocomplete, placeholder, rows, maxlength, min, disabled, ...)
//     → { name, node, control, value, fail(text | null), focus(), onchange(handler), check() }
//   whose(username)     a hidden field that tells a password manager whose password the form takes; its name is `username`
//   form({ fields, submit, kind, cancel, onsubmit, children, more })
//       fields    objects like those above (complete.js makes others); `name` is the API's name of the field, so that
//                 an error of the API stands beside it
//       submit    the label of the button; kind "primary" unless said otherwise
//       cancel    { label, href } or { label, onclick }
//       onsubmit  async (values) => …; what it throws is shown; while it works the button waits
//       children  what stands in the form, if it is not just the nodes of the fields
//       more      further nodes beside the buttons
//     → { node, values(), fail(error), check(), isBusy(), button }
//   isAnyBusy()     whether a form that is to be seen waits for its answer

import { ApiError, isAbort } from "./api.js";
import { button, h, linkButton, unique } from "./dom.js";

/** The note below a field: hint or error. */
function note(hint) {
  const node = h("p.note", { id: unique("note") }, hint);
  const fail = (text) => {
    node.replaceChildren(...(text ? [text] : [hint].flat()));
    node.classList.toggle("error", Boolean(text));
  };
  return { node, fail };
}

function options(list) {
  return list.map(([value, label]) => h("option", { value }, label));
}

function control(type, id, described, { value, list, ...attributes }) {
  const common = { id, "aria-describedby": described, ...attributes };
  if (type === "select") return h("select", { ...common, value }, options(list));
  if (type === "textarea") return h("textarea", { rows: 4, ...common, value });
  return h("input.input", { type, spellcheck: "false", ...common, value });
}

function toggle({ name, label, hint, type, value, ...attributes }) {
  const below = note(hint);
  const box = h("input", {
    type: "checkbox", id: unique(name), class: type === "switch" ? "switch" : null, role: type === "switch" ? "switch" : null,
    "aria-describedby": below.node.id, ...attributes,
  });
  box.checked = Boolean(value);
  return {
    node: h("div.field", h("label.choice", box, h("span", label)), below.node),
    control: box, fail: below.fail, read: () => box.checked, write: (shall) => (box.checked = shall),
  };
}

function radio({ name, label, hint, value, options: list, ...attributes }) {
  const below = note(hint);
  const group = unique(name);
  const boxes = list.map(([choice]) => {
    const box = h("input", { type: "radio", name: group, value: choice, ...attributes });
    box.checked = choice === value;
    return box;
  });
  const rows = list.map(([, text, more], place) => h("label.choice", boxes[place], h("span", text, more && h("small", more))));
  const node = h("fieldset.field", { "aria-describedby": below.node.id }, h("legend", label), rows, below.node);
  return {
    node, control: node, fail: below.fail, read: () => boxes.find((box) => box.checked)?.value ?? "",
    write: (shall) => boxes.forEach((box) => (box.checked = box.value === shall)),
    focus: () => (boxes.find((box) => box.checked) ?? boxes[0]).focus(),
  };
}

function plain({ name, label, hint, type, options: list, required, ...attributes }) {
  const below = note(hint);
  const id = unique(name);
  const box = control(type, id, below.node.id, { ...attributes, list, name, "aria-required": required ? "true" : null });
  return {
    node: h("div.field", h("label", { for: id }, label), box, below.node),
    control: box, read: () => box.value, write: (shall) => (box.value = shall),
    fail: (text) => {
      below.fail(text);
      if (text) box.setAttribute("aria-invalid", "true");
      else box.removeAttribute("aria-invalid");
    },
  };
}

export function field({ type = "text", hint = "", check, ...rest }) {
  const make = { checkbox: toggle, switch: toggle, radio }[type] ?? plain;
  const { read, write, ...made } = make({ type, hint, ...rest });
  const missing = (value) => (rest.required && String(value).trim() === "" ? `${rest.label} is needed.` : null);
  return {
    name: rest.name,
    focus: () => made.control.focus(),
    ...made,
    get value() { return read(); },
    set value(shall) { write(shall); },
    onchange: (handler) => made.node.addEventListener("input", () => handler(read())),
    check: () => missing(read()) ?? check?.(read()) ?? null,
  };
}

export const whose = (username) => ({
  name: "username", value: username, fail: () => {}, focus: () => {},
  node: h("input", { type: "text", name: "username", autocomplete: "username", value: username, hidden: true, readonly: true }),
});

function checkAll(fields) {
  const wrong = fields.filter((it) => {
    const text = it.check?.() ?? null;
    it.fail(text);
    return text;
  });
  wrong[0]?.focus();
  return wrong.length === 0;
}

const busyForms = new Set();

export const isAnyBusy = () => [...busyForms].some((it) => it.isConnected);

export function form({ fields = [], submit, kind = "primary", cancel, onsubmit, children, more = [] }) {
  const send = button(submit, { kind, type: "submit" });
  const trouble = h("p.error", { role: "alert", hidden: true });
  const away = cancel && (cancel.href ? linkButton(cancel.label, cancel.href) : button(cancel.label, { onclick: cancel.onclick }));
  const say = (text) => {
    trouble.hidden = !text;
    trouble.textContent = text ?? "";
  };
  const fail = (error) => {
    if (isAbort(error)) return;
    if (!(error instanceof ApiError)) {
      console.error(error);
      return say("This did not work. Reload the page, then try again.");
    }
    const place = fields.find((it) => it.name === error.field);
    if (!place) return say(error.message);
    place.fail(error.message);
    place.focus();
  };
  const values = () => Object.fromEntries(fields.map((it) => [it.name, it.value]));
  const check = () => checkAll(fields);
  const isBusy = () => busyForms.has(node);
  const wait = (shall) => {
    busyForms[shall ? "add" : "delete"](node);
    send.setAttribute("aria-disabled", String(shall));
  };
  const node = h("form", { novalidate: true }, children ?? fields.map((it) => it.node), trouble, h("div.actions", send, away, more));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy() || send.disabled) return;
    say(null);
    try {
      if (!check()) return;
      wait(true);
      await onsubmit(values());
    } catch (error) {
      fail(error);
    } finally {
      wait(false);
    }
  });
  return { node, values, fail, check, isBusy, button: send };
}
