// Owns the list of organizations: all of them for administrators, those that one belongs to for everybody else.
//
// Exports
//   organizationList(context, create)     a node

import { list as readPage } from "./api.js";
import { myOrganizations } from "./organization-mine.js";
import { organizations, suggestField } from "./complete.js";
import { button, h, path } from "./dom.js";
import { form } from "./form.js";
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

/** The way to an organization that the list may have missed. */
function finder(context) {
  const name = suggestField({
    name: "name", label: "Another organization", suggest: organizations, required: true, autocapitalize: "off",
    hint: "There are too many accounts to look at all of them.",
  });
  return form({ fields: [name], submit: "Open", kind: "", onsubmit: (values) => context.go(path`/organizations/${values.name.trim()}`) }).node;
}

async function listMine(context) {
  let isWhole = true;
  const { node } = await list({
    ...common(context),
    columns: columns(true),
    matches: (it) => `${it.name} ${it.fullName}`,
    all: async ({ signal }) => {
      const mine = await myOrganizations(signal);
      isWhole = mine.isWhole;
      return mine.accounts;
    },
    empty: h("div.empty", h("p", "You belong to no organization. An organization owns repositories together; its administrators add you.")),
  });
  return [node, !isWhole && finder(context)];
}

export const organizationList = (context, create) => (context.session.isAdmin ? listAll(context, create) : listMine(context));
