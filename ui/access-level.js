// Owns what access levels are called, and the field that chooses one.
//
// Exports
//   levelName(level)          "Read-only", "Read-write", "Admin"
//   levelField(value)         a field of form.js named `accessLevel`
//   mayPush(level)            whether it pushes, and deletes tags
//   mayAdminister(level)

import { field } from "./form.js";

const LEVELS = [
  ["read-only", "Read-only", "View and pull"],
  ["read-write", "Read-write", "Also push, and delete tags"],
  ["admin", "Admin", "Also change description, visibility and access, and delete"],
];

export const levelName = (level) => LEVELS.find(([name]) => name === level)?.[1] ?? level;

export const levelField = (value = "read-only") =>
  field({ name: "accessLevel", label: "Access", type: "radio", options: LEVELS, value });

export const mayPush = (level) => level === "read-write" || level === "admin";

export const mayAdminister = (level) => level === "admin";
