// Owns forms: one field a line, label above, hint below, the error in place of the hint. Nothing is lost on an error.
//
// Exports
//   field({ name, label, hint, type, value, options, check, required, ... })   a field:
//       type      "text" (default), "password", "date", "email", "number", "search"; "textarea"; "select" and "radio" with
//                 options [[value, label, hint], ...]; "checkbox" and "switch", whose value is a boolean
//       check     (value) => what would be right, or nothing if it is right already
//       others    go to the control as attributes (autocomplete, placeholder, rows, maxlength, min, disabled, ...)
//     → { name, node, control, value, fail(text | null), focus(), onchange(handler), check() }
//   note(hint, control)     what stands below a field: { node, fail(text | null) }; control() is marked as wrong, too
//   whose(username)     a hidden field that tells a password manager whose password the form takes; its name is `username`
//   form({ fields, submit, kind, cancel, onsubmit, children, more, hold })
//       fields    objects like those above (complete.js makes others); `name` is the API's name of the field, so that
//                 an error of the API stands beside it
//       submit    the label of the button; kind "primary" unless said otherwise
//       cancel    { label, href } or { label, onclick }
//       onsubmit  async (values) => …; what it throws is shown; while it works the button waits; false: it was not sent
//       children  what stands in the form, if it is not just the nodes of the fields
//       more      further nodes beside the buttons
//       hold      context.hold of the page: it asks before what was changed and not sent is lost
//     → { node, values(), fail(error), check(), isBusy(), isChanged(), button }; isChanged(): something was not sent
//   isAnyBusy()     whether a form that is to be seen waits for its answer
//   beside({ NO_SUCH_USER: "name", … })   a handler for catch, where the API names no field, or calls it otherwise: gives the
//                   error its field by its code, throws it on
//   refuse(field, message)    throws what a form itself found wrong

import { ApiError, isAbort } from "./api.js";
import { button, h, linkButton, unique } from "./dom.js";

/** The note below a field: hint or error. @param {Child} hint @param {() => Element | null} [control] */
export function note(hint, control = () => null) {
  const node = h("p.note", { id: unique("note") }, hint);
  /** @param {string | null} text */
  const fail = (text) => {
    node.replaceChildren(.../** @type {Node[]} */ (text ? [text] : [hint].flat()));
    node.classList.toggle("error", Boolean(text));
    if (text) control()?.setAttribute("aria-invalid", "true");
    else control()?.removeAttribute("aria-invalid");
  };
  return { node, fail };
}

/** @param {Choice[]} list */
function options(list) {
  return list.map(([value, label]) => h("option", { value }, label));
}

/** @param {string} type @param {string} id @param {string} described @param {Attributes} options */
function control(type, id, described, { value, list, ...attributes }) {
  const common = { id, "aria-describedby": described, ...attributes };
  if (type === "select") return h("select", { ...common, value }, options(list));
  if (type === "textarea") return h("textarea", { rows: 4, ...common, value });
  return h("input.input", { type, spellcheck: "false", ...common, value });
}

/** @param {Attributes} options */
function toggle({ name, label, hint, type, value, ...attributes }) {
  const below = note(hint);
  const box = h("input", {
    type: "checkbox", id: unique(name), class: type === "switch" ? "switch" : null, role: type === "switch" ? "switch" : null,
    "aria-describedby": below.node.id, ...attributes,
  });
  box.checked = Boolean(value);
  return {
    node: h("div.field", h("label.choice", box, h("span", label)), below.node),
    control: box, fail: below.fail, read: () => box.checked, write: (/** @type {boolean} */ shall) => (box.checked = shall),
  };
}

/** @param {Attributes} options */
function radio({ name, label, hint, value, options: list, required, ...attributes }) {
  const below = note(hint, () => node);
  const group = unique(name);
  /** @type {HTMLInputElement[]} */
  const boxes = list.map(/** @param {Choice} choice */ ([choice]) => {
    const box = h("input", { type: "radio", name: group, value: choice, ...attributes });
    box.checked = choice === value;
    return box;
  });
  const rows = list.map(/** @param {Choice} choice @param {number} place */ ([, text, more], place) => h("label.choice", boxes[place], h("span", text, more && h("small", more))));
  // A plain group of fields can be neither required nor wrong.
  const node = h("fieldset.field", { role: "radiogroup", "aria-required": required ? "true" : null, "aria-describedby": below.node.id }, h("legend", label), rows, below.node);
  return {
    node, control: node, fail: below.fail, read: () => boxes.find((box) => box.checked)?.value ?? "",
    write: (/** @type {string} */ shall) => boxes.forEach((box) => (box.checked = box.value === shall)),
    focus: () => (boxes.find((box) => box.checked) ?? boxes[0]).focus(),
  };
}

