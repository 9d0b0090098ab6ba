// Owns the tab with the settings that may change while the server runs. What the configuration fixes is shown and cannot be
// changed here; its hint says where it can. Only what was changed is sent: what others change meanwhile stays.
//
// Exports
//   settingsTab(context)     its nodes

import { get, post } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { field, form, refuse } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { lifetimeField } from "./lifetime.js";

const API = "/api/v0/meta/settings";
/** @type {Record<Api.SettingSource, string>} */
const PLACES = { file: "in the configuration file", environment: "in the environment", flag: "on the command line" };

/** The extra attributes of a field that the configuration fixes. @param {Api.FixedSetting} setting */
function fixed({ key, from }) {
  return { disabled: true, hint: ["Set ", PLACES[from], " of dockpass, as ", h("code", key), ": change it there."] };
}

/** @param {FieldOptions} options @returns {FormField} */
const numberField = (options) => {
  const made = field({ type: "number", min: 1, step: 1, inputmode: "numeric", check: (text) => (/^[1-9]\d*$/.test(text) ? null : "A whole number above 0."), ...options, value: String(options.value) });
  return Object.defineProperty({ ...made }, "value", { get: () => Number(made.value), set: (value) => (made.value = String(value)), enumerable: true });
};

/** A text of which none is null. @param {FieldOptions} options @returns {FormField} */
const textField = (options) => {
  const made = field({ ...options, type: "text", autocomplete: "off", value: options.value ?? "" });
  return Object.defineProperty({ ...made }, "value", { get: () => made.value.trim() || null, set: (value) => (made.value = value ?? ""), enumerable: true });
};

/** @type {Record<string, (options: FieldOptions) => FormField>} */
const KINDS = { number: numberField, lifetime: lifetimeField, text: textField };

/**
 * What clients call the registry is theirs to choose: it is proposed, and nobody but an administrator takes it.
 * @param {Api.Settings} settings
 */
const hostHint = ({ registryPublicHostSeen: seen }) => [
  "Host, and perhaps port, by which clients reach it; every line for docker and podman names it. Empty: what follows from the configuration.",
  seen && [" Clients call it ", h("code", seen), "."],
];

/** @param {Api.Settings} settings @returns {FormField[]} */
function fieldsFor(settings) {
  /** @type {(FieldOptions & { name: keyof Api.Settings })[]} */
  const wanted = [
    { name: "createRepositoryOnPush", label: "Create repositories on push", type: "switch", hint: "By those who may create the repository. Off, it must be made beforehand." },
    { name: "maxRepositoriesPerNamespace", type: "number", label: "Most repositories of a namespace", hint: "From there on no more are made." },
    { name: "maxTokensPerAccount", type: "number", label: "Most access tokens of an account", hint: "What is there already stays." },
    { name: "tokenDefaultLifetime", type: "lifetime", label: "Access tokens expire after", hint: "Where their maker does not say." },
    { name: "tokenMaxLifetime", type: "lifetime", label: "Access tokens live at most", hint: "Anything but never forbids access tokens that never expire. Those that are there stay." },
    { name: "registryPublicHost", type: "text", label: "Registry's host", hint: hostHint(settings) },
    { name: "auditRegistryTokens", label: "Audit each registry token", type: "switch", hint: "Each pull and push asks for one: the audit log grows fast." },
  ];
  return wanted.map((options) => {
    const made = KINDS[options.type ?? ""] ?? field;
    const source = settings.fixed[options.name];
    return made({ ...options, value: settings[options.name], ...(source && fixed(source)) });
  });
}

/**
 * Checked here, since the server's message has seconds and its own keys; the error stands where it can be mended.
 * @param {object} changes @param {Api.Settings} values @param {(name: string) => boolean} isFixed
 */
function checkLifetimes(changes, { tokenDefaultLifetime: usual, tokenMaxLifetime: longest }, isFixed) {
  if (!("tokenDefaultLifetime" in changes || "tokenMaxLifetime" in changes)) return;
  if (longest === null || (usual !== null && usual <= longest)) return;
  const [name, message] = isFixed("tokenDefaultLifetime")
    ? ["tokenMaxLifetime", "Shorter than what access tokens expire after."]
    : ["tokenDefaultLifetime", "Longer than access tokens live at most."];
  refuse(name, message);
}

/** @param {Context} context */
export async function settingsTab(context) {
  /** @type {Api.Settings} */
  let present = await get(API, { signal: context.signal });
  const fields = fieldsFor(present);
  /** @param {string} name */
  const isFixed = (name) => name in present.fixed;
  const made = form({
    fields,
    submit: "Save",
    onsubmit: async (values) => {
      const changes = Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== present[/** @type {keyof Api.Settings} */ (key)]));
      checkLifetimes(changes, values, isFixed);
      if (Object.keys(changes).length > 0) present = await post(API, { body: changes });
      say("Saved");
    },
  });
  made.button.disabled = fields.every((it) => isFixed(it.name));
  return [h("section", made.node)];
}
