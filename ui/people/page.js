// Owns the pages below /people: the users, and one of them. For administrators.
//
// Exports
//   list      /people; ?filter=admins, inactive-users or service-accounts
//   one       /people/{name}; ?tab=tokens, organizations or repositories

import { get, list as read } from "../lib/api.js";
import { badge, button, h, head, path, tabsOf } from "../lib/dom.js";
import { list as makeList, orderOf } from "../lib/list.js";
import { when } from "../lib/time.js";
import { accountTab } from "./account.js";
import { newUser } from "./new.js";
import { organizationsTab } from "./organizations.js";
import { repositoriesTab } from "./repositories.js";
import { role, stateBadges } from "./state.js";
import { showTemporary, take } from "./temporary.js";
import { tokensTab } from "./tokens.js";

const API = "/enzi/v0/accounts";

/** @type {Record<string, { label: string, none?: string }>} */
const FILTERS = {
  users: { label: "All" },
  admins: { label: "Administrators" },
  "inactive-users": { label: "Inactive", none: "Nobody is inactive. A user who shall not sign in for a while is switched off on the user's page; nothing is lost." },
  "service-accounts": { label: "Service accounts", none: "No service accounts. A service account is a user without password, for a pipeline or a machine; it signs in with access tokens." },
};

/** @type {Column<WholeAccount>[]} */
const COLUMNS = [
  { label: "Name", sort: "name", isName: true, cell: (it) => [it.name, it.fullName && h("small", it.fullName)] },
  { label: "State", cell: (it) => stateBadges(it) },
  { label: "Role", cell: (it) => [it.isAdmin ? badge(role(it)) : role(it), !it.hasPassword && h("small", "service account")] },
  { label: "Created", cell: (it) => when(it.createdAt) },
];

/** @param {string} filter @param {Parameters<NonNullable<ListOptions<WholeAccount>["page"]>>[0]} wanted */
async function page(filter, { q, sort, start, size, signal }) {
  const query = { filter, contains: q, order: orderOf(sort), start, limit: size };
  /** @type {{ body: { accounts: WholeAccount[] }, next: string | null, count: number | null }} */
  const { body, next, count } = await read(API, { query, signal });
  return { rows: body.accounts, next, count };
}

/** @param {Context} context */
async function renderList(context) {
  const asked = context.query.get("filter") ?? "";
  const filter = Object.hasOwn(FILTERS, asked) ? asked : "users";
  const make = button("New user", { kind: "primary", onclick: () => newUser(context) });
  const made = await makeList({
    context,
    name: ["user"],
    search: "Search by name",
    sort: "name",
    columns: COLUMNS,
    href: (it) => path`/people/${it.name}`,
    empty: () => h("div.empty", h("p", FILTERS[filter].none ?? "Nobody is here.")),
    page: (wanted) => page(filter, wanted),
  });
  const tabs = Object.entries(FILTERS).map(/** @returns {Tab} */ ([key, { label }]) => [label, key === "users" ? "/people" : `/people?filter=${key}`, key === filter]);
  return [...head("People", { actions: [make], tabs }), made.node];
}

/**
 * @type {[label: string, key: string | null, draw: (context: Context, account: WholeAccount) => Child | Promise<Child>][]}
 */
const TABS = [
  ["Account", null, accountTab],
  ["Access tokens", "tokens", tokensTab],
  ["Organizations", "organizations", organizationsTab],
  ["Repositories", "repositories", repositoriesTab],
];

/** @param {Context} context */
async function renderOne(context) {
  const { params, query, signal } = context;
  /** @type {WholeAccount} */
  const account = await get(path`/enzi/v0/accounts/${params.name}`, { signal });
  if (account.isOrg) return void context.go(path`/organizations/${account.name}`, { replace: true });
  context.setTitle(account.name);
  const made = take(account.name);
  if (made) return showTemporary(context, made);
  const { present: [, , draw], tabs } = tabsOf(query, path`/people/${account.name}`, TABS);
  const nodes = await draw(context, account);
  return [...head(account.name, { crumbs: [["People", "/people"]], tabs }), nodes];
}

/** @type {Page} */
export const list = { title: "People", render: renderList };
/** @type {Page} */
export const one = { title: "People", render: renderOne };
