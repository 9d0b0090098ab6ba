// Owns the part of a repository's page that tells who has access and why, for those who administer it.
//
// Exports
//   repositoryAccess(context, repository)      { node, give() }

import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { allOf, apiPath, fullName, namespaceHref } from "../lib/names.js";
import { accessTable } from "./access-table.js";

/**
 * Reason of the API → whose, in which order, whether given here, why.
 * @type {Record<string, [kind: string, order: number, isHere: boolean, why: (it: Api.Repository, who: string) => Child]>}
 */
const REASONS = {
  owner: ["user", 0, false, (it, who) => (who === it.namespace ? "owns the namespace" : "owns the repository")],
  organizationAdmin: ["user", 1, false, (it) => [`administers ${it.owner ?? it.namespace}`]],
  repositoryGrant: ["user", 2, true, () => "given here"],
  teamRepositoryGrant: ["team", 3, true, () => "given here"],
  namespaceGrant: ["user", 4, false, wide],
  teamNamespaceGrant: ["team", 5, false, wide],
  public: ["everybody", 6, false, () => "the repository is public"],
};

/** @param {Api.Repository} repository */
function wide({ namespace }) {
  return ["given on ", h("a", { href: `${namespaceHref(namespace)}?tab=access` }, allOf(namespace))];
}

/** @param {Api.Repository} repository @param {Api.AccessReason} reason @returns {AccessRow} */
function row(repository, { subject, accessLevel, reason, organization, isActive }) {
  const [kind, order, isHere, why] = REASONS[reason] ?? ["user", 9, false, () => reason];
  const name = kind === "everybody" ? "Everybody" : subject;
  return { kind, name, level: accessLevel, order, isHere, isActive, organization, why: why(repository, name) };
}

/** @param {Context} context @param {Api.Repository} repository */
export async function repositoryAccess(context, repository) {
  const api = apiPath(repository);
  const organization = repository.namespaceType === "organization" ? repository.namespace : null;
  const { node, give } = await accessTable({
    context,
    target: { api, name: fullName(repository), organization },
    hasWhy: true,
    read: async (signal) => {
      /** @type {Api.RepositoryAccess} */
      const { access } = await get(`${api}/access`, { signal });
      return access.map((it) => row(repository, it));
    },
    empty: "Nobody was given access yet. Give it to a user, or to a team of an organization.",
  });
  const note = h("p.quiet", "System administrators have all access and are not listed. Where several entries meet, the highest level counts.");
  return { node: h("div.stack.tight", note, node), give };
}
