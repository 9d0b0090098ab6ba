// Owns the tab with a user's access tokens.
//
// Exports
//   tokensTab(context, account)     its nodes

import { readAll, remove } from "./api.js";
import { ask } from "./dialog.js";
import { button, h, linkButton, plural } from "./dom.js";
import { list } from "./list.js";
import { say } from "./notice.js";
import { isNever, when } from "./time.js";
import { deleteTokens } from "./token-dialogs.js";
import { access, ofUser, reach, state, stateBadge } from "./token-state.js";

const API = "/api/v0/api_tokens";
const PAGE = "/profile/access-tokens";
const DAY = 86_400_000;

const used = (token) => [when(token.lastUsed), token.lastUsedIp && h("small.address", `from ${token.lastUsedIp}`)];

function columns(parents) {
  return [
    { label: "Description", sort: "description", isName: true, by: (it) => it.tokenLabel, cell: (it) => [it.tokenLabel, it.temporaryPassword && h("small", "temporary password")] },
    { label: "State", sort: "state", by: (it) => state(it, parents()).order, cell: (it) => [stateBadge(it, parents()), it.expiresAt && h("small", "ends ", when(it.expiresAt))].flat() },
    { label: "Access", sort: "access", by: access, cell: (it) => [access(it), h("small", { title: it.repositories.join("\n") || null }, reach(it))] },
    { label: "Last used", sort: "used", by: (it) => (isNever(it.lastUsed) ? 0 : new Date(it.lastUsed)), cell: used },
    { label: "Created", sort: "created", by: (it) => new Date(it.createdAt), cell: (it) => when(it.createdAt) },
  ];
}

/** One request takes all: each was used, or made, before tomorrow. */
async function revokeAll(username, count) {
  const usedbefore = new Date(Date.now() + DAY).toISOString();
  const gone = await ask({
    title: `Revoke all access tokens of ${username}?`,
    body: `${plural(count, "access token")} and whatever they made are refused at once. There is no way back. The password stays.`,
    typed: "revoke",
    confirm: "Revoke all",
    kind: "danger primary",
    act: () => remove(API, { query: { username, usedbefore, generatedby: "all" } }),
  });
  if (gone) say(`${plural(gone.length, "access token")} revoked`);
  return gone !== null;
}

export async function tokensTab(context, account) {
  const newHref = ofUser(`${PAGE}/new`, account.name, context.session);
  let parents = new Map();
  const revoke = h("section.after", h("h2", "Revoke"), h("div.stack.tight",
    h("p", "A lost machine, a person who left: all access tokens at once."),
    button("Revoke all", { kind: "danger", onclick: async () => {
      if (!(await revokeAll(account.name, parents.size))) return;
      await made.reload();
      document.querySelector("main h1").focus();
    } })));
  const made = await list({
    context,
    name: ["access token"],
    search: "Search access tokens",
    sort: "-created",
    columns: columns(() => parents),
    href: (it) => `${PAGE}/${it.hashedToken}`,
    id: (it) => it.id,
    matches: (it) => [it.tokenLabel, state(it, parents).word, access(it), ...it.repositories, it.lastUsedIp].join(" "),
    empty: () => h("div.empty", h("p", `${account.name} has no access tokens. One stands wherever the password is asked, and can be stopped alone.`), linkButton("New access token", newHref, "primary")),
    actions: (rows, clear) => [button("Delete", { kind: "danger", onclick: async () => {
      if (!(await deleteTokens(rows))) return;
      clear();
      await made.reload();
    } })],
    tools: [linkButton("New access token", newHref)],
    all: async ({ signal, progress }) => {
      const tokens = await readAll(API, { query: { username: account.name }, signal, progress });
      parents = new Map(tokens.map((it) => [it.id, it]));
      revoke.hidden = tokens.length === 0;
      return tokens;
    },
  });
  return [made.node, revoke];
}
