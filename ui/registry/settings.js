// Owns the page /settings: the settings that may change while the server runs, for the whole site. What the configuration
// fixes is shown and cannot be changed here; its hint says where it can. Only what was changed is sent: what others change
// meanwhile stays.
//
// Exports
//   settings     the page
//   read(text)   for its test: the figure that a text is, or NaN

import { get, post } from "../lib/api.js";
import { button, h, head } from "../lib/dom.js";
import { field, form, refuse } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { figure } from "../lib/words.js";
import { lifetimeField } from "./lifetime.js";

const API = "/api/v0/meta/settings";
/** @type {Record<Api.SettingSource, string>} */
const PLACES = { file: "in the configuration file", environment: "in the environment", flag: "on the command line" };

/** The extra attributes of a field that the configuration fixes. @param {Api.FixedSetting} setting */
function fixed({ key, from }) {
  return { disabled: true, hint: ["Set ", PLACES[from], " of dockpass as ", h("code", key), ". Change it there."] };
}

/** Alone, or with one kind of separator before each three digits: "1.5" is no 15. */
const FIGURE = /^(\d+|\d{1,3}(?:([,.\s])\d{3}(?:\2\d{3})*)?)$/;

/** A figure is told, and read, with its separators. @param {string} text */
export const read = (text) => (FIGURE.test(text.trim()) ? Number(text.replace(/\D/g, "")) : Number.NaN);

/**
 * A field whose value is another than its text.
 * @param {Field} made @param {(text: string) => any} value @param {(value: any) => string} text @returns {FormField}
 */
const valued = (made, value, text) => Object.defineProperty({ ...made }, "value", { get: () => value(made.value), set: (it) => (made.value = text(it)), enumerable: true });

/** @param {FieldOptions} options @returns {FormField} */
const numberField = (options) => valued(
  field({ inputmode: "numeric", autocomplete: "off", check: (text) => (read(text) > 0 ? null : "A whole number above 0."), ...options, type: "text", value: figure(options.value) }),
  read, figure);

/**
 * What clients call the registry is theirs to choose: it is proposed, and nobody but an administrator takes it.
 * @param {FieldOptions} options @returns {FormField}
 */
function hostField({ seen, ...options }) {
  const made = field({ ...options, type: "text", autocomplete: "off", autocapitalize: "off", value: options.value ?? "" });
  const take = button(`Use ${seen}`, {
    onclick: () => {
      made.value = seen;
      made.node.dispatchEvent(new Event("input", { bubbles: true }));
      made.focus();
    },
  });
  const proposal = h("p.row", h("span.quiet", "Most clients call it ", h("code", seen), "."), take);
  const follow = () => (proposal.hidden = !seen || options.disabled || made.value.trim() === seen);
  made.onchange(follow);
  follow();
  const host = valued(made, (text) => text.trim() || null, (value) => value ?? "");
  return Object.assign(host, { node: h("div.stack.tight", made.node, proposal) });
}

/** @type {Record<string, (options: FieldOptions) => FormField>} */
const KINDS = { number: numberField, lifetime: lifetimeField, host: hostField };

/** @type {[heading: string, fields: (FieldOptions & { name: keyof Api.Settings })[]][]} */
const GROUPS = [
  ["Repositories", [
    { name: "createRepositoryOnPush", label: "Create repositories on push", type: "switch", hint: "A push creates the repository, if the person may. When off, it must be created first." },
    { name: "maxRepositoriesPerNamespace", type: "number", label: "Repositories per namespace, at most" },
  ]],
  ["Access tokens", [
    { name: "maxTokensPerAccount", type: "number", label: "Access tokens per account, at most", hint: "Existing access tokens stay." },
    { name: "tokenDefaultLifetime", type: "lifetime", label: "Access tokens expire after", hint: "Used when no expiry is chosen." },
    { name: "tokenMaxLifetime", type: "lifetime", none: "no limit", label: "Access tokens live at most", hint: "With a limit, new access tokens must expire. Existing ones stay." },
  ]],
  ["Registry", [
    { name: "registryPublicHost", type: "host", label: "Registry's public host", hint: "The name that clients use, with the port if it has one. All lines for docker and podman show it. Leave empty to take it from the configuration." },
  ]],
  ["Audit log", [
    { name: "auditRegistryTokens", label: "Audit each registry token", type: "switch", hint: "Every pull and push requests one, so the audit log grows fast." },
  ]],
];

/** The groups, and the fields of all. @param {Api.Settings} present */
function fieldsFor(present) {
  /** @param {FieldOptions & { name: keyof Api.Settings }} options */
  const make = (options) => {
    const source = present.fixed[options.name];
    const seen = options.type === "host" ? { seen: present.registryPublicHostSeen } : {};
    return (KINDS[options.type ?? ""] ?? field)({ ...options, ...seen, value: present[options.name], ...(source && fixed(source)) });
  };
  const groups = GROUPS.map(/** @returns {[string, FormField[]]} */ ([heading, wanted]) => [heading, wanted.map(make)]);
  return { groups, fields: groups.flatMap(([, fields]) => fields) };
}

/**
 * Checked here, since the server's message has seconds and its own keys; the error stands where it can be mended.
 * @param {object} changes @param {Api.Settings} values @param {(name: string) => boolean} isFixed
 */
function checkLifetimes(changes, { tokenDefaultLifetime: usual, tokenMaxLifetime: longest }, isFixed) {
  if (!("tokenDefaultLifetime" in changes || "tokenMaxLifetime" in changes)) return;
  if (longest === null || (usual !== null && usual <= longest)) return;
  const [name, message] = isFixed("tokenDefaultLifetime")
    ? ["tokenMaxLifetime", "Must not be shorter than the default expiry above."]
    : ["tokenDefaultLifetime", "Must not be longer than access tokens may live."];
  refuse(name, message);
}

/** @param {Context} context */
async function render(context) {
  /** @type {Api.Settings} */
  let present = await get(API, { signal: context.signal });
  const { groups, fields } = fieldsFor(present);
  /** @param {string} name */
  const isFixed = (name) => name in present.fixed;
  const made = form({
    fields,
    submit: "Save",
    hold: context.hold,
    children: groups.map(([heading, within]) => h("section.group", h("h2", heading), within.map((it) => it.node))),
    onsubmit: async (values) => {
      const changes = Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== present[/** @type {keyof Api.Settings} */ (key)]));
      checkLifetimes(changes, values, isFixed);
      if (Object.keys(changes).length > 0) present = await post(API, { body: changes });
      say("Saved");
    },
  });
  made.button.disabled = fields.every((it) => isFixed(it.name));
  return [...head("Settings", { lead: "They apply to everybody as soon as they are saved." }), made.node];
}

/** @type {Page} */
export const settings = { title: "Settings", render };
