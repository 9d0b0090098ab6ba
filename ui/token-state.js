// Owns the words for an access token: its state, what it reaches, what made it.
//
// Exports
//   state(token)              { word, kind, order }: the state that the API says, or "expires in 5 days" of an active one
//   stateBadge(token)
//   access(token)             "Admin", "Read-write", "Push", "Read-only"; allows(token) says what that means
//   reach(token)              "all repositories" or the patterns
//   LEVEL_CHOICES             the same as choices of a field
//   agent(text)               a short name of a user agent: "Firefox on Linux", "curl 8.5.0"

import { badge, h } from "./dom.js";
import { daysUntil, until } from "./time.js";

const SOON = 14;
const LEVELS = {
  "read-only": ["Read-only", "view and pull"],
  push: ["Push", "pulls and pushes, deletes nothing"],
  "read-write": ["Read-write", "view, pull, push, delete tags"],
  admin: ["Admin", "all that the account may"],
};

export const LEVEL_CHOICES = [
  ["admin", "Admin", "All that your account may, with your account's data"],
  ["read-write", "Read-write", "View, pull, push and delete tags; nothing else of the account"],
  ["push", "Push", "Pulls and pushes, deletes nothing; nothing else of the account"],
  ["read-only", "Read-only", "View and pull; nothing else of the account"],
];

/** What is shown of each state of the API, and where it sorts. */
const STATES = {
  active: ["active", "good", 0],
  stopped: ["stopped", "", 2],
  accountInactive: ["account inactive", "", 2],
  inactive: ["inactive", "", 2],
  revoked: ["revoked", "bad", 3],
  expired: ["expired", "bad", 3],
};

/** A short life is a choice: only its last quarter is worth an alarm. A temporary password is made to end. */
function isAlarming({ createdAt, expiresAt, temporaryPassword }) {
  const [begin, end] = [new Date(createdAt), new Date(expiresAt)];
  return !temporaryPassword && end - Date.now() < (end - begin) / 4;
}

export function state(token) {
  const [word, kind, order] = STATES[token.state] ?? [token.state, "", 2];
  if (token.state !== "active" || token.expiresAt === null || daysUntil(token.expiresAt) >= SOON) return { word, kind, order };
  return { word: `expires ${until(token.expiresAt)}`, kind: isAlarming(token) ? "bad" : "", order: 1 };
}

/** The reason is said where the word alone would leave one asking. */
export function stateBadge(token) {
  const { word, kind } = state(token);
  const why = token.stoppedBy || token.state === "revoked";
  return [badge(word, kind), why && h("small", token.stateReason)];
}

export const access = (token) => LEVELS[token.accessLevel]?.[0] ?? token.accessLevel;

export const allows = (token) => LEVELS[token.accessLevel]?.[1] ?? "";

export function reach(token) {
  if (token.repositories.length === 0) return "all repositories";
  const [first, ...rest] = token.repositories;
  return [h("code", first), rest.length > 0 && ` and ${rest.length} more`];
}

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]];

export function agent(text) {
  if (!text) return "unknown";
  const named = (list) => list.find(([mark]) => text.includes(mark))?.[1];
  if (text.startsWith("Mozilla/") && named(BROWSERS)) return [named(BROWSERS), named(SYSTEMS)].filter(Boolean).join(" on ");
  return text.split(" ")[0].replace("/", " ");
}
