// Owns the robots of an organization as its pages need them: "whose" they are (tokens/token.js), and their list.
//
// Exports
//   ofOrganization(organization)              "whose" of its robots
//   robotList(context, organization)          { node, action }: the list, with the button that makes one

import { readAll } from "../lib/api.js";
import { patternsIn } from "../lib/complete.js";
import { h, linkButton, path } from "../lib/dom.js";
import { ROBOT_LEVELS } from "../lib/level.js";
import { list } from "../lib/list.js";
import { FILTERS, hand } from "../tokens/filters.js";
import { accessColumn, bulk, createdColumn, detailsColumn, endColumn, matches, stateColumn, usedColumn } from "../tokens/list.js";
import { oneApi, userName } from "../tokens/token.js";

/** @param {Organization} organization @returns {Whose} */
export function ofOrganization({ name, href }) {
  const api = path`/api/v0/accounts/${name}/robots`;
  const listHref = `${href}?tab=robots`;
  return {
    owner: name,
    word: "robot",
    possessive: `${name}’s`,
    api,
    query: {},
    reachApi: `${api}/previewReach`,
    // By its hash it is an access token like any other, and a secret that somebody else has replaced meanwhile changes nothing.
    oneApi,
    levels: ROBOT_LEVELS,
    patterns: {
      suggest: patternsIn(name), placeholder: `${name}/app or ${name}/*`, hint: `Leave empty for all repositories of ${name}, including new ones.`,
    },
    listHref,
    newHref: `${href}/new-robot`,
    oneHref: (token) => href + path`/robots/${token.robot ?? ""}`,
    crumbs: [["Organizations", "/organizations"], [name, href], ["Robots", listHref]],
  };
}

const EMPTY = "A robot signs in for a machine, such as a build server, and belongs to the organization: it stays when people leave. It reaches only repositories of the organization.";

/** What it signs in as, and what people call it where that is something else. @type {Column<Api.ApiToken>} */
const nameColumn = {
  label: "Name", sort: "name", isName: true, by: userName,
  cell: (it) => [userName(it), it.tokenLabel !== userName(it) && h("span.aside", ` · ${it.tokenLabel}`)],
};

/** @param {Context} context @param {Organization} organization @returns {Promise<Part>} */
export async function robotList(context, organization) {
  const whose = ofOrganization(organization);
  const textOf = matches(context.session);
  const create = () => linkButton("New robot", whose.newHref, "primary");
  /** @type {ListMade} */
  const robots = await list({
    context,
    name: ["robot"],
    search: "Search robots",
    filters: FILTERS,
    sort: "hand",
    orders: [{ label: "What needs a hand", sort: "hand", by: hand, isOneWay: true }],
    columns: [nameColumn, stateColumn, accessColumn(context.session), endColumn, usedColumn, createdColumn, detailsColumn(whose.oneHref)],
    isCompact: true,
    href: whose.oneHref,
    id: (it) => it.id,
    matches: (it) => `${userName(it)} ${textOf(it)}`,
    empty: () => h("div.empty", h("p", EMPTY), create()),
    actions: bulk(() => robots.reload()),
    all: ({ signal, progress }) => readAll(whose.api, { signal, progress, isByName: true }),
  });
  return { node: robots.node, action: create() };
}
