// Owns the description of a team, and its deletion.
//
// Exports, where a team is { name, description, api, href, organization }
//   teamSettings(context, team)     nodes

import { patch, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h } from "../lib/dom.js";
import { form } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { descriptionField } from "./teams.js";

/** @param {Context} context @param {Team} team */
function descriptionForm(context, team) {
  const { node } = form({
    hold: context.hold,
    fields: [descriptionField(team.description)],
    submit: "Save",
    onsubmit: async (body) => {
      await patch(team.api, { body });
      say("Saved");
      await context.reload();
    },
  });
  return node;
}

/** @param {Context} context @param {Team} team */
async function deleteTeam(context, team) {
  const done = await ask({
    title: `Delete the team ${team.name}?`,
    body: "Its access ends with the next request. Its members stay in the organization. This cannot be undone.",
    typed: "delete",
    confirm: "Delete",
    kind: "danger primary",
    act: () => remove(team.api),
  });
  if (done === null) return;
  say("Team deleted");
  context.go(`${team.organization.href}?tab=teams`, { replace: true });
}

/** @param {Context} context @param {Team} team */
export function teamSettings(context, team) {
  return [
    h("section", h("h2", "Description"), descriptionForm(context, team)),
    h("section", h("h2", "Delete"), h("div.stack.tight",
      h("p", "Deletes the team and its access. Its members stay in the organization."),
      button("Delete team", { kind: "danger", onclick: () => deleteTeam(context, team) }))),
  ];
}
