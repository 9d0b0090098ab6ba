// Owns the list of an organization's members.
//
// Exports
//   memberList(context, organization)     { node, add() }
//   memberRole(member)                    what a member is, in a cell
//   personCell(context)                   (member) => cell of a user's name, for teams, too

import { put, readAll } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { badge, button, h, path } from "../lib/dom.js";
import { list } from "../lib/list.js";
import { say } from "../lib/notice.js";
import { addPeople, administratorsMay, removePerson } from "./people.js";

const MAKE_ADMINISTRATOR = "Make administrator";
const MAKE_MEMBER = "Make member";

/** @param {Context} context */
export const personCell = ({ session }) => (/** @type {Api.Member} */ { member: { name, fullName }, isActive }) => [
  session.isAdmin ? h("a", { href: path`/people/${name}` }, name) : name,
  (fullName || isActive === false) && h("small", [fullName, isActive === false && "inactive"].filter(Boolean).join(", ")),
];

/**
 * Makes a member an administrator, or a member again; true once that is so.
 * @param {Context} context @param {Organization} organization @param {Api.Member} member
 */
async function changeRole(context, organization, { member: { name }, isAdmin }) {
  const isSelf = name === context.session.username;
  const back = isSelf && !context.session.isAdmin ? " Only another administrator can make you an administrator again." : "";
  const less = `${isSelf ? "You stay" : `${name} stays`} a member of ${organization.name}, with the access that teams give.${back}`;
  const done = await ask({
    title: isAdmin ? `Make ${name} a member?` : `Make ${name} an administrator?`,
    body: isAdmin ? less : administratorsMay(organization.name),
    confirm: isAdmin ? MAKE_MEMBER : MAKE_ADMINISTRATOR,
    kind: isAdmin ? "danger primary" : "primary",
    act: () => put(`${organization.api}/members${path`/${name}`}`, { body: /** @satisfies {Api.PutMember} */ ({ isAdmin: !isAdmin }) }),
  });
  if (done === null) return false;
  say(isAdmin ? `${name} no longer administers ${organization.name}` : `${name} administers ${organization.name}`);
  return true;
}

/** @param {{ isAdmin: boolean }} member */
export const memberRole = ({ isAdmin }) => (isAdmin ? badge("administrator", "good") : "member");

/** @param {Context} context @param {Organization} organization */
export async function memberList(context, organization) {
  const { mayManage, name, api } = organization;
  const group = { name, api, hasAdmins: true };
  const add = async () => (await addPeople(group)) && members.reload();
  /** @param {string} person @param {boolean} isSelf */
  const leave = async (person, isSelf) => {
    const more = `${isSelf ? "You also leave" : `${person} also leaves`} its teams. What they give ends with the next request.`;
    if (!(await removePerson(group, person, { isSelf, more }))) return;
    if (isSelf && !context.session.isAdmin) context.go("/organizations");
    else await members.reload();
  };
  /** @param {Api.Member} it @param {boolean} isSelf */
  const change = async (it, isSelf) => {
    if (!(await changeRole(context, organization, it))) return;
    // What the page offers depends on it.
    if (isSelf) await context.reload();
    else await members.reload();
  };
  /** @param {Api.Member} it */
  const act = (it) => {
    const { member, isAdmin } = it;
    const isSelf = member.name === context.session.username;
    if (!mayManage && !isSelf) return null;
    const role = isAdmin ? MAKE_MEMBER : MAKE_ADMINISTRATOR;
    const label = isSelf ? `Leave ${name}` : `Remove ${member.name}`;
    return h("div.doings",
      mayManage && button(role, { kind: "plain", "aria-label": `${role}: ${member.name}`, onclick: () => change(it, isSelf) }),
      button(isSelf ? "Leave" : "Remove", { kind: "plain", "aria-label": label, onclick: () => leave(member.name, isSelf) }));
  };
  const members = await list({
    context,
    name: ["member"],
    isBrief: true,
    search: "Search members",
    sort: "name",
    columns: /** @type {Column<Api.Member>[]} */ ([
      { label: "Name", sort: "name", isName: true, by: (it) => it.member.name, cell: personCell(context) },
      { label: "Role", sort: "role", ways: ["administrators first", "members first"], by: (it) => (it.isAdmin ? 0 : 1), cell: memberRole },
      { label: "", isEnd: true, cell: act },
    ]),
    matches: ({ member, isAdmin, isActive }) => `${member.name} ${member.fullName} ${isAdmin ? "administrator" : ""} ${isActive === false ? "inactive" : ""}`,
    all: ({ signal, progress }) => readAll(`${api}/members`, { signal, progress, rows: (/** @type {Api.Members} */ body) => body.members }),
    empty: () => h("div.empty",
      h("p", `${name} has no members yet. Add its first administrator, who can add the others.`),
      mayManage && button("Add members", { kind: "primary", onclick: add })),
  });
  return { node: members.node, add };
}
