// Owns the table of who has access: to a repository, or to all of a namespace.
//
// Exports
//   accessTable({ context, target, read, hasWhy, below, mayGive, empty })
//       target    what the grants are on, as in access-grants.js
//       read      async (signal) => rows: { kind: "user" | "team" | "everybody", name, level, why, isHere, isActive, organization };
//                 `isHere` marks the grants on the target itself: only these can be changed here; `isActive` is false of an inactive
//                 user; `organization` is a team's, if not the target's
//       hasWhy    whether to tell why
//       below     (row) => what stands below its name
//       mayGive   whether more can be given, or only removed
//       empty     a sentence, where nobody was given anything
//     → { node, give(user), change(holder) }: the dialogs of access-grants.js; true once done, and shown

import { button, h, path } from "../lib/dom.js";
import { levelName, rank } from "../lib/level.js";
import { LEVEL, list } from "../lib/list.js";
import { called, changeAccess, giveAccess, takeAccess } from "./access-grants.js";
import { teamHref } from "./why.js";

/** @param {AccessRow} row @param {Target} target @param {Context} context */
function link(row, target, { session }) {
  const organization = row.organization ?? target.organization;
  if (row.kind === "team" && organization) return h("a", { href: teamHref({ name: row.name, organization }) }, row.name);
  if (row.kind === "user" && session.isAdmin) return h("a", { href: path`/people/${row.name}` }, row.name);
  return row.name;
}

/** @type {Record<string, string>} */
const KIND = { user: "user", team: "team", everybody: "signed in or not" };

/** @type {Column<AccessRow>[]} */
const WHY = [{ label: "Why", sort: "why", ways: ["most direct first", "most direct last"], by: (row) => row.order, cell: (row) => row.why }];

/**
 * @param {{ context: Context, target: Target, read: (signal: AbortSignal) => Promise<AccessRow[]>, hasWhy?: boolean, below?: (row: AccessRow) => Child, mayGive?: boolean, empty: string }} options
 */
export async function accessTable({ context, target, read, hasWhy = false, below = () => null, mayGive = true, empty }) {
  /** @param {Promise<boolean>} promise */
  const after = async (promise) => {
    const isDone = await promise;
    if (isDone) await table.reload();
    return isDone;
  };
  /** @param {string} [user] */
  const give = (user) => after(giveAccess(target, user));
  /** @param {Holder} holder */
  const change = (holder) => after(changeAccess(target, holder));
  /** @param {AccessRow} row */
  const act = (row) =>
    h("div.doings",
      mayGive && button("Change", { kind: "plain", "aria-label": `Change the access of ${called(row)}`, onclick: () => change(row) }),
      button("Remove", { kind: "plain", "aria-label": `Remove the access of ${called(row)}`, onclick: () => after(takeAccess(target, row)) }));
  /** @type {Column<AccessRow>[]} */
  const columns = [
    { label: "Who", sort: "who", isName: true, by: (row) => row.name, cell: (row) => [link(row, target, context), h("small", row.isActive === false ? `inactive ${KIND[row.kind]}` : KIND[row.kind]), below(row)] },
    { label: "Access", sort: "access", ways: LEVEL, by: (row) => rank(row.level), cell: (row) => levelName(row.level) },
    ...(hasWhy ? WHY : []),
    { label: "", isEnd: true, cell: (row) => row.isHere && act(row) },
  ];
  const table = await list({
    context,
    name: ["entry", "entries"],
    isBrief: true,
    search: "Search",
    sort: hasWhy ? "why" : "who",
    columns,
    matches: (row) => `${row.name} ${row.level} ${row.kind}`,
    all: ({ signal }) => read(signal),
    empty: () => h("div.empty", h("p", empty), mayGive && button("Give access", { kind: "primary", onclick: () => give() })),
  });
  return { node: table.node, give, change };
}
