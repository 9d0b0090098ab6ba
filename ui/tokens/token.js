// Owns the words for an access token, its state, what it reaches, what made it; and where it stands: one's own below the
// profile, another's below that user's page.
//
// "Whose" (Whose in house.d.ts) is what pages and dialogs of access tokens take in place of the session, so that a robot's use
// them, too:
//       owner         the user or the organization; word: "access token", "robot"
//       possessive    "your", "alice's", "acme's": of the repositories that one reaches
//       api, query    the list in the API, which makes new ones as well, and the query of such requests ({ username });
//                     reachApi: where PreviewReach is answered
//       oneApi(token) one in the API; rotate, overlap, activity and access stand below it
//       levels        choices of a field, the weakest first; a robot has none that reaches beyond repositories
//       patterns      suggestions and hint of the field of repositories, where they are not those of a user
//       listHref, newHref, oneHref(token), crumbs      the pages
// What the token signs in as is userName(token), and needs no "whose".
//
// Exports
//   TOKENS                    the path of access tokens in the API
//   listHref(username, session)     the list of a user's access tokens
//   newHref(username, session)      the page that makes one
//   oneHref(token, session)         the details of one
//   oneApi(token)             one in the API, of whomever
//   crumbs(username, session)       the places above the two
//   ofUser(username, session)       "whose" of a user's access tokens
//   userName(token)           what it signs in as: the user, or ORG/NAME of a robot
//   state(token)              { word, kind, order }: the state that the API says, or "expires in 5 days" of an active one
//   stateBadge(token)
//   access(token, session)    "All that your account may", "Read-write", "Push", "Read-only"; allows(token) says what that means
//   reach(token)              "all repositories" or the patterns
//   agent(text)               a short name of a user agent: "Firefox on Linux", "curl 8.5.0"

import { badge, h, path } from "../lib/dom.js";
import { levelAllows, tokenLevelName, tokenLevels } from "../lib/level.js";
import { daysUntil, isLate, SOON, until, withDays } from "../lib/time.js";

export const TOKENS = "/api/v0/api_tokens";

const OWN = "/profile/access-tokens";

/** @param {string} username @param {Api.Session} session */
const below = (username, session) => (username === session.username ? OWN : path`/people/${username}/access-tokens`);

/** @param {string} username @param {Api.Session} session */
export const listHref = (username, session) => (username === session.username ? OWN : path`/people/${username}?tab=tokens`);
/** @param {string} username @param {Api.Session} session */
export const newHref = (username, session) => `${below(username, session)}/new`;
/** @param {{ username: string, hashedToken: string }} token @param {Api.Session} session */
export const oneHref = (token, session) => `${below(token.username, session)}/${token.hashedToken}`;

/** @param {{ hashedToken: string }} token */
export const oneApi = ({ hashedToken }) => `${TOKENS}/${hashedToken}`;

/** @param {string} username @param {Api.Session} session @returns {Crumb[]} */
export function crumbs(username, session) {
  /** @type {Crumb} */
  const list = ["Access tokens", listHref(username, session)];
  return username === session.username ? [list] : [["People", "/people"], [username, path`/people/${username}`], list];
}

/** @param {string} username @param {Api.Session} session @returns {Whose} */
export const ofUser = (username, session) => ({
  owner: username,
  word: "access token",
  possessive: username === session.username ? "your" : `${username}’s`,
  api: TOKENS,
  query: { username },
  reachApi: `${TOKENS}/reach`,
  oneApi,
  levels: tokenLevels(username === session.username),
  listHref: listHref(username, session),
  newHref: newHref(username, session),
  oneHref: (token) => oneHref(token, session),
  crumbs: crumbs(username, session),
});

/** @param {Api.ApiToken} token */
export const userName = ({ username, robot }) => (robot ? `${username}/${robot}` : username);

/**
 * What is shown of each state of the API, and where it sorts.
 * @type {Record<string, [word: string, kind: string, order: number]>}
 */
const STATES = {
  active: ["active", "good", 0],
  stopped: ["stopped", "", 2],
  accountInactive: ["account inactive", "", 2],
  inactive: ["inactive", "", 2],
  revoked: ["revoked", "bad", 3],
  expired: ["expired", "bad", 3],
};

/** A temporary password is made to end. @param {Api.ApiToken} token */
const isAlarming = ({ createdAt, expiresAt, temporaryPassword }) => !temporaryPassword && expiresAt !== null && isLate(createdAt, expiresAt);

/** @param {Api.ApiToken} token */
export function state(token) {
  const [word, kind, order] = STATES[token.state] ?? [token.state, "", 2];
  if (token.state !== "active" || token.expiresAt === null || daysUntil(token.expiresAt) >= SOON) return { word, kind, order };
  return { word: `expires ${until(token.expiresAt)}`, kind: isAlarming(token) ? "bad" : "", order: 1 };
}

/** The reason is said where the word alone would leave one asking. @param {Api.ApiToken} token */
export function stateBadge(token) {
  const { word, kind } = state(token);
  const why = token.stoppedBy || token.state === "revoked";
  return [badge(word, kind), why && h("small", withDays(token.stateReason ?? ""))];
}

/** @param {Api.ApiToken} token @param {Api.Session} session */
export const access = (token, session) => tokenLevelName(token.accessLevel, token.username === session.username);

/** @param {Api.ApiToken} token */
export const allows = (token) => levelAllows(token.accessLevel);

/** @param {Api.ApiToken} token */
export function reach(token) {
  if (token.repositories.length === 0) return "all repositories";
  const [first, ...rest] = token.repositories;
  return [h("code", first), rest.length > 0 && ` and ${rest.length} more`];
}

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]];

/** @param {string} text */
export function agent(text) {
  if (!text) return "unknown";
  /** @param {string[][]} list */
  const named = (list) => list.find(([mark]) => text.includes(mark))?.[1];
  if (text.startsWith("Mozilla/") && named(BROWSERS)) return [named(BROWSERS), named(SYSTEMS)].filter(Boolean).join(" on ");
  return text.split(" ")[0].replace("/", " ");
}
