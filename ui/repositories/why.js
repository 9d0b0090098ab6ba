// Owns why somebody has access to a repository, in words, with the link to where it can be changed.
//
// Exports
//   ORDER                              the reasons of the API, the most personal first
//   why(repository, source)            "given here", "given on all of acme", "owns the namespace", …; a source has the API's
//                                      reason, and subject: the user whose it is, if that is known
//   changeHref(repository, source, may)   where that is changed; null where nobody can take it away, or not this person, who
//                                      may: { isAdmin, manages(account), isHere }; isHere: what is given on the repository is
//                                      changed where this stands
//   sourceLine(repository, source)    the whole of a source in a line: its level, through which team, why
//   teamHref(team)

import { h, path } from "../lib/dom.js";
import { levelName } from "../lib/level.js";
import { allOf, namespaceHref, pageHref } from "../lib/names.js";

/** @typedef {{ reason: Api.AccessReason["reason"], subject?: string | null, team?: string | null, organization?: string | null }} Source */
/** @typedef {RepositoryName & { owner?: string | null }} Of */

/** @type {Record<Api.AccessReason["reason"], (of: Of, source: Source) => Child>} */
const WORDS = {
  systemAdministrator: () => "administers dockpass",
  owner: ({ namespace }, { subject }) => (subject && subject !== namespace ? "owns the repository" : "owns the namespace"),
  organizationAdmin: (of, { organization }) => `administers ${organization ?? of.owner ?? of.namespace}`,
  repositoryGrant: () => "given here",
  teamRepositoryGrant: () => "given here",
  namespaceGrant: wide,
  teamNamespaceGrant: wide,
  public: () => "the repository is public",
};

export const ORDER = Object.keys(WORDS);

/** The page of the namespace, which has the access for those who administer it. @param {Of} of */
function wide({ namespace }) {
  return ["given on ", h("a", { href: namespaceHref(namespace) }, allOf(namespace))];
}

/** @param {Of} of @param {Source} source @returns {Child} */
export const why = (of, source) => WORDS[source.reason]?.(of, source) ?? source.reason;

/** @param {{ name: string, organization: string }} team */
export const teamHref = ({ name, organization }) => path`/organizations/${organization}/teams/${name}`;

/** @typedef {{ isAdmin: boolean, manages(account: string): boolean, isHere: boolean }} May */

/** @param {Of} of @param {Source} source @param {May} may @returns {string | null} */
export function changeHref(of, { reason, organization, subject }, { isAdmin, manages, isHere }) {
  if (reason === "owner") return null;
  if (reason === "organizationAdmin") return organization && manages(organization) ? path`/organizations/${organization}?tab=members` : null;
  if (reason === "systemAdministrator") return isAdmin && subject ? path`/people/${subject}` : null;
  if (reason === "namespaceGrant" || reason === "teamNamespaceGrant") return manages(of.namespace) ? `${namespaceHref(of.namespace)}?tab=access` : null;
  // Who is told of it administers the repository.
  if (reason === "public") return `${pageHref(of)}?tab=settings`;
  return isHere ? null : `${pageHref(of)}?tab=access`;
}

/** @param {Of} of @param {Source & { accessLevel: Api.AccessLevel }} source */
export function sourceLine(of, source) {
  const { team, organization, reason } = source;
  const through = team && organization
    ? ["the team ", h("a", { href: teamHref({ name: team, organization }) }, `${organization}/${team}`), ", "]
    : reason.startsWith("team") && "a team, ";
  return [`${levelName(source.accessLevel)}: `, through, why(of, source)];
}
