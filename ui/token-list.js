// Owns the list of a user's access tokens.
//
// Exports
//   tokenList(context, username, { empty, loaded, tools })
//       empty     the text for an empty list; loaded(tokens) is told of them each time they were read; tools stand beside the
//                 search field
//     → { node, reload() }

import { readAll } from "./api.js";
import { button, h, linkButton } from "./dom.js";
import { list } from "./list.js";
import { day, isNever, when } from "./time.js";
import { newHref, oneHref } from "./token-address.js";
import { deleteTokens } from "./token-dialogs.js";
import { access, agent, reach, state, stateBadge } from "./token-state.js";

const TEMPORARY = "temporary password";

const expiry = (token) => (token.expiresAt === null ? "never expires" : [token.state === "expired" ? "ended " : "until ", day(token.expiresAt)]);

const old = (token) => token.previousUntil && h("small", "old secret until ", when(token.previousUntil), ", used ", isNever(token.previousLastUsed) ? "never" : when(token.previousLastUsed));

const used = (token) => [when(token.lastUsed), token.lastUsedIp && h("small.address", `from ${token.lastUsedIp}`), old(token)];

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

/** Searches the visible texts, and the repositories that are folded away. */
const matches = (it) =>
  [it.tokenLabel, it.temporaryPassword && TEMPORARY, state(it).word, access(it), ...it.repositories, it.lastUsedIp, agent(it.creatorUa)].filter(Boolean).join(" ");

export async function tokenList(context, username, { empty, loaded = () => {}, tools = [] }) {
  const { session } = context;
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
      const tokens = await readAll("/api/v0/api_tokens", { query: { username }, signal, progress });
      loaded(tokens);
      return tokens;
    },
  });
  return made;
}
