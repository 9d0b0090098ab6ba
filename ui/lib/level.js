// Owns the words for access levels: of a person or a team on repositories, and of an access token.
//
// Exports
//   levelName(level)          "Read-only", "Push", "Read-write", "Admin"
//   levelField(value)         a field of form.js named `accessLevel`, with the levels that are granted
//   levelAllows(level)        what an access token of that level may, as the end of a sentence
//   TOKEN_LEVELS              the levels of an access token as choices of a field, the strongest first
//   mayPush(level)
//   mayDeleteTags(level)
//   mayAdminister(level)

import { field } from "./form.js";

/** The level: its name; what a grant of it gives, nothing of one that is granted to nobody; what an access token of it may; and how that is offered. */
const LEVELS = [
  ["read-only", "Read-only", "View and pull", "view and pull", "View and pull; nothing else of the account"],
  ["push", "Push", "", "pulls and pushes, deletes nothing", "Pulls and pushes, deletes nothing; nothing else of the account"],
  ["read-write", "Read-write", "Also push, and delete tags", "view, pull, push, delete tags", "View, pull, push and delete tags; nothing else of the account"],
  ["admin", "Admin", "Also change description, visibility and access, and delete", "all that the account may", "All that your account may, with your account's data"],
];

/** @param {string} level */
const row = (level) => LEVELS.find(([known]) => known === level) ?? [level, level, "", "", ""];

/** @param {string} level */
export const levelName = (level) => row(level)[1];

/** @param {string} level */
export const levelAllows = (level) => row(level)[3];

/** @param {string} [value] */
export const levelField = (value = "read-only") =>
  field({ name: "accessLevel", label: "Access", type: "radio", options: LEVELS.filter(([, , gives]) => gives).map(([level, name, gives]) => [level, name, gives]), value });

export const TOKEN_LEVELS = LEVELS.map(([level, name, , , offered]) => [level, name, offered]).reverse();

/** @param {Api.AccessLevel} level */
export const mayDeleteTags = (level) => level === "read-write" || level === "admin";

/** @param {Api.AccessLevel} level */
export const mayPush = (level) => level === "push" || mayDeleteTags(level);

/** @param {Api.AccessLevel} level */
export const mayAdminister = (level) => level === "admin";
