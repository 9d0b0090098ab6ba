// Owns the pages below /people: the users, and one of them. For administrators.
//
// Exports
//   list      /people; ?filter=admins, inactive-users or service-accounts
//   one       /people/{name}; ?tab=tokens, organizations or repositories

import { get, list as read } from "./api.js";
import { badge, button, h, head, path } from "./dom.js";
import { list as makeList } from "./list.js";
import { accountTab } from "./people-account.js";
import { newUser } from "./people-new.js";
import { organizationsTab } from "./people-organizations.js";
import { repositoriesTab } from "./people-repositories.js";
import { role, stateBadges } from "./people-state.js";
import { showTemporary, take } from "./people-temporary.js";
import { tokensTab } from "./people-tokens.js";
import { when } from "./time.js";

const API = "/enzi/v0/accounts";

const FILTERS = {
  users: { label: "All" },
  admins: { label: "Administrators" },
  "inactive-users": { label: "Inactive", none: "Nobody is inactive. A user who shall not sign in for a while is switched off on the user's page; nothing is lost." },
  "service-accounts": { label: "Service accounts", none: "No service accounts. A service account is a user without password, for a pipeline or a machine; it signs in with access tokens." },
};

const COLUMNS = [
  { label: "Name", sort: "name", isName: true, cell: (it) => [it.name, it.fullName && h("small", it.fullName)] },
  { label: "State", cell: (it) => stateBadges(it) },
  { label: "Role", cell: (it) => [it.isAdmin ? badge(role(it)) : role(it), !it.hasPassword && h("small", "service account")] },
  { label: "Created", cell: (it) => when(it.createdAt) },
];

async function page(filter, { q, sort, start, size, signal }) {
  const query = { filter, contains: q, order: sort.startsWith("-") ? "desc" : "asc", start, limit: size };
  const { body, next, count } = await read(API, { query, signal });
  return { rows: body.accounts, next, count };
}

async function renderList(context) {
  const asked = context.query.get("filter");
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
  const tabs = Object.entries(FILTERS).map(([key, { label }]) => [label, key === "users" ? "/people" : `/people?filter=${key}`, key === filter]);
  return [...head("People", { actions: [make], tabs }), made.node];
}

const TABS = [
  ["Account", null, accountTab],
  ["Access tokens", "tokens", tokensTab],
  ["Organizations", "organizations", organizationsTab],
  ["Repositories", "repositories", repositoriesTab],
];

async function renderOne(context) {
  const { params, query, signal } = context;
  const account = await get(path`/enzi/v0/accounts/${params.name}`, { signal });
  if (account.isOrg) return void context.go(path`/organizations/${account.name}`, { replace: true });
  context.setTitle(account.name);
  const made = take(account.name);
  if (made) return showTemporary(context, made);
  const here = path`/people/${account.name}`;
  const [, present, draw] = TABS.find(([, key]) => key === query.get("tab")) ?? TABS[0];
  const tabs = TABS.map(([label, key]) => [label, key ? `${here}?tab=${key}` : here, key === present]);
  const nodes = await draw(context, account);
  return [...head(account.name, { crumbs: [["People", "/people"]], tabs }), nodes];
}

export const list = { title: "People", render: renderList };
export const one = { title: "People", render: renderOne };
