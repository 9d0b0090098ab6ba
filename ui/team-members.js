// Owns the list of a team's members.
//
// Exports, where a team is { name, api, href, organization }
//   teamMembers(context, team)     { node, add() }

import { readAll } from "./api.js";
import { personCell } from "./organization-members.js";
import { addPeople, removePerson } from "./organization-people.js";
import { badge, button, h } from "./dom.js";
import { list } from "./list.js";

const MORE = "What the team gives ends with the next request. The user stays a member of the organization.";

export async function teamMembers(context, team) {
  const { mayManage } = team.organization;
  const add = async () => (await addPeople({ ...team, hasAdmins: false })) && members.reload();
  const drop = async (name) => (await removePerson(team, name, { more: MORE })) && members.reload();
  const act = ({ member: { name } }) => mayManage &&
    h("div.doings", button("Remove", { kind: "plain", "aria-label": `Remove ${name}`, onclick: () => drop(name) }));
  const members = await list({
    context,
    name: ["member"],
    search: "Search members",
    sort: "name",
    columns: [
      { label: "Name", sort: "name", isName: true, by: (it) => it.member.name, cell: personCell(context) },
      { label: "In the organization", cell: (it) => (it.isAdmin ? badge("administrator", "good") : "member") },
      { label: "", isEnd: true, cell: act },
    ],
    matches: ({ member }) => `${member.name} ${member.fullName}`,
    all: ({ signal, progress }) => readAll(`${team.api}/members`, { signal, progress, rows: (body) => body.members }),
    empty: () => h("div.empty",
      h("p", "Nobody is in this team yet. Who joins it has what the team was given, and belongs to the organization."),
      mayManage && button("Add members", { kind: "primary", onclick: add })),
  });
  return { node: members.node, add };
}
