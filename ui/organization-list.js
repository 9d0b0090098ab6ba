// Owns the list of organizations: all of them for administrators, those that one belongs to for everybody else.
//
// Exports
//   organizationList(context, create)     a node

import { list as readPage, readAll } from "./api.js";
import { badge, button, h, path } from "./dom.js";
import { list } from "./list.js";
import { day } from "./time.js";

const figure = (number) => number?.toLocaleString("en") ?? "";

const columns = (isLocal) => [
  { label: "Name", sort: "name", isName: true, by: (it) => it.name, cell: (it) => [it.name, it.fullName && h("small", it.fullName)] },
  { label: "Members", sort: isLocal && "members", isEnd: true, by: (it) => it.membersCount, cell: (it) => figure(it.membersCount) },
  { label: "Teams", sort: isLocal && "teams", isEnd: true, by: (it) => it.teamsCount, cell: (it) => figure(it.teamsCount) },
];

const created = { label: "Created", cell: (it) => (it.createdAt ? day(it.createdAt) : "") };

const common = (context) => ({
  context,
  name: ["organization"],
  search: "Search organizations",
  sort: "name",
  href: (it) => path`/organizations/${it.name}`,
});

async function all({ q, sort, start, size, signal }) {
  const query = { filter: "orgs", contains: q, order: sort === "-name" ? "desc" : null, start, limit: size };
  const { body, next } = await readPage("/enzi/v0/accounts", { query, signal });
  return { rows: body.accounts, next, count: body.resourceCount };
}

async function listAll(context, create) {
  const { node } = await list({
    ...common(context),
    columns: [...columns(false), created],
    page: all,
    empty: () => h("div.empty",
      h("p", "An organization owns repositories together: its members form teams, and teams are given access."),
      button("New organization", { kind: "primary", onclick: create })),
  });
  return node;
}

const role = {
  label: "Role", sort: "role", by: (it) => (it.isAdmin ? 0 : 1), cell: (it) => (it.isAdmin ? badge("administrator", "good") : "member"),
};

async function listMine(context) {
  const own = path`/enzi/v0/accounts/${context.session.username}/organizations`;
  const rows = ({ memberOrgs }) => memberOrgs.map(({ org, isAdmin }) => ({ ...org, isAdmin }));
  const { node } = await list({
    ...common(context),
    columns: [...columns(true), role],
    matches: (it) => `${it.name} ${it.fullName}`,
    all: ({ signal, progress }) => readAll(own, { signal, progress, rows }),
    empty: h("div.empty", h("p", "You belong to no organization. An organization owns repositories together; its administrators add you.")),
  });
  return node;
}

export const organizationList = (context, create) => (context.session.isAdmin ? listAll(context, create) : listMine(context));
