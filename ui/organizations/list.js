// Owns the list of organizations: all of them for administrators, those that one belongs to for everybody else.
//
// Exports
//   organizationList(context, create)     a node

import { list as readPage, readAll } from "../lib/api.js";
import { button, h, path } from "../lib/dom.js";
import { list, orderOf } from "../lib/list.js";
import { day } from "../lib/time.js";
import { figure } from "../lib/words.js";
import { memberRole } from "./members.js";

/** Only members are told how many there are. @param {number | null | undefined} count */
const told = (count) => (count === undefined || count === null ? "" : figure(count));

/** @param {boolean} isLocal @returns {Column<Api.Account>[]} */
const columns = (isLocal) => [
  { label: "Name", sort: "name", isName: true, by: (it) => it.name, cell: (it) => [it.name, it.fullName && h("small", it.fullName)] },
  { label: "Members", sort: isLocal && "members", isEnd: true, by: (it) => it.membersCount, cell: (it) => told(it.membersCount) },
  { label: "Teams", sort: isLocal && "teams", isEnd: true, by: (it) => it.teamsCount, cell: (it) => told(it.teamsCount) },
];

/** @type {Column<Api.Account>} */
const created = { label: "Created", cell: (it) => (it.createdAt ? day(it.createdAt) : "") };

/** @param {Context} context @returns {Pick<ListOptions<Api.Account>, "context" | "name" | "search" | "sort" | "isBrief" | "href">} */
const common = (context) => ({
  context,
  name: ["organization"],
  search: "Search organizations",
  sort: "name",
  isBrief: true,
  href: (it) => path`/organizations/${it.name}`,
});

/** @param {Parameters<NonNullable<ListOptions<Api.Account>["page"]>>[0]} wanted */
async function all({ q, sort, start, size, signal }) {
  const query = { filter: "orgs", contains: q, order: orderOf(sort), start, limit: size };
  /** @type {{ body: Api.Accounts, next: string | null, count: number | null }} */
  const { body, next } = await readPage("/enzi/v0/accounts", { query, signal });
  return { rows: body.accounts, next, count: body.resourceCount };
}

/** @param {Context} context @param {() => void} create */
async function listAll(context, create) {
  const { node } = await list({
    ...common(context),
    columns: [...columns(false), created],
    page: all,
    empty: () => h("div.empty",
      h("p", "An organization owns repositories for a group of people. Its members form teams, and teams are given access."),
      button("New organization", { kind: "primary", onclick: create })),
  });
  return node;
}

/** @type {Column<any>} */
const role = {
  label: "Role", sort: "role", ways: ["administrators first", "members first"], by: (it) => (it.isAdmin ? 0 : 1), cell: memberRole,
};

/** @param {Context} context */
async function listMine(context) {
  const own = path`/enzi/v0/accounts/${context.session.username}/organizations`;
  /** @param {Api.MemberOrgs} body */
  const rows = ({ memberOrgs }) => memberOrgs.map(({ org, isAdmin }) => ({ ...org, isAdmin }));
  const { node } = await list({
    ...common(context),
    columns: [...columns(true), role],
    matches: (it) => `${it.name} ${it.fullName}`,
    all: ({ signal, progress }) => readAll(own, { signal, progress, rows }),
    empty: h("div.empty", h("p", "You do not belong to an organization yet. Its administrators can add you.")),
  });
  return node;
}

/** @param {Context} context @param {() => void} create */
export const organizationList = (context, create) => (context.session.isAdmin ? listAll(context, create) : listMine(context));
