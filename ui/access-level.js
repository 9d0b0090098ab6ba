// Owns what access levels are called, and the field that chooses one.
//
// Exports
//   levelName(level)          "Read-only", "Push", "Read-write", "Admin"
//   levelField(value)         a field of form.js named `accessLevel`, with the levels that are granted
//   mayPush(level)
//   mayDeleteTags(level)
//   mayAdminister(level)

import { field } from "./form.js";

const LEVELS = [
  ["read-only", "Read-only", "View and pull"],
  ["read-write", "Read-write", "Also push, and delete tags"],
  ["admin", "Admin", "Also change description, visibility and access, and delete"],
];

/** Granted to nobody: what an access token with this cap leaves of more. */
const CAP = ["push", "Push"];

export const levelName = (level) => [...LEVELS, CAP].find(([name]) => name === level)?.[1] ?? level;

export const levelField = (value = "read-only") =>
  field({ name: "accessLevel", label: "Access", type: "radio", options: LEVELS, value });

export const mayDeleteTags = (level) => level === "read-write" || mayAdminister(level);

export const mayPush = (level) => level === "push" || mayDeleteTags(level);

export const mayAdminister = (level) => level === "admin";
