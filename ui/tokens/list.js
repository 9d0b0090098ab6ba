// Owns the list of a user's access tokens.
//
// Exports
//   tokenList(context, username, { empty, loaded, tools })
//       empty     the text for an empty list; loaded(tokens) is told of them each time they were read; tools stand beside the
//                 search field
//     → { node, reload() }

import { readAll } from "../lib/api.js";
import { button, h, linkButton } from "../lib/dom.js";
import { list } from "../lib/list.js";
import { day, isNever, when } from "../lib/time.js";
import { deleteTokens } from "./dialogs.js";
import { access, agent, newHref, oneHref, reach, state, stateBadge, TOKENS } from "./token.js";

const TEMPORARY = "temporary password";

/** @param {Api.ApiToken} token */
const expiry = (token) => (token.expiresAt === null ? "never expires" : [token.state === "expired" ? "ended " : "until ", day(token.expiresAt)]);

/** @param {Api.ApiToken} token */
const old = (token) => token.previousUntil && h("small", "old secret until ", when(token.previousUntil), ", used ", isNever(token.previousLastUsed) ? "never" : when(token.previousLastUsed));

/** @param {Api.ApiToken} token */
const used = (token) => [when(token.lastUsed), token.lastUsedIp && h("small.address", `from ${token.lastUsedIp}`), old(token)];

/** @param {Api.Session} session @returns {Column<Api.ApiToken>[]} */
function columns(session) {
  return [
    { label: "Description", sort: "description", isName: true, by: (it) => it.tokenLabel, cell: (it) => [it.tokenLabel, it.temporaryPassword && h("small", TEMPORARY)] },
    { label: "State", sort: "state", by: (it) => state(it).order, cell: (it) => [stateBadge(it), h("small", expiry(it))] },
    { label: "Access", sort: "access", by: access, cell: (it) => [access(it), h("small", { title: it.repositories.join("\n") || null }, reach(it))] },
    { label: "Last used", sort: "used", by: (it) => (isNever(it.lastUsed) ? 0 : new Date(it.lastUsed)), cell: used },
    { label: "Created", sort: "created", by: (it) => new Date(it.createdAt), cell: (it) => [when(it.createdAt), h("small", { title: it.creatorUa }, `with ${agent(it.creatorUa)}`)] },
    { label: "", isEnd: true, cell: (it) => h("a", { href: oneHref(it, session), "aria-label": `View details of ${it.tokenLabel}` }, "View details") },
  ];
}

/** Searches the visible texts, and the repositories that are folded away. @param {Api.ApiToken} it */
const matches = (it) =>
  [it.tokenLabel, it.temporaryPassword && TEMPORARY, state(it).word, access(it), ...it.repositories, it.lastUsedIp, agent(it.creatorUa)].filter(Boolean).join(" ");

/**
 * @param {Context} context @param {string} username
 * @param {{ empty: string, loaded?: (tokens: Api.ApiToken[]) => void, tools?: Child }} options
 */
export async function tokenList(context, username, { empty, loaded = () => {}, tools = [] }) {
  const { session } = context;
  /** @param {Api.ApiToken[]} tokens @param {() => void} clear */
  const remove = async (tokens, clear) => {
    if (!(await deleteTokens(tokens))) return;
    clear();
    await made.reload();
  };
  const made = await list({
    context,
    name: ["access token"],
    search: "Search access tokens",
    sort: "-created",
    columns: columns(session),
    href: (it) => oneHref(it, session),
    id: (it) => it.id,
    matches,
    empty: () => h("div.empty", h("p", empty), linkButton("New access token", newHref(username, session), "primary")),
    tools,
    actions: (rows, clear) => [button("Delete", { kind: "danger", onclick: () => remove(rows, clear) })],
    all: async ({ signal, progress }) => {
      const tokens = await readAll(TOKENS, { query: { username }, signal, progress });
      loaded(tokens);
      return tokens;
    },
  });
  return made;
}
