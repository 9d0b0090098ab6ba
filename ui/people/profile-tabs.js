// Owns the tabs of the profile's pages. Apart from the profile, so that the list of access tokens, where most people begin, loads
// nothing of what the other tabs show.
//
// Exports
//   profileTabs(present, session)      the tabs; a narrowed session is offered what it may open
//   PROFILE, SESSIONS                  where they lead

import { isNarrowed } from "../lib/narrowed.js";

export const PROFILE = "/profile";
export const SESSIONS = "/profile?tab=sessions";
const TOKENS = "/profile/access-tokens";

/** @param {string} present @param {Api.Session} [session] @returns {Tab[]} */
export function profileTabs(present, session) {
  const isAlone = session && isNarrowed(session);
  const tabs = [["Profile", PROFILE], ["Access tokens", TOKENS], [isAlone ? "Activity" : "Sessions and activity", SESSIONS]];
  return tabs.filter(([, href]) => !(isAlone && href === TOKENS)).map(([label, href]) => [label, href, href === present]);
}