/** @param {Attributes} options */
function plain({ name, label, hint, type, options: list, required, ...attributes }) {
  const below = note(hint, () => box);
  const id = unique(name);
  const box = control(type, id, below.node.id, { ...attributes, list, name, "aria-required": required ? "true" : null });
  return {
    node: h("div.field", h("label", { for: id }, label), box, below.node),
    control: box, fail: below.fail, read: () => box.value, write: (/** @type {string} */ shall) => (box.value = shall),
  };
}

/** @type {Record<string, (options: Attributes) => any>} */
const MAKERS = { checkbox: toggle, switch: toggle, radio };

/** @param {FieldOptions} options @returns {Field} */
export function field({ type = "text", hint = "", check, ...rest }) {
  const make = MAKERS[type] ?? plain;
  /** @type {any} */
  const { read, write, ...made } = make({ type, hint, ...rest });
  /** @param {any} value */
  const missing = (value) => (rest.required && String(value).trim() === "" ? (type === "radio" ? "Choose one." : `${rest.label} is needed.`) : null);
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

/** @param {string} username @returns {FormField} */
export const whose = (username) => ({
  name: "username", value: username, fail: () => {}, focus: () => {},
  node: h("input", { type: "text", name: "username", autocomplete: "username", value: username, hidden: true, readonly: true }),
});

/** @param {FormField[]} fields */
function checkAll(fields) {
  const wrong = fields.filter((it) => {
    const text = it.check?.() ?? null;
    it.fail(text);
    return text;
  });
  wrong[0]?.focus();
  return wrong.length === 0;
}

/** @param {Record<string, string>} fields */
export const beside = (fields) => /** @param {any} error @returns {never} */ (error) => {
  error.field = fields[error.code] ?? error.field;
  throw error;
};

/** @param {string} field @param {string} message @returns {never} */
export function refuse(field, message) {
  throw new ApiError({ message, detail: { field } });
}

/** @type {Set<HTMLElement>} */
const busyForms = new Set();

export const isAnyBusy = () => [...busyForms].some((it) => it.isConnected);

const UNSAVED = "What you changed is not saved.";
/** Forms of the page with changes that were not sent. @type {Set<HTMLElement>} */
const changedForms = new Set();

/**
 * Asks before changes are lost, as long as a value is not what it was in the beginning, or when it was sent last.
 * @param {HTMLElement} node @param {() => unknown} read @param {((text: string | null) => void) | undefined} hold
 */
function keep(node, read, hold) {
  const present = () => JSON.stringify(read());
  let sent = present();
  /** @param {boolean} isChanged */
  const tell = (isChanged) => {
    if (!hold || changedForms.has(node) === isChanged) return;
    changedForms[isChanged ? "add" : "delete"](node);
    for (const it of changedForms) if (!it.isConnected) changedForms.delete(it);
    hold(changedForms.size > 0 ? UNSAVED : null);
  };
  // What took the place of the form has its own reason to be held.
  const follow = () => void (node.isConnected && tell(present() !== sent));
  for (const kind of ["input", "change"]) node.addEventListener(kind, follow);
  return {
    follow,
    isChanged: () => present() !== sent,
    /** While it is on its way something else holds the page; what is typed meanwhile counts. */
    send: () => {
      const before = sent;
      sent = present();
      tell(false);
      return () => (sent = before);
    },
  };
}

/** @param {FormOptions} options @returns {Form} */
export function form({ fields = [], submit, kind = "primary", cancel, onsubmit, children, more = [], hold }) {
  const send = button(submit, { kind, type: "submit" });
  const trouble = h("p.error", { role: "alert", hidden: true });
  const away = cancel && (cancel.href ? linkButton(cancel.label, cancel.href) : button(cancel.label, { onclick: cancel.onclick }));
  /** @param {string | null} text */
  const say = (text) => {
    trouble.hidden = !text;
    trouble.textContent = text ?? "";
  };
  /** @param {any} error */
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
  /** @param {boolean} shall */
  const wait = (shall) => {
    busyForms[shall ? "add" : "delete"](node);
    send.setAttribute("aria-disabled", String(shall));
  };
  const node = h("form", { novalidate: true }, children ?? fields.map((it) => it.node), trouble, h("div.actions", send, away, more));
  // What was wrong may be right now: that is looked at when it is sent.
  for (const it of fields) it.node.addEventListener("input", () => it.fail(null));
  const kept = keep(node, () => fields.map((it) => it.typed ?? it.value), hold);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy() || send.disabled) return;
    say(null);
    if (!check()) return;
    const takeBack = kept.send();
    try {
      wait(true);
      if ((await onsubmit(values())) === false) takeBack();
    } catch (error) {
      takeBack();
      fail(error);
    } finally {
      wait(false);
      kept.follow();
    }
  });
  return { node, values, fail, check, isBusy, isChanged: kept.isChanged, button: send };
}
