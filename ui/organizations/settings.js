// Owns the full name of an organization, and its deletion.
//
// Exports
//   organizationSettings(context, organization)     nodes

import { patch, removeNoting } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, path } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { say } from "../lib/notice.js";

/** @param {Context} context @param {Organization} organization */
function nameForm(context, { account, api }) {
  const { node } = form({
    hold: context.hold,
    fields: [field({ name: "fullName", label: "Full name", value: account.fullName, autocomplete: "off" })],
    submit: "Save",
    onsubmit: async (body) => {
      await patch(api, { body });
      say("Saved");
      await context.reload();
    },
  });
  return node;
}

/** @type {Choice[]} */
const WITH_OR_WITHOUT = [
  ["without", "Keep its repositories", "They will have no owner. Administrators and people with access of their own still reach them."],
  ["with", "Delete its repositories too", "Including their images, if dockpass can delete in the registry"],
];

/** @param {Context} context @param {Organization} organization */
async function deleteOrganization(context, { name }) {
  const done = await ask({
    title: `Delete ${name}?`,
    body: "Its teams and robots, and the access that they have, end at once. This cannot be undone.",
    fields: [field({ name: "repositories", label: "Repositories", type: "radio", options: WITH_OR_WITHOUT, value: "without" })],
    typed: "delete",
    confirm: "Delete",
    kind: "danger primary",
    act: ({ repositories }) => removeNoting(repositories === "with" ? path`/api/v0/accounts/${name}` : path`/enzi/v0/accounts/${name}`),
  });
  if (done === null) return;
  say(`Organization deleted. ${done.warning ?? ""}`.trim());
  context.go("/organizations", { replace: true });
}

/** @param {Context} context @param {Organization} organization */
export function organizationSettings(context, organization) {
  return [
    h("section", h("h2", "Name"), nameForm(context, organization)),
    // The organization's own administrators may not delete it.
    context.session.isAdmin && h("section", h("h2", "Delete"), h("div.stack.tight",
      h("p", "Deletes the organization with its teams and robots. You choose whether its repositories go too."),
      button("Delete organization", { kind: "danger", onclick: () => deleteOrganization(context, organization) }))),
  ];
}
