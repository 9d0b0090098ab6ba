// Owns the section with the access tokens and robots that reach a repository, as far as the API shows them: each to
// administrators; to others who administer the repository, whose they are and what they may.
//
// Exports
//   accessTokens(context, repository)     the section, which draws itself

import { list as read } from "../lib/api.js";
import { badge, h, path } from "../lib/dom.js";
import { growing } from "../lib/growing.js";
import { levelName } from "../lib/level.js";
import { apiPath } from "../lib/names.js";
import { when } from "../lib/time.js";
import { listHref, oneHref, state, stateBadge } from "../tokens/token.js";

const SIZE = 20;

/** Where it is changed, if this person may do that. @param {Api.ReachingToken} it @param {Api.Session} session */
function href({ username, token }, session) {
  if (token?.robot) return path`/organizations/${username}/robots/${token.robot}`;
  if (token) return oneHref(token, session);
  return username === session.username ? listHref(username, session) : null;
}

/** @param {Api.ReachingToken} it */
function name({ limited, token }) {
  if (token) return token.robot ? `robot ${token.robot}` : token.tokenLabel;
  return limited ? "one with limits" : "those without limits";
}

/** @param {Api.ReachingToken} it */
function plainState(it) {
  // Its end is not told.
  const { word, kind } = state(/** @type {Api.ApiToken} */ ({ state: it.state, expiresAt: null }));
  return badge(word, kind);
}

/** @param {Api.Session} session @returns {Column<Api.ReachingToken>[]} */
const columns = (session) => [
  {
    label: "Access token", isName: true,
    cell: (it) => {
      const to = href(it, session);
      return to ? h("a", { href: to }, name(it)) : h("span", name(it));
    },
  },
  { label: "Owner", cell: (it) => (session.isAdmin && !it.token?.robot ? h("a", { href: path`/people/${it.username}` }, it.username) : it.username) },
  { label: "Access", cell: (it) => levelName(it.accessLevel) },
  { label: "State", cell: (it) => (it.token ? stateBadge(it.token) : plainState(it)) },
  { label: "Used here", cell: (it) => when(it.lastUsedHere, { never: "not seen" }) },
];

/** @param {Context} context @param {Api.Repository} repository */
export function accessTokens(context, repository) {
  const table = growing({
    context,
    label: "Access tokens",
    columns: columns(context.session),
    size: SIZE,
    empty: "No access token reaches it.",
    read: async ({ start, size, signal }) => {
      /** @type {{ body: Api.ReachingTokens, next: string | null }} */
      const { body, next } = await read(`${apiPath(repository)}/tokens`, { query: { pageStart: start, pageSize: size }, signal });
      return { rows: body.tokens, next };
    },
  });
  return h("section", h("h2", "Access tokens"), h("div.stack.tight",
    h("p.quiet", "Access tokens and robots that reach this repository by what their owners were given."), table.node));
}
