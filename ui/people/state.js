// Owns the words for a user's state, role and password.
//
// Exports
//   isLocked(account)        whether sign-in by password is refused after wrong guesses
//   stateBadges(account)     active, inactive, locked; service account, administrator
//   passwordWord(account)    whose the password is, as a sentence

import { badge } from "../lib/dom.js";

/** @param {WholeAccount} account */
export const isLocked = (account) => account.lockedUntil !== null && Date.parse(account.lockedUntil) > Date.now();

/** @param {WholeAccount} account */
export const stateBadges = (account) => [
  account.isActive ? badge("active", "good") : badge("inactive"),
  isLocked(account) && badge("locked", "bad"),
  account.isAdmin && badge("administrator"),
  !account.hasPassword && badge("service account"),
].flatMap((it) => (it ? [" ", it] : [])).slice(1);

/** @param {WholeAccount} account */
export function passwordWord(account) {
  if (!account.hasPassword) return "None. This is a service account; it signs in with access tokens.";
  return account.passwordSetByAdmin ? "Set by an administrator. At the next sign-in, the user is asked to choose another." : "Chosen by the user.";
}
