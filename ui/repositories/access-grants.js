// Owns the dialogs that give access to a user or a team, change its level and take it away.
//
// Exports, where `target` is { api, name, organization }: the API's path of a repository or a namespace, what it is called,
// and the organization whose teams may hold grants on it (null: none)
//   giveAccess(target, user)           true once given; user is the name that stands there at first, if any
//   changeAccess(target, holder)       true once changed; `holder` is { kind: "user" | "team", name, level }
//   takeAccess(target, holder)         true once taken away
//   called(holder)                     "heidi", "the team dev"

import { put, readAll, remove } from "../lib/api.js";
import { suggestField, users } from "../lib/complete.js";
import { ask } from "../lib/dialog.js";
import { path } from "../lib/dom.js";
import { beside, field } from "../lib/form.js";
import { levelField, levelName } from "../lib/level.js";
import { say } from "../lib/notice.js";

/** @type {Record<string, string>} */
const KINDS = { user: "userAccess", team: "teamAccess" };
const WRONG_NAME = {
  NO_SUCH_USER: "name", NO_SUCH_TEAM: "name", NO_SUCH_ACCOUNT: "name", INVALID_PARAMETERS: "name",
};

/** @param {Target} target @param {{ kind: string, name: string }} holder */
const grantPath = (target, { kind, name }) => `${target.api}/${KINDS[kind]}${path`/${name}`}`;

/** @param {{ kind: string, name: string }} holder */
export const called = ({ kind, name }) => (kind === "team" ? `the team ${name}` : name);

/**
 * At the start of a sentence; names of users stay as they are.
 * @param {{ kind: string, name: string }} holder @param {string} level
 */
const has = ({ kind, name }, level) => `${kind === "team" ? "The team " : ""}${name} has ${levelName(level).toLowerCase()} access`;

/**
 * The teams of an organization, read once a letter is typed; those who may not see them type the name.
 * @param {string} organization @returns {Suggest}
 */
function teams(organization) {
  /** @type {Promise<Api.Team[]> | null} */
  let reading = null;
  return async (text) => {
    reading ??= readAll(path`/enzi/v0/accounts/${organization}/teams`, { rows: (/** @type {Api.Teams} */ body) => body.teams });
    const found = (await reading).filter((team) => team.name.includes(text.trim().toLowerCase()));
    return found.map((team) => ({ value: team.name, hint: team.description }));
  };
}

/** @param {string} organization @param {"team" | "user"} value */
function kindField(organization, value) {
  const options = [["team", "A team", `Of ${organization}; its members have the access, also those who join later`], ["user", "A user"]];
  return field({ name: "kind", label: "To", type: "radio", options, value });
}

/** @param {Target} target @param {string} [user] */
export async function giveAccess(target, user = "") {
  const { organization } = target;
  const kind = organization ? kindField(organization, user ? "user" : "team") : null;
  const findTeam = organization ? teams(organization) : users;
  const name = suggestField({
    name: "name", label: kind ? "Name" : "User", value: user, required: true, autocapitalize: "off",
    suggest: (text, signal) => (kind?.value === "team" ? findTeam : users)(text, signal),
  });
  kind?.onchange(() => name.fail(null));
  const given = await ask({
    title: `Give access to ${target.name}`,
    fields: [...(kind ? [kind] : []), name, levelField()],
    confirm: "Give access",
    act: async (values) => {
      const holder = { kind: values.kind ?? "user", name: values.name.trim() };
      await put(grantPath(target, holder), { body: /** @satisfies {Api.SetAccess} */ ({ accessLevel: values.accessLevel }) }).catch(beside(WRONG_NAME));
      return { ...holder, level: values.accessLevel };
    },
  });
  if (given) say(has(given, given.level));
  return given !== null;
}

/** @param {Target} target @param {Holder} holder */
export async function changeAccess(target, holder) {
  const changed = await ask({
    title: `Access of ${called(holder)}`,
    body: `On ${target.name}, from the next request on.`,
    fields: [levelField(holder.level)],
    confirm: "Save",
    act: ({ accessLevel }) => put(grantPath(target, holder), { body: /** @satisfies {Api.SetAccess} */ ({ accessLevel }) }),
  });
  if (changed) say(has(holder, changed.accessLevel));
  return changed !== null;
}

/** @param {Target} target @param {Holder} holder */
export async function takeAccess(target, holder) {
  const taken = await ask({
    title: `Remove the access of ${called(holder)}?`,
    body: `What was given on ${target.name} ends with the next request. Other access stays.`,
    confirm: "Remove",
    kind: "danger primary",
    act: () => remove(grantPath(target, holder)),
  });
  if (taken !== null) say("Access removed");
  return taken !== null;
}
