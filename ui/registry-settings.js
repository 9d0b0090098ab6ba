// Owns the tab with the settings that may change while the server runs. Only what was changed is sent, so that what the
// configuration fixes is refused where somebody tries to change it, and nowhere else.
//
// Exports
//   settingsTab(context)     its nodes

import { ApiError, get, post } from "./api.js";
import { h } from "./dom.js";
import { field, form } from "./form.js";
import { say } from "./notice.js";
import { lifetimeField } from "./registry-lifetime.js";

const API = "/api/v0/meta/settings";
const FIXED = "What the configuration file, the environment or the command line of dockpass sets holds, and cannot be changed here; Save says so beside it.";

const numberField = (options) => {
  const made = field({ type: "number", min: 1, step: 1, inputmode: "numeric", check: (text) => (/^[1-9]\d*$/.test(text) ? null : "A whole number above 0."), ...options, value: String(options.value) });
  return Object.defineProperty({ ...made }, "value", { get: () => Number(made.value), set: (value) => (made.value = String(value)), enumerable: true });
};

function fieldsFor(settings) {
  return [
    field({ name: "createRepositoryOnPush", label: "Create repositories on push", type: "switch", value: settings.createRepositoryOnPush, hint: "By those who may create the repository. Off, it must be made beforehand." }),
    numberField({ name: "maxRepositoriesPerNamespace", label: "Most repositories of a namespace", value: settings.maxRepositoriesPerNamespace, hint: "From there on a push makes no more." }),
    numberField({ name: "maxTokensPerAccount", label: "Most access tokens of an account", value: settings.maxTokensPerAccount, hint: "What is there already stays." }),
    lifetimeField({ name: "tokenDefaultLifetime", label: "Access tokens expire after", value: settings.tokenDefaultLifetime, hint: "Where their maker does not say." }),
    lifetimeField({ name: "tokenMaxLifetime", label: "Access tokens live at most", value: settings.tokenMaxLifetime, hint: "Anything but never forbids access tokens that never expire. Those that are there stay." }),
    field({ name: "auditRegistryTokens", label: "Audit each registry token", type: "switch", value: settings.auditRegistryTokens, hint: "Each pull and push asks for one: the audit log grows fast." }),
  ];
}

/** The server says it in seconds, and names its own keys. */
function checkLifetimes(changes, { tokenDefaultLifetime: usual, tokenMaxLifetime: longest }) {
  if (!("tokenDefaultLifetime" in changes || "tokenMaxLifetime" in changes)) return;
  if (longest === null || (usual !== null && usual <= longest)) return;
  throw new ApiError({ message: "Longer than access tokens live at most.", detail: { field: "tokenDefaultLifetime" } });
}

/** What is fixed goes back to what holds, so that the next Save takes the rest. */
async function save(changes, present, fields) {
  try {
    return await post(API, { body: changes });
  } catch (error) {
    const [, key, place] = /^(\S+) is set (.+) of the server/i.exec(error.message) ?? [];
    if (!place || !(error.field in present)) throw error;
    fields.find((it) => it.name === error.field).value = present[error.field];
    error.message = `Fixed ${place} of dockpass, as ${key.toLowerCase()}: change it there. Nothing else was saved yet.`;
    throw error;
  }
}

export async function settingsTab(context) {
  let present = await get(API, { signal: context.signal });
  const fields = fieldsFor(present);
  const made = form({
    fields,
    submit: "Save",
    onsubmit: async (values) => {
      const changes = Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== present[key]));
      checkLifetimes(changes, values);
      if (Object.keys(changes).length > 0) present = await save(changes, present, fields);
      say("Saved");
    },
  });
  return [h("p.quiet.prose.intro", FIXED), h("section", made.node)];
}
