// Owns the dialog that makes an organization.
//
// Exports
//   newOrganization(context)     leads to its page

import { post } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { path } from "../lib/dom.js";
import { field, refuse } from "../lib/form.js";
import { say } from "../lib/notice.js";

const TAKEN = "There are repositories under this name already. Let the organization take them over, below, or choose another name.";

/** @param {Context} context */
export async function newOrganization(context) {
  const adopt = field({ name: "adoptRepositories", label: "Take over the repositories under this name", type: "switch" });
  // Shown once it is needed.
  adopt.node.hidden = true;
  /** @param {any} body */
  const act = (body) => post("/enzi/v0/accounts", { body: { ...body, name: body.name.trim(), isOrg: true } }).catch((error) => {
    if (error.code !== "NAMESPACE_IN_USE") throw error;
    adopt.node.hidden = false;
    refuse("name", TAKEN);
  });
  const made = await ask({
    title: "New organization",
    fields: [
      field({
        name: "name", label: "Name", required: true, autocomplete: "off", autocapitalize: "off",
        hint: "Also the namespace of its repositories. Lower-case letters and digits, joined by . _ or -. It cannot be changed later.",
      }),
      field({ name: "fullName", label: "Full name", autocomplete: "off" }),
      adopt,
    ],
    confirm: "Create",
    act,
  });
  if (made === null) return;
  say("Organization created");
  context.go(path`/organizations/${made.name}`);
}
