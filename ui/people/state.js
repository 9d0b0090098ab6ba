// Owns the words for a user's state, role and password.
//
// Exports
//   isLocked(account)        whether sign-in by password is refused after wrong guesses
//   stateBadges(account)     active, inactive, locked
//   role(account)            "administrator" or "user"
//   wholeRole(account)       the same, and whether it is a service account
//   passwordWord(account)    whose the password is, as a sentence

import { badge } from "../lib/dom.js";

/** @param {WholeAccount} account */
export const isLocked = (account) => account.lockedUntil !== null && Date.parse(account.lockedUntil) > Date.now();

/** @param {WholeAccount} account */
export const stateBadges = (account) => [
  account.isActive ? badge("active", "good") : badge("inactive"),
  isLocked(account) && [" ", badge("locked", "bad")],
].flat();

/** @param {WholeAccount} account */
export const role = (account) => (account.isAdmin ? "administrator" : "user");
/** @param {WholeAccount} account */
export const wholeRole = (account) => role(account) + (account.hasPassword ? "" : ", service account");

/** @param {WholeAccount} account */
export function passwordWord(account) {
  if (!account.hasPassword) return "None: a service account, which signs in with access tokens.";
  return account.passwordSetByAdmin ? "Set by an administrator; at the next sign-in its owner is asked for another." : "Set by its owner.";
}
