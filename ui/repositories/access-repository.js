// Owns the part of a repository's page that tells who has access and why, for those who administer it: users, teams with
// their members, access tokens; and the question why somebody may, or may not, do something.
//
// Exports
//   repositoryAccess(context, repository)      { node, give() }

import { get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { apiPath, fullName } from "../lib/names.js";
import { unfolding } from "./access-members.js";
import { accessTable } from "./access-table.js";
import { accessTokens } from "./access-tokens.js";
import { ORDER, why } from "./why.js";
import { whyNot } from "./why-not.js";

/** Who holds each reason of the API, and whether it is changed here. @type {Partial<Record<Api.AccessReason["reason"], [kind: string, isHere: boolean]>>} */
const HOLDERS = {
  repositoryGrant: ["user", true],
  teamRepositoryGrant: ["team", true],
  teamNamespaceGrant: ["team", false],
  public: ["everybody", false],
};

/** @param {Api.Repository} repository @param {Api.AccessReason} it @returns {AccessRow} */
function row(repository, it) {
  const { subject, accessLevel, reason, organization, isActive } = it;
  const [kind, isHere] = HOLDERS[reason] ?? ["user", false];
  const name = kind === "everybody" ? "Everybody" : subject;
  return { kind, name, level: accessLevel, order: ORDER.indexOf(reason), isHere, isActive, organization, why: why(repository, it) };
}

/** @param {Context} context @param {Api.Repository} repository */
export async function repositoryAccess(context, repository) {
  const api = apiPath(repository);
  const organization = repository.namespaceType === "organization" ? repository.namespace : null;
  let members = unfolding(context, repository, []);
  const { node, give, change } = await accessTable({
    context,
    target: { api, name: fullName(repository), organization },
    hasWhy: true,
    read: async (signal) => {
      /** @type {Api.RepositoryAccess} */
      const { access } = await get(`${api}/access`, { signal });
      members = unfolding(context, repository, access);
      return access.map((it) => row(repository, it));
    },
    below: (it) => members(it),
    empty: "Nobody else has access yet. Give it to a user, or to a team of an organization.",
  });
  const note = h("p.quiet", "Where several entries meet, the highest level counts. System administrators have all access and are not listed.");
  const parts = [
    h("section", h("div.stack.tight", note, node)),
    accessTokens(context, repository),
    whyNot(context, { repository, deeds: { give, change } }),
  ];
  return { node: h("div.parts", parts), give: () => give() };
}
