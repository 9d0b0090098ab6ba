// Owns where access tokens stand: one's own below the profile, another's below that user's page.
//
// Exports
//   listHref(username, session)     the list of a user's access tokens
//   newHref(username, session)      the page that makes one
//   oneHref(token, session)         the details of one
//   crumbs(username, session)       the places above the two

import { path } from "./dom.js";

const OWN = "/profile/access-tokens";

const below = (username, session) => (username === session.username ? OWN : path`/people/${username}/access-tokens`);

export const listHref = (username, session) => (username === session.username ? OWN : path`/people/${username}?tab=tokens`);
export const newHref = (username, session) => `${below(username, session)}/new`;
export const oneHref = (token, session) => `${below(token.username, session)}/${token.hashedToken}`;

export function crumbs(username, session) {
  const list = ["Access tokens", listHref(username, session)];
  return username === session.username ? [list] : [["People", "/people"], [username, path`/people/${username}`], list];
}
