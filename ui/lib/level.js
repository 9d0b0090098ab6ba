// Owns the words for access levels: of a person or a team on repositories, and of an access token.
//
// Exports
//   levelName(level)          "Read-only", "Push", "Read-write", "Admin"
//   levelField(value)         a field of form.js named `accessLevel`, with the levels that are granted
//   tokenLevelName(level, isOwn)    the same of an access token: its strongest one is all that its account may, of one's own
//                             "All that your account may"
//   levelAllows(level)        what an access token of that level may, as the end of a sentence
//   tokenLevels(isOwn)        the levels of an access token as choices of a field, the weakest first
//   ROBOT_LEVELS              those of a robot, which reaches nothing but repositories
//   rank(level)               for comparing: the higher, the more it allows
//   mayPush(level)
//   mayDeleteTags(level)
//   mayAdminister(level)

import { field } from "./form.js";

/** The level: its name; what a grant of it gives, nothing of one that is granted to nobody; what an access token of it may; and how that is offered. */
const LEVELS = [
  ["read-only", "Read-only", "View and pull", "views and pulls", "Views and pulls"],
  ["push", "Push", "", "pulls and pushes, deletes nothing", "Pulls and pushes, deletes nothing"],
  ["read-write", "Read-write", "Also push, and delete tags", "pulls, pushes and deletes tags", "Pulls, pushes and deletes tags"],
  ["admin", "Admin", "Also change description, visibility and access, and delete", "all that the account may", "Also changes settings and access, makes access tokens, sees the account"],
];

/** @param {string} level */
const row = (level) => LEVELS.find(([known]) => known === level) ?? [level, level, "", "", ""];

/** @param {string} level */
export const levelName = (level) => row(level)[1];

/** @param {string} level @param {boolean} isOwn */
export const tokenLevelName = (level, isOwn) => (level === "admin" ? `All that ${isOwn ? "your" : "the"} account may` : levelName(level));

/** @param {string} level */
export const levelAllows = (level) => row(level)[3];

/** @param {string} [value] */
export const levelField = (value = "read-only") =>
  field({ name: "accessLevel", label: "Access", type: "radio", options: LEVELS.filter(([, , gives]) => gives).map(([level, name, gives]) => [level, name, gives]), value });

/** @param {boolean} isOwn @returns {Choice[]} */
export const tokenLevels = (isOwn) => LEVELS.map(([level, , , , offered]) => [level, tokenLevelName(level, isOwn), offered]);

export const ROBOT_LEVELS = tokenLevels(false).filter(([level]) => level !== "admin");

/** @param {string} level */
export const rank = (level) => LEVELS.findIndex(([known]) => known === level);

/** @param {Api.AccessLevel} level */
export const mayDeleteTags = (level) => level === "read-write" || level === "admin";

/** @param {Api.AccessLevel} level */
export const mayPush = (level) => level === "push" || mayDeleteTags(level);

/** @param {Api.AccessLevel} level */
export const mayAdminister = (level) => level === "admin";
