// Owns the texts for sessions by a narrowed access token: one with a cap or with repositories of its own. It reaches
// repositories, and nothing else of its account.
//
// Exports
//   isNarrowed(session)
//   unlessNarrowed(page)       the page, in whose place such a session reads why it does not see it
//   elsewhere(title, text)     the nodes of a page that only says why there is nothing to do on it

import { h, head, linkButton } from "./dom.js";

/** @param {Api.Session} session */
export const isNarrowed = ({ accessLevel, repositories }) => accessLevel !== "admin" || repositories.length > 0;

const WHY = "You signed in with a narrowed access token. It reaches repositories, and nothing else of your account. For the rest, sign in with your password or an access token that is not narrowed.";

/** @param {string} title @param {string} text */
export const elsewhere = (title, text) => [
  ...head(title),
  h("div.stack", h("p.prose", text), linkButton("Repositories", "/repositories", "primary")),
];

/** @param {Page} page @returns {Page} */
export function unlessNarrowed(page) {
  /** @param {Context} context */
  const render = async (context) => {
    if (!isNarrowed(context.session)) return page.render(context);
    return elsewhere(typeof page.title === "function" ? page.title(context) : page.title, WHY);
  };
  return { ...page, render };
}
