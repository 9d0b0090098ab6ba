// Owns the list of an organization's teams, and making one.
//
// Exports
//   teamList(context, organization)     { node, create() }
//   descriptionField(value)             of a team

import { post, readAll } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, path } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { list } from "../lib/list.js";
import { say } from "../lib/notice.js";
import { figure } from "../lib/words.js";

/** @param {string} [value] */
export const descriptionField = (value = "") =>
  field({ name: "description", label: "Description", value, autocomplete: "off", hint: "What the team is for" });

/** @param {Context} context @param {Organization} organization */
async function newTeam(context, organization) {
  const made = await ask({
    title: `New team in ${organization.name}`,
    fields: [
      field({
        name: "name", label: "Name", required: true, autocomplete: "off", autocapitalize: "off",
        hint: "Lower-case letters and digits, joined by . _ or -. It cannot be changed later.",
      }),
      descriptionField(),
    ],
    confirm: "Create",
    act: (body) => post(`${organization.api}/teams`, { body: { ...body, name: body.name.trim() } }),
  });
  if (made === null) return;
  say("Team created");
  context.go(organization.href + path`/teams/${made.name}`);
}

/** @param {Context} context @param {Organization} organization */
export async function teamList(context, organization) {
  const create = () => newTeam(context, organization);
  const { node } = await list({
    context,
    name: ["team"],
    isBrief: true,
    search: "Search teams",
    sort: "name",
    columns: [
      { label: "Name", sort: "name", isName: true, by: (team) => team.name, cell: (team) => [team.name, team.description && h("small", team.description)] },
      { label: "Members", sort: "members", isEnd: true, by: (team) => team.membersCount, cell: (team) => figure(team.membersCount) },
    ],
    href: (team) => organization.href + path`/teams/${team.name}`,
    matches: (team) => `${team.name} ${team.description}`,
    all: ({ signal, progress }) => readAll(`${organization.api}/teams`, { signal, progress, rows: (/** @type {Api.Teams} */ body) => body.teams }),
    empty: () => h("div.empty",
      h("p", "A team gives several members the same access to repositories."),
      organization.mayManage && button("New team", { kind: "primary", onclick: create })),
  });
  return { node, create };
}
