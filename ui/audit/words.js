// Owns the words of the audit log: what was done and with which credential, as people say it.
//
// Exports
//   act(word)                "Make an access token": what was done, or tried, for a word of the log; the word itself of one
//                            that is not known here
//   ACTS                     for its test: every word that is known
//   actions(text)            suggestions for a field: the known actions that contain the text, with what each means
//   credentials(text)        the same of credentials
//   credential(text)         "password", "access token", "session", …
//   tokenId(text)            the access token's id in it, or null
//   times(count)             "33 times"
//   counted(record)          of events that were counted together: how often, and since when; nothing of a single one
//   auditHref(filter)        the audit log with this filter

import { when } from "../lib/time.js";
import { figure } from "../lib/words.js";

/**
 * Said so that it is true of what was done and of what was refused.
 * @type {Record<string, string>}
 */
export const ACTS = {
  "account.activate": "Activate an account",
  "account.activity": "See what an account did",
  "account.changePassword": "Set a password",
  "account.create": "Create an account",
  "account.deactivate": "Deactivate an account",
  "account.delete": "Delete an account",
  "account.demote": "Take administration from a user",
  "account.list": "List accounts",
  "account.organizations": "See a user's organizations",
  "account.promote": "Make a user an administrator",
  "account.signIn": "Sign in",
  "account.unlock": "Unlock an account",
  "account.update": "Change an account",
  "account.view": "See an account",
  "audit.gap": "Leave events unrecorded",
  "audit.head": "See the end of the audit log",
  "audit.list": "Read the audit log",
  "audit.remove": "Remove old audit records",
  "audit.verify": "Verify the audit log",
  "grant.delete": "Take access away",
  "grant.list": "See who was given access",
  "grant.set": "Give access",
  "manifest.delete": "Delete a manifest",
  "manifest.push": "Push a manifest",
  "organization.deleteMember": "Remove a member of an organization",
  "organization.member": "See a member of an organization",
  "organization.members": "See the members of an organization",
  "organization.putMember": "Add or change a member of an organization",
  "registry.catalog": "List the whole registry",
  "registry.compare": "Correct a repository after a comparison",
  "registry.host": "See the registry's address",
  "registry.notify": "Send a notification of the registry",
  "registry.read": "Read from the registry",
  "registry.rotateKey": "Replace the key of registry tokens",
  "registry.stopSync": "Stop comparing with the registry",
  "registry.sync": "Compare with the registry",
  "registry.view": "See the registry's settings",
  "registryToken.issue": "Use the registry",
  "registryToken.refuse": "Use the registry",
  "repository.access": "See who has access to a repository",
  "repository.accessOf": "See what a user may do with a repository",
  "repository.create": "Create a repository",
  "repository.createOnPush": "Create a repository by a push",
  "repository.delete": "Delete a repository",
  "repository.learn": "Learn of a repository in the registry",
  "repository.list": "List repositories",
  "repository.search": "Search",
  "repository.transfer": "Give a repository to another owner",
  "repository.update": "Change a repository",
  "repository.view": "See a repository",
  "robot.activate": "Activate a robot",
  "robot.activity": "See what a robot did",
  "robot.create": "Create a robot",
  "robot.deactivate": "Deactivate a robot",
  "robot.delete": "Delete a robot",
  "robot.endOverlap": "End the old secret of a robot",
  "robot.list": "List robots",
  "robot.reach": "Preview what a robot reaches",
  "robot.revoke": "Revoke a robot by its secret",
  "robot.rotate": "Rotate a robot",
  "robot.update": "Change a robot",
  "robot.view": "See a robot",
  "robot.warn": "Tell that a robot ends soon",
  "server.backup": "Make a backup",
  "server.check": "Check the store",
  "server.clusterStatus": "See the state of the server",
  "server.examine": "Examine the site",
  "server.noteBackup": "Note that a backup is durable",
  "server.version": "See the version of the server",
  "session.end": "End sessions",
  "session.list": "List sessions",
  "session.open": "Open a session",
  "session.view": "See a session",
  "settings.update": "Change settings",
  "settings.view": "See settings",
  "tag.beginDelete": "Begin to delete a tag",
  "tag.cancelDelete": "Give up deleting a tag",
  "tag.delete": "Delete a tag",
  "tag.list": "List tags",
  "tag.push": "Push a tag",
  "team.create": "Create a team",
  "team.delete": "Delete a team",
  "team.deleteMember": "Remove a member of a team",
  "team.list": "List teams",
  "team.members": "See the members of a team",
  "team.putMember": "Add a member to a team",
  "team.repositories": "See the repositories of a team",
  "team.update": "Change a team",
  "team.view": "See a team",
  "token.activate": "Activate an access token",
  "token.activity": "See what an access token did",
  "token.cleanUp": "Clean up access tokens",
  "token.create": "Create an access token",
  "token.deactivate": "Deactivate an access token",
  "token.delete": "Delete an access token",
  "token.endOverlap": "End the old secret of an access token",
  "token.list": "List access tokens",
  "token.reach": "Preview what an access token reaches",
  "token.revoke": "Revoke an access token by its secret",
  "token.rotate": "Rotate an access token",
  "token.update": "Change an access token",
  "token.view": "See an access token",
  "token.warn": "Tell that an access token ends soon",
};

/** @type {Record<string, string>} */
const CREDENTIALS = {
  none: "no credential",
  password: "password",
  accessToken: "access token",
  registryToken: "registry token",
  session: "session",
  socket: "local socket",
  system: "dockpass itself",
  registry: "the registry",
};

/** @param {string} word */
export const act = (word) => ACTS[word] ?? word;

/** The words, or what they mean, contain the text. @param {Record<string, string>} words @returns {Suggest} */
const suggested = (words) => async (text) => {
  const part = text.trim().toLowerCase();
  if (!part) return [];
  return Object.entries(words)
    .filter(([word, meaning]) => `${word} ${meaning}`.toLowerCase().includes(part))
    .map(([value, hint]) => ({ value, hint }));
};

export const actions = suggested(ACTS);
export const credentials = suggested(CREDENTIALS);

/** @param {string} text */
export function credential(text) {
  const [kind] = text.split(":");
  return CREDENTIALS[kind] ?? kind;
}

/** @param {string} text @returns {string | null} */
export const tokenId = (text) => text.split(":")[1] ?? null;

/** @param {number} count */
export const times = (count) => `${figure(count)} times`;

/** @param {{ count: number, firstTime?: string | null }} record @returns {Child} */
export const counted = ({ count, firstTime }) => count > 1 && [times(count), firstTime && [", first ", when(firstTime)]];

/** @param {Record<string, string>} filter */
export const auditHref = (filter) => `/audit?${new URLSearchParams(filter)}`;
