// Owns the list of access tokens: one's own, and for administrators another's by ?username=.
//
// Exports
//   list      the page
//   start     `/`, which leads there

import { readAll } from "./api.js";
import { h, head, linkButton, button } from "./dom.js";
import { list as makeList } from "./list.js";
import { cleanUp, deleteTokens } from "./token-dialogs.js";
import { access, agent, ofUser, reach, state, stateBadge } from "./token-state.js";
import { day, isNever, when } from "./time.js";
import { profileTabs } from "./page-profile.js";

const PATH = "/profile/access-tokens";

export const start = {
  title: "",
  render: async (context) => void context.go(PATH, { replace: true }),
};

const expiry = (token) => (token.expiresAt === null ? "never expires" : [new Date(token.expiresAt) > Date.now() ? "until " : "ended ", day(token.expiresAt)]);

const used = (token) => [when(token.lastUsed), token.lastUsedIp && h("small.address", `from ${token.lastUsedIp}`)];

function columns(parents) {
  return [
    { label: "Description", sort: "description", isName: true, by: (it) => it.tokenLabel, cell: (it) => [it.tokenLabel, it.temporaryPassword && h("small", "temporary password")] },
    { label: "State", sort: "state", by: (it) => state(it, parents()).order, cell: (it) => [stateBadge(it, parents()), h("small", expiry(it))] },
    { label: "Access", sort: "access", by: (it) => access(it), cell: (it) => [access(it), h("small", { title: it.repositories.join("\n") || null }, reach(it))] },
    { label: "Last used", sort: "used", by: (it) => (isNever(it.lastUsed) ? 0 : new Date(it.lastUsed)), cell: used },
    { label: "Created", sort: "created", by: (it) => new Date(it.createdAt), cell: (it) => [when(it.createdAt), h("small", { title: it.creatorUa }, `with ${agent(it.creatorUa)}`)] },
    { label: "", isEnd: true, cell: (it) => h("a", { href: `${PATH}/${it.hashedToken}`, "aria-label": `View details of ${it.tokenLabel}` }, "View details") },
  ];
}

function empty(newHref, isOwn, username) {
  return h("div.empty",
    h("p", isOwn
      ? "An access token stands wherever your password is asked: docker login, podman, curl, a pipeline. It can be narrowed, and stopped without touching the password."
      : `${username} has no access tokens.`),
    linkButton("New access token", newHref, "primary"));
}

/** What is said to who signed in with an access token that reaches repositories only. */
function narrowed() {
  return [
    ...head("Access tokens", { tabs: profileTabs(PATH) }),
    h("div.stack",
      h("p.prose", "You signed in with a narrowed access token. It reaches repositories, and nothing else of your account. To see your access tokens, sign in with your password."),
      linkButton("Repositories", "/repositories", "primary")),
  ];
}

async function render(context) {
  const { session, query } = context;
  const isOwn = !query.get("username") || query.get("username") === session.username;
  try {
    return await shown(context);
  } catch (error) {
    if (error.status !== 403 || session.credential !== "accessToken" || !isOwn) throw error;
    return narrowed();
  }
}

async function shown(context) {
  const { session } = context;
  const username = context.query.get("username") || session.username;
  const isOwn = username === session.username;
  const newHref = ofUser(`${PATH}/new`, username, session);
  let parents = new Map();
  const remove = async (tokens, clear) => {
    if (!(await deleteTokens(tokens))) return;
    clear();
    await tokensList.reload();
  };
  const tokensList = await makeList({
    context,
    name: ["access token"],
    search: "Search access tokens",
    sort: "-created",
    columns: columns(() => parents),
    href: (it) => `${PATH}/${it.hashedToken}`,
    id: (it) => it.id,
    matches: (it) => [it.tokenLabel, state(it, parents).word, access(it), ...it.repositories, it.lastUsedIp, it.creatorUa].join(" "),
    empty: () => empty(newHref, isOwn, username),
    actions: (rows, clear) => [button("Delete", { kind: "danger", onclick: () => remove(rows, clear) })],
    all: async ({ signal, progress }) => {
      const tokens = await readAll("/api/v0/api_tokens", { query: { username }, signal, progress });
      parents = new Map(tokens.map((it) => [it.id, it]));
      return tokens;
    },
  });
  const clean = button("Clean up", { onclick: async () => (await cleanUp(username)) && tokensList.reload() });
  const frame = isOwn
    ? head("Access tokens", { tabs: profileTabs(PATH), actions: [linkButton("New access token", newHref, "primary"), clean] })
    : head(`Access tokens of ${username}`, { crumbs: [["People", "/people"], [username, `/people/${encodeURIComponent(username)}`]], actions: [linkButton("New access token", newHref, "primary"), clean] });
  return [...frame, tokensList.node];
}

export const list = { title: "Access tokens", render };
