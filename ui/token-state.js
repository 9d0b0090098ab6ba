// Owns the words for an access token: its state, what it reaches, what made it.
//
// Exports
//   state(token, parents)     { word, kind, order, why }: active, inactive, expired, expires in 5 days; parents is a Map of
//                             access tokens by `id`: one whose parent is stopped is stopped, too
//   stateBadge(token, parents)
//   access(token)             "Admin", "Read-write", "Read-only"; allows(token) says what that means
//   reach(token)              "all repositories" or the patterns
//   LEVEL_CHOICES             the same as choices of a field
//   agent(text)               a short name of a user agent: "Firefox on Linux", "curl 8.5.0"

import { badge, h } from "./dom.js";
import { daysUntil, until } from "./time.js";

const SOON = 14;
const LEVELS = {
  "read-only": ["Read-only", "view and pull"],
  "read-write": ["Read-write", "view, pull, push, delete tags"],
  admin: ["Admin", "all that the account may"],
};

export const LEVEL_CHOICES = [
  ["admin", "Admin", "All that your account may, with your account's data"],
  ["read-write", "Read-write", "View, pull, push and delete tags; nothing else of the account"],
  ["read-only", "Read-only", "View and pull; nothing else of the account"],
];

const hasExpired = (token) => token.expiresAt !== null && new Date(token.expiresAt) <= Date.now();

/** The nearest ancestor that is stopped. */
function stoppedParent(token, parents) {
  for (let next = parents?.get(token.parent), steps = 0; next && steps < 100; next = parents.get(next.parent), steps += 1) {
    if (next.username === token.username && (!next.isActive || hasExpired(next))) return next;
  }
  return null;
}

/** A short life is a choice: only its last quarter is worth an alarm. A temporary password is made to end. */
function isAlarming({ createdAt, expiresAt, temporaryPassword }) {
  const [begin, end] = [new Date(createdAt), new Date(expiresAt)];
  return !temporaryPassword && end - Date.now() < (end - begin) / 4;
}

export function state(token, parents) {
  if (hasExpired(token)) return { word: "expired", kind: "bad", order: 3 };
  if (!token.isActive) return { word: "inactive", kind: "", order: 2 };
  const parent = stoppedParent(token, parents);
  if (parent) return { word: "inactive", kind: "", order: 2, why: `“${parent.tokenLabel}”, which made it, is stopped` };
  if (token.expiresAt === null || daysUntil(token.expiresAt) >= SOON) return { word: "active", kind: "good", order: 0 };
  return { word: `expires ${until(token.expiresAt)}`, kind: isAlarming(token) ? "bad" : "", order: 1 };
}

export function stateBadge(token, parents) {
  const { word, kind, why } = state(token, parents);
  return [badge(word, kind), why && h("small", why)];
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
