// Owns the dialogs that add users to an organization or a team, and remove them.
//
// Exports, where `group` is { name, api, hasAdmins }: what it is called, its path in the API, and whether one can administer it
//   addPeople(group)               true if any was added, also where the others were not
//   administratorsMay(name)        what administrators of the organization of this name may do
//   removePerson(group, name, { isSelf, more })     true once removed; more is what else follows

import { put, remove } from "../lib/api.js";
import { chipsField, users } from "../lib/complete.js";
import { ask } from "../lib/dialog.js";
import { path } from "../lib/dom.js";
import { field, refuse } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";

/** @param {string} name */
export const administratorsMay = (name) => `Administrators of ${name} manage its members, teams and robots, and everything in its repositories.`;

/** @param {Group} group @param {string} name */
const memberPath = (group, name) => `${group.api}/members${path`/${name}`}`;

/** @param {Group} group @param {string[]} names @param {Api.PutMember} body @param {Set<string>} done */
async function putAll(group, names, body, done) {
  for (const name of names) {
    await put(memberPath(group, name), { body }).catch((error) => refuse("users", `${name}: ${error.message}`));
    done.add(name);
  }
}

/** @param {Group} group */
export async function addPeople(group) {
  const people = chipsField({ name: "users", label: "Users", suggest: users, hint: "Type part of a name and press Enter. You can add several." });
  const admin = field({
    name: "isAdmin", label: "Make them administrators", type: "switch", hint: administratorsMay(group.name),
  });
  /** @type {Set<string>} */
  const added = new Set();
  await ask({
    title: `Add to ${group.name}`,
    fields: group.hasAdmins ? [people, admin] : [people],
    confirm: "Add",
    act: async ({ users: names, isAdmin }) => {
      if (names.length === 0) refuse("users", "Enter at least one user.");
      // Without the field, people who belong to it already keep their role.
      await putAll(group, names, isAdmin ? { isAdmin } : {}, added);
    },
  });
  if (added.size > 0) say(added.size === 1 ? `${[...added][0]} added` : `${plural(added.size, "user")} added`);
  return added.size > 0;
}

/** @param {Group} group @param {string} name @param {{ isSelf?: boolean, more: string }} options */
export async function removePerson(group, name, { isSelf = false, more }) {
  const done = await ask({
    title: isSelf ? `Leave ${group.name}?` : `Remove ${name} from ${group.name}?`,
    body: more,
    confirm: isSelf ? "Leave" : "Remove",
    kind: "danger primary",
    act: () => remove(memberPath(group, name)),
  });
  if (done !== null) say(isSelf ? `You left ${group.name}` : `${name} removed`);
  return done !== null;
}
