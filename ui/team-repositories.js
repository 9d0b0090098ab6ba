// Owns the list of repositories that a team was given access to: one by one, or all of its organization.
//
// Exports, where a team is { name, api, href, organization }
//   teamRepositories(context, team)     { node, give() }

import { get, put, readAll } from "./api.js";
import { beside } from "./access-errors.js";
import { changeAccess, takeAccess } from "./access-grants.js";
import { levelField, levelName } from "./access-level.js";
import { apiPath, fullName, pageHref } from "./repository-name.js";
import { suggestField } from "./complete.js";
import { ask } from "./dialog.js";
import { button, h, path } from "./dom.js";
import { field } from "./form.js";
import { list } from "./list.js";
import { say } from "./notice.js";

const WRONG = { NO_SUCH_REPOSITORY: "name", NO_SUCH_ACCOUNT: "name", INVALID_PARAMETERS: "name" };
const REACHES = [["one", "One repository"], ["all", "All repositories", "Also those to come"]];

const namespaceApi = ({ organization }) => path`/api/v0/repositoryNamespaces/${organization.name}`;

/** A row of the list, with the target of its grant as access-grants.js takes it. */
const rowOf = ({ repository, accessLevel }) => ({
  label: fullName(repository), href: pageHref(repository), level: accessLevel,
  target: { api: apiPath(repository), name: fullName(repository) },
});

async function wideRow(team, signal) {
  // Only administrators of the namespace see grants on all of it.
  if (!team.organization.mayManage) return null;
  const { teamAccessList } = await get(`${namespaceApi(team)}/teamAccess`, { signal });
  const grant = teamAccessList.find((it) => it.team.name === team.name);
  const { name } = team.organization;
  return grant && { label: `All of ${name}`, level: grant.accessLevel, isWide: true, target: { api: namespaceApi(team), name: `all of ${name}` } };
}

const within = ({ organization }) => async (text, signal) => {
  const query = { query: text.trim().toLowerCase(), namespace: organization.name, includeAccounts: false, limit: 10 };
  if (!query.query) return [];
  const { repositoryResults } = await get("/api/v0/index/autocomplete", { query, signal });
  return repositoryResults.map((it) => ({ value: it.name, hint: it.shortDescription }));
};

/** The name inside the organization, also if it was typed with it. */
function inside({ organization }, text) {
  const start = `${organization.name}/`;
  return text.trim().startsWith(start) ? text.trim().slice(start.length) : text.trim();
}

async function giveRepository(team) {
  const { name: organization } = team.organization;
  const reach = field({ name: "reach", label: "To", type: "radio", options: REACHES, value: "one" });
  const name = suggestField({ name: "name", label: "Repository", autocapitalize: "off", hint: `The name in ${organization}`, suggest: within(team) });
  const needed = name.check;
  name.check = () => (reach.value === "one" && name.value.trim() === "" ? "Repository is needed." : needed());
  reach.onchange((value) => (name.node.hidden = value === "all"));
  const given = await ask({
    title: `Give the team ${team.name} access`,
    fields: [reach, name, levelField()],
    confirm: "Give access",
    act: (values) => {
      const api = values.reach === "all" ? namespaceApi(team) : apiPath({ namespace: organization, name: inside(team, values.name) });
      return put(`${api}/teamAccess${path`/${team.name}`}`, { body: { accessLevel: values.accessLevel } }).catch(beside(WRONG));
    },
  });
  if (given) say(`The team ${team.name} has ${levelName(given.accessLevel).toLowerCase()} access`);
  return given !== null;
}

export async function teamRepositories(context, team) {
  const { mayManage } = team.organization;
  const holder = (row) => ({ kind: "team", name: team.name, level: row.level });
  const after = async (promise) => (await promise) && repositories.reload();
  const give = () => after(giveRepository(team));
  const act = (row) =>
    mayManage && h("div.doings",
      button("Change", { kind: "plain", "aria-label": `Change the access to ${row.label}`, onclick: () => after(changeAccess(row.target, holder(row))) }),
      button("Remove", { kind: "plain", "aria-label": `Remove the access to ${row.label}`, onclick: () => after(takeAccess(row.target, holder(row))) }));
  const repositories = await list({
    context,
    name: ["repository", "repositories"],
    search: "Search repositories",
    columns: [
      { label: "Repository", sort: "name", isName: true, by: (row) => (row.isWide ? "" : row.label), cell: (row) => [row.label, row.isWide && h("small", "also those to come")] },
      { label: "Access", sort: "access", by: (row) => row.level, cell: (row) => levelName(row.level) },
      { label: "", isEnd: true, cell: act },
    ],
    href: (row) => row.href,
    matches: (row) => row.label,
    all: async ({ signal, progress }) => {
      const [wide, rows] = await Promise.all([
        wideRow(team, signal),
        readAll(path`/api/v0/accounts/${team.organization.name}/teams/${team.name}/repositoryAccess`, {
          signal, progress, rows: (body) => body.repositoryAccessList,
        }),
      ]);
      return [...(wide ? [wide] : []), ...rows.map(rowOf)];
    },
    empty: () => h("div.empty",
      h("p", "This team was given no repository yet."),
      mayManage && button("Give access", { kind: "primary", onclick: give })),
  });
  return { node: repositories.node, give };
}
