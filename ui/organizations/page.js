// Owns the pages below /organizations: all of them, one organization, one team.
//
// Exports
//   list, one, team      the pages

import { get } from "../lib/api.js";
import { button, h, head, path, tabsOf } from "../lib/dom.js";
import { namespaceAccess } from "../repositories/access-namespace.js";
import { repositoryList } from "../repositories/list.js";
import { newRepository } from "../repositories/new.js";
import { organizationList } from "./list.js";
import { memberList } from "./members.js";
import { newOrganization } from "./new.js";
import { readOrganization } from "./organization.js";
import { robotList } from "./robots.js";
import { organizationSettings } from "./settings.js";
import { teamMembers } from "./team-members.js";
import { teamRepositories } from "./team-repositories.js";
import { teamSettings } from "./team-settings.js";
import { teamList } from "./teams.js";

/** @param {string} label @param {() => unknown} onclick */
const primary = (label, onclick) => button(label, { kind: "primary", onclick });

// --- all of them ---

/** @param {Context} context */
async function renderList(context) {
  const create = () => newOrganization(context);
  const lists = await organizationList(context, create);
  return [...head("Organizations", { actions: [context.session.isAdmin && primary("New organization", create)] }), lists];
}

/** @type {Page} */
export const list = { title: "Organizations", render: renderList };

// --- one ---

/** @param {Context} context @param {Organization} organization @returns {Promise<Part>} */
async function membersTab(context, organization) {
  const { node, add } = await memberList(context, organization);
  return { node, action: organization.mayManage && primary("Add members", add) };
}

/** @param {Context} context @param {Organization} organization @returns {Promise<Part>} */
async function teamsTab(context, organization) {
  const { node, create } = await teamList(context, organization);
  return { node, action: organization.mayManage && primary("New team", create) };
}

/** @param {Context} context @param {Organization} organization @returns {Promise<Part>} */
async function repositoriesTab(context, { name, mayManage }) {
  const text = mayManage
    ? `${name} has no repositories yet. Push an image as ${name}/NAME, or create a repository first.`
    : `You have no access to repositories of ${name}. Its administrators can give it to you.`;
  const create = () => newRepository(context, name);
  const { node } = await repositoryList(context, {
    namespace: name,
    empty: () => h("div.empty",
      h("p", text),
      mayManage && primary("New repository", create)),
  });
  return { node, action: mayManage && primary("New repository", create) };
}

/** @param {Context} context @param {Organization} organization @returns {Promise<Part>} */
async function accessTab(context, { name, account }) {
  const { node, give } = await namespaceAccess(context, name, account);
  return { node, action: give && primary("Give access", give) };
}

/** @param {Context} context @param {Organization} organization @returns {Promise<Part>} */
const settingsTab = async (context, organization) => ({ node: organizationSettings(context, organization) });

/** @type {TabOf<Organization>[]} */
const FOR_ALL = [["Repositories", "repositories", repositoriesTab]];
/** @type {TabOf<Organization>[]} */
const FOR_MEMBERS = [["Members", "members", membersTab], ["Teams", "teams", teamsTab], ...FOR_ALL];
/** @type {TabOf<Organization>[]} */
const FOR_ADMINISTRATORS = [...FOR_MEMBERS, ["Robots", "robots", robotList], ["Access", "access", accessTab], ["Settings", "settings", settingsTab]];

/** @param {Organization} organization */
function rowsOf({ isMember, mayManage }) {
  if (mayManage) return FOR_ADMINISTRATORS;
  return isMember ? FOR_MEMBERS : FOR_ALL;
}

/** @param {Context} context */
async function renderOne(context) {
  const organization = await readOrganization(context);
  const { present, tabs } = tabsOf(context.query, organization.href, rowsOf(organization));
  context.setTitle(`${present[0]} · ${organization.name} · Organization`);
  const { node, action } = await present[2](context, organization);
  const frame = head(organization.name, {
    lead: organization.account.fullName,
    crumbs: [["Organizations", "/organizations"]],
    tabs,
    actions: [action],
  });
  const stranger = !organization.isMember && h("p.quiet", "Only members can see who belongs to it.");
  return [...frame, stranger, node];
}

/** @type {Page} */
export const one = { title: ({ params }) => `${params.name} · Organization`, render: renderOne };

// --- one team ---

/** @param {Context} context @param {Team} team @returns {Promise<Part>} */
async function teamMembersTab(context, team) {
  const { node, add } = await teamMembers(context, team);
  return { node, action: team.organization.mayManage && primary("Add members", add) };
}

/** @param {Context} context @param {Team} team @returns {Promise<Part>} */
async function teamRepositoriesTab(context, team) {
  const { node, give } = await teamRepositories(context, team);
  return { node, action: team.organization.mayManage && give && primary("Give access", give) };
}

/** @param {Context} context @param {Team} team @returns {Promise<Part>} */
const teamSettingsTab = async (context, team) => ({ node: teamSettings(context, team) });

/** @type {TabOf<Team>[]} */
const TEAM = [["Members", "members", teamMembersTab], ["Repositories", "repositories", teamRepositoriesTab]];
/** @type {TabOf<Team>[]} */
const TEAM_OF_ADMINISTRATORS = [...TEAM, ["Settings", "settings", teamSettingsTab]];

/**
 * Only members of a team, and administrators of the organization, see what it has.
 * @param {Context} context @param {Organization} organization @param {{ id: string }} team
 */
async function seesTeam({ session, signal }, organization, { id }) {
  if (organization.mayManage) return true;
  /** @type {Api.MemberTeams} */
  const { memberTeams } = await get(`${organization.api}/members${path`/${session.username}`}/teams`, { signal });
  return memberTeams.some(({ team }) => team.id === id);
}

/** @param {Context} context */
async function renderTeam(context) {
  const organization = await readOrganization(context);
  /** @type {Api.Team} */
  const found = await get(organization.api + path`/teams/${context.params.team}`, { signal: context.signal });
  const part = path`/teams/${found.name}`;
  const team = { ...found, api: organization.api + part, href: organization.href + part, organization };
  /** @type {{ lead: string, crumbs: Crumb[] }} */
  const options = {
    lead: found.description,
    crumbs: [["Organizations", "/organizations"], [organization.name, organization.href], ["Teams", `${organization.href}?tab=teams`]],
  };
  if (!(await seesTeam(context, organization, team))) {
    return [...head(team.name, options), h("p", "Only the team's members and the organization's administrators can see who belongs to it and what it has access to.")];
  }
  const { present, tabs } = tabsOf(context.query, team.href, organization.mayManage ? TEAM_OF_ADMINISTRATORS : TEAM);
  context.setTitle(`${present[0]} · ${team.name} · Team of ${organization.name}`);
  const { node, action } = await present[2](context, team);
  return [...head(team.name, { ...options, tabs, actions: [action] }), node];
}

/** @type {Page} */
export const team = { title: ({ params }) => `${params.team} · Team of ${params.name}`, render: renderTeam };
