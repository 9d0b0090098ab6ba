// Owns the list of a team's members.
//
// Exports, where a team is { name, api, href, organization }
//   teamMembers(context, team)     { node, add() }

import { readAll } from "../lib/api.js";
import { button, h } from "../lib/dom.js";
import { list } from "../lib/list.js";
import { memberRole, personCell } from "./members.js";
import { addPeople, removePerson } from "./people.js";

const MORE = "Access through the team ends with the next request. The user stays a member of the organization.";

/** @param {Context} context @param {Team} team */
export async function teamMembers(context, team) {
  const { mayManage } = team.organization;
  const add = async () => (await addPeople({ ...team, hasAdmins: false })) && members.reload();
  /** @param {string} name */
  const drop = async (name) => (await removePerson(team, name, { more: MORE })) && members.reload();
  /** @param {Api.Member} member */
  const act = ({ member: { name } }) => mayManage &&
    h("div.doings", button("Remove", { kind: "plain", "aria-label": `Remove ${name}`, onclick: () => drop(name) }));
  const members = await list({
    context,
    name: ["member"],
    isBrief: true,
    search: "Search members",
    sort: "name",
    columns: /** @type {Column<Api.Member>[]} */ ([
      { label: "Name", sort: "name", isName: true, by: (it) => it.member.name, cell: personCell(context) },
      { label: "In the organization", cell: memberRole },
      { label: "", isEnd: true, cell: act },
    ]),
    matches: ({ member }) => `${member.name} ${member.fullName}`,
    all: ({ signal, progress }) => readAll(`${team.api}/members`, { signal, progress, rows: (/** @type {Api.Members} */ body) => body.members }),
    empty: () => h("div.empty",
      h("p", "This team has no members yet. People who join it get its access and become members of the organization."),
      mayManage && button("Add members", { kind: "primary", onclick: add })),
  });
  return { node: members.node, add };
}
