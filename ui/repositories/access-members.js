// Owns what unfolds below a team in the list of who has access to a repository: its members, each with the level that counts
// and why.
//
// Exports
//   unfolding(context, repository, access)     (row) => a node for a team's row, nothing for others; access is the API's list
//   counting, unknownAbove, deciding           for their tests: of all that gives a user access, what counts; whose teams may
//                                              give more than that; the teams that must be read for the members of one. `teams`
//                                              has the members of each, null of one that this person may not see

import { get, inBatches, isGone, readAll } from "../lib/api.js";
import { h, path } from "../lib/dom.js";
import { whole } from "../lib/growing.js";
import { levelName, rank } from "../lib/level.js";
import { plural } from "../lib/words.js";
import { roleIn } from "../organizations/organization.js";
import { teamHref, why } from "./why.js";

/** @typedef {Map<string, Api.Member[] | null>} Teams */

/** @param {{ reason: string }} it */
const isTeams = ({ reason }) => reason === "teamRepositoryGrant" || reason === "teamNamespaceGrant";
/** @param {{ subject: string, organization?: string | null }} it */
const key = ({ subject, organization }) => `${organization}/${subject}`;

/** @param {string} name @param {Api.AccessReason} it @param {Teams} teams */
function isOf(name, it, teams) {
  if (it.reason === "public") return true;
  if (isTeams(it)) return Boolean(teams.get(key(it))?.some(({ member }) => member.name === name));
  return it.subject === name;
}

/**
 * Of equal levels the one of the first team counts: the one that is unfolded.
 * @param {string} name @param {Api.AccessReason[]} access @param {Teams} teams @param {string} [first] @returns {Api.AccessReason | undefined}
 */
export function counting(name, access, teams, first) {
  /** @param {Api.AccessReason} it */
  const weight = (it) => 2 * rank(it.accessLevel) + (isTeams(it) && key(it) === first ? 1 : 0);
  return access.filter((it) => isOf(name, it, teams)).toSorted((one, two) => weight(two) - weight(one))[0];
}

/**
 * The organization of a team that would count more, and of which this person does not see who is in it.
 * @param {Api.AccessLevel} level @param {Api.AccessReason[]} access @param {Teams} teams @returns {string | null}
 */
export function unknownAbove(level, access, teams) {
  const above = access.find((it) => isTeams(it) && rank(it.accessLevel) > rank(level) && teams.get(key(it)) === null);
  return above?.organization ?? null;
}

/**
 * The teams that decide what counts for the members of one: itself, and those that give more.
 * @param {string} present @param {Api.AccessReason[]} access @returns {Api.AccessReason[]}
 */
export function deciding(present, access) {
  const own = access.filter((it) => isTeams(it) && key(it) === present);
  const level = Math.max(...own.map((it) => rank(it.accessLevel)));
  const above = access.filter((it) => isTeams(it) && key(it) !== present && rank(it.accessLevel) > level);
  return [...new Map([...own, ...above].map((it) => [key(it), it])).values()];
}

/**
 * Reads each once; what failed is asked for anew.
 * @template Found @param {Map<string, Promise<Found>>} known @param {string} name @param {() => Promise<Found>} read @returns {Promise<Found>}
 */
function once(known, name, read) {
  const found = known.get(name) ?? read();
  known.set(name, found);
  found.catch(() => known.delete(name));
  return found;
}

/**
 * Reads the members of teams, as far as they are needed and this person sees them: what is refused stands in the audit log.
 * @param {Context} context @returns {(access: Api.AccessReason[]) => Promise<Teams>}
 */
