// Owns by what access tokens are counted and filtered, here and by the server alike, and which of them need a hand.
//
// Exports
//   FILTERS              the filters of a list of access tokens (lib/list.js), of all that were read or of what a server pages
//   asked(key)           the query of the API that lists what a filter shows; of those that end soon only those that are active:
//                        nothing stops working with the others
//   countEnding(whose, signal)      async → how many the server lists of these
//   tally(counts)        the answer of GET /api/v0/api_tokens/counts by the keys of the filters
//   endsSoon(token)      whether it is accepted, and no longer so within SOON days
//   isUnlimited(token)   whether it may all that its account may
//   hand(token)          sorts what needs a hand first: what somebody ended for good, then what ends soon, by its end; then the
//                        rest by last use
//   byState(token)       sorts by state, and within it by the end

import { list } from "../lib/api.js";
import { figure } from "../lib/words.js";
import { daysUntil, isNever, SOON } from "../lib/time.js";
import { state, TOKENS } from "./token.js";

/** More than any moment, in milliseconds; sums with moments stay exact. */
const FAR = 1e14;

/** @param {{ expiresAt: string | null }} token */
const end = ({ expiresAt }) => Math.min(FAR - 1, expiresAt === null ? FAR : Date.parse(expiresAt));

/** @param {Api.ApiToken} token */
export const endsSoon = ({ state: standing, expiresAt }) => standing === "active" && expiresAt !== null && Date.parse(expiresAt) > Date.now() && daysUntil(expiresAt) < SOON;

/** @param {Api.ApiToken} token */
export const isUnlimited = ({ accessLevel, repositories, robot }) => accessLevel === "admin" && repositories.length === 0 && !robot;

/** @param {Api.ApiToken} token */
export function hand(token) {
  if (token.state === "revoked") return -3 * FAR;
  if (endsSoon(token)) return end(token) - 2 * FAR;
  return isNever(token.lastUsed) ? 0 : -Date.parse(token.lastUsed);
}

/** @param {Api.ApiToken} token */
export const byState = (token) => state(token).order * FAR + end(token);

/** @param {Api.ApiToken["state"]} wanted @returns {(token: Api.ApiToken) => boolean} */
const isIn = (wanted) => (token) => token.state === wanted;

/**
 * The key, what is said of so many, what they are, the query and the count of the API.
 * @type {[key: string, told: (count: number) => string, has: (token: Api.ApiToken) => boolean, query: RequestOptions["query"], count: (counts: Api.ApiTokenCounts) => number][]}
 */
const ROWS = [
  ["ending", (count) => `${count === 1 ? "ends" : "end"} within ${SOON} days`, endsSoon, {}, (it) => it.expiring],
  ["expired", () => "expired", isIn("expired"), { state: "expired" }, (it) => it.states.expired],
  ["never-used", () => "never used", (it) => isNever(it.lastUsed), { neverused: true }, (it) => it.neverUsed],
  ["unlimited", () => "without limits", isUnlimited, { unlimited: true }, (it) => it.unlimited],
  ["inactive", () => "inactive", isIn("inactive"), { state: "inactive" }, (it) => it.states.inactive],
  ["account-inactive", () => "of an inactive account", isIn("accountInactive"), { state: "accountInactive" }, (it) => it.states.accountInactive],
  ["stopped", () => "stopped", isIn("stopped"), { state: "stopped" }, (it) => it.states.stopped],
  ["revoked", () => "revoked", isIn("revoked"), { state: "revoked" }, (it) => it.states.revoked],
];

/** @type {ListFilter<Api.ApiToken>[]} */
export const FILTERS = ROWS.map(([key, told, has]) => ({ key, told: (count) => `${figure(count)} ${told(count)}`, has }));

/** @param {string} key @returns {RequestOptions["query"]} */
export function asked(key) {
  const [, , , query = {}] = ROWS.find(([known]) => known === key) ?? [];
  return key === "ending" ? { state: "active", expiresbefore: new Date(Date.now() + SOON * 86_400_000).toISOString() } : query;
}

/** By the end the server has an index: this costs what it counts. @param {RequestOptions["query"]} whose @param {AbortSignal} signal */
export async function countEnding(whose, signal) {
  const { count } = await list(TOKENS, { query: { ...whose, ...asked("ending"), sort: "end", pageSize: 1, count: true }, signal });
  return count ?? 0;
}

/** @param {Api.ApiTokenCounts} counts @returns {Tally} */
export const tally = (counts) => ({ all: counts.total, ...Object.fromEntries(ROWS.map(([key, , , , count]) => [key, count(counts)])) });
