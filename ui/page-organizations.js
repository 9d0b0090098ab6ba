// Owns the pages below /organizations: all of them, one organization, one team.
//
// Exports
//   list, one, team      the pages

import { get } from "./api.js";
import { namespaceAccess } from "./access-namespace.js";
import { memberList } from "./organization-members.js";
import { newOrganization } from "./organization-new.js";
import { organizationList } from "./organization-list.js";
import { readOrganization } from "./organization-role.js";
import { organizationSettings } from "./organization-settings.js";
import { teamList } from "./organization-teams.js";
import { repositoryList } from "./repository-list.js";
import { newRepository } from "./repository-new.js";
import { teamMembers } from "./team-members.js";
import { teamRepositories } from "./team-repositories.js";
import { teamSettings } from "./team-settings.js";
import { button, h, head, path } from "./dom.js";

const primary = (label, onclick) => button(label, { kind: "primary", onclick });

/** The tab of the address, or the first one. */
const present = (context, tabs) => tabs.find(([, key]) => key === context.query.get("tab")) ?? tabs[0];

const links = (href, tabs, tab) => tabs.map((it, place) => [it[0], place === 0 ? href : `${href}?tab=${it[1]}`, it === tab]);

// --- all of them ---

async function renderList(context) {
  const create = () => newOrganization(context);
  const lists = await organizationList(context, create);
  return [...head("Organizations", { actions: [context.session.isAdmin && primary("New organization", create)] }), lists];
}

export const list = { title: "Organizations", render: renderList };

// --- one ---

async function membersTab(context, organization) {
  const { node, add } = await memberList(context, organization);
  return { node, action: organization.mayManage && primary("Add members", add) };
}

async function teamsTab(context, organization) {
  const { node, create } = await teamList(context, organization);
  return { node, action: organization.mayManage && primary("New team", create) };
}

async function repositoriesTab(context, { name, mayManage }) {
  const text = mayManage
    ? `Nothing is in ${name} yet. Push an image as ${name}/NAME, or create the repository first.`
    : `You see no repository of ${name}. Its administrators can give you access.`;
  const create = () => newRepository(context, name);
  const { node } = await repositoryList(context, {
    namespace: name,
    empty: () => h("div.empty",
      h("p", text),
      mayManage && primary("New repository", create)),
  });
  return { node, action: mayManage && primary("New repository", create) };
}

async function accessTab(context, { name, account }) {
  const { node, give } = await namespaceAccess(context, name, account);
  return { node, action: primary("Give access", give) };
}

const settingsTab = async (context, organization) => ({ node: organizationSettings(context, organization) });

const FOR_ALL = [["Repositories", "repositories", repositoriesTab]];
const FOR_MEMBERS = [["Members", "members", membersTab], ["Teams", "teams", teamsTab], ...FOR_ALL];
const FOR_ADMINISTRATORS = [...FOR_MEMBERS, ["Access", "access", accessTab], ["Settings", "settings", settingsTab]];

function tabsOf({ isMember, mayManage }) {
  if (mayManage) return FOR_ADMINISTRATORS;
  return isMember ? FOR_MEMBERS : FOR_ALL;
}

async function renderOne(context) {
  const organization = await readOrganization(context);
  const tabs = tabsOf(organization);
  const tab = present(context, tabs);
  const { node, action } = await tab[2](context, organization);
  const frame = head(organization.name, {
    lead: organization.account.fullName,
    crumbs: [["Organizations", "/organizations"]],
    tabs: links(organization.href, tabs, tab),
    actions: [action],
  });
  const stranger = !organization.isMember && h("p.quiet", "Only members see who belongs to it.");
  return [...frame, stranger, node];
}

export const one = { title: ({ params }) => params.name, render: renderOne };

// --- one team ---

async function teamMembersTab(context, team) {
  const { node, add } = await teamMembers(context, team);
  return { node, action: team.organization.mayManage && primary("Add members", add) };
}

async function teamRepositoriesTab(context, team) {
  const { node, give } = await teamRepositories(context, team);
  return { node, action: team.organization.mayManage && primary("Give access", give) };
}

const teamSettingsTab = async (context, team) => ({ node: teamSettings(context, team) });

const TEAM = [["Members", "members", teamMembersTab], ["Repositories", "repositories", teamRepositoriesTab]];
const TEAM_OF_ADMINISTRATORS = [...TEAM, ["Settings", "settings", teamSettingsTab]];

/** Only members of a team, and administrators of the organization, see what it has. */
async function seesTeam({ session, signal }, organization, { id }) {
  if (organization.mayManage) return true;
  const { memberTeams } = await get(`${organization.api}/members${path`/${session.username}`}/teams`, { signal });
  return memberTeams.some(({ team }) => team.id === id);
}

async function renderTeam(context) {
  const organization = await readOrganization(context);
  const found = await get(organization.api + path`/teams/${context.params.team}`, { signal: context.signal });
  const part = path`/teams/${found.name}`;
  const team = { ...found, api: organization.api + part, href: organization.href + part, organization };
  const options = {
    lead: found.description,
    crumbs: [["Organizations", "/organizations"], [organization.name, organization.href], ["Teams", `${organization.href}?tab=teams`]],
  };
  if (!(await seesTeam(context, organization, team))) {
    return [...head(team.name, options), h("p", "Only its members and the organization's administrators see who belongs to this team, and what it was given.")];
  }
  const tabs = organization.mayManage ? TEAM_OF_ADMINISTRATORS : TEAM;
  const tab = present(context, tabs);
  const { node, action } = await tab[2](context, team);
  return [...head(team.name, { ...options, tabs: links(team.href, tabs, tab), actions: [action] }), node];
}

export const team = { title: ({ params }) => `${params.team} · ${params.name}`, render: renderTeam };
