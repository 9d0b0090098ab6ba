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
import { addPeople, removePerson } from "./people.js";

/** @param {Context} context */
export const personCell = ({ session }) => (/** @type {Api.Member} */ { member: { name, fullName }, isActive }) => [
  session.isAdmin ? h("a", { href: path`/people/${name}` }, name) : name,
  (fullName || isActive === false) && h("small", [fullName, isActive === false && "inactive"].filter(Boolean).join(", ")),
];

/**
 * Asks before people give their own role away, which they cannot undo.
 * @param {Context} context @param {Organization} organization @param {string} name @param {boolean} shall
 */
async function isMeant(context, organization, name, shall) {
  if (shall || name !== context.session.username || context.session.isAdmin) return true;
  const answer = await ask({
    title: `Stop administering ${organization.name}?`,
    body: "Another administrator would have to make you one again.",
    confirm: "Stop",
    kind: "danger primary",
  });
  return answer !== null;
}

/**
 * The switch of a member's role; it changes at once, and back if that did not work.
 * @param {Context} context @param {Organization} organization @param {Api.Member} member
 */
function roleSwitch(context, organization, { member: { name }, isAdmin }) {
  const trouble = h("small.error", { role: "alert" });
  let isBusy = false;
  const box = h("input.switch", {
    type: "checkbox", role: "switch", "aria-label": `${name} administers ${organization.name}`,
    onchange: async () => {
      const shall = box.checked;
      trouble.textContent = "";
      if (isBusy || !(await isMeant(context, organization, name, shall))) return void (box.checked = !shall);
      isBusy = true;
      try {
        await put(`${organization.api}/members${path`/${name}`}`, { body: /** @satisfies {Api.PutMember} */ ({ isAdmin: shall }) });
        say(shall ? `${name} administers ${organization.name}` : `${name} no longer administers ${organization.name}`);
        if (name === context.session.username && !context.session.isAdmin) context.reload();
      } catch (error) {
        box.checked = !shall;
        trouble.textContent = error.message;
      } finally {
        isBusy = false;
      }
    },
  });
  box.checked = isAdmin;
  return [box, trouble];
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
    const more = `${isSelf ? "You leave" : "This user leaves"} its teams, too, and what they give ends with the next request.`;
    if (!(await removePerson(group, person, { isSelf, more }))) return;
    if (isSelf && !context.session.isAdmin) context.go("/organizations");
    else await members.reload();
  };
  /** @param {Api.Member} member */
  const act = ({ member }) => {
    const isSelf = member.name === context.session.username;
    if (!mayManage && !isSelf) return null;
    const label = isSelf ? `Leave ${name}` : `Remove ${member.name}`;
    return h("div.doings", button(isSelf ? "Leave" : "Remove", { kind: "plain", "aria-label": label, onclick: () => leave(member.name, isSelf) }));
  };
  const members = await list({
    context,
    name: ["member"],
    search: "Search members",
    sort: "name",
    columns: /** @type {Column<Api.Member>[]} */ ([
      { label: "Name", sort: "name", isName: true, by: (it) => it.member.name, cell: personCell(context) },
      {
        label: mayManage ? "Administrator" : "Role", sort: "role", by: (it) => (it.isAdmin ? 0 : 1),
        cell: mayManage ? (it) => roleSwitch(context, organization, it) : memberRole,
      },
      { label: "", isEnd: true, cell: act },
    ]),
    matches: ({ member, isAdmin, isActive }) => `${member.name} ${member.fullName} ${isAdmin ? "administrator" : ""} ${isActive === false ? "inactive" : ""}`,
    all: ({ signal, progress }) => readAll(`${api}/members`, { signal, progress, rows: (/** @type {Api.Members} */ body) => body.members }),
    empty: () => h("div.empty",
      h("p", `Nobody belongs to ${name} yet. Members see its teams; the first administrator can add the others.`),
      mayManage && button("Add members", { kind: "primary", onclick: add })),
  });
  return { node: members.node, add };
}
