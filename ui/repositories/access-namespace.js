// Owns the part of a namespace's and an organization's page that lists who has access to all of its repositories.
//
// Exports
//   namespaceAccess(context, namespace, owner)      { node, give() }; owner is the account, null if there is none: then
//                                                   nothing more can be given, and give is null

import { get } from "../lib/api.js";
import { h, path } from "../lib/dom.js";
import { allOf } from "../lib/names.js";
import { accessTable } from "./access-table.js";

/** @param {Api.UserAccessList} list @returns {AccessRow[]} */
const users = ({ userAccessList }) =>
  userAccessList.map((it) => ({ kind: "user", name: it.user.name, level: it.accessLevel, isHere: true, isActive: it.user.isActive }));

/** @param {Api.TeamAccessList} list @returns {AccessRow[]} */
const teams = ({ teamAccessList }) =>
  teamAccessList.map((it) => ({ kind: "team", name: it.team.name, level: it.accessLevel, isHere: true }));

/** @param {string} namespace @param {Api.Account | null} owner */
function note(namespace, owner) {
  if (namespace === "_") return "For each repository without namespace, including future ones. System administrators have all access and are not listed.";
  if (!owner) return `No account is called ${namespace}: only system administrators and those who were given access reach its repositories.`;
  const who = owner.isOrg ? "Administrators of the organization have all access and are" : `${namespace} has all access and is`;
  return `For each repository of ${namespace}, including future ones. ${who} not listed.`;
}

/** @param {Context} context @param {string} namespace @param {Api.Account | null} owner */
export async function namespaceAccess(context, namespace, owner) {
  const api = path`/api/v0/repositoryNamespaces/${namespace}`;
  const isOrganization = owner?.isOrg ?? false;
  const mayGive = owner !== null || namespace === "_";
  /** @param {AbortSignal} signal */
  const read = async (signal) => {
    const [ofUsers, ofTeams] = await Promise.all([
      get(`${api}/userAccess`, { signal }),
      isOrganization && get(`${api}/teamAccess`, { signal }),
    ]);
    return [...(ofTeams ? teams(ofTeams) : []), ...users(ofUsers)];
  };
  const { node, give } = await accessTable({
    context,
    target: { api, name: allOf(namespace), organization: isOrganization ? namespace : null },
    mayGive,
    read,
    empty: `Nobody was given access to ${allOf(namespace)}.${mayGive ? " What you give here counts for each repository, including future ones." : ""}`,
  });
  return { node: h("div.stack.tight", h("p.quiet", note(namespace, owner)), node), give: mayGive ? () => give() : null };
}
