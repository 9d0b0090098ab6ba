// Owns the pages below /people: the users, everybody's access tokens, and one user. For administrators.
//
// Exports
//   list      /people; ?show=admins, inactive, locked or services; ?tab=tokens
//   one       /people/{name}; ?tab=tokens, organizations, repositories, sessions or why

import { get, list as read } from "../lib/api.js";
import { button, h, head, linkButton, path, tabsOf } from "../lib/dom.js";
import { list as makeList, orderOf } from "../lib/list.js";
import { when } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";
import { everybodysTokens } from "../tokens/everybody.js";
import { identify } from "../tokens/identify.js";
import { accountTab } from "./account.js";
import { sessionsTab, whyTab } from "./insight.js";
import { newUser } from "./new.js";
import { organizationsTab } from "./organizations.js";
import { repositoriesTab } from "./repositories.js";
import { stateBadges } from "./state.js";
import { showTemporary, take } from "./temporary.js";
import { tokensTab } from "./tokens.js";

const API = "/enzi/v0/accounts";

/**
 * Which users the list can show, by the key in the address: the API's word, its count, and how that is told.
 * @type {Record<string, { asked: string, of(accounts: Api.Accounts): number, told(count: number): string }>}
 */
const FILTERS = {
  admins: { asked: "admins", of: (it) => it.adminsCount, told: (count) => plural(count, "administrator") },
  inactive: { asked: "inactive-users", of: (it) => it.inactiveUsersCount, told: (count) => `${figure(count)} inactive` },
  locked: { asked: "locked-users", of: (it) => it.lockedUsersCount, told: (count) => `${figure(count)} locked` },
  services: { asked: "service-accounts", of: (it) => it.serviceAccountsCount, told: (count) => plural(count, "service account") },
};

/** @type {Column<WholeAccount>[]} */
const COLUMNS = [
  { label: "User", sort: "name", isName: true, cell: (it) => [it.name, it.fullName && h("span.aside", ` · ${it.fullName}`)] },
  { label: "State", kind: "standing", cell: (it) => stateBadges(it) },
  { label: "Last sign-in", kind: "access", cell: (it) => (it.lastSignIn === null ? [h("span.on-card", "last sign-in "), "not known"] : [h("span.on-card", "signed in "), when(it.lastSignIn)]) },
  { label: "Access tokens", kind: "used", isEnd: true, cell: (it) => [figure(it.tokensCount), h("span.on-card", it.tokensCount === 1 ? " access token" : " access tokens")] },
];

/** @param {Api.Accounts} accounts @returns {Tally} */
const tallyOf = (accounts) => ({
  all: accounts.usersCount,
  ...Object.fromEntries(Object.entries(FILTERS).map(([key, { of }]) => [key, of(accounts)])),
});

/** @param {Context} context */
async function usersTab(context) {
  const made = await makeList({
    context,
    name: ["user"],
    search: "Search by name",
    sort: "name",
    columns: COLUMNS,
    isCompact: true,
    href: (it) => path`/people/${it.name}`,
    filters: Object.entries(FILTERS).map(([key, { told }]) => ({ key, told })),
    page: async ({ q, show, sort, start, size, signal }) => {
      const filter = FILTERS[show]?.asked ?? "users";
      const query = { filter, contains: q, order: orderOf(sort), start, limit: size };
      /** @type {{ body: Api.Accounts & { accounts: WholeAccount[] }, next: string | null, count: number | null }} */
      const { body, next, count } = await read(API, { query, signal });
      return { rows: body.accounts, next, count, tally: tallyOf(body) };
    },
  });
  return { nodes: made.node, actions: [button("New user", { kind: "primary", onclick: () => newUser(context) })] };
}

/** @param {Context} context */
const identifyButton = (context) => button("Identify…", { onclick: () => identify(context) });

/** @param {Context} context */
const allTokensTab = async (context) => ({ nodes: (await everybodysTokens(context)).node, actions: identifyButton(context) });

/** @type {[label: string, key: string | null, draw: (context: Context) => Promise<{ nodes: Child, actions: Child }>][]} */
const LISTS = [["People", null, usersTab], ["Access tokens", "tokens", allTokensTab]];

/** @param {Context} context */
async function renderList(context) {
  const { present: [label, key, draw], tabs } = tabsOf(context.query, "/people", LISTS);
  if (key) context.setTitle(`People: ${label.toLowerCase()}`);
  const { nodes, actions } = await draw(context);
  return [...head("People", { actions, tabs }), nodes];
}

/** @type {[label: string, key: string | null, draw: (context: Context, account: WholeAccount, changed: (account: WholeAccount) => void) => Child | Promise<Child>][]} */
const TABS = [
  ["Account", null, accountTab],
  ["Access tokens", "tokens", tokensTab],
  ["Organizations", "organizations", organizationsTab],
  ["Repositories", "repositories", repositoriesTab],
  ["Sessions and activity", "sessions", sessionsTab],
  ["Why can’t I?", "why", whyTab],
];

/** What stands in the head of a user's page, beside the tab. @param {Context} context @param {string | null} tab @param {string} name */
function actionsOf(context, tab, name) {
  if (tab === "tokens") return identifyButton(context);
  // Whoever leaves has somebody else do it: the first step ends one's own session.
  return tab === null && name !== context.session.username ? linkButton("Offboard…", path`/people/${name}/leave`) : [];
}

/** @param {Context} context */
async function renderOne(context) {
  const { params, query, signal } = context;
  /** @type {WholeAccount} */
  const account = await get(path`/enzi/v0/accounts/${params.name}`, { signal });
  if (account.isOrg) return void context.go(path`/organizations/${account.name}`, { replace: true });
  const made = take(account.name);
  if (made) {
    context.setTitle(account.name);
    return showTemporary(context, made);
  }
  const { present: [label, tab, draw], tabs } = tabsOf(query, path`/people/${account.name}`, TABS);
  context.setTitle(tab ? `${account.name}: ${label.toLowerCase()}` : account.name);
  const fullName = h("span");
  const states = h("span");
  /** @param {WholeAccount} present */
  const tell = (present) => {
    fullName.textContent = present.fullName;
    states.replaceChildren(...stateBadges(present));
  };
  tell(account);
  const nodes = await draw(context, account, tell);
  const lead = h("span.state", fullName, states);
  return [...head(account.name, { lead, actions: actionsOf(context, tab, account.name), crumbs: [["People", "/people"]], tabs }), nodes];
}

/** @type {Page} */
export const list = { title: "People", render: renderList };
/** @type {Page} */
export const one = { title: "People", render: renderOne };
