// Owns the list of repositories that a team was given access to: one by one, or all of its organization.
//
// Exports, where a team is { name, api, href, organization }
//   teamRepositories(context, team)     { node, give() }

import { get, put, readAll } from "../lib/api.js";
import { repositoriesIn, suggestField } from "../lib/complete.js";
import { ask } from "../lib/dialog.js";
import { button, h, path } from "../lib/dom.js";
import { beside, field } from "../lib/form.js";
import { levelField, levelName, rank } from "../lib/level.js";
import { LEVEL, list } from "../lib/list.js";
import { apiPath, fullName, pageHref } from "../lib/names.js";
import { say } from "../lib/notice.js";
import { changeAccess, takeAccess } from "../repositories/access-grants.js";

const WRONG = { NO_SUCH_REPOSITORY: "name", NO_SUCH_ACCOUNT: "name", INVALID_PARAMETERS: "name" };
const REACHES = [["one", "One repository"], ["all", "All repositories", "Including new ones"]];

/** @param {Team} team */
const namespaceApi = ({ organization }) => path`/api/v0/repositoryNamespaces/${organization.name}`;

/**
 * A row of the list, with the target of its grant as access-grants.js takes it.
 * @param {Api.RepositoryLevel} level @returns {TeamRow}
 */
const rowOf = ({ repository, accessLevel }) => ({
  label: fullName(repository), href: pageHref(repository), level: accessLevel,
  target: { api: apiPath(repository), name: fullName(repository) },
});

/** @param {Team} team @param {AbortSignal} signal @returns {Promise<TeamRow | null>} */
async function wideRow(team, signal) {
  // Only administrators of the namespace see grants on all of it.
  if (!team.organization.mayManage) return null;
  /** @type {Api.TeamAccessList} */
  const { teamAccessList } = await get(`${namespaceApi(team)}/teamAccess`, { signal });
  const grant = teamAccessList.find((it) => it.team.name === team.name);
  const { name } = team.organization;
  return grant ? { label: `All of ${name}`, level: grant.accessLevel, isWide: true, target: { api: namespaceApi(team), name: `all of ${name}` } } : null;
}

/** The name inside the organization, also if it was typed with it. @param {Team} team @param {string} text */
function inside({ organization }, text) {
  const start = `${organization.name}/`;
  return text.trim().startsWith(start) ? text.trim().slice(start.length) : text.trim();
}

/** @param {Team} team */
async function giveRepository(team) {
  const { name: organization } = team.organization;
  const reach = field({ name: "reach", label: "To", type: "radio", options: REACHES, value: "one" });
  const name = suggestField({ name: "name", label: "Repository", autocapitalize: "off", hint: `Its name in ${organization}`, suggest: repositoriesIn(team.organization.name) });
  const needed = name.check;
  name.check = () => (reach.value === "one" && name.value.trim() === "" ? "Repository is needed." : needed());
  reach.onchange((value) => (name.node.hidden = value === "all"));
  const given = await ask({
    title: `Give the team ${team.name} access`,
    fields: [reach, name, levelField()],
    confirm: "Give access",
    act: (values) => {
      const api = values.reach === "all" ? namespaceApi(team) : apiPath({ namespace: organization, name: inside(team, values.name) });
      return put(`${api}/teamAccess${path`/${team.name}`}`, { body: /** @satisfies {Api.SetAccess} */ ({ accessLevel: values.accessLevel }) }).catch(beside(WRONG));
    },
  });
  if (given) say(`The team ${team.name} has ${levelName(given.accessLevel).toLowerCase()} access`);
  return given !== null;
}

/** @param {Context} context @param {Team} team */
export async function teamRepositories(context, team) {
  const { mayManage } = team.organization;
  /** @param {TeamRow} row @returns {Holder} */
  const holder = (row) => ({ kind: "team", name: team.name, level: row.level });
  /** @param {Promise<boolean>} promise */
  const after = async (promise) => (await promise) && repositories.reload();
  const give = () => after(giveRepository(team));
  /** @param {TeamRow} row */
  const act = (row) =>
    mayManage && h("div.doings",
      button("Change", { kind: "plain", "aria-label": `Change the access to ${row.label}`, onclick: () => after(changeAccess(row.target, holder(row))) }),
      button("Remove", { kind: "plain", "aria-label": `Remove the access to ${row.label}`, onclick: () => after(takeAccess(row.target, holder(row))) }));
  const repositories = await list({
    context,
    name: ["repository", "repositories"],
    isBrief: true,
    search: "Search repositories",
    columns: [
      { label: "Repository", sort: "name", isName: true, by: (row) => (row.isWide ? "" : row.label), cell: (row) => [row.label, row.isWide && h("small", "including new ones")] },
      { label: "Access", sort: "access", ways: LEVEL, by: (row) => rank(row.level), cell: (row) => levelName(row.level) },
      { label: "", isEnd: true, cell: act },
    ],
    href: (row) => row.href,
    matches: (row) => row.label,
    all: async ({ signal, progress }) => {
      const [wide, rows] = await Promise.all([
        wideRow(team, signal),
        readAll(path`/api/v0/accounts/${team.organization.name}/teams/${team.name}/repositoryAccess`, {
          signal, progress, rows: (/** @type {Api.TeamRepositories} */ body) => body.repositoryAccessList,
        }),
      ]);
      return [...(wide ? [wide] : []), ...rows.map(rowOf)];
    },
    empty: () => h("div.empty",
      h("p", "This team has no access to any repository yet."),
      mayManage && button("Give access", { kind: "primary", onclick: give })),
  });
  return { node: repositories.node, give };
}