function membersReader(context) {
  const { session, signal } = context;
  /** @type {Map<string, Promise<(team: string) => boolean>>} */
  const seen = new Map();
  /** @type {Map<string, Promise<Api.Member[] | null>>} */
  const read = new Map();
  /** Which teams of the organization it sees: all who administer it, their own who are in it. @param {string} organization */
  const seenIn = async (organization) => {
    const { isMember, mayManage } = await roleIn(context, organization);
    if (mayManage || !isMember) return () => mayManage;
    /** @type {Api.MemberTeams} */
    const { memberTeams } = await get(path`/enzi/v0/accounts/${organization}/members/${session.username}/teams`, { signal });
    const own = new Set(memberTeams.map(({ team }) => team.name));
    return (/** @type {string} */ team) => own.has(team);
  };
  /** @param {string} organization @param {string} team */
  const membersOf = async (organization, team) => {
    const isSeen = await once(seen, organization, () => seenIn(organization));
    if (!isSeen(team)) return null;
    return readAll(path`/enzi/v0/accounts/${organization}/teams/${team}/members`, { signal, rows: (body) => body.members }).catch((error) => {
      if (error.status !== 403 && !isGone(error)) throw error;
      // Its rights changed just now: nothing more is asked for.
      seen.set(organization, Promise.resolve(() => false));
      return null;
    });
  };
  return async (access) => {
    const found = await inBatches(access, async (it) => {
      const members = await once(read, key(it), () => membersOf(it.organization ?? "", it.subject));
      return /** @type {[string, Api.Member[] | null]} */ ([key(it), members]);
    });
    return new Map(found);
  };
}

/** @param {Api.Repository} repository @param {Api.AccessReason} it @param {string} present */
function reason(repository, it, present) {
  if (!isTeams(it)) return why(repository, it);
  if (key(it) === present) return "by this team";
  const team = { name: it.subject, organization: it.organization ?? "" };
  return ["by the team ", h("a", { href: teamHref(team) }, it.subject)];
}

/**
 * What is known of a member's access: the level that counts and why, "at least" where more may be given.
 * @param {Api.Repository} repository @param {Api.Member} it @param {{ access: Api.AccessReason[], teams: Teams, present: string }} known @returns {Child}
 */
function standing(repository, { member: { name, isAdmin } }, { access, teams, present }) {
  if (isAdmin) return ": reaches everything, administers dockpass";
  const found = counting(name, access, teams, present);
  if (!found) return null;
  const unknown = unknownAbove(found.accessLevel, access, teams);
  return [`: ${unknown ? "at least " : ""}${levelName(found.accessLevel)}, `, reason(repository, found, present), unknown && `; other teams of ${unknown} may give more`];
}

/** @param {Context} context @param {Api.Repository} repository @param {Api.AccessReason[]} access */
export function unfolding(context, repository, access) {
  const read = membersReader(context);
  /** @param {Api.Member} it @param {Teams} teams @param {string} present */
  const line = (it, teams, present) => {
    const { name } = it.member;
    const shown = context.session.isAdmin ? h("a", { href: path`/people/${name}` }, name) : name;
    return h("li", shown, it.isActive === false && " (inactive)", standing(repository, it, { access, teams, present }));
  };
  /** @param {string} present */
  const members = async (present) => {
    const [own, ...above] = deciding(present, access);
    const found = (await read([own])).get(present);
    if (!found) return h("p.quiet", "Only members and administrators of the organization see who is in this team.");
    if (found.length === 0) return h("p.quiet", "Nobody is in this team.");
    const teams = await read([own, ...above]);
    return [h("p.unseen", plural(found.length, "member")), h("ul", found.map((it) => line(it, teams, present)))];
  };
  // A list draws its rows anew when it is searched; what is unfolded stays so.
  /** @type {WeakMap<AccessRow, Node>} */
  const drawn = new WeakMap();
  /** @param {AccessRow} row */
  const make = (row) => {
    const inside = h("div");
    const node = h("details.members", h("summary", { "aria-label": `Members of ${row.name}` }, "Members"), inside);
    node.addEventListener("toggle", () => node.open && !inside.firstChild && inside.append(whole(context, () => members(`${row.organization}/${row.name}`))));
    return node;
  };
  /** @param {AccessRow} row */
  return (row) => {
    if (row.kind !== "team") return null;
    const node = drawn.get(row) ?? make(row);
    drawn.set(row, node);
    return node;
  };
}
