// Owns the tabs of a user's page that say what the user does, for administrators: sessions and activity, and why the user may,
// or may not, do something.
//
// Exports
//   sessionsTab(context, account), whyTab(context, account)     their nodes

import { path } from "../lib/dom.js";
import { whyNot } from "../repositories/why-not.js";
import { activity } from "../tokens/activity.js";
import { sessionsOf } from "./sessions.js";

/** @param {Context} context @param {WholeAccount} account */
export const sessionsTab = (context, { name }) => [
  sessionsOf(context, name),
  activity(context, path`/api/v0/accounts/${name}`, { audit: { account: name }, actor: name, signIns: true }),
];

/** @param {Context} context @param {WholeAccount} account */
export const whyTab = (context, { name }) => [whyNot(context, { user: name })];
