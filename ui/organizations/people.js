// Owns the dialogs that add users to an organization or a team, and remove them.
//
// Exports, where `group` is { name, api, hasAdmins }: what it is called, its path in the API, and whether one can administer it
//   addPeople(group)               true if any was added, also where the others were not
//   removePerson(group, name, { isSelf, more })     true once removed; more is what else follows

import { put, remove } from "../lib/api.js";
import { chipsField, users } from "../lib/complete.js";
import { ask } from "../lib/dialog.js";
import { path } from "../lib/dom.js";
import { field, refuse } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";

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
  const people = chipsField({ name: "users", label: "Users", suggest: users, hint: "Type a part of the name; Enter adds it. Several may be added at once." });
  const admin = field({
    name: "isAdmin", label: "Administrators", type: "switch",
    hint: `May change members and teams, and everything in the repositories of ${group.name}.`,
  });
  /** @type {Set<string>} */
  const added = new Set();
  await ask({
    title: `Add to ${group.name}`,
    fields: group.hasAdmins ? [people, admin] : [people],
    confirm: "Add",
    act: async ({ users: names, isAdmin }) => {
      if (names.length === 0) refuse("users", "Name at least one user.");
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
